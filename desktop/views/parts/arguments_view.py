"""Every argument of a call, in full: what a reviewer reads before deciding.

Nothing is cut without a way to see all of it. `is_complete` says when even that is impossible;
a page must not offer to approve then.
"""

import json
from collections.abc import Mapping
from itertools import islice
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.views.parts.argument_text import WordedValue, worded
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel, hairline
from desktop.views.parts.value_box import ValueBox
from desktop.views.parts.visible_text import visible

_MAX_ROWS: Final = 200
_FOLDED_LINES: Final = 10
_OPEN_LINES: Final = 60
_KEY_WIDTH: Final = 100
_SHORT_KEY: Final = 13
_LABEL_KEY: Final = 24  # a longer name wraps in a box of its own
_SHORT_VALUE: Final = 80


class ArgumentsView(QFrame):
    """A table of name, value and type; long values scroll inside their row or expand."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "well")
        self.setAccessibleName("Arguments")
        self._rows: list[_ArgumentRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.setSpacing(0)
        self.show_arguments({})

    def show_arguments(self, arguments: Mapping[str, object]) -> None:
        """Show the arguments of another call, in the order in which they came."""
        self._clear()
        for name, value in islice(arguments.items(), _MAX_ROWS):
            self._add(name, worded(value))
        beyond = dict(islice(arguments.items(), _MAX_ROWS, None))
        if beyond:
            # A row each would take seconds; nothing is left out.
            self._add(f"{len(beyond):,} more arguments", worded(beyond))
        if not arguments:
            label = TextLabel("No arguments", Look.MUTED)
            label.setContentsMargins(12, 9, 12, 9)
            self._column.addWidget(label)
        self.setAccessibleDescription(f"{len(arguments)} arguments")

    def show_unstructured(self, raw: object) -> None:
        """Show arguments that are no object of names and values, as they came."""
        self._clear()
        self._add("arguments", worded(raw))

    def is_complete(self) -> bool:
        """Whether everything that would run can be read here."""
        return all(row.value.complete for row in self._rows)

    def as_text(self) -> str:
        """All arguments as JSON, hidden characters as chips: for copying."""
        values = {row.name: row.value.text for row in self._rows}
        return visible(json.dumps(values, ensure_ascii=False, indent=2), exact=True)

    def value_box(self, name: str) -> ValueBox:
        """The box with the value of an argument.

        Raises:
            KeyError: there is no such argument.
        """
        for row in self._rows:
            if row.name == name:
                return row.box
        raise KeyError(name)

    def _add(self, name: str, value: WordedValue) -> None:
        if self._rows:
            self._column.addWidget(hairline(self))
        row = _ArgumentRow(name, value, self)
        self._rows.append(row)
        self._column.addWidget(row)

    def _clear(self) -> None:
        self._rows.clear()
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # deletion waits for the event loop; it must not be seen till then
                widget.deleteLater()


class _ArgumentRow(QWidget):
    def __init__(self, name: str, value: WordedValue, parent: QWidget) -> None:
        super().__init__(parent)
        self.name = name
        self.value = value
        self.box = ValueBox(f"{visible(name, exact=True)}, {value.kind}", self)
        self.box.set_max_lines(_FOLDED_LINES)
        self._expand = ActionButton("Expand", ButtonLook.QUIET, parent=self)
        self._expand.clicked.connect(self._on_expand)
        self._more = ActionButton("", ButtonLook.QUIET, parent=self)
        self._more.clicked.connect(self._on_more)
        self._opened = False
        kind = TextLabel(value.kind, Look.SMALL)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 10, 2)
        column.setSpacing(1)
        if len(name) <= _SHORT_KEY and len(value.text) <= _SHORT_VALUE and "\n" not in value.text:
            column.addLayout(self._side_by_side(name, kind))
        else:
            self._stack(column, name, kind)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 1, 0, 0)
        buttons.addWidget(self._expand)
        buttons.addWidget(self._more)
        buttons.addStretch()
        column.addLayout(buttons)
        self.box.show_value(value.text)
        self.box.lines_changed.connect(self._show_buttons)
        self._show_buttons()

    def _side_by_side(self, name: str, kind: TextLabel) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        key = TextLabel(visible(name, exact=True) or "⟨empty⟩", Look.MUTED, selectable=True)
        key.setFixedWidth(_KEY_WIDTH)
        key.setContentsMargins(0, 4, 0, 0)
        kind.setContentsMargins(0, 5, 0, 0)
        row.addWidget(key, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.box, 1)
        row.addWidget(kind, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _stack(self, column: QVBoxLayout, name: str, kind: TextLabel) -> None:
        row = QHBoxLayout()
        if len(name) <= _LABEL_KEY:
            row.addWidget(TextLabel(visible(name, exact=True), Look.MUTED, selectable=True), 1)
        else:
            key = ValueBox("Name of the argument", self, max_lines=4)
            key.show_value(name)
            row.addWidget(key, 1)
        row.addWidget(kind, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        column.addWidget(self.box)

    def _on_expand(self) -> None:
        self._opened = not self._opened
        self.box.set_max_lines(_OPEN_LINES if self._opened else _FOLDED_LINES)
        self._show_buttons()

    def _on_more(self) -> None:
        self.box.show_more()
        self._show_buttons()

    def _show_buttons(self) -> None:
        lines = self.box.lines_in_all()
        self._expand.setVisible(lines > _FOLDED_LINES)
        self._expand.setText("Fold" if self._opened else f"Expand ({lines} lines)")
        left = self.box.characters_left()
        self._more.setVisible(left > 0)
        self._more.setText(f"Show more ({left:,} characters left)")
