"""What stands above the list of conversations: search, filters, and what is on top.

The only place that offers them. Nothing here decides what is listed.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.qtmodels.conversation_register import Sort
from desktop.store.records import ContextStatus
from desktop.views.parts.agent_sort_boxes import AgentSortBoxes
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
        self._boxes = AgentSortBoxes("conversations", "conversations", _SORTS)
        self._chips.chosen.connect(self.narrowed)
        self._boxes.narrowed.connect(self.narrowed)
        self._boxes.sorted.connect(self.sorted)
        self._lay_out()

    def status(self) -> ContextStatus | None:
        """The only status to show; None for all."""
        choice = self._chips.choice()
        return None if choice == _ALL else ContextStatus(choice)

    def agent(self) -> str:
        """The only agent to show; empty for all."""
        return self._boxes.agent()

    def sort(self) -> Sort:
        """What shall be on top."""
        return Sort(self._boxes.sort())

    def offer_agents(self, names: Sequence[str]) -> None:
        """Offer these agents; the one that is chosen stays, also if it is not among them."""
        self._boxes.offer_agents(names)

    def clear(self) -> None:
        """Hide nothing."""
        self._chips.choose(_ALL)
        self._boxes.choose_all()
        self.search.clear()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(self._chips)
        column.addWidget(self._boxes)
