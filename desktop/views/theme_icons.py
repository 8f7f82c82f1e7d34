"""Line icons in the colours of the theme. The only place that turns a shipped SVG into a QIcon."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer

from desktop import assets

_SCALES = (1.0, 1.5, 2.0, 3.0)


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return assets.icon_svg(name)


def paint_icon(painter: QPainter, area: QRectF, name: str, colour: str) -> None:
    """Draw an icon into an area with any painter; sharp at every scale."""
    svg = _source(name).replace("currentColor", colour)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, area)


def icon_pixmap(name: str, colour: str, size: int, scale: float = 2.0) -> QPixmap:
    """An icon as a pixmap of `size` logical pixels at one device pixel ratio; drawn once."""
    key = f"signoff {name} {colour} {size} {scale}"
    pixmap = QPixmap()
    if QPixmapCache.find(key, pixmap):
        return pixmap
    pixmap = QPixmap(round(size * scale), round(size * scale))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_icon(painter, QRectF(0, 0, size, size), name, colour)
    painter.end()
    QPixmapCache.insert(key, pixmap)
    return pixmap


def icon(name: str, colour: str, size: int = 20) -> QIcon:
    """An icon for a button, with pixmaps for the usual device pixel ratios."""
    made = QIcon()
    for scale in _SCALES:
        made.addPixmap(icon_pixmap(name, colour, size, scale))
    return made


def app_icon() -> QIcon:
    """The icon of windows, the tray and the task bar."""
    return QIcon(str(assets.resource("icons", f"{assets.APP_ICON}.svg")))
