"""The newest lines of a process's log, and no more of them.

The only place that bounds what is kept in memory of what a process says.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice

from desktop.store.local_workers import LogPage

MAX_LINES = 20_000
MAX_LINE = 4_000
MAX_CHARACTERS = 8_000_000


class LogRing:
    """Numbered lines, as they came. Added on one thread, read on any."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._characters = 0
        self._end = 0
        self._lock = threading.Lock()

    @property
    def end(self) -> int:
        """Number that the next line will have."""
        return self._end

    def add(self, lines: Sequence[str]) -> None:
        """Take in new lines; the oldest make room."""
        with self._lock:
            self._lines.extend(lines)
            self._end += len(lines)
            self._characters += sum(map(len, lines))
            while len(self._lines) > MAX_LINES or self._characters > MAX_CHARACTERS:
                self._characters -= len(self._lines.popleft())

    def read(self, after: int, limit: int) -> LogPage:
        """Lines from number `after` on, at most `limit`."""
        with self._lock:
            start = self._end - len(self._lines)
            first = min(max(after, start), self._end)
            lines = tuple(islice(self._lines, first - start, first - start + limit))
            return LogPage(first, first + len(lines), self._end, lines)

    def since(self, number: int, most: int) -> list[str]:
        """The last lines, at most so many, and none before this number."""
        return list(self.read(max(number, self._end - most), most).lines)


def line_of(content: bytes) -> str:
    """A line as it is kept: whatever its bytes are, and cut if nobody could read all of it."""
    text = content[: 4 * MAX_LINE].decode(errors="backslashreplace").rstrip()
    return text if len(text) <= MAX_LINE else f"{text[:MAX_LINE]}… cut"
