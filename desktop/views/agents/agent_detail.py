"""One agent: who serves it, with which tools, and a way to talk to it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.qtmodels.wording import agent_row
from desktop.store.records import Agent
from desktop.views.agents.worker_card import WorkerCard
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import (
    Edge,
    Look,
    Surface,
    TextLabel,
    caption,
    hairline,
    panel,
)
from desktop.views.parts.pill import PillLabel

_READING_WIDTH = 760
_NO_WORKER = (
    "No Signoff worker says that it serves this agent. It may be served by another kind of worker, "
    "or by nobody now; a message to it waits on the broker until somebody takes it."
)


class AgentDetail(QWidget):
    """Shows one `Agent`, in place: what did not change is not touched.

    Signals:
        chat_wanted(str): the person wants to talk to the agent of this name.
    """

    chat_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._agent: Agent | None = None
        self._cards: dict[str, WorkerCard] = {}
        self._tools_shown: tuple[str, ...] | None = None
        self._name = TextLabel("", Look.SUBTITLE, selectable=True)
        self._name.setObjectName("agents.name")
        self._meta = TextLabel("", Look.MUTED)
        self._pill = PillLabel(parent=self)
        self._chat = ActionButton(
            "Chat with this agent", ButtonLook.PRIMARY, icon_name="conversations"
        )
        self._chat.setObjectName("agents.chat")
        self._chat.clicked.connect(self._on_chat)
        self._no_worker = TextLabel(_NO_WORKER, Look.MUTED, wrap=True)
        self._workers = QVBoxLayout()
        self._workers.setSpacing(10)
        self._tools = panel(Surface.CARD)
        self._tool_rows = QVBoxLayout(self._tools)
        self._tool_rows.setContentsMargins(1, 1, 1, 1)
        self._tool_rows.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head())
        column.addWidget(self._body(), 1)

    def show_agent(self, agent: Agent, now_ms: int) -> None:
        """Show an agent as it stands."""
        self._agent = agent
        row = agent_row(agent)
        self._name.show_text(agent.name)
        self._pill.show_pill(row.pill)
        calls = "1 call waits" if agent.waiting == 1 else f"{agent.waiting:,} calls wait"
        parts = (row.meta, calls if agent.waiting else "")
        self._meta.show_text(" · ".join(part for part in parts if part) or "no worker known")
        self._show_workers(agent, now_ms)
        self._show_tools(agent)

    def _show_workers(self, agent: Agent, now_ms: int) -> None:
        living = {worker.consumer: worker for worker in agent.workers}
        for consumer in set(self._cards) - set(living):
            card = self._cards.pop(consumer)
            card.hide()  # deletion waits for the event loop; it must not be seen till then
            card.deleteLater()
        for consumer, worker in living.items():
            if consumer not in self._cards:
                self._cards[consumer] = WorkerCard()
                self._workers.addWidget(self._cards[consumer])
            self._cards[consumer].show_worker(worker, now_ms)
        self._no_worker.setVisible(not living)

    def _show_tools(self, agent: Agent) -> None:
        offered = {tool for worker in agent.workers for tool in worker.tools.get(agent.name, ())}
        tools = tuple(sorted(offered))
        if tools == self._tools_shown:
            return
        self._tools_shown = tools
        while (item := self._tool_rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, tool in enumerate(tools):
            if number:
                self._tool_rows.addWidget(hairline())
            label = TextLabel(tool, Look.MONO, selectable=True)
            label.setContentsMargins(15, 9, 15, 9)
            self._tool_rows.addWidget(label)
        if not tools:
            nothing = TextLabel("No tools are known of this agent.", Look.MUTED, wrap=True)
            nothing.setContentsMargins(15, 9, 15, 9)
            self._tool_rows.addWidget(nothing)

    def _on_chat(self) -> None:
        if self._agent is not None:
            self.chat_wanted.emit(self._agent.name)

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
        column.addWidget(caption("Workers"))
        column.addWidget(self._no_worker)
        column.addLayout(self._workers)
        column.addSpacing(10)
        column.addWidget(caption("Tools"))
        column.addWidget(self._tools)
        column.addStretch(1)
        inner.setMaximumWidth(_READING_WIDTH)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName("About this agent")
        # A stop of the Tab key: a long list of tools is scrolled with the arrows.
        area.setProperty("surface", "flat")
        area.setWidget(inner)
        return area
