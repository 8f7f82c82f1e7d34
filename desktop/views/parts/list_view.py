"""The list of every page: one column, one row height, the keyboard first.

A `QTableView` and not a `QListView`, which lays out all rows again on each change: 188 ms for
100,000 rows against 3 ms. Rows are painted by `RowDelegate`.
"""

from typing import TypeAlias

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QHeaderView,
    QTableView,
    QWidget,
)

from desktop.views.parts.row_delegate import ROW_HEIGHT, RowDelegate
from desktop.views.theme import appearance, tokens

_KEYS_DOWN = frozenset((Qt.Key.Key_J, Qt.Key.Key_Down))
_KEYS_UP = frozenset((Qt.Key.Key_K, Qt.Key.Key_Up))
_KEYS_OPEN = frozenset((Qt.Key.Key_Return, Qt.Key.Key_Enter))
_Index: TypeAlias = QModelIndex | QPersistentModelIndex


class RowList(QTableView):
    """Shows a model of rows. J/K and arrows move, Home and End jump, Enter opens.

    The selected row and what is in sight stay when rows come in at the top or move there; a reader
    who is at the very top keeps seeing the newest. When the current row goes away nothing is
    current: the list never moves on by itself, or a second press of a key would meet a row nobody
    looked at.

    Signals:
        row_chosen: the current row changed to this one, by keys, mouse or code.
        row_left: the current row went away and nothing is current.
        row_opened: Enter or a double click on this row.
    """

    row_chosen = Signal(int)
    row_left = Signal()
    row_opened = Signal(int)

    def __init__(
        self, accessible_name: str, parent: QWidget | None = None, *, row_height: int = ROW_HEIGHT
    ) -> None:
        super().__init__(parent)
        self._resume_at = 0
        self._in_sight: list[tuple[int, QPersistentModelIndex]] = []
        self.setAccessibleName(accessible_name)
        self.setItemDelegate(RowDelegate(self))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)  # Tab leaves the list
        self.setMouseTracking(True)
        self.setCornerButtonEnabled(False)
        self.horizontalHeader().hide()
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setMinimumSectionSize(1)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(row_height)
        self.verticalScrollBar().setSingleStep(row_height // 2)
        self.doubleClicked.connect(lambda index: self.row_opened.emit(index.row()))
        appearance().changed.connect(self.viewport().update)

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Show another model; nothing is selected in it yet."""
        if self.model() is not None:
            self.model().layoutAboutToBeChanged.disconnect(self._hold_in_sight)
            self.model().layoutChanged.disconnect(self._return_to_sight)
        super().setModel(model)
        self._resume_at = 0
        if model is not None:
            model.layoutAboutToBeChanged.connect(self._hold_in_sight)
            model.layoutChanged.connect(self._return_to_sight)

    def current_row(self) -> int | None:
        """The row the keyboard is on, if any."""
        index = self.currentIndex()
        return index.row() if index.isValid() else None

    def choose_row(self, row: int) -> None:
        """Select a row and bring it into sight. A row that does not exist changes nothing."""
        if 0 <= row < self.verticalHeader().count():
            index = self.model().index(row, 0)
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def step(self, rows: int) -> None:
        """Go on by so many rows; from where the last one left if none is current."""
        current = self.current_row()
        goal = self._resume_at if current is None else current + rows
        self.choose_row(min(max(goal, 0), self.verticalHeader().count() - 1))

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        """Tell which row is current now."""
        super().currentChanged(current, previous)
        if current.isValid() and current.row() != previous.row():
            self.row_chosen.emit(current.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """J and K as well as the arrows. Other letters belong to the page's shortcuts."""
        count = self.verticalHeader().count()
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = event.key()
        current = self.current_row()
        if held == Qt.KeyboardModifier.NoModifier and count:
            step = 1 if key in _KEYS_DOWN else -1 if key in _KEYS_UP else 0
            if step:
                self.step(step)
                return
            if key == Qt.Key.Key_Home:
                self.choose_row(0)
                return
            if key == Qt.Key.Key_End:
                self.choose_row(count - 1)
                return
            if key in _KEYS_OPEN and current is not None:
                self.row_opened.emit(current)
                return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Off: it would ask the model for every row in turn, and letters are shortcuts here."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Take the keyboard and choose nothing; Qt would choose the first row by itself."""
        QAbstractScrollArea.focusInEvent(self, event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Rows are painted by the delegate; an empty list with the keyboard shows a ring."""
        super().paintEvent(event)
        if self.hasFocus() and self.current_row() is None:
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor(tokens().focus), 2))
            painter.drawRect(self.viewport().rect().adjusted(1, 1, -1, -1))
            painter.end()

    def rowsInserted(self, parent: _Index, start: int, end: int) -> None:
        """Keep in sight what was in sight."""
        offset = self.verticalScrollBar().value()
        height = self.verticalHeader().defaultSectionSize()
        super().rowsInserted(parent, start, end)
        # Rows above what is in sight push it down: go with it. At the very top, stay there.
        if offset > 0 and start * height <= offset:
            self.updateGeometries()
            self.verticalScrollBar().setValue(offset + (end - start + 1) * height)

    def _hold_in_sight(self) -> None:
        """Remember the rows in sight before the order changes; at the very top, none."""
        first = self.rowAt(0) if self.verticalScrollBar().value() > 0 else -1
        last = self.rowAt(self.viewport().height() - 1)
        rows = range(first, (last if last >= 0 else self.verticalHeader().count() - 1) + 1)
        self._in_sight = [
            (row, QPersistentModelIndex(self.model().index(row, 0))) for row in rows if first >= 0
        ]

    def _return_to_sight(self) -> None:
        """Go along with the rows that were in sight. Those that moved by themselves are fewer."""
        shifts = sorted(held.row() - row for row, held in self._in_sight if held.isValid())
        self._in_sight = []
        if shifts:
            shift = shifts[len(shifts) // 2] * self.verticalHeader().defaultSectionSize()
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + shift)

    def rowsAboutToBeRemoved(self, parent: _Index, start: int, end: int) -> None:
        """Let go of the current row when it leaves, instead of moving on to the next."""
        current = self.current_row()
        if current is not None and start <= current <= end:
            self._resume_at = start
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
            self.row_left.emit()
        super().rowsAboutToBeRemoved(parent, start, end)
