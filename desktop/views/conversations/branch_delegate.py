"""Paints a task in the tree of who asked whom: one line, set in below the task it came of."""

from typing import Final

from PySide6.QtCore import QLineF, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.qtmodels.rows import ROW_ROLE, Row
from desktop.views.parts.avatar import paint_avatar
from desktop.views.parts.pill import paint_pill, pill_width
from desktop.views.parts.visible_text import one_line
from desktop.views.theme import tokens, ui_font
from desktop.views.theme_tokens import Tokens

BRANCH_HEIGHT: Final = 32
_INDENT: Final = 26
_DEEPEST_INDENT: Final = 6  # deeper tasks stand below each other: their words need the room
_AVATAR: Final = 20
_PILL_HEIGHT: Final = 18
_GAP: Final = 8
_SIDE: Final = 14


class BranchDelegate(QStyledItemDelegate):
    """Give it to a one-column view whose model answers `ROW_ROLE` with a `Row`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = ui_font(13, QFont.Weight.Medium)
        self._words = ui_font(12)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint one task; a model that answers with anything but a `Row` leaves it empty."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, Row):
            return
        colours = tokens()
        area = QRect(option.rect).adjusted(_SIDE, 1, -_SIDE, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_ground(painter, area, option, colours)
        area.adjust(_GAP, 0, -_GAP, 0)
        branch = row.branch[:_DEEPEST_INDENT]
        _paint_branch(painter, area, branch, colours)
        area.setLeft(area.left() + len(branch) * _INDENT)
        self._paint_row(painter, area, row, colours)
        painter.restore()

    def _paint_row(self, painter: QPainter, area: QRect, row: Row, colours: Tokens) -> None:
        disc = QRectF(area.left(), area.center().y() - _AVATAR / 2 + 0.5, _AVATAR, _AVATAR)
        paint_avatar(painter, disc, row.initial, row.hue, colours)
        area.setLeft(round(disc.right()) + _GAP)
        age = QFontMetrics(self._words).horizontalAdvance(row.age)
        if age:
            _draw(painter, area, row.age, self._words, colours.faint, right=True)
            area.setRight(area.right() - age - _GAP)
        if row.pill is not None:
            width = pill_width(row.pill)
            top = area.center().y() - _PILL_HEIGHT / 2 + 0.5
            capsule = QRectF(area.right() - width, top, width, _PILL_HEIGHT)
            paint_pill(painter, capsule, row.pill, colours)
            area.setRight(area.right() - width - _GAP)
        name = _draw(painter, area, row.title, self._name, colours.text)
        area.setLeft(area.left() + name + _GAP)
        if area.width() > 3 * _GAP:
            _draw(painter, area, row.subtitle, self._words, colours.muted)


def _paint_ground(
    painter: QPainter, area: QRect, option: QStyleOptionViewItem, colours: Tokens
) -> None:
    state = option.state
    painter.setPen(Qt.PenStyle.NoPen)
    if state & QStyle.StateFlag.State_MouseOver:
        painter.setBrush(QColor(colours.hover))
        painter.drawRoundedRect(area, 8, 8)
    if state & QStyle.StateFlag.State_HasFocus:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.focus), 2))
        painter.drawRoundedRect(QRectF(area).adjusted(1, 1, -1, -1), 8, 8)


def _paint_branch(
    painter: QPainter, area: QRect, branch: tuple[bool, ...], colours: Tokens
) -> None:
    painter.setPen(QPen(QColor(colours.outline), 1))
    top, middle, bottom = area.top() - 3, area.center().y() + 0.5, area.bottom() + 3
    for level, goes_on in enumerate(branch, start=1):
        left = round(area.left() + (level - 1) * _INDENT + _AVATAR / 2) + 0.5
        is_own = level == len(branch)
        if goes_on or is_own:
            painter.drawLine(QLineF(left, top, left, bottom if goes_on else middle))
        if is_own:
            painter.drawLine(QLineF(left, middle, left + _INDENT - _AVATAR / 2 - 4, middle))


def _draw(
    painter: QPainter, area: QRect, text: str, font: QFont, colour: str, *, right: bool = False
) -> int:
    """Draw one line, cut where it does not fit; returns how wide it is."""
    painter.setFont(font)
    painter.setPen(QColor(colour))
    metrics = QFontMetrics(font)
    cut = metrics.elidedText(one_line(text), Qt.TextElideMode.ElideRight, area.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, cut)
    return metrics.horizontalAdvance(cut)
