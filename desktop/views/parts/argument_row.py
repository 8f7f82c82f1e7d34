"""One argument of a call: its name, its value, its type, and how to see all of it."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.store.masking import Hidden
from desktop.views.parts.argument_text import WordedValue
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.reveal_line import RevealLine
from desktop.views.parts.reveals import Reveals
from desktop.views.parts.secret_clipboard import SecretClipboard
from desktop.views.parts.value_box import ValueBox
from desktop.views.parts.visible_text import SpanKind, make_visible, visible

_FOLDED_LINES: Final = 10
_OPEN_LINES: Final = 60
_KEY_WIDTH: Final = 100
_SHORT_KEY: Final = 13
_LABEL_KEY: Final = 24  # a longer name wraps in a box of its own
_SHORT_VALUE: Final = 80
_REVEAL_LINES: Final = 6
_ODD: Final = "Underlined: not the usual letters, though they may look like them."


class ArgumentRow(QWidget):
    """One row of `ArgumentsView`.

    Attributes:
        pointer: where the argument stands.
        value: as it is worded now.
        hidden: what is masked in it until somebody asks.
    """

    def __init__(
        self,
        name: str,
        pointer: str,
        word: Callable[[], WordedValue],
        hidden: tuple[Hidden, ...],
        reveals: Reveals,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.name, self.pointer, self.hidden = name, pointer, hidden
        self._word = word
        self._reveals = reveals
        self.value = value = word()
        self.box = ValueBox(f"{visible(name, exact=True)}, {value.kind}", self)
        self.box.set_max_lines(_FOLDED_LINES)
        self._expand = ActionButton("Expand", ButtonLook.QUIET, parent=self)
        self._expand.clicked.connect(self._on_expand)
        self._more = ActionButton("", ButtonLook.QUIET, parent=self)
        self._more.clicked.connect(self._on_more)
        self._opened = False
        self._odd = TextLabel(_ODD, Look.SMALL, wrap=True)
        self._lines = self._reveal_lines()
        kind = TextLabel(value.kind, Look.SMALL)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 10, 2)
        column.setSpacing(1)
        if len(name) <= _SHORT_KEY and len(value.text) <= _SHORT_VALUE and "\n" not in value.text:
            column.addLayout(self._side_by_side(name, kind))
        else:
            self._stack(column, name, kind)
        column.addWidget(self._odd)
        for line in self._lines:
            column.addWidget(line)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 1, 0, 0)
        buttons.addWidget(self._expand)
        buttons.addWidget(self._more)
        buttons.addStretch()
        column.addLayout(buttons)
        self._show_value()
        self.box.lines_changed.connect(self._show_buttons)
        self._show_buttons()

    def word_again(self, secrets: SecretClipboard) -> None:
        """Something in it was shown, or hidden again."""
        in_clear = any(one.pointer in self._reveals.shown for one in self.hidden)
        self.box.guard_copies(secrets if in_clear else None)
        self.value = self._word()
        self._show_value()
        for line in self._lines:
            line.refresh()
        self._show_buttons()

    def _show_value(self) -> None:
        self.box.show_value(self.value.text)
        beginning = self.value.text[: 64 * 1024]
        spans = make_visible(beginning, exact=True)
        self._odd.setVisible(any(span.kind is SpanKind.ODD for span in spans))

    def _reveal_lines(self) -> list[RevealLine]:
        if len(self.hidden) > _REVEAL_LINES:
            return [RevealLine(self.hidden, self._reveals, with_place=False, parent=self)]
        return [
            RevealLine((one,), self._reveals, with_place=one.pointer != self.pointer, parent=self)
            for one in self.hidden
        ]

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
