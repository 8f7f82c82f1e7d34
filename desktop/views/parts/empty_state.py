"""What stands where a list or a card would be, when there is nothing: why, and what to do."""

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.theme import appearance, tokens
from desktop.views.theme_icons import icon_pixmap

_ICON: Final = 36


class EmptyState(QWidget):
    """An icon, a title, a hint, and one or two buttons when there is something to do about it.

    Signals:
        action_chosen: the button was pressed. other_chosen: the second one was.
    """

    action_chosen = Signal()
    other_chosen = Signal()

    def __init__(
        self,
        icon_name: str,
        title: str,
        hint: str,
        *,
        action: str = "",
        other: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._icon = QLabel(self)
        self._icon.setFixedSize(QSize(_ICON, _ICON))
        self._title = TextLabel("", Look.SUBTITLE, wrap=True)
        self._hint = TextLabel("", Look.MUTED, wrap=True)
        # The first of two is the one most people want.
        look = ButtonLook.PRIMARY if other else ButtonLook.PLAIN
        self._action = ActionButton(action, look, parent=self)
        self._other = ActionButton(other, parent=self)
        self._action.clicked.connect(self.action_chosen)
        self._other.clicked.connect(self.other_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addStretch(2)
        column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        column.addSpacing(6)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch()
        buttons.addWidget(self._action)
        buttons.addWidget(self._other)
        buttons.addStretch()
        column.addLayout(buttons)
        column.addStretch(3)
        appearance().changed.connect(self._draw_icon)
        self.show_words(title, hint, action, other)
        self._draw_icon()

    def show_words(self, title: str, hint: str, action: str = "", other: str = "") -> None:
        """Say something else; no action, no button."""
        self._title.show_text(title)
        self._hint.show_text(hint)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._other.setText(other)
        self._other.setVisible(bool(other))
        self.setAccessibleName(f"{title}. {hint}")

    def _draw_icon(self) -> None:
        self._icon.setPixmap(icon_pixmap(self._icon_name, tokens().faint, _ICON))
