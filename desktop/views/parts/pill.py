"""Pills: a word in a tinted capsule, for risk, status and counts."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.qtmodels.rows import Pill
from desktop.views.theme import appearance, tokens, ui_font
from desktop.views.theme_tokens import Tokens

_SIDE: Final = 9
_SMALL: Final = (11, 18)  # font pixels and height: in a row
_LARGE: Final = (12, 22)  # in a header


def pill_width(pill: Pill, pixels: int = _SMALL[0]) -> int:
    """Width of a painted pill."""
    metrics = QFontMetrics(ui_font(pixels, QFont.Weight.DemiBold))
    return metrics.horizontalAdvance(pill.text) + 2 * _SIDE


def paint_pill(
    painter: QPainter, area: QRectF, pill: Pill, tokens: Tokens, pixels: int = _SMALL[0]
) -> None:
    """Paint a pill into an area that is as wide as `pill_width` says."""
    # Painted, because a style sheet silently drops a radius above half the height.
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.wash(pill.tone)))
    painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
    painter.setPen(QColor(tokens.ink(pill.tone)))
    painter.setFont(ui_font(pixels, QFont.Weight.DemiBold))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, pill.text)


class PillLabel(QWidget):
    """A pill as a widget, as wide as its word; hidden while it has none."""

    def __init__(self, pill: Pill | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pill = pill
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        appearance().changed.connect(self.update)
        self.show_pill(pill)

    def show_pill(self, pill: Pill | None) -> None:
        """Show another word, or nothing."""
        self._pill = pill
        self.setAccessibleName(pill.text if pill else "")
        if pill is None:
            self.hide()
        elif self.parentWidget() is not None:  # without a parent, showing would open a window
            self.show()
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """The word shown now, or an empty text."""
        return self._pill.text if self._pill else ""

    def sizeHint(self) -> QSize:
        """As wide as the word."""
        pixels, height = _LARGE
        return QSize(pill_width(self._pill, pixels) + 4 if self._pill else 0, height)

    def minimumSizeHint(self) -> QSize:
        """A pill is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the capsule and its word."""
        if self._pill:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_pill(painter, QRectF(self.rect()), self._pill, tokens(), _LARGE[0])
            painter.end()
