"""Which part of a long conversation is set in type.

The only place that decides it. A page costs 0.4 ms for each entry in it, and a document of
thousands takes seconds to set; so a reader is given the last page, and more by reading on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

#: Entries that are shown at first, and that come with each page more.
PAGE: Final = 100
#: More than this are never set at once; what is farthest from the reader goes.
MOST: Final = 300
#: So many of more than a page that come at once are shown to whoever follows the end.
PASSING: Final = 50
#: Characters of a page, set in 40 ms: long entries make it shorter. One entry it always has.
PAGE_CHARACTERS: Final = 32_000

#: How many characters an entry has, by its number.
Weigh: TypeAlias = Callable[[int], int]


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

    def fitted(self, length: int, weigh: Weigh, *, follows: bool) -> Span:
        """The span after entries came or went.

        Args:
            follows: the reader is at the end of what is shown.
        """
        if self.length == 0 or length < self.end:
            return Span(_back(length, weigh, PAGE), length, length)
        if not self.reaches_end:
            return Span(self.start, self.end, length)
        if follows and length - self.length > PAGE:
            # They go by faster than anybody reads; there may be more of them in a moment.
            return Span(_back(length, weigh, PASSING), length, length)
        if _back(length, weigh, MOST) <= self.start:
            return Span(self.start, length, length)
        if follows:
            return Span(_back(length, weigh, PAGE), length, length)
        return Span(self.start, _forth(self.start, length, weigh, MOST), length)

    def earlier(self, weigh: Weigh) -> Span:
        """A page further towards the beginning."""
        start = _back(self.start, weigh, PAGE)
        return Span(start, min(self.end, _forth(start, self.length, weigh, MOST)), self.length)

    def later(self, weigh: Weigh) -> Span:
        """A page further towards the end."""
        end = _forth(self.end, self.length, weigh, PAGE)
        return Span(max(self.start, _back(end, weigh, MOST)), end, self.length)

    def around(self, number: int, weigh: Weigh) -> Span:
        """A page with an entry in its middle, anywhere in the conversation."""
        start = _back(number, weigh, PAGE // 2)
        return Span(start, _forth(number, self.length, weigh, PAGE // 2), self.length)


def _back(end: int, weigh: Weigh, most: int) -> int:
    """Where to begin for as many entries before `end` as may be set, at least one."""
    start, room = end, most * PAGE_CHARACTERS // PAGE
    while start > 0 and end - start < most:
        room -= weigh(start - 1)
        if room < 0 and start < end:
            break
        start -= 1
    return start


def _forth(start: int, length: int, weigh: Weigh, most: int) -> int:
    """Where to end for as many entries from `start` on as may be set, at least one."""
    end, room = start, most * PAGE_CHARACTERS // PAGE
    while end < length and end - start < most:
        room -= weigh(end)
        if room < 0 and end > start:
            break
        end += 1
    return end
