"""One field of a form: its name, what is typed or chosen, and what is wrong with it beside it."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.actions.forms import Absent, Field, FieldKind, Raw, shown_at_first
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.visible_text import visible
from desktop.views.theme import mono_font, ui_font

_LONG: Final = 60  # characters; a longer text gets several lines
_TEXT_HEIGHT: Final = 84
_JSON_HEIGHT: Final = 132
_CHOOSE: Final = "Choose…"


class FormField(QWidget):
    """Shows a field and takes what a person gives.

    Attributes:
        field: what it is for.
        control: what takes the keyboard first.
    Signals:
        changed: something else is typed or chosen now.
    """

    changed = Signal()

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._boxes: list[QCheckBox] = []
        # With a parent from the start: shown without one, a label is a window of its own.
        may_be_left_out = not field.required and isinstance(field.begins, Absent)
        words = f"{field.label} (optional)" if may_be_left_out else field.label
        self._label = TextLabel(words, Look.STRONG, wrap=True, parent=self)
        self._hint = TextLabel(field.hint, Look.SMALL, wrap=True, parent=self)
        self._hint.setVisible(bool(field.hint))
        self._problem = TextLabel("", Look.ERROR, wrap=True, parent=self)
        self._problem.setObjectName(f"request.problem.{field.name}")
        self._problem.hide()
        self.control = self._make_control()
        self.control.setAccessibleDescription(visible(field.hint))
        self._lay_out()
        self.show_raw(shown_at_first(field))
        self._untouched = self._typed()  # Qt's fields do not give back every character they take

    def show_raw(self, raw: Raw) -> None:
        """Show what was typed or chosen before."""
        match self.control:
            case QLineEdit() as line:
                line.setText(str(raw))
            case QPlainTextEdit() as text:
                text.setPlainText(str(raw))
            case QComboBox() as box:
                box.setCurrentIndex(box.findText(str(raw), Qt.MatchFlag.MatchExactly))
        for check in self._boxes:
            check.setChecked(check.property("label") in raw)

    def raw(self) -> Raw:
        """What is typed or chosen; what nobody touched is what it began with, to the letter."""
        typed = self._typed()
        return shown_at_first(self.field) if typed == self._untouched else typed

    def show_problem(self, words: str) -> None:
        """Say what is wrong, or that nothing is."""
        self._problem.show_text(words)
        self._problem.setVisible(bool(words))
        described = ". ".join(part for part in (words, self.field.hint) if part)
        self.control.setAccessibleDescription(visible(described))

    def _typed(self) -> Raw:
        if self._boxes:
            return tuple(str(box.property("label")) for box in self._boxes if box.isChecked())
        match self.control:
            case QLineEdit() as line:
                return line.text()
            case QPlainTextEdit() as text:
                return text.toPlainText()
            case QComboBox() as box:
                return box.currentText() if box.currentIndex() >= 0 else ""
            case _:
                return ""

    def _make_control(self) -> QWidget:
        match self.field.kind:
            case FieldKind.CHOICE:
                return self._choice()
            case FieldKind.SEVERAL:
                return self._several()
            case FieldKind.JSON:
                return self._text(_JSON_HEIGHT, mono=True)
            case FieldKind.TEXT if self._is_long():
                return self._text(_TEXT_HEIGHT, mono=False)
            case _:
                return self._line()

    def _is_long(self) -> bool:
        begins = self.field.begins
        if not isinstance(begins, str):
            return self.field.filled or self.field.shown_with is not None
        return len(begins) > _LONG or not begins.isprintable()

    def _line(self) -> QWidget:
        line = QLineEdit(self)
        line.setMinimumWidth(80)
        if self.field.kind is not FieldKind.TEXT:
            line.setFont(mono_font())
        line.textChanged.connect(lambda _text: self._on_changed())
        return self._named(line)

    def _text(self, height: int, *, mono: bool) -> QWidget:
        text = QPlainTextEdit(self)
        text.setFont(mono_font() if mono else ui_font())
        text.setTabChangesFocus(True)
        text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        text.setFixedHeight(height)
        text.textChanged.connect(self._on_changed)
        return self._named(text)

    def _choice(self) -> QWidget:
        box = ChoiceBox(self)
        box.setPlaceholderText(_CHOOSE)
        for option in self.field.options:
            box.addItem(option.label)
        box.setCurrentIndex(-1)
        box.currentIndexChanged.connect(lambda _index: self._on_changed())
        return self._named(box)

    def _several(self) -> QWidget:
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for option in self.field.options:
            # An ampersand would make the next letter a key.
            box = QCheckBox(visible(option.label).replace("&", "&&"), holder)
            box.setProperty("label", option.label)
            box.setAccessibleName(f"{visible(self.field.label)}: {visible(option.label)}")
            box.toggled.connect(lambda _checked: self._on_changed())
            self._boxes.append(box)
            column.addWidget(box)
        holder.setFocusProxy(self._boxes[0])
        return holder

    def _named(self, control: QWidget) -> QWidget:
        control.setObjectName(f"request.field.{self.field.name}")
        control.setAccessibleName(self._label.text())
        self._label.setBuddy(control)
        return control

    def _on_changed(self) -> None:
        self.show_problem("")
        self.changed.emit()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (self._label, self._hint, self.control, self._problem):
            column.addWidget(widget)
