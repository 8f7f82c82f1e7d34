"""A message inside the window: what happened, what to do, and a way to do it or put it away."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from desktop.qtmodels.tone import Tone
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.theme import appearance, tokens
from desktop.views.theme_icons import icon, icon_pixmap

_ICONS: Final = {
    Tone.NEUTRAL: "info",
    Tone.ACCENT: "info",
    Tone.OK: "check",
    Tone.WARN: "warning",
    Tone.DANGER: "warning",
}
_SEVERITY: Final = {Tone.WARN: "Warning: ", Tone.DANGER: "Error: "}


class Banner(QFrame):
    """Hidden until `show_message`. It never takes the keyboard from where it is.

    Signals:
        action_chosen: the action button was pressed. dismissed: the message was put away.
    """

    action_chosen = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = Tone.NEUTRAL
        self._icon = QLabel(self)
        self._icon.setFixedSize(QSize(20, 20))
        self._title = TextLabel("", Look.STRONG, wrap=True, selectable=True)
        self._hint = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._action = ActionButton("", parent=self)
        self._close = QToolButton(self)
        self._close.setFixedSize(30, 30)
        self._close.setToolTip("Dismiss")
        self._close.setAccessibleName("Dismiss message")
        self._action.clicked.connect(self.action_chosen)
        self._close.clicked.connect(self._on_closed)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 10, 10)
        row.setSpacing(12)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self._action)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        appearance().changed.connect(self._draw_icons)
        self.hide()

    def show_message(
        self, tone: Tone, title: str, hint: str = "", *, action: str = "", dismissable: bool = True
    ) -> None:
        """Show a message in place of the one before."""
        self._tone = tone
        self._title.show_text(title)
        self._hint.show_text(hint)
        self._hint.setVisible(bool(hint))
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._close.setVisible(dismissable)
        self.setAccessibleName(f"{_SEVERITY.get(tone, '')}{title}. {hint}".strip())
        self._draw_icons()
        self.show()

    def title(self) -> str:
        """What the message says now, or an empty text when there is none."""
        return "" if self.isHidden() else self._title.text()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A tinted panel with a bar in the colour of the severity."""
        colours = tokens()
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.wash(self._tone)))
        painter.drawRoundedRect(area, 8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.ink(self._tone)))
        painter.drawRoundedRect(
            QRectF(area.left(), area.top() + 8, 3, area.height() - 16), 1.5, 1.5
        )
        painter.end()

    def _draw_icons(self) -> None:
        colours = tokens()
        self._icon.setPixmap(icon_pixmap(_ICONS[self._tone], colours.ink(self._tone), 20))
        self._close.setIcon(icon("x", colours.muted, 16))
        self.update()

    def _on_closed(self) -> None:
        self.hide()
        self.dismissed.emit()
