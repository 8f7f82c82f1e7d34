"""An item model for long lists: keys in order of rank, the greatest on top, rows made when painted.

The only item model that is changed by what changed, and not by the whole list: of 100,000 rows some
hundred move for the price of a few binary searches each. Rows may be known and not shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from typing import TypeAlias

from PySide6.QtCore import QObject

from desktop.qtmodels.row_table import NOWHERE, Index, RowTable
from desktop.qtmodels.rows import Row

#: A rank and its key. Lists of them ascend, so that the latest is appended; Qt sees their end.
_Place: TypeAlias = tuple[int, str]

#: Fills rows that come in a moment, or are about to go.
_NOBODY: _Place = (-(2**63), "")


class LatestModel(RowTable[str]):
    """A list in one column. The rank, often a time, and then the key order it, the greatest first.

    Every key has a rank; of those only some may be shown (`narrow`).
    """

    def __init__(self, word: Callable[[str], Row], parent: QObject | None = None) -> None:
        """Make it empty.

        Args:
            word: makes the row of a key; called for the rows in sight each time they are painted.
        """
        super().__init__(parent)
        self._word = word
        self._ranks: dict[str, int] = {}
        self._known: list[_Place] = []
        # The very same list while everything is shown. Neither is ever changed in place.
        self._shown = self._known

    def show_all(self, ranks: Mapping[str, int]) -> None:
        """Know and show these keys and no others."""
        self.narrow(None)
        self.change({key: ranks.get(key) for key in (*self._ranks, *ranks)})

    def narrow(self, keys: Container[str] | None) -> None:
        """Show only those of the keys that are known; None for all."""
        if keys is None:
            wanted = self._known
        else:
            wanted = [place for place in self._known if place[1] in keys]
        self._show(wanted)
        self.repaint()

    def change(self, ranks: Mapping[str, int | None], hidden: Collection[str] = ()) -> None:
        """Know these keys at their places; those without a rank no longer.

        Args:
            hidden: those of them are known and not shown.
        """
        whole = self._shown is self._known and not hidden
        places = [
            (_place(self._ranks.get(key), key), _place(rank, key)) for key, rank in ranks.items()
        ]
        # Of what is shown: where it stood and shall stand, which differs if it was or will be hid.
        seen = [
            (
                before if before and self._is_shown(before) else None,
                after if after and after[1] not in hidden else None,
            )
            for before, after in (() if whole else places)
        ]
        self._known = _spliced(self._known, places)
        shown = self._known if whole else _spliced(self._shown, seen)
        for key, rank in ranks.items():
            if rank is not None:
                self._ranks[key] = rank
            else:
                self._ranks.pop(key, None)
        self._show(shown)
        self.repaint()

    def repaint(self) -> None:
        """Word the rows in sight anew."""
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, 0))

    def key_at(self, row: int) -> str | None:
        """The key of a row; None outside the list."""
        at = len(self._shown) - 1 - row
        return self._shown[at][1] if 0 <= at < len(self._shown) and row >= 0 else None

    def row_of(self, key: str) -> int:
        """Where a key stands; -1 if it is not shown."""
        place = _place(self._ranks.get(key), key)
        at = _find(self._shown, place) if place else -1
        return len(self._shown) - 1 - at if at >= 0 else -1

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Qt: how many rows."""
        return 0 if parent.isValid() else len(self._shown)

    def row(self, key: str) -> Row:
        """What the row of a key says, worded now."""
        return self._word(key)

    def _is_shown(self, place: _Place) -> bool:
        return _find(self._shown, place) >= 0

    def _show(self, wanted: list[_Place]) -> None:
        """Go over to other rows; what Qt holds on to goes along with its key.

        Rows come and go as one, at the far end, which is out of sight; then each takes its place.
        """
        if wanted is self._shown:
            return
        self._remove_held(wanted)
        surplus = len(wanted) - len(self._shown)
        if surplus > 0:
            self.beginInsertRows(NOWHERE, len(self._shown), len(wanted) - 1)
            self._shown = [_NOBODY] * surplus + self._shown
            self.endInsertRows()
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [self.key_at(index.row()) or "" for index in before]
        self._shown = [_NOBODY] * -surplus + wanted if surplus < 0 else wanted
        self.changePersistentIndexList(before, [self.index(self.row_of(key), 0) for key in held])
        self.layoutChanged.emit()
        if surplus < 0:
            self.beginRemoveRows(NOWHERE, len(wanted), len(self._shown) - 1)
            self._shown = wanted
            self.endRemoveRows()

    def _remove_held(self, wanted: list[_Place]) -> None:
        """Remove one by one what is held and goes: so a list learns that its current row leaves."""
        for row in sorted({index.row() for index in self.persistentIndexList()}, reverse=True):
            key = self.key_at(row) or ""
            place = _place(self._ranks.get(key), key)
            if place is None or _find(wanted, place) < 0:
                at = len(self._shown) - 1 - row
                self.beginRemoveRows(NOWHERE, row, row)
                self._shown = self._shown[:at] + self._shown[at + 1 :]
                self.endRemoveRows()


def _place(rank: int | None, key: str) -> _Place | None:
    return None if rank is None else (rank, key)


def _find(places: list[_Place], place: _Place) -> int:
    at = bisect_left(places, place)
    return at if at < len(places) and places[at] == place else -1


def _spliced(
    places: list[_Place], moves: Iterable[tuple[_Place | None, _Place | None]]
) -> list[_Place]:
    """The list with some places left for others; the same list if none is.

    Whole stretches between them are copied, which for 100,000 takes a fraction of a millisecond.
    """
    moved = [(before, after) for before, after in moves if before != after]
    if not moved:
        return places
    rest: list[_Place] = []
    start = 0
    for place in sorted(before for before, _ in moved if before is not None):
        at = bisect_left(places, place, start)
        rest += places[start:at]
        start = at + 1
    rest += places[start:]
    result: list[_Place] = []
    start = 0
    for place in sorted(after for _, after in moved if after is not None):
        at = bisect_left(rest, place, start)
        result += rest[start:at]
        result.append(place)
        start = at
    return result + rest[start:]
