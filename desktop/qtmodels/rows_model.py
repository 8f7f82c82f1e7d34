"""An item model for short lists: keyed rows, changed as little as possible.

The only item model that is given the whole list each time. It keeps selection and
scroll position by telling Qt exactly what came, went, moved or changed; a reset would lose both.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from desktop.qtmodels.row_table import NOWHERE, Index, K, RowTable
from desktop.qtmodels.rows import Row


class RowsModel(RowTable[K]):
    """A list of rows in one column, each with a key that names it for ever."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keys: list[K] = []
        self._rows: dict[K, Row] = {}

    def show_rows(self, rows: Sequence[tuple[K, Row]]) -> None:
        """Show these rows, in this order."""
        wanted = dict(rows)
        self._remove_missing(wanted)
        self._insert_new([key for key, _ in rows])
        self._move_to([key for key, _ in rows])
        self._repaint_changed(wanted)

    def key_at(self, row: int) -> K | None:
        """The key of a row; None outside the list."""
        return self._keys[row] if 0 <= row < len(self._keys) else None

    def row_of(self, key: K) -> int:
        """Where a key stands; -1 if it is not shown."""
        return self._keys.index(key) if key in self._rows else -1

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Qt: how many rows."""
        return 0 if parent.isValid() else len(self._keys)

    def row(self, key: K) -> Row:
        """What the row of a key says."""
        return self._rows[key]

    def _remove_missing(self, wanted: dict[K, Row]) -> None:
        for at in reversed(range(len(self._keys))):
            key = self._keys[at]
            if key not in wanted:
                self.beginRemoveRows(NOWHERE, at, at)
                del self._keys[at]
                del self._rows[key]
                self.endRemoveRows()

    def _insert_new(self, order: list[K]) -> None:
        """New rows go in as runs: a list filled for the first time is one insertion."""
        run: list[K] = []
        known = 0
        for key in order:
            if key in self._rows:
                self._insert_run(known, run)
                known += len(run) + 1
                run = []
            else:
                run.append(key)
        self._insert_run(known, run)

    def _insert_run(self, at: int, run: list[K]) -> None:
        if not run:
            return
        at = min(at, len(self._keys))
        self.beginInsertRows(NOWHERE, at, at + len(run) - 1)
        self._keys[at:at] = run
        self._rows.update((key, Row("")) for key in run)
        self.endInsertRows()

    def _move_to(self, order: list[K]) -> None:
        if order == self._keys:
            return
        self.layoutAboutToBeChanged.emit()
        places = {key: at for at, key in enumerate(order)}
        before = self.persistentIndexList()
        after = [self.index(places[self._keys[old.row()]], old.column()) for old in before]
        self._keys = list(order)
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _repaint_changed(self, wanted: dict[K, Row]) -> None:
        changed = [at for at, key in enumerate(self._keys) if self._rows[key] != wanted[key]]
        self._rows = wanted
        for first, last in _runs(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, 0))


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Neighbours joined: `[1, 2, 5]` is `[(1, 2), (5, 5)]`."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
