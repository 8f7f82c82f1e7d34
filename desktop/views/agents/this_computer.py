"""What runs on this computer: the bundled demo, and whatever else the console starts here."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from desktop.actions.desk import Desk
from desktop.store.store import Store
from desktop.views.agents.demo_card import DemoCard

_READING_WIDTH: Final = 900


class ThisComputer(QScrollArea):
    """One card below the other; it scrolls when they are more than the window is high."""

    def __init__(self, store: Store, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._demo = DemoCard(desk)
        cards = QWidget()
        cards.setProperty("surface", "none")
        cards.setMaximumWidth(_READING_WIDTH)
        self._column = QVBoxLayout(cards)
        self._column.setContentsMargins(20, 16, 20, 16)
        self._column.setSpacing(12)
        self._column.addWidget(self._demo)
        self._column.addStretch(1)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(cards)

    def refresh(self) -> None:
        """Show how everything stands."""
        self._demo.show_demo(self._store.demo)
