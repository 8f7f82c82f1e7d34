"""The card of a person's own workers on the agents page: how they stand, and the way to them."""

from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.local_workers import LocalWorkersDesk
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.local_wording import local_summary
from desktop.store.changes import Changes
from desktop.store.local_workers import LocalWorkerState
from desktop.store.store import Store
from desktop.views.agents.local_workers_panel import LocalWorkersPanel
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.pill import PillLabel

_ABOUT: Final = "Agents of your own, run on this computer. The log of the demo is there, too."


class LocalWorkersCard(QFrame):
    """One line of words; what went wrong is named. Its button opens `LocalWorkersPanel`."""

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        workers: LocalWorkersDesk,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self._store = store
        self._pill = PillLabel(parent=self)
        self._pill.setObjectName("agents.local_state")
        self._words = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._words.setObjectName("agents.local_words")
        self._manage = ActionButton("Manage")
        self._manage.setObjectName("agents.local_manage")
        self._manage.setAccessibleName("Manage your workers")
        self._panel = LocalWorkersPanel(store, bridge, workers, now_ms, parent=self)
        self._panel.setObjectName("local.panel")
        self._manage.clicked.connect(self.open_panel)
        self._lay_out()
        bridge.changed.connect(self._on_changed)
        self._refresh()

    def open_panel(self) -> None:
        """Show the window of the workers, in front."""
        self._panel.show()
        self._panel.raise_()
        self._panel.activateWindow()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self._refresh()

    def _on_changed(self, changes: Changes) -> None:
        if self.isVisible() and changes.local_workers:
            self._refresh()

    def _refresh(self) -> None:
        workers = self._store.local_workers
        self._pill.show_pill(local_summary(workers))
        failed = [worker for worker in workers if worker.state is LocalWorkerState.FAILED]
        words = [f"{worker.definition.name}: {worker.title}" for worker in failed[:2]]
        self._words.show_text(" ".join(words) or _ABOUT)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(TextLabel("Your workers", Look.SUBTITLE))
        head.addWidget(self._pill)
        head.addStretch(1)
        head.addWidget(self._manage)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 12, 22, 14)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._words)
