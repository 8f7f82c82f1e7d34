"""The buttons that decide. The only ones that Enter does not press, on any desktop."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from desktop.views.parts.buttons import ActionButton

_ENTER = frozenset((Qt.Key.Key_Return, Qt.Key.Key_Enter))


class DecisionButton(ActionButton):
    """Pressed by the mouse or by Space. Some desktops let Enter press any button; not this one."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes by."""
        if event.key() in _ENTER:
            event.ignore()
        else:
            super().keyPressEvent(event)
