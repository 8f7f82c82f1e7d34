"""A small button beside a text that puts all of it on the clipboard, and says that it did."""

from typing import Final

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton, QWidget

from desktop.views.theme import appearance, tokens
from desktop.views.theme_icons import icon

_TICK_MS: Final = 1500
_SIZE: Final = 28


class CopyButton(QToolButton):
    """Disabled while there is nothing to copy.

    Args:
        what: names the text, e.g. `context ID`.
    """

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._what = what
        self._text = ""
        self.setFixedSize(_SIZE, _SIZE)
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._back = QTimer(self, interval=_TICK_MS, singleShot=True)
        self._back.timeout.connect(self._draw)
        self.clicked.connect(self._on_clicked)
        appearance().changed.connect(self._draw)
        self.offer("")
        self._draw()

    def offer(self, text: str) -> None:
        """Offer another text."""
        if text != self._text:
            self._back.stop()
            self._text = text
            self._draw()
        self.setEnabled(bool(text))

    def _on_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self._back.start()
        self._draw()

    def _draw(self) -> None:
        copied = self._back.isActive()
        words = f"Copied {self._what}" if copied else f"Copy {self._what}"
        self.setToolTip(words)
        self.setAccessibleName(words)
        ink = tokens().ok if copied else tokens().muted
        self.setIcon(icon("check" if copied else "copy", ink, 16))
