"""The buttons that decide. The only ones that Enter does not press, on any desktop.

They are nobody's default, and hear no key for a moment after a call has come before the reviewer.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from desktop.views.parts.buttons import ActionButton

_ENTER = frozenset((Qt.Key.Key_Return, Qt.Key.Key_Enter))


class DecisionButton(ActionButton):
    """Pressed by the mouse or by Space. Some desktops let Enter press any button; not this one.

    Attributes:
        deaf: no key presses it now.
    """

    deaf = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes by."""
        if event.key() in _ENTER or self.deaf:
            event.ignore()
        else:
            super().keyPressEvent(event)
