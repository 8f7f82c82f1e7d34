"""The state of the link to the broker, always in sight: a dot and words, never the dot alone."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.qtmodels.tone import Tone
from desktop.views.parts.tips import tip
from desktop.views.theme import appearance, tokens, ui_font

_DOT: Final = 8
_GAP: Final = 7


class LinkIndicator(QWidget):
    """Shows a tone and words, e.g. a green dot and `Connected · 127.0.0.1:6379`.

    Narrower than its words, it cuts them at the end; the tool tip has all of them.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = Tone.NEUTRAL
        self._words = ""
        self._font = ui_font(12)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        appearance().changed.connect(self.update)
        self.show_state(Tone.NEUTRAL, "Not connected")

    def show_state(self, tone: Tone, words: str, hint: str = "") -> None:
        """Show another state. `hint` says more in the tool tip, e.g. when the next try is."""
        self._tone, self._words = tone, words
        self.setToolTip(tip(f"{words}\n{hint}".strip()))
        self.setAccessibleName(f"Link: {words}")
        self.setAccessibleDescription(hint)
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """The words shown now."""
        return self._words

    def sizeHint(self) -> QSize:
        """The dot and all words."""
        return self._size_of(self._words)

    def minimumSizeHint(self) -> QSize:
        """The dot and the first word."""
        return self._size_of(self._words.split(" ", 1)[0] + "…")

    def _size_of(self, words: str) -> QSize:
        margins = self.contentsMargins()
        width = _DOT + _GAP + QFontMetrics(self._font).horizontalAdvance(words) + 4
        return QSize(margins.left() + width + margins.right(), 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The dot, then the words."""
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.ink(self._tone)))
        room = self.contentsRect()
        painter.drawEllipse(QRectF(room.left() + 1, (self.height() - _DOT) / 2, _DOT, _DOT))
        painter.setPen(QColor(colours.muted))
        painter.setFont(self._font)
        area = room.adjusted(1 + _DOT + _GAP, 0, 0, 0)
        cut = QFontMetrics(self._font).elidedText(
            self._words, Qt.TextElideMode.ElideRight, area.width()
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, cut)
        painter.end()
