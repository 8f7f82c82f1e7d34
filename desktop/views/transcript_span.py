"""Which part of a long conversation is set in type.

The only place that decides it. A page costs 0.4 ms for each entry in it, and a document of
thousands takes seconds to set; so a reader is given the last page, and more by reading on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Entries that are shown at first, and that come with each page more.
PAGE: Final = 100
#: More than this are never set at once; what is farthest from the reader goes.
MOST: Final = 300


@dataclass(frozen=True, slots=True)
class Span:
    """Entries `start` up to `end` (not included) of a conversation of `length`."""

    start: int = 0
    end: int = 0
    length: int = 0

    @property
    def reaches_end(self) -> bool:
        """Whether the latest entry is in it."""
        return self.end == self.length

    def shifted(self, count: int) -> Span:
        """The same entries, after `count` others came before all of them."""
        return Span(self.start + count, self.end + count, self.length + count)

    def fitted(self, length: int, *, follows: bool) -> Span:
        """The span after entries came or went.

        Args:
            follows: the reader is at the end of what is shown.
        """
        if self.length == 0 or length < self.end:
            return Span(max(0, length - PAGE), length, length)
        if not self.reaches_end:
            return Span(self.start, self.end, length)
        if length - self.start <= MOST:
            return Span(self.start, length, length)
        if follows:
            return Span(length - PAGE, length, length)
        return Span(self.start, self.start + MOST, length)

    def earlier(self) -> Span:
        """A page further towards the beginning."""
        start = max(0, self.start - PAGE)
        return Span(start, min(self.end, start + MOST), self.length)

    def later(self) -> Span:
        """A page further towards the end."""
        end = min(self.length, self.end + PAGE)
        return Span(max(self.start, end - MOST), end, self.length)
