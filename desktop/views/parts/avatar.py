"""The round initial that stands for an agent. The only place that turns a hue into colours."""

from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from desktop.views.theme import ui_font
from desktop.views.theme_tokens import Tokens

# HSL saturation and lightness of disc and letter; every hue reaches 4.5:1 between the two.
_LIGHT_DISC: Final = (0.45, 0.85)
_LIGHT_LETTER: Final = (0.65, 0.22)
_DARK_DISC: Final = (0.40, 0.26)
_DARK_LETTER: Final = (0.60, 0.86)


def avatar_colours(hue: int, tokens: Tokens) -> tuple[QColor, QColor]:
    """Colours of the disc and of the letter on it."""
    disc, letter = (_DARK_DISC, _DARK_LETTER) if tokens.dark else (_LIGHT_DISC, _LIGHT_LETTER)
    turn = (hue % 360) / 360
    return QColor.fromHslF(turn, *disc), QColor.fromHslF(turn, *letter)


def paint_avatar(painter: QPainter, area: QRectF, initial: str, hue: int, tokens: Tokens) -> None:
    """Paint a disc with one or two letters into a square area. The painter's state is kept."""
    disc, letter = avatar_colours(hue, tokens)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(disc)
    painter.drawEllipse(area)
    painter.setPen(letter)
    painter.setFont(ui_font(round(area.height() * 0.36), QFont.Weight.DemiBold))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, initial[:2].upper())
    painter.restore()
