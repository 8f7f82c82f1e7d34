"""Consumers that other software left behind in an agent's inbox, and their removal.

The only place in the window that removes them; it asks again first.
"""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.actions.repairs import Repairs
from desktop.errors import SignoffError
from desktop.qtmodels.monitor_wording import counted
from desktop.qtmodels.tone import Tone
from desktop.store.health import AgentHealth, Repair, RepairKey
from desktop.store.store import Store
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.confirm_panel import ConfirmPanel
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.outcome import Outcome

_ABOUT: Final = (
    "Each start of a worker of the base package reads under a new name and leaves the old one. "
    "Only those are counted that asked for nothing for an hour and hold nothing."
)
_WARNING: Final = (
    "Their names are removed from the group. A process that only slept for an hour is counted "
    "anew when it reads again; no message is lost."
)


class LeakedCard(QFrame):
    """Hidden while there are none, and nothing is told of a removal."""

    def __init__(self, store: Store, repairs: Repairs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._repairs = store, repairs
        self._agent = ""
        self._leaked = 0
        self.setProperty("surface", "card")
        self._title = TextLabel("", Look.STRONG, wrap=True)
        self._title.setObjectName("leaked.title")
        self._about = TextLabel(_ABOUT, Look.MUTED, wrap=True)
        self._outcome = Outcome(self)
        self._outcome.words.setObjectName("leaked.outcome")
        self._remove = ActionButton("Remove leaked consumers…")
        self._remove.setObjectName("leaked.remove")
        self._confirm = ConfirmPanel("leaked", self)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        for widget in (self._title, self._about, self._outcome):
            column.addWidget(widget)
        column.addWidget(self._remove, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._confirm)
        self._remove.clicked.connect(self._on_asked)
        self._confirm.confirmed.connect(self._on_confirmed)
        self._confirm.cancelled.connect(self._on_cancelled)
        self.hide()

    def show_agent(self, agent: AgentHealth) -> None:
        """Show what was left behind in the inbox of an agent."""
        if agent.name != self._agent:
            self._confirm.hide()
        self._agent = agent.name
        self._leaked = (agent.inbox.leaked or 0) if agent.inbox else 0
        self.refresh()

    def refresh(self) -> None:
        """Look again at what may be done now."""
        key = self._key()
        state = self._store.monitor.repairs.get(key)
        self.setVisible(bool(self._leaked or state))
        self._title.show_text(f"{counted(self._leaked, 'consumer')} left behind")
        self._about.setVisible(self._leaked > 0)
        refusal = self._repairs.why_not(key)
        self._remove.setVisible(self._leaked > 0 and self._confirm.isHidden())
        self._remove.allow(str(refusal) if refusal else "")
        self._confirm.allow(str(refusal) if refusal else "")
        if state is None:
            self._outcome.show_outcome("", Tone.NEUTRAL)
        elif state.is_sending:
            self._outcome.show_outcome("It is on its way.", Tone.ACCENT)
        else:
            tone = Tone.OK if state.is_done else Tone.DANGER
            self._outcome.show_outcome(f"{state.title} {state.hint}".strip(), tone)

    def _key(self) -> RepairKey:
        return RepairKey(Repair.REMOVE_CONSUMERS, self._agent)

    def _on_asked(self) -> None:
        self._confirm.ask(_WARNING, f"Remove {counted(self._leaked, 'consumer')}")
        self.refresh()

    def _on_confirmed(self) -> None:
        self._confirm.hide()
        try:
            self._repairs.remove_consumers(self._agent)
        except SignoffError as error:
            self._outcome.show_outcome(str(error), Tone.DANGER)
        else:
            self.refresh()

    def _on_cancelled(self) -> None:
        self._confirm.hide()
        self.refresh()
        self._remove.setFocus(Qt.FocusReason.OtherFocusReason)
