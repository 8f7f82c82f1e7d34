"""What stands above the list of conversations: search, filters, and what is on top.

The only place that offers them. Nothing here decides what is listed.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.qtmodels.conversation_register import Sort
from desktop.store.records import ContextStatus
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.search_field import SearchField

_ALL: Final = "all"
_STATUSES: Final = (
    (_ALL, "All"),
    (ContextStatus.WAITING, "Waiting"),
    (ContextStatus.RUNNING, "Running"),
    (ContextStatus.DONE, "Done"),
    (ContextStatus.FAILED, "Failed"),
)
_SORTS: Final = (
    (Sort.NEWEST, "Newest"),
    (Sort.AGE, "Longest wait"),
    (Sort.RISK, "Highest risk"),
)
_LETTERS: Final = 6
_ALL_AGENTS: Final = "All agents"


class ListControls(QWidget):
    """Fits 284 pixels. Tab goes from one to the next; arrow keys choose.

    Attributes:
        search: the field for words.
    Signals:
        narrowed: another status or agent was chosen.
        sorted: something else shall be on top.
    """

    narrowed = Signal()
    sorted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = SearchField("Search conversations", "Search IDs, agents, words   /")
        self.search.setObjectName("conversations.search")
        self._chips = FilterChips("Show conversations", _STATUSES, tight=True)
        self._agent = ChoiceBox()
        self._agent.setObjectName("conversations.agent")
        self._agent.setAccessibleName("Show conversations of")
        self._agent.addItem(_ALL_AGENTS)
        self._sort = ChoiceBox()
        self._sort.setObjectName("conversations.sort")
        self._sort.setAccessibleName("Sort conversations by")
        for box in (self._agent, self._sort):
            box.setMinimumContentsLength(_LETTERS)
        for sort, words in _SORTS:
            self._sort.addItem(words, sort)
        self._chips.chosen.connect(self.narrowed)
        self._agent.activated.connect(self.narrowed)
        self._sort.activated.connect(self.sorted)
        self._lay_out()

    def status(self) -> ContextStatus | None:
        """The only status to show; None for all."""
        choice = self._chips.choice()
        return None if choice == _ALL else ContextStatus(choice)

    def agent(self) -> str:
        """The only agent to show; empty for all."""
        return self._agent.currentText() if self._agent.currentIndex() > 0 else ""

    def sort(self) -> Sort:
        """What shall be on top."""
        return Sort(self._sort.currentData())

    def offer_agents(self, names: Sequence[str]) -> None:
        """Offer these agents; the one that is chosen stays, also if it is not among them."""
        chosen = self.agent()
        offered = [*names, *([chosen] if chosen and chosen not in names else [])]
        if [self._agent.itemText(at) for at in range(1, self._agent.count())] == offered:
            return
        self._agent.clear()
        self._agent.addItems([_ALL_AGENTS, *offered])
        self._agent.setCurrentIndex(offered.index(chosen) + 1 if chosen else 0)

    def clear(self) -> None:
        """Hide nothing."""
        self._chips.choose(_ALL)
        self._agent.setCurrentIndex(0)
        self.search.clear()

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(8)
        choices.addWidget(self._agent, 1)
        choices.addWidget(self._sort, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(self._chips)
        column.addLayout(choices)
