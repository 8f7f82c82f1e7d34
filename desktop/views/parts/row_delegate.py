"""Paints the rows of every list: avatar, two lines, a pill, an age, a dot for what is new.

The only place that knows how a `Row` looks. It reads one role and keeps pictures of the rows that
were in sight lately, so that a list of 100,000 costs what the dozen rows in sight cost, and a row
that only moves costs one copy: words cost thirty calls of Qt, each of which may wait for the
interpreter.
"""

from typing import Final

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from desktop.qtmodels.rows import ROW_ROLE, Row
from desktop.views.parts.avatar import paint_avatar
from desktop.views.parts.pill import paint_pill, pill_width
from desktop.views.parts.tips import tip
from desktop.views.parts.visible_text import one_line
from desktop.views.theme import tokens, ui_font
from desktop.views.theme_tokens import Tokens

ROW_HEIGHT: Final = 84
_RADIUS: Final = 10
_AVATAR: Final = 34
_INSET: Final = 10
_SIDE: Final = 8
_WORDS_GAP: Final = 12
_PILL_GAP: Final = 8
_DOT: Final = 8
_AGE_GAP: Final = 8
#: Pictures kept: some screens full, 120 KB each on a plain screen.
_PICTURES: Final = 48
_LOOKS: Final = (
    QStyle.StateFlag.State_Selected
    | QStyle.StateFlag.State_MouseOver
    | QStyle.StateFlag.State_HasFocus
)


class RowDelegate(QStyledItemDelegate):
    """Give it to a one-column view whose model answers `ROW_ROLE` with a `Row`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._title = ui_font(14, QFont.Weight.Medium)
        self._title_unread = ui_font(14, QFont.Weight.DemiBold)
        self._subtitle = ui_font(13)
        self._small = ui_font(12)
        self._pictures: dict[tuple[Row, int, int, int, float], QPixmap] = {}
        self._colours = tokens()

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Every row is equally high; the width is the view's."""
        return QSize(200, ROW_HEIGHT)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint one row; a model that answers with anything but a `Row` leaves it empty."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, Row):
            return
        scale = painter.device().devicePixelRatio()
        if scale != int(scale):
            # Rows begin between two pixels of such a screen: a picture would be blurred.
            self._paint_row(painter, option.rect, row, option.state)
            return
        painter.drawPixmap(option.rect.topLeft(), self._picture(option, row, scale))

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Tell what is cut on the row that is pointed at, and what else there is to say of it."""
        row = index.data(ROW_ROLE)
        if event.type() != QEvent.Type.ToolTip or not isinstance(row, Row):
            return super().helpEvent(event, view, option, index)
        words = "\n".join(part for part in (*self._cut_words(row, option.rect), row.hint) if part)
        QToolTip.showText(event.globalPos(), tip(words), view.viewport(), option.rect)
        return True

    def _cut_words(self, row: Row, rect: QRect) -> list[str]:
        """What `_paint_words` has no room for."""
        room = rect.width() - 2 * _SIDE - 2 * _INSET - _AVATAR - _WORDS_GAP
        aged = room - QFontMetrics(self._small).horizontalAdvance(row.age) - _AGE_GAP
        low = room - (_DOT + _AGE_GAP if row.unread else 0)
        low -= self._cached_width(row.cached) + _AGE_GAP if row.cached else 0
        low -= pill_width(row.pill) + _PILL_GAP if row.pill else 0
        title = self._title_unread if row.unread else self._title
        lines = (
            (row.title, title, aged),
            (row.problem or row.subtitle, self._subtitle, room),
            (row.meta, self._small, low),
        )
        seen = ((one_line(words), QFontMetrics(font), width) for words, font, width in lines)
        return [words for words, metrics, width in seen if metrics.horizontalAdvance(words) > width]

    def _picture(self, option: QStyleOptionViewItem, row: Row, scale: float) -> QPixmap:
        colours, size = tokens(), option.rect.size()
        if colours is not self._colours:
            self._colours = colours
            self._pictures.clear()
        looks = option.state & _LOOKS
        key = (row, looks.value, size.width(), size.height(), scale)
        picture = self._pictures.pop(key, None)
        if picture is None:
            picture = QPixmap(size * scale)
            picture.setDevicePixelRatio(scale)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            self._paint_row(painter, QRect(QPoint(0, 0), size), row, looks)
            painter.end()
            if len(self._pictures) >= _PICTURES:
                del self._pictures[next(iter(self._pictures))]
        # At the end: those that were not seen for the longest go first.
        self._pictures[key] = picture
        return picture

    def _paint_row(self, painter: QPainter, rect: QRect, row: Row, state: QStyle.StateFlag) -> None:
        colours = tokens()
        area = rect.adjusted(_SIDE, 3, -_SIDE, -3)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, area, state, colours)
        disc = QRectF(area.left() + _INSET, area.top() + 11, _AVATAR, _AVATAR)
        paint_avatar(painter, disc, row.initial, row.hue, colours)
        left = round(disc.right()) + _WORDS_GAP
        words = QRect(left, area.top(), area.right() - left - _INSET, area.height())
        self._paint_words(painter, words, row, colours)
        painter.restore()

    def _paint_ground(
        self, painter: QPainter, area: QRect, state: QStyle.StateFlag, colours: Tokens
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(QColor(colours.selected))
            painter.drawRoundedRect(area, _RADIUS, _RADIUS)
            # A bar as well as a tint: the tint alone is too faint to tell the row that is open.
            painter.setBrush(QColor(colours.accent))
            bar = QRectF(area.left(), area.top() + 12, 3, area.height() - 24)
            painter.drawRoundedRect(bar, 1.5, 1.5)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(colours.hover))
            painter.drawRoundedRect(area, _RADIUS, _RADIUS)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.focus), 2))
            painter.drawRoundedRect(QRectF(area).adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)

    def _paint_words(self, painter: QPainter, area: QRect, row: Row, colours: Tokens) -> None:
        top = QRect(area.left(), area.top() + 7, area.width(), 20)
        age_width = QFontMetrics(self._small).horizontalAdvance(row.age)
        painter.setFont(self._small)
        painter.setPen(QColor(colours.faint))
        painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, row.age)
        title_font = self._title_unread if row.unread else self._title
        title = top.adjusted(0, 0, -age_width - _AGE_GAP, 0)
        ink = colours.muted if row.cached else colours.text
        _draw_cut(painter, title, row.title, title_font, ink)

        middle = QRect(area.left(), area.top() + 28, area.width(), 19)
        ink = colours.warn if row.problem else colours.muted
        _draw_cut(painter, middle, row.problem or row.subtitle, self._subtitle, ink)

        bottom = QRect(area.left(), area.top() + 50, area.width(), 18)
        if row.unread:
            dot = QRectF(bottom.right() - _DOT, bottom.center().y() - _DOT / 2 + 1, _DOT, _DOT)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(dot)
            bottom.setRight(bottom.right() - _DOT - _AGE_GAP)
        if row.cached:
            self._paint_cached(painter, bottom, row.cached, colours)
            bottom.setRight(bottom.right() - self._cached_width(row.cached) - _AGE_GAP)
        if row.pill:
            width = pill_width(row.pill)
            capsule = QRectF(bottom.left(), bottom.top(), width, bottom.height())
            paint_pill(painter, capsule, row.pill, colours)
            bottom.setLeft(bottom.left() + width + _PILL_GAP)
        _draw_cut(painter, bottom, row.meta, self._small, colours.faint)

    def _cached_width(self, word: str) -> int:
        return QFontMetrics(self._small).horizontalAdvance(word) + _DOT + 5

    def _paint_cached(self, painter: QPainter, area: QRect, word: str, colours: Tokens) -> None:
        """A hollow dot and a word at the right end: what the filled dot would be, not yet sure."""
        left = area.right() - self._cached_width(word)
        painter.setPen(QPen(QColor(colours.faint), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(left, area.center().y() - _DOT / 2 + 1, _DOT, _DOT))
        area = QRect(left + _DOT + 5, area.top(), area.right() - left - _DOT - 4, area.height())
        _draw_cut(painter, area, word, self._small, colours.faint)


def _draw_cut(painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> None:
    """Draw one line; what does not fit is cut with an ellipsis (the detail shows all of it)."""
    painter.setFont(font)
    painter.setPen(QColor(colour))
    cut = QFontMetrics(font).elidedText(one_line(text), Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, cut)
