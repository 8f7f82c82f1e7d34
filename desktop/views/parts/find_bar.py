"""The bar above a transcript in which a person searches it.

It knows words and keys only; what is found, and where, others tell it.
"""

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QToolButton, QWidget

from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel
from desktop.views.theme import appearance, tokens
from desktop.views.theme_icons import icon

_BUTTON: Final = 30
_ENTER: Final = frozenset((Qt.Key.Key_Return, Qt.Key.Key_Enter))


class FindField(QLineEdit):
    """The words to find. Enter goes on, Shift+Enter back, Escape ends.

    Signals:
        stepped(int): to the next place (1) or the one before (-1).
        left: the person wants no more of it.
    """

    stepped = Signal(int)
    left = Signal()

    def event(self, event: QEvent) -> bool:
        """Escape is ours while the keyboard is here, whatever else it does in the window."""
        asked = event.type() == QEvent.Type.ShortcutOverride
        if asked and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape and Enter are ours; the rest is typing."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in _ENTER:
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.stepped.emit(-1 if back else 1)
        else:
            super().keyPressEvent(event)


class FindBar(QFrame):
    """Hidden until it is opened.

    Attributes:
        field: where the words are typed.

    Signals:
        words_changed(str): other words are to be found.
        stepped(int): to the next place (1) or the one before (-1).
        older_wanted: what was said before is to be searched, too.
        closed: the person wants no more of it.
    """

    words_changed = Signal(str)
    stepped = Signal(int)
    older_wanted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", Surface.PANEL.value)
        self.setProperty("edge", Edge.BOTTOM.value)
        self.field = FindField(self)
        self.field.setObjectName("find.words")
        self.field.setAccessibleName("Find in this conversation")
        self.field.setPlaceholderText("Find in this conversation")
        self.field.setMaxLength(500)
        self.field.setMinimumWidth(140)
        self._glass = QAction(self)
        self.field.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._count = TextLabel("", Look.MUTED)
        self._count.setObjectName("find.count")
        self._note = TextLabel("", Look.SMALL)
        self._note.setObjectName("find.note")
        self._older = ActionButton("Load older", ButtonLook.QUIET)
        self._older.setObjectName("find.older")
        self._back = self._button("Previous (Shift+F3)", "find.previous")
        self._on = self._button("Next (F3)", "find.next")
        self._close = self._button("Close (Escape)", "find.close")
        self._lay_out()
        self._connect()
        self._draw_icons()
        self.show_count(0, 0)
        self.show_note("", may_load=False)
        self.hide()

    def open(self, words: str = "") -> None:
        """Show the bar with the keyboard in it; words given replace those that were there."""
        self.show()
        if words:
            self.field.setText(words)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def show_count(self, number: int, total: int, *, searching: bool = False) -> None:
        """Say which of how many places is shown; 0 for none yet."""
        if not self.field.text():
            words = ""
        elif total:
            words = f"{number:,} of {total:,}" if number else f"{total:,} found"
        else:
            words = "Searching…" if searching else "Nothing found"
        self._count.show_text(words)
        for button in (self._back, self._on):
            button.setEnabled(total > 0)

    def show_note(self, words: str, *, may_load: bool) -> None:
        """Say what is not searched; empty for nothing.

        Args:
            may_load: more of the conversation can be asked for.
        """
        self._note.show_text(words)
        self._note.setVisible(bool(words))
        self._older.setVisible(may_load)

    def _button(self, words: str, name: str) -> QToolButton:
        made = QToolButton(self)
        made.setObjectName(name)
        made.setFixedSize(_BUTTON, _BUTTON)
        made.setIconSize(QSize(18, 18))
        made.setToolTip(words)
        made.setAccessibleName(words)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return made

    def _connect(self) -> None:
        self.field.textChanged.connect(self.words_changed)
        self.field.stepped.connect(self.stepped)
        self.field.left.connect(self.closed)
        self._back.clicked.connect(lambda: self.stepped.emit(-1))
        self._on.clicked.connect(lambda: self.stepped.emit(1))
        self._close.clicked.connect(self.closed)
        self._older.clicked.connect(self.older_wanted)
        appearance().changed.connect(self._draw_icons)

    def _draw_icons(self) -> None:
        ink = tokens().muted
        self._glass.setIcon(icon("search", ink, 18))
        for button, name in (
            (self._back, "chevron-up"),
            (self._on, "chevron-down"),
            (self._close, "x"),
        ):
            button.setIcon(icon(name, ink, 18))

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(22, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(self.field, 3)
        row.addWidget(self._count)
        row.addWidget(self._back)
        row.addWidget(self._on)
        row.addWidget(self._note)
        row.addWidget(self._older)
        row.addStretch(1)
        row.addWidget(self._close)
