"""The slim rail at the left edge: one button for each page, with a count where something waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QToolButton, QVBoxLayout, QWidget

from desktop.views.theme import appearance, tokens, ui_font
from desktop.views.theme_icons import app_icon, icon

RAIL_WIDTH: Final = 60
_BUTTON: Final = 42
_ICON: Final = 22
_BADGE: Final = 16


@dataclass(frozen=True, slots=True)
class RailItem:
    """One page on the rail.

    Attributes:
        key_hint: shown in the tool tip, e.g. `Ctrl+1`; the window owns the shortcut.
        low: stands at the lower end of the rail.
    """

    page: str
    title: str
    icon_name: str
    key_hint: str = ""
    low: bool = False


class Rail(QFrame):
    """Chooses pages. Shows which one is open; says what a person asks for.

    One stop of the Tab key, on the open page; arrow keys go up and down.

    Signals:
        page_chosen: the page a person chose; the rail marks it only when `show_page` is called.
    """

    page_chosen = Signal(str)

    def __init__(self, items: Sequence[RailItem], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(RAIL_WIDTH)
        self.setProperty("surface", "panel")
        self.setProperty("edge", "right")
        self.setAccessibleName("Pages")
        self._buttons: dict[str, _RailButton] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 12)
        column.setSpacing(6)
        column.addWidget(_mark(self), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(8)
        for item in (item for item in items if not item.low):
            column.addWidget(self._button(item), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        for item in (item for item in items if item.low):
            column.addWidget(self._button(item), 0, Qt.AlignmentFlag.AlignHCenter)

    def show_page(self, page: str) -> None:
        """Mark a page as the open one. An unknown page changes nothing."""
        button = self._buttons.get(page)
        if button is not None:
            button.setChecked(True)

    def show_badge(self, page: str, count: int) -> None:
        """Show how many things wait on a page; 0 takes the badge away."""
        button = self._buttons.get(page)
        if button is not None:
            button.show_count(count)

    def _button(self, item: RailItem) -> "_RailButton":
        button = _RailButton(item, self)
        button.setObjectName(f"rail.{item.page}")
        self._buttons[item.page] = button
        self._group.addButton(button)
        button.clicked.connect(lambda: self.page_chosen.emit(item.page))
        return button


class _RailButton(QToolButton):
    def __init__(self, item: RailItem, parent: QWidget) -> None:
        super().__init__(parent)
        self._item = item
        self._count = 0
        self.setCheckable(True)
        self.setFixedSize(_BUTTON, _BUTTON)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(f"{item.title}   {item.key_hint}".rstrip())
        self.setAccessibleName(item.title)
        self.toggled.connect(self._draw_icon)
        appearance().changed.connect(self._draw_icon)
        self._draw_icon()

    def show_count(self, count: int) -> None:
        """Show a count above the icon; screen readers hear it with the name."""
        self._count = max(0, count)
        waiting = f", {self._count:,} waiting" if self._count else ""
        self.setAccessibleName(f"{self._item.title}{waiting}")
        self.setToolTip(f"{self._item.title}{waiting}   {self._item.key_hint}".rstrip())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The button, then its badge."""
        super().paintEvent(event)
        if not self._count:
            return
        text = str(self._count) if self._count < 100 else "99+"
        font = ui_font(10, QFont.Weight.Bold)
        width = max(_BADGE, QFontMetrics(font).horizontalAdvance(text) + 8)
        area = QRectF(self.width() - width - 1, 1, width, _BADGE)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens().fill))
        painter.drawRoundedRect(area, _BADGE / 2, _BADGE / 2)
        painter.setPen(QColor(tokens().on_fill))
        painter.setFont(font)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()

    def _draw_icon(self) -> None:
        colours = tokens()
        ink = colours.accent if self.isChecked() else colours.muted
        self.setIcon(icon(self._item.icon_name, ink, _ICON))


def _mark(parent: QWidget) -> QLabel:
    mark = QLabel(parent)
    mark.setPixmap(app_icon().pixmap(QSize(28, 28), 2.0))
    mark.setAccessibleName("Signoff")
    return mark
