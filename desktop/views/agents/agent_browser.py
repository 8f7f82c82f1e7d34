"""The agents as a list, beside the one that is looked at.

The only place that decides which agent is looked at.
"""

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.actions.repairs import Repairs
from desktop.qtmodels.monitor_wording import agent_row
from desktop.qtmodels.rows_model import RowsModel
from desktop.store.health import AgentHealth
from desktop.store.records import LinkState
from desktop.store.store import Store
from desktop.views.agents.agent_detail import AgentDetail
from desktop.views.agents.nobody_there import NobodyThere
from desktop.views.keys import on_key
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.list_view import RowList

_LIST_WIDTH: Final = 352
_NARROW_LIST_WIDTH: Final = 290


class AgentBrowser(QWidget):
    """Shows what it is given with `show_agents`.

    Attributes:
        detail: the agent that is looked at; nobody: what stands there without one.

    Signals:
        chat_wanted(str): the person wants to talk to the agent of this name.
    """

    chat_wanted = Signal(str)

    def __init__(
        self,
        store: Store,
        repairs: Repairs,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._now_ms = store, now_ms
        self._chosen = ""
        self._agents: dict[str, AgentHealth] = {}
        self._waiting: Mapping[str, int] = {}
        self._troubled: Mapping[str, int] = {}
        self.list = RowList("Agents")
        self.list.setObjectName("agents.list")
        self._model: RowsModel[str] = RowsModel(self.list)
        self.list.setModel(self._model)
        self._none = TextLabel("", Look.MUTED, wrap=True)
        self._side_stack = QStackedWidget()
        self.detail = AgentDetail(store, repairs)
        self.nobody = NobodyThere(store)
        self._stack = QStackedWidget()
        self._lay_out()
        self.list.row_chosen.connect(self._on_row_chosen)
        self.list.row_opened.connect(self._on_row_opened)
        self.detail.chat_wanted.connect(self.chat_wanted)
        on_key(self, Qt.Key.Key_J, lambda: self.list.step(1), repeats=True)
        on_key(self, Qt.Key.Key_K, lambda: self.list.step(-1), repeats=True)
        self.setFocusProxy(self.list)

    def show_agents(
        self,
        agents: tuple[AgentHealth, ...],
        waiting: Mapping[str, int],
        troubled: Mapping[str, int],
    ) -> None:
        """Show these agents.

        Args:
            waiting: how many requests of each wait for a person; `troubled`: how much is in trouble
                at each; by name.
        """
        self._agents = {agent.name: agent for agent in agents}
        self._waiting, self._troubled = waiting, troubled
        rows = [(one.name, agent_row(one, waiting.get(one.name, 0))) for one in agents]
        self._model.show_rows(rows)
        self._side_stack.setCurrentWidget(self.list if agents else self._none)
        if not agents:
            self._chosen = ""
            self._show_nobody()
            return
        if self._chosen not in self._agents:
            self._chosen = agents[0].name
        row = self._model.row_of(self._chosen)
        if self.list.current_row() != row:
            self.list.choose_row(row)
        self._show_chosen()

    def _show_chosen(self) -> None:
        name = self._chosen
        waiting, troubled = self._waiting.get(name, 0), self._troubled.get(name, 0)
        self.detail.show_agent(self._agents[name], waiting, troubled, self._now_ms())
        self._stack.setCurrentWidget(self.detail)

    def _show_nobody(self) -> None:
        self.nobody.refresh()
        self._stack.setCurrentWidget(self.nobody)
        online = self._store.link.state is LinkState.ONLINE
        words = "No agents yet. Workers bring them." if online else "Agents are listed here."
        self._none.show_text(words)

    def _on_row_chosen(self, row: int) -> None:
        name = self._model.key_at(row)
        if name in self._agents and name != self._chosen:
            self._chosen = name
            self._show_chosen()

    def _on_row_opened(self, row: int) -> None:
        name = self._model.key_at(row)
        if name is not None:
            self.chat_wanted.emit(name)

    def _lay_out(self) -> None:
        side = panel(Surface.PANEL, Edge.RIGHT)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 8, 0, 8)
        self._side_stack.addWidget(self.list)
        self._none.setContentsMargins(16, 8, 16, 0)
        self._none.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._side_stack.addWidget(self._none)
        column.addWidget(self._side_stack, 1)
        side.setMinimumWidth(_NARROW_LIST_WIDTH)
        side.setMaximumWidth(_LIST_WIDTH)
        self._stack.addWidget(self.nobody)
        self._stack.addWidget(self.detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side, 2)
        row.addWidget(self._stack, 5)
