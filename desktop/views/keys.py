"""Keys that act without a modifier, such as J, A or /.

The only place that makes a letter a command. Such a key acts only while nobody types, once for
each press, and only on the page that is in sight.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)


def on_key(
    page: QWidget, key: Qt.Key, action: Callable[[], object], *, repeats: bool = False
) -> QShortcut:
    """Let a key do something while `page` is in sight and no text is being typed.

    Args:
        repeats: holding the key down does it again and again: for moving, never for deciding.
    """
    # Qt keeps a shortcut silent while its parent is hidden, so pages may use the same keys.
    shortcut = QShortcut(QKeySequence(key), page)
    shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
    shortcut.setAutoRepeat(repeats)
    shortcut.activated.connect(lambda: None if is_typing() else action())
    return shortcut


def is_typing() -> bool:
    """Whether the keyboard is in a field that takes letters."""
    match QApplication.focusWidget():
        case QLineEdit() | QPlainTextEdit() | QTextEdit() as field:
            return not field.isReadOnly()
        case QComboBox() | QAbstractSpinBox():
            return True
        case _:
            return False
