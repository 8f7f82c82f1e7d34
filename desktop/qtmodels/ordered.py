"""Places in a long list, in ascending order, kept in short pieces.

The only place that knows where in 100,000 rows one of them stands. A place that comes or goes moves
its own piece and touches no other: copying the whole list for each batch costs milliseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeAlias

from desktop.qtmodels.row_table import K

#: A rank and its key, which can be compared with others of its kind.
Place: TypeAlias = tuple[int, K]

_PIECE = 512


class Ordered(Generic[K]):
    """Places, each once, the lowest first."""

    def __init__(self, pieces: Sequence[list[Place[K]]] = ()) -> None:
        self._pieces = list(pieces)
        self._highest = [piece[-1] for piece in self._pieces]
        self._count = sum(map(len, self._pieces))
        #: Where each piece starts; empty when that is to be counted anew.
        self._starts: list[int] = []

    def __len__(self) -> int:
        return self._count

    def __contains__(self, place: Place[K]) -> bool:
        number, at = self._find(place)
        return number < len(self._pieces) and self._pieces[number][at] == place

    def __getitem__(self, index: int) -> Place[K]:
        """The place at a number that is within the list."""
        starts = self._counted()
        number = bisect_right(starts, index) - 1
        return self._pieces[number][index - starts[number]]

    def index(self, place: Place[K]) -> int:
        """The number of a place; -1 if it is not here."""
        number, at = self._find(place)
        if number == len(self._pieces) or self._pieces[number][at] != place:
            return -1
        return self._counted()[number] + at

    def copy(self) -> Ordered[K]:
        """Another one that is changed by itself."""
        return Ordered([piece[:] for piece in self._pieces])

    def add(self, place: Place[K]) -> None:
        """Take in a place that is not here."""
        if not self._pieces:
            self.prepend([place])
            return
        if place > self._highest[-1]:
            number = len(self._pieces) - 1
            at = len(self._pieces[number])
        else:
            number, at = self._find(place)
        piece = self._pieces[number]
        piece.insert(at, place)
        self._highest[number] = piece[-1]
        if len(piece) > 2 * _PIECE:
            self._pieces[number : number + 1] = piece[:_PIECE], piece[_PIECE:]
            self._highest[number : number + 1] = piece[_PIECE - 1], piece[-1]
        self._count += 1
        self._starts = []

    def discard(self, place: Place[K]) -> bool:
        """Leave out a place. Returns whether it was here."""
        number, at = self._find(place)
        if number == len(self._pieces) or self._pieces[number][at] != place:
            return False
        piece = self._pieces[number]
        del piece[at]
        if piece:
            self._highest[number] = piece[-1]
        else:
            del self._pieces[number], self._highest[number]
        self._count -= 1
        self._starts = []
        return True

    def prepend(self, piece: list[Place[K]]) -> None:
        """Take in places in order, all lower than those that are here."""
        if piece:
            self._pieces.insert(0, piece)
            self._highest.insert(0, piece[-1])
            self._count += len(piece)
            self._starts = []

    def below(self, place: Place[K] | None) -> list[Place[K]]:
        """Some of those just below a place, or of the highest; empty if there are none."""
        if place is None:
            return self._pieces[-1][:] if self._pieces else []
        number, at = self._find(place)
        if number < len(self._pieces) and at:
            return self._pieces[number][:at]
        return self._pieces[number - 1][:] if number else []

    def _find(self, place: Place[K]) -> tuple[int, int]:
        """The piece and the place in it that is not lower; past the last piece if none is."""
        number = bisect_left(self._highest, place)
        at = bisect_left(self._pieces[number], place) if number < len(self._pieces) else 0
        return number, at

    def _counted(self) -> list[int]:
        if not self._starts:
            self._starts = [0, *accumulate(map(len, self._pieces))]
            self._starts.pop()
        return self._starts
