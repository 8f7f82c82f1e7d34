"""The workers of an agent, one card each; of very many, those that a person looks for."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.qtmodels.monitor_wording import counted
from desktop.store.health import AgentHealth, Run
from desktop.views.agents.worker_card import WorkerCard
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.search_field import SearchField

#: A card is some twenty widgets: 500 of them would take a second to make.
MOST_CARDS: Final = 12


class WorkerList(QWidget):
    """Cards stay what they are while heartbeats come; a worker that died takes its card with it.

    Signals:
        context_wanted(str): the person wants to read a conversation that a worker runs.
    """

    context_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._agent: AgentHealth | None = None
        self._now_ms = 0
        self._cards: dict[str, WorkerCard] = {}
        self._search = SearchField("Find a worker", "Find a worker by name, version or note")
        self._search.setObjectName("workers.search")
        self._more = TextLabel("", Look.SMALL, wrap=True)
        self._more.setObjectName("workers.more")
        self._column = QVBoxLayout()
        self._column.setSpacing(10)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._search)
        column.addLayout(self._column)
        column.addWidget(self._more)
        self._search.textChanged.connect(self._refresh)

    def show_agent(self, agent: AgentHealth, now_ms: int) -> None:
        """Show the workers of an agent."""
        if self._agent is None or agent.name != self._agent.name:
            self._search.clear()
        self._agent, self._now_ms = agent, now_ms
        self._refresh()

    def _refresh(self) -> None:
        agent = self._agent
        if agent is None:
            return
        wanted = self._search.text().casefold().strip()
        found = [
            worker
            for worker in agent.workers
            if wanted in f"{worker.consumer} {worker.version} {worker.note}".casefold()
        ]
        shown = {worker.consumer: worker for worker in found[:MOST_CARDS]}
        for consumer in set(self._cards) - set(shown):
            card = self._cards.pop(consumer)
            card.hide()  # deletion waits for the event loop; it must not be seen till then
            card.deleteLater()
        runs = _by_consumer(agent)
        for place, (consumer, worker) in enumerate(shown.items()):
            if consumer not in self._cards:
                card = self._cards[consumer] = WorkerCard()
                card.context_wanted.connect(self.context_wanted)
                self._column.insertWidget(place, card)
            held = runs.get(consumer, [])
            self._cards[consumer].show_worker(worker, agent.name, held, self._now_ms)
        self._search.setVisible(len(agent.workers) > MOST_CARDS)
        hidden = len(found) - len(shown)
        self._more.setVisible(hidden > 0 or (not found and bool(agent.workers)))
        self._more.show_text(
            f"{counted(hidden, 'more worker')}: find one by its name."
            if found
            else "No worker of this agent has that in its name, version or note."
        )


def _by_consumer(agent: AgentHealth) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {}
    for run in agent.inbox.runs if agent.inbox else ():
        runs.setdefault(run.consumer, []).append(run)
    return runs
