"""An item model for long lists: keys in order of time, the latest on top, rows made when painted.

The only item model that is changed by what changed, and not by the whole list: one row of 100,000
moves for the price of two binary searches.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QObject

from desktop.qtmodels.row_table import NOWHERE, Index, RowTable
from desktop.qtmodels.rows import Row

#: More than this come or go as one, at the far end: Qt needs up to 3 ms for each.
_SINGLY = 4
#: Fills rows that come in a moment, or are about to go.
_NOBODY = (-(2**63), "")


class LatestModel(RowTable[str]):
    """A list in one column. The time and then the key order it, the greatest first."""

    def __init__(self, word: Callable[[str], Row], parent: QObject | None = None) -> None:
        """Make it empty.

        Args:
            word: makes the row of a key; called for the rows in sight each time they are painted.
        """
        super().__init__(parent)
        self._word = word
        # Ascending, so that the latest is appended; Qt sees it from its end.
        self._order: list[tuple[int, str]] = []
        self._times: dict[str, int] = {}

    def show_all(self, times: Mapping[str, int]) -> None:
        """Show these keys and no others.

        Args:
            times: key to milliseconds.
        """
        held = (self.key_at(index.row()) or "" for index in self.persistentIndexList())
        # One by one, so that a list learns that its current row goes away.
        self._remove({key for key in held if key not in times})
        wanted = sorted((time, key) for key, time in times.items())
        surplus = len(self._order) - len(wanted)
        if surplus < 0:
            self._insert_run(0, [_NOBODY] * -surplus)
        self._times = dict(times)
        self._reorder([_NOBODY] * max(surplus, 0) + wanted)
        if surplus > 0:
            self.beginRemoveRows(NOWHERE, len(wanted), len(self._order) - 1)
            self._order = wanted
            self.endRemoveRows()
        self.repaint()

    def change(self, times: Mapping[str, int | None]) -> None:
        """Show these keys at their places; those without a time no longer."""
        gone = {key for key, time in times.items() if time is None and key in self._times}
        placed = {key: time for key, time in times.items() if time is not None}
        if len(gone) > _SINGLY:
            staying = {key: time for key, time in self._times.items() if key not in gone}
            self.show_all(staying | placed)
            return
        self._remove(gone)
        self._move({key: time for key, time in placed.items() if key in self._times})
        self._insert({key: time for key, time in placed.items() if key not in self._times})
        self.repaint()

    def repaint(self) -> None:
        """Word the rows in sight anew."""
        if self._order:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, 0))

    def key_at(self, row: int) -> str | None:
        """The key of a row; None outside the list."""
        at = len(self._order) - 1 - row
        return self._order[at][1] if 0 <= at < len(self._order) and row >= 0 else None

    def row_of(self, key: str) -> int:
        """Where a key stands; -1 if it is not shown."""
        time = self._times.get(key)
        return -1 if time is None else self._seen(bisect_left(self._order, (time, key)))

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Qt: how many rows."""
        return 0 if parent.isValid() else len(self._order)

    def row(self, key: str) -> Row:
        """What the row of a key says, worded now."""
        return self._word(key)

    def _seen(self, at: int) -> int:
        """A place in the ascending order as Qt's row, and back."""
        return len(self._order) - 1 - at

    def _remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            row = self.row_of(key)
            self.beginRemoveRows(NOWHERE, row, row)
            del self._order[self._seen(row)]
            del self._times[key]
            self.endRemoveRows()

    def _insert(self, times: Mapping[str, int]) -> None:
        runs: dict[int, list[tuple[int, str]]] = {}
        new = sorted((time, key) for key, time in times.items())
        for pair in new:
            runs.setdefault(bisect_left(self._order, pair), []).append(pair)
        if len(runs) > _SINGLY:
            # All at the far end, which is out of sight, and then each to its place.
            self._insert_run(0, new)
            self._reorder(sorted(self._order))
            return
        for at, run in sorted(runs.items(), reverse=True):
            self._insert_run(at, run)

    def _insert_run(self, at: int, run: list[tuple[int, str]]) -> None:
        first = len(self._order) - at
        self.beginInsertRows(NOWHERE, first, first + len(run) - 1)
        self._order[at:at] = run
        self._times.update((key, time) for time, key in run if key)
        self.endInsertRows()

    def _move(self, times: Mapping[str, int]) -> None:
        moved = {key: time for key, time in times.items() if self._times[key] != time}
        if not moved:
            return
        left = {(self._times[key], key) for key in moved}
        order = [pair for pair in self._order if pair not in left]
        order.extend((time, key) for key, time in moved.items())
        # Almost sorted already, which is what this sort is quickest at.
        order.sort()
        self._times.update(moved)
        self._reorder(order)

    def _reorder(self, order: list[tuple[int, str]]) -> None:
        """Change the order; what Qt holds on to goes along with its key."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [self.key_at(index.row()) or "" for index in before]
        self._order = order
        self.changePersistentIndexList(before, [self.index(self.row_of(key), 0) for key in held])
        self.layoutChanged.emit()
