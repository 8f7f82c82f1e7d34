"""What became of something, in a tinted box that cannot be overlooked."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from desktop.qtmodels.tone import Tone
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.theme import appearance, tokens
from desktop.views.theme_icons import icon_pixmap

_ICONS: Final = {
    Tone.NEUTRAL: "info",
    Tone.ACCENT: "send",
    Tone.OK: "check",
    Tone.WARN: "warning",
    Tone.DANGER: "x",
}
_RADIUS: Final = 8


class Outcome(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = Tone.NEUTRAL
        self._icon = QLabel(self)
        self._icon.setFixedSize(QSize(18, 18))
        self.words = TextLabel("", Look.BODY, wrap=True, selectable=True)
        self.words.setObjectName("request.outcome")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 9, 12, 9)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        appearance().changed.connect(self._draw_icon)
        self.hide()

    def show_outcome(self, text: str, tone: Tone) -> None:
        """Say another thing, or nothing."""
        self._tone = tone
        self.words.show_text(text)
        self.setVisible(bool(text))
        self._draw_icon()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A box in the wash of the tone."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens().wash(self._tone)))
        painter.drawRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        painter.end()

    def _draw_icon(self) -> None:
        self._icon.setPixmap(icon_pixmap(_ICONS[self._tone], tokens().ink(self._tone), 18))
        self.update()
