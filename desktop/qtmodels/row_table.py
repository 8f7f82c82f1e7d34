"""What every list model is to Qt: rows in one column, each with a key and its words.

The only place that answers Qt's questions about a row.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from desktop.qtmodels.rows import KEY_ROLE, ROW_ROLE, Row

K = TypeVar("K", bound=Hashable)
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


class RowTable(QAbstractTableModel, Generic[K]):
    """A list of rows in one column, each with a key that names it for ever."""

    @abstractmethod
    def key_at(self, row: int) -> K | None:
        """The key of a row; None outside the list."""

    @abstractmethod
    def row_of(self, key: K) -> int:
        """Where a key stands; -1 if it is not shown."""

    @abstractmethod
    def row(self, key: K) -> Row:
        """What the row of a key says."""

    @abstractmethod
    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Qt: how many rows."""

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Qt: one column, painted by the row delegate."""
        return 0 if parent.isValid() else 1

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        """Qt: the row, its key, or its words for screen readers."""
        key = self.key_at(index.row()) if index.isValid() else None
        if key is None:
            return None
        if role == KEY_ROLE:
            return key
        if role == ROW_ROLE:
            return self.row(key)
        if role in {int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.AccessibleTextRole)}:
            return self.row(key).spoken
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return self.row(key).hint or None
        return None
