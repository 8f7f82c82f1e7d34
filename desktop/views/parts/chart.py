"""Small painted charts: what a number did over the last minutes.

The only place that paints a chart. A series is thinned to a point per pixel before it is drawn, as
single lines: the raster engine does those three times as fast as one long path.
"""

from collections.abc import Callable
from enum import StrEnum
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.views.parts.chart_points import (
    Series,
    nearest,
    nice_top,
    runs_of,
    short_number,
    thinned,
)
from desktop.views.theme import appearance, tokens, ui_font
from desktop.views.theme_tokens import Tokens

_HEAD: Final = 22  # title and legend
_FOOT: Final = 16  # the span of time
_LINE: Final = 1.6
_LEGEND_GAP: Final = 10
_POINT: Final = 4.0  # one that stands alone
_GAP_FROM: Final = 4  # pixels; narrower bars touch


class ChartLook(StrEnum):
    """How a series is drawn."""

    LINE = "line"
    AREA = "area"
    BARS = "bars"


class Chart(QWidget):
    """Shows series over a span of time that ends now. A screen reader hears latest and extremes.

    Args:
        title: stands above it, e.g. `Events per second`.
        word: says a value with its unit, e.g. `41 events/s`; `scale` says it beside a line of the
            scale.
        bare: only the curve, for a card or a line of facts.
    """

    def __init__(
        self,
        title: str,
        word: Callable[[float], str],
        look: ChartLook = ChartLook.AREA,
        *,
        scale: Callable[[float], str] = short_number,
        bare: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._word, self._scale = title, word, scale
        self._look, self._bare = look, bare
        self._series: tuple[Series, ...] = ()
        self._from_ms, self._to_ms = 0, 1
        self._top = 1.0
        self._hover: float | None = None
        self._small = ui_font(11)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)
        appearance().changed.connect(self.update)
        self.show_series((), 0, 1)

    def show_series(self, series: tuple[Series, ...], from_ms: int, to_ms: int) -> None:
        """Show these over this span of time, in milliseconds since the epoch."""
        self._series, self._from_ms, self._to_ms = series, from_ms, max(to_ms, from_ms + 1)
        self._top = nice_top(max((value for one in series for value in one.values), default=0.0))
        self.setAccessibleDescription(self.spoken())
        self.update()

    def spoken(self) -> str:
        """What the curves come to, in words."""
        return ". ".join(self._in_words(one) for one in self._series) or "Nothing is known yet"

    def sizeHint(self) -> QSize:
        """A chart takes the width it gets."""
        return QSize(96, 30) if self._bare else QSize(280, 132)

    def minimumSizeHint(self) -> QSize:
        """Narrow enough for two beside each other in a small window."""
        return QSize(60, 24) if self._bare else QSize(180, 132)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what was at the moment under the mouse."""
        self._hover = event.position().x()
        words = self.words_at(self._hover)
        QToolTip.showText(event.globalPosition().toPoint(), words, self)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self._hover = None
        self.update()

    def words_at(self, x: float) -> str:
        """What each curve was at the moment under a place, and how long ago that is."""
        at_ms = self._moment(x)
        found = [(one, nearest(one.points, at_ms)) for one in self._series]
        lines = [
            f"{one.name}: {self._word(point[1])}"
            for one, point in found
            if point is not None and point[1] is not None
        ]
        if not lines:
            return ""
        times = [point[0] for _, point in found if point is not None]
        return "\n".join((*lines, _ago(self._to_ms - times[0])))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The scale, the curves, and what is pointed at."""
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        self._paint_scale(painter, area, colours)
        for one in self._series:
            self._paint_series(painter, area, one, QColor(colours.ink(one.tone)))
        if not self._bare:
            self._paint_head(painter, colours)
            if not self._is_known():
                painter.setPen(QColor(colours.faint))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "Nothing is known yet")
        if self._hover is not None and area.left() <= self._hover <= area.right():
            painter.setPen(QPen(QColor(colours.outline), 1))
            painter.drawLine(QLineF(self._hover, area.top(), self._hover, area.bottom()))
        painter.end()

    def _paint_scale(self, painter: QPainter, area: QRectF, colours: Tokens) -> None:
        painter.setFont(self._small)
        known = self._is_known()
        for share in (0.0, 0.5, 1.0) if known and not self._bare else (0.0, 1.0):
            y = area.bottom() - share * area.height()
            painter.setPen(QPen(QColor(colours.border), 1))
            painter.drawLine(QLineF(area.left(), y, area.right(), y))
            if not self._bare and known:
                painter.setPen(QColor(colours.faint))
                words = QRectF(0, y - 8, area.left() - 8, 16)
                side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(words, side, self._scale(self._top * share))
        if not self._bare and known:
            foot = QRectF(area.left(), area.bottom() + 3, area.width(), _FOOT)
            painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, _ago(self._to_ms - self._from_ms))
            painter.drawText(foot, Qt.AlignmentFlag.AlignRight, "now")

    def _paint_head(self, painter: QPainter, colours: Tokens) -> None:
        bold = ui_font(12, QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(QColor(colours.text))
        head = QRectF(0, 0, self.width(), _HEAD - 4)
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, self._title)
        room = self.width() - QFontMetrics(bold).horizontalAdvance(self._title) - _LEGEND_GAP
        painter.setFont(self._small)
        right = float(self.width())
        for one, words in reversed(list(zip(self._series, self._legend(room), strict=True))):
            width = QFontMetrics(self._small).horizontalAdvance(words) + 2
            painter.setPen(QColor(colours.ink(one.tone)))
            place = QRectF(right - width, 1, width, _HEAD - 4)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, words)
            right -= width + _LEGEND_GAP

    def _legend(self, room: int) -> list[str]:
        """What each curve is and was last; without room, only what it is."""
        latest = [self._word(one.values[-1]) if one.values else "none" for one in self._series]
        if len(latest) == 1:
            return latest
        names = [one.name for one in self._series]
        whole = [f"{name} {words}" for name, words in zip(names, latest, strict=True)]
        metrics = QFontMetrics(self._small)
        needed = sum(metrics.horizontalAdvance(words) + 2 + _LEGEND_GAP for words in whole)
        return whole if needed <= room else names

    def _paint_series(self, painter: QPainter, area: QRectF, one: Series, ink: QColor) -> None:
        points = thinned(one.points, self._from_ms, self._to_ms, round(area.width()))
        for run in runs_of(points):
            places = [self._place(area, at_ms, value) for at_ms, value in run]
            if self._look is ChartLook.BARS:
                self._paint_bars(painter, area, places, ink)
                continue
            if self._look is ChartLook.AREA:
                _paint_ground(painter, area, places, ink)
            painter.setPen(QPen(ink, _LINE, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            if len(places) == 1:
                painter.setPen(QPen(ink, _POINT, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawPoint(places[0])
            painter.drawLines([QLineF(first, second) for first, second in pairwise(places)])

    def _paint_bars(
        self, painter: QPainter, area: QRectF, places: list[QPointF], ink: QColor
    ) -> None:
        # On whole pixels: the seams between bars would shimmer.
        width = min((b.x() - a.x() for a, b in pairwise(places)), default=6.0)
        gap = 1 if width >= _GAP_FROM else 0
        faint = QColor(ink)
        faint.setAlphaF(0.28)
        for place in places:
            left, right = round(place.x() - width / 2), round(place.x() + width / 2)
            bar = QRectF(left, place.y(), max(right - left - gap, 1), area.bottom() - place.y())
            painter.fillRect(bar.intersected(area), faint)
            bar.setHeight(min(bar.height(), 2))
            painter.fillRect(bar.intersected(area), ink)

    def _is_known(self) -> bool:
        return any(one.values for one in self._series)

    def _place(self, area: QRectF, at_ms: int, value: float) -> QPointF:
        across = (at_ms - self._from_ms) / (self._to_ms - self._from_ms)
        return QPointF(
            area.left() + across * area.width(), area.bottom() - value / self._top * area.height()
        )

    def _area(self) -> QRectF:
        if self._bare:
            return QRectF(self.rect()).adjusted(1, 2, -1, -2)
        metrics = QFontMetrics(self._small)
        said = (self._scale(value) for value in (self._top, self._top / 2))
        left = max(metrics.horizontalAdvance(words) for words in said) + 10
        return QRectF(self.rect()).adjusted(left, _HEAD + 6, -2, -_FOOT - 4)

    def _moment(self, x: float) -> int:
        area = self._area()
        across = min(max((x - area.left()) / max(area.width(), 1.0), 0.0), 1.0)
        return round(self._from_ms + across * (self._to_ms - self._from_ms))

    def _in_words(self, one: Series) -> str:
        values = one.values
        if not values:
            return f"{one.name}: nothing is known yet"
        latest, lowest, highest = (self._word(v) for v in (values[-1], min(values), max(values)))
        return f"{one.name}: latest {latest}, lowest {lowest}, highest {highest}"


def _paint_ground(painter: QPainter, area: QRectF, places: list[QPointF], ink: QColor) -> None:
    """The shade under a curve, fading towards the bottom."""
    above, below = QColor(ink), QColor(ink)
    above.setAlphaF(0.28)
    below.setAlphaF(0.03)
    shade = QLinearGradient(area.topLeft(), area.bottomLeft())
    shade.setColorAt(0, above)
    shade.setColorAt(1, below)
    foot = [QPointF(places[-1].x(), area.bottom()), QPointF(places[0].x(), area.bottom())]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    painter.drawPolygon(QPolygonF([*places, *foot]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _ago(milliseconds: int) -> str:
    seconds = max(milliseconds, 0) // 1000
    if seconds < 60:
        return f"{seconds} s ago" if seconds else "now"
    return f"{seconds // 60} min ago"
