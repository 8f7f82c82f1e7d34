"""The search field above a list."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.views.theme import appearance, tokens
from desktop.views.theme_icons import icon


class SearchField(QLineEdit):
    """One line with a glass. Escape empties it, Down and Enter go on to the list.

    Signals:
        left_for_list: the keyboard should move to what was found.
    """

    left_for_list = Signal()

    def __init__(
        self, accessible_name: str, placeholder: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(accessible_name)
        self.setPlaceholderText(placeholder)
        self.setMaxLength(500)
        self.setMinimumWidth(120)
        self._glass = QAction(self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        appearance().changed.connect(self._draw_icon)
        self._draw_icon()

    def event(self, event: QEvent) -> bool:
        """Escape empties a field with words in it, whatever else it does in the window."""
        asked = event.type() == QEvent.Type.ShortcutOverride and bool(self.text())
        if asked and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape, Down and Enter are ours; the rest is typing."""
        key = event.key()
        if key == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif key in {Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.left_for_list.emit()
        else:
            super().keyPressEvent(event)

    def _draw_icon(self) -> None:
        self._glass.setIcon(icon("search", tokens().muted, 18))
