"""The exact bytes of the arguments: as text and in hexadecimal, read only, part by part.

The only place that shows them. Masked values are in clear here, so it closes by itself.
"""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.actions.exact import BYTES_IN_A_LINE, ExactBytes
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel, caption
from desktop.views.parts.secret_clipboard import secret_clipboard
from desktop.views.parts.value_box import ValueBox

#: So many bytes are laid out at a time; a megabyte at once would hold the window for seconds.
CHUNK_BYTES: Final = 4096
_LINES: Final = 12


class ExactView(QWidget):
    """Hidden until `show_bytes`.

    Signals:
        closed: somebody has seen enough.
        secret_copied: text of it left for the clipboard while hidden values were in it.
    """

    closed = Signal()
    secret_copied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("request.exact")
        self._exact: ExactBytes | None = None
        self._at = 0
        self._secrets = secret_clipboard()
        self._what = TextLabel("", Look.MUTED, wrap=True)
        self._text = ValueBox("Exact bytes as text", self, max_lines=_LINES)
        self._text.setObjectName("request.exact_text")
        self._hex = ValueBox("Exact bytes in hexadecimal", self, max_lines=_LINES)
        self._hex.setObjectName("request.exact_hex")
        self._place = TextLabel("", Look.SMALL)
        self._place.setObjectName("request.exact_place")
        self._before = ActionButton("Earlier bytes", ButtonLook.QUIET)
        self._after = ActionButton("Later bytes", ButtonLook.QUIET)
        self._after.setObjectName("request.exact_after")
        self._close = ActionButton("Close exact bytes", ButtonLook.QUIET)
        self._close.setObjectName("request.exact_close")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        parts = (caption("Exact bytes"), self._what, self._text, self._hex, self._place)
        for widget in (*parts, self._before, self._after, self._close):
            column.addWidget(widget)
        self._before.clicked.connect(lambda: self._turn(-CHUNK_BYTES))
        self._after.clicked.connect(lambda: self._turn(CHUNK_BYTES))
        self._close.clicked.connect(self.closed)
        for box in (self._text, self._hex):
            box.secret_copied.connect(self.secret_copied)
        self.hide()

    def show_bytes(self, exact: ExactBytes, *, holds_secrets: bool) -> None:
        """Show bytes from their beginning."""
        self._exact, self._at = exact, 0
        for box in (self._text, self._hex):
            box.guard_copies(self._secrets if holds_secrets else None)
        self._turn(0)
        self.show()

    def put_away(self) -> None:
        """Show nothing, and keep nothing."""
        self._exact = None
        self._text.show_value("")
        self._hex.show_value("")
        self.hide()

    def _turn(self, by: int) -> None:
        exact = self._exact
        if exact is None:
            return
        size = len(exact.content)
        self._at = max(0, min(self._at + by, (max(size, 1) - 1) // CHUNK_BYTES * CHUNK_BYTES))
        end = min(size, self._at + CHUNK_BYTES)
        self._what.show_text(exact.what)
        self._text.show_value(exact.text_between(self._at, end))
        self._hex.show_value("\n".join(exact.hex_lines(self._at, end)))
        self._place.show_text(
            f"Bytes {self._at:,} to {end:,} of {size:,}, {BYTES_IN_A_LINE} a line"
        )
        self._before.setVisible(self._at > 0)
        self._after.setVisible(end < size)
