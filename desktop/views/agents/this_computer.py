"""What runs on this computer: the bundled demo, and a person's own workers."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from desktop.actions.desk import Desk
from desktop.qtmodels.bridge import Bridge
from desktop.store.store import Store
from desktop.views.agents.demo_card import DemoCard
from desktop.views.agents.local_workers_card import LocalWorkersCard

_READING_WIDTH: Final = 900


class ThisComputer(QScrollArea):
    """One card below the other; it scrolls when they are more than the window is high."""

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        desk: Desk,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._demo = DemoCard(desk)
        cards = QWidget()
        cards.setProperty("surface", "none")
        cards.setMaximumWidth(_READING_WIDTH)
        column = QVBoxLayout(cards)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(self._demo)
        column.addWidget(LocalWorkersCard(store, bridge, desk.local_workers, now_ms))
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(cards)

    def refresh(self) -> None:
        """Show how everything stands."""
        self._demo.show_demo(self._store.demo)
