"""Revealed values on the clipboard: marked as secret, and taken off it after half a minute.

The only place that puts them there.
"""

from typing import Final

from PySide6.QtCore import QMimeData, QObject, QTimer
from PySide6.QtGui import QClipboard, QGuiApplication

CLEAR_MS: Final = 30_000
#: Asks clipboard histories of Linux desktops to keep no copy.
HINT: Final = "x-kde-passwordManagerHint"
#: Where Qt knows whose the clipboard is. To read another program's may block.
_TELLS_OWNER: Final = frozenset(("xcb", "wayland", "windows", "cocoa"))
_MODES: Final = (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection)


class SecretClipboard(QObject):
    """Dresses a copied secret, and clears the clipboard unless something else is on it by then."""

    def __init__(self, milliseconds: int = CLEAR_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._timer = QTimer(self, interval=milliseconds, singleShot=True)
        self._timer.timeout.connect(self.clear)

    def dress(self, text: str) -> QMimeData:
        """What Qt is to put on the clipboard; the time begins to run."""
        data = QMimeData()
        data.setText(text)
        data.setData(HINT, b"secret")
        self._text = text
        self._timer.start()
        return data

    def clear(self) -> None:
        """Take the secret off the clipboard, if it is still there."""
        self._timer.stop()
        text, self._text = self._text, ""
        clipboard = QGuiApplication.clipboard()
        for mode in _MODES:
            if mode is QClipboard.Mode.Selection and not clipboard.supportsSelection():
                continue
            if text and _may_read(clipboard, mode) and clipboard.text(mode) == text:
                clipboard.clear(mode)


def secret_clipboard() -> SecretClipboard:
    """The one of the application: it outlives the page that a secret was copied from."""
    app = QGuiApplication.instance()
    assert app is not None  # noqa: S101 - there are widgets
    found = app.findChild(SecretClipboard)
    if found is None:
        found = SecretClipboard(parent=app)
        app.aboutToQuit.connect(found.clear)
    return found


def _may_read(clipboard: QClipboard, mode: QClipboard.Mode) -> bool:
    if QGuiApplication.platformName() not in _TELLS_OWNER:
        return True
    selects = mode is QClipboard.Mode.Selection
    return clipboard.ownsSelection() if selects else clipboard.ownsClipboard()
