"""Two boxes above a list: whose rows are shown, and which of them are on top."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.views.parts.choice_box import ChoiceBox

_LETTERS: Final = 6
_ALL_AGENTS: Final = "All agents"


class AgentSortBoxes(QWidget):
    """Offers agents and orders. Nothing here decides what is listed.

    Args:
        what: is listed, in the plural.
        name: begins the names of the boxes.
        sorts: each order and its words; the first is chosen.

    Signals:
        narrowed: another agent was chosen.
        sorted: something else shall be on top.
    """

    narrowed = Signal()
    sorted = Signal()

    def __init__(
        self,
        what: str,
        name: str,
        sorts: Sequence[tuple[str, str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._agent = ChoiceBox()
        self._agent.setObjectName(f"{name}.agent")
        self._agent.setAccessibleName(f"Show {what} of")
        self._agent.addItem(_ALL_AGENTS)
        self._sort = ChoiceBox()
        self._sort.setObjectName(f"{name}.sort")
        self._sort.setAccessibleName(f"Sort {what} by")
        for sort, words in sorts:
            self._sort.addItem(words, sort)
        self._agent.activated.connect(self.narrowed)
        self._sort.activated.connect(self.sorted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._agent.setMinimumContentsLength(_LETTERS)
        row.addWidget(self._agent, 1)
        # Orders are ours and short; what room there is belongs to the names of others.
        self._sort.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToContents)
        row.addWidget(self._sort)

    def agent(self) -> str:
        """The only agent to show; empty for all."""
        return self._agent.currentText() if self._agent.currentIndex() > 0 else ""

    def sort(self) -> str:
        """What shall be on top."""
        return str(self._sort.currentData())

    def offer_agents(self, names: Sequence[str]) -> None:
        """Offer these agents; the one that is chosen stays, also if it is not among them."""
        chosen = self.agent()
        offered = [*names, *([chosen] if chosen and chosen not in names else [])]
        if [self._agent.itemText(at) for at in range(1, self._agent.count())] == offered:
            return
        self._agent.clear()
        self._agent.addItems([_ALL_AGENTS, *offered])
        self._agent.setCurrentIndex(offered.index(chosen) + 1 if chosen else 0)

    def choose_all(self) -> None:
        """Show those of every agent."""
        self._agent.setCurrentIndex(0)
