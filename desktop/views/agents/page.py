"""The agents page: everybody one can talk to, and the bundled demo.

The only place that decides which agent is looked at.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.actions.desk import Desk
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.rows_model import RowsModel
from desktop.qtmodels.wording import agent_row
from desktop.store.changes import Changes
from desktop.store.records import LinkState
from desktop.store.store import Store
from desktop.views.agents.agent_detail import AgentDetail
from desktop.views.agents.demo_card import DemoCard
from desktop.views.agents.local_workers_card import LocalWorkersCard
from desktop.views.agents.nobody_there import NobodyThere
from desktop.views.keys import on_key
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.list_view import RowList

_LIST_WIDTH: Final = 352
_NARROW_LIST_WIDTH: Final = 300


class AgentsPage(QWidget):
    """While it is not seen it does nothing; it reads the store when it is shown.

    Signals:
        chat_wanted(str): the person wants to talk to the agent of this name.
        settings_wanted: the person wants to look at the connection.
    """

    chat_wanted = Signal(str)
    settings_wanted = Signal()

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        desk: Desk,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._now_ms = store, now_ms
        self._chosen = ""
        self._list = RowList("Agents")
        self._list.setObjectName("agents.list")
        self._model: RowsModel[str] = RowsModel(self._list)
        self._list.setModel(self._model)
        self._count = TextLabel("", Look.MUTED)
        self._none = TextLabel("", Look.MUTED, wrap=True)
        self._side_stack = QStackedWidget()
        self._detail = AgentDetail()
        self._nobody = NobodyThere(store)
        self._stack = QStackedWidget()
        self._demo = DemoCard(desk)
        self._own = LocalWorkersCard(store, bridge, desk.local_workers, now_ms)
        self._lay_out()
        self._list.row_chosen.connect(self._on_row_chosen)
        self._list.row_opened.connect(self._on_row_opened)
        self._detail.chat_wanted.connect(self.chat_wanted)
        self._nobody.settings_wanted.connect(self.settings_wanted)
        on_key(self, Qt.Key.Key_J, lambda: self._list.step(1), repeats=True)
        on_key(self, Qt.Key.Key_K, lambda: self._list.step(-1), repeats=True)
        bridge.changed.connect(self._on_changed)
        self.setFocusProxy(self._list)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self._refresh()

    def _on_changed(self, changes: Changes) -> None:
        if self.isVisible() and (changes.agents or changes.link or changes.demo or changes.reset):
            self._refresh()

    def _refresh(self) -> None:
        self._demo.show_demo(self._store.demo)
        agents = self._store.agents()
        self._model.show_rows([(agent.name, agent_row(agent)) for agent in agents])
        self._count.show_text(f"{len(agents):,}" if agents else "")
        self._side_stack.setCurrentWidget(self._list if agents else self._none)
        if not agents:
            self._chosen = ""
            self._show_nobody()
            return
        names = [agent.name for agent in agents]
        if self._chosen not in names:
            self._chosen = names[0]
        if self._list.current_row() != names.index(self._chosen):
            self._list.choose_row(names.index(self._chosen))
        self._detail.show_agent(agents[names.index(self._chosen)], self._now_ms())
        self._stack.setCurrentWidget(self._detail)

    def _show_nobody(self) -> None:
        self._nobody.refresh()
        self._stack.setCurrentWidget(self._nobody)
        online = self._store.link.state is LinkState.ONLINE
        words = "No agents yet. Workers bring them." if online else "Agents are listed here."
        self._none.show_text(words)

    def _on_row_chosen(self, row: int) -> None:
        name = self._model.key_at(row)
        found = next((agent for agent in self._store.agents() if agent.name == name), None)
        if found is not None:
            self._chosen = found.name
            self._detail.show_agent(found, self._now_ms())

    def _on_row_opened(self, row: int) -> None:
        name = self._model.key_at(row)
        if name is not None:
            self.chat_wanted.emit(name)

    def _lay_out(self) -> None:
        self.setProperty("surface", "bg")
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 0)
        head.setSpacing(8)
        head.addWidget(TextLabel("Agents", Look.TITLE))
        head.addWidget(self._count, 1)
        side = panel(Surface.PANEL, Edge.RIGHT)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 18, 0, 8)
        column.setSpacing(12)
        column.addLayout(head)
        self._side_stack.addWidget(self._list)
        self._none.setContentsMargins(16, 0, 16, 0)
        self._none.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._side_stack.addWidget(self._none)
        column.addWidget(self._side_stack, 1)
        side.setMinimumWidth(_NARROW_LIST_WIDTH)
        side.setMaximumWidth(_LIST_WIDTH)
        self._stack.addWidget(self._nobody)
        self._stack.addWidget(self._detail)
        main = QVBoxLayout()
        main.setSpacing(0)
        main.addWidget(self._stack, 1)
        main.addWidget(self._demo)
        main.addWidget(self._own)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side, 2)
        row.addLayout(main, 5)
