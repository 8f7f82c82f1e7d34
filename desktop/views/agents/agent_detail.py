"""One agent: how it stands, who serves it, with which tools, and a way to talk to it."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.actions.guard import read_only
from desktop.actions.repairs import Repairs
from desktop.qtmodels.monitor_wording import (
    FIGURES,
    agent_figures,
    health_pill,
    served_by,
    unknown_of,
)
from desktop.store.health import AgentHealth
from desktop.store.store import Store
from desktop.views.agents.agent_charts import AgentCharts
from desktop.views.agents.figure_grid import FigureGrid
from desktop.views.agents.leaked_card import LeakedCard
from desktop.views.agents.tool_rows import ToolRows
from desktop.views.agents.worker_list import WorkerList
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, caption, panel
from desktop.views.parts.pill import PillLabel

_READING_WIDTH: Final = 1060
_NO_WORKER: Final = (
    "No Signoff worker says that it serves this agent. It may be served by another kind of worker, "
    "or by nobody now; a message to it waits on the broker until somebody takes it."
)


class AgentDetail(QWidget):
    """Shows one agent, in place: what did not change is not touched.

    Signals:
        chat_wanted(str): the person wants to talk to the agent of this name.
        troubles_wanted(str): the person wants to see what is in trouble at this agent.
        context_wanted(str): the person wants to read a conversation.
    """

    chat_wanted = Signal(str)
    troubles_wanted = Signal(str)
    context_wanted = Signal(str)

    def __init__(self, store: Store, repairs: Repairs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._name_shown = ""
        self._name = TextLabel("", Look.SUBTITLE, selectable=True)
        self._name.setObjectName("agents.name")
        self._meta = TextLabel("", Look.MUTED)
        self._meta.setObjectName("agents.meta")
        self._pill = PillLabel(parent=self)
        self._chat = ActionButton(
            "Chat with this agent", ButtonLook.PRIMARY, icon_name="conversations"
        )
        self._chat.setObjectName("agents.chat")
        self._troubled = ActionButton("", icon_name="warning")
        self._troubled.setObjectName("agents.troubled")
        self._about = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._about.setObjectName("agents.about")
        self._figures = FigureGrid(FIGURES)
        self._charts = AgentCharts()
        self._leaked = LeakedCard(store, repairs)
        self._workers = WorkerList()
        self._tools = ToolRows()
        self._chat.clicked.connect(lambda: self.chat_wanted.emit(self._name_shown))
        self._troubled.clicked.connect(lambda: self.troubles_wanted.emit(self._name_shown))
        self._workers.context_wanted.connect(self.context_wanted)
        self._lay_out()

    def show_agent(self, agent: AgentHealth, waiting: int, troubled: int, now_ms: int) -> None:
        """Show an agent as it stands.

        Args:
            waiting: its requests that wait for a person; `troubled`: what is in trouble there.
        """
        is_another = agent.name != self._name_shown
        self._name_shown = agent.name
        self._name.show_text(agent.name)
        self._pill.show_pill(health_pill(agent))
        self._meta.show_text(_meta(agent, waiting))
        refusal = read_only(self._store)
        self._chat.allow(str(refusal) if refusal else "")
        self._troubled.setVisible(troubled > 0)
        self._troubled.setText(f"Show {troubled:,} in trouble")
        about = unknown_of(agent) or ("" if agent.workers else _NO_WORKER)
        self._about.show_text(about)
        self._about.setVisible(bool(about))
        self._figures.show_figures(agent_figures(agent, now_ms))
        monitor = self._store.monitor
        samples = monitor.samples(agent.name)
        self._charts.setVisible(bool(monitor.at_ms))
        self._charts.show_samples(samples, monitor.at_ms, foreign=agent.is_foreign)
        self._leaked.show_agent(agent)
        self._workers.show_agent(agent, now_ms)
        self._workers_caption.setVisible(bool(agent.workers))
        self._tools.show_agent(agent)
        if is_another:
            self._area.verticalScrollBar().setValue(0)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head())
        column.addWidget(self._body(), 1)

    def _head(self) -> QFrame:
        head = panel(Surface.PANEL, Edge.BOTTOM)
        name = QHBoxLayout()
        name.setSpacing(10)
        name.addWidget(self._name)
        name.addWidget(self._pill)
        name.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(name)
        words.addWidget(self._meta)
        row = QHBoxLayout(head)
        row.setContentsMargins(22, 10, 22, 10)
        row.setSpacing(12)
        row.addLayout(words, 1)
        row.addWidget(self._chat)
        return head

    def _body(self) -> QScrollArea:
        inner = QWidget()
        inner.setProperty("surface", "none")
        column = QVBoxLayout(inner)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        self._workers_caption = caption("Workers")
        column.addWidget(self._troubled, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._about)
        column.addWidget(self._figures)
        column.addWidget(self._charts)
        column.addWidget(self._leaked)
        column.addWidget(self._workers_caption)
        column.addWidget(self._workers)
        column.addWidget(caption("Tools"))
        column.addWidget(self._tools)
        column.addStretch(1)
        inner.setMaximumWidth(_READING_WIDTH)
        area = self._area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName("About this agent")
        # A stop of the Tab key: a long list of tools is scrolled with the arrows.
        area.setProperty("surface", "flat")
        area.setWidget(inner)
        return area


def _meta(agent: AgentHealth, waiting: int) -> str:
    calls = "1 call waits" if waiting == 1 else f"{waiting:,} calls wait"
    note = ", ".join(dict.fromkeys(worker.note for worker in agent.workers if worker.note))
    parts = (served_by(agent), note, calls if waiting else "")
    return " · ".join(part for part in parts if part)
