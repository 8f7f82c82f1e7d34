"""Figures with their names, in as many columns as there is room for."""

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from desktop.views.parts.labels import Look, TextLabel

_COLUMN: Final = 150  # pixels
_MOST: Final = 5


class FigureGrid(QFrame):
    """Shows those of its figures that have a value."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self._columns = 0
        self._shown: list[str] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 12, 16, 12)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(10)
        self._cells = {name: _Cell(name, self) for name in names}

    def show_figures(self, figures: Mapping[str, str]) -> None:
        """Show these, in this order; a value without words is left out."""
        shown = [name for name, words in figures.items() if words]
        for name in shown:
            self._cells[name].show_value(figures[name])
        if shown != self._shown:
            self._shown = shown
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More room, more columns."""
        super().resizeEvent(event)
        if self._fitting() != self._columns:
            self._arrange()

    def _fitting(self) -> int:
        return max(2, min(_MOST, self.width() // _COLUMN))

    def _arrange(self) -> None:
        self._columns = self._fitting()
        for name, cell in self._cells.items():
            self._grid.removeWidget(cell)
            cell.setVisible(name in self._shown)
        for number, name in enumerate(self._shown):
            self._grid.addWidget(self._cells[name], number // self._columns, number % self._columns)
        for column in range(_MOST):
            self._grid.setColumnStretch(column, 1 if column < self._columns else 0)


class _Cell(QWidget):
    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._name = name
        self._value = TextLabel("", Look.STRONG, selectable=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(TextLabel(name, Look.SMALL))
        column.addWidget(self._value)
        self.hide()

    def show_value(self, words: str) -> None:
        """Show another value."""
        self._value.show_text(words)
        self._value.setAccessibleName(f"{self._name}: {words}")
