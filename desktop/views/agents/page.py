"""The agents page: the monitor of everybody who works on the broker, and what runs here.

The only place that decides what the monitor refreshes, and when. While the page is not seen it does
nothing, and asks the engine for nothing.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QElapsedTimer, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop.actions.desk import Desk
from desktop.qtmodels.bridge import Bridge
from desktop.store.changes import Changes
from desktop.store.store import Store
from desktop.views.agents.agent_browser import AgentBrowser
from desktop.views.agents.overview import Overview
from desktop.views.agents.this_computer import ThisComputer
from desktop.views.agents.trouble_browser import TroubleBrowser
from desktop.views.halts.halts_view import HaltsView
from desktop.views.parts.filter_chips import FilterChips


class Place(StrEnum):
    """What the page shows below its overview."""

    AGENTS = "agents"
    TROUBLES = "troubles"
    HALTS = "halts"
    HERE = "here"


_PLACES: Final = (
    (Place.AGENTS, "Agents"),
    (Place.TROUBLES, "In trouble"),
    (Place.HALTS, "Halts"),
    (Place.HERE, "This computer"),
)


#: Changes that come quicker are shown together.
_PAUSE_MS: Final = 250


class AgentsPage(QWidget):
    """While it is not seen it does nothing; it reads the store when it is shown.

    Signals:
        chat_wanted(str): the person wants to talk to the agent of this name.
        settings_wanted: the person wants to look at the connection.
        context_wanted(str): the person wants to read a conversation.
        request_wanted(RequestKey): the person wants to decide on a call.
    """

    chat_wanted = Signal(str)
    settings_wanted = Signal()
    context_wanted = Signal(str)
    request_wanted = Signal(object)

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        desk: Desk,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._repairs = store, desk.repairs
        self._chips = FilterChips("Show", [(place.value, words) for place, words in _PLACES])
        self._chips.name_chips("monitor")
        self._overview = Overview(self._chips)
        self._agents = AgentBrowser(store, desk.repairs, now_ms)
        self._troubles = TroubleBrowser(store, desk.repairs, now_ms)
        self._halts = HaltsView(store, desk.halts, bridge, now_ms)
        self._here = ThisComputer(store, bridge, desk, now_ms)
        self._stack = QStackedWidget()
        self._is_stale = self._is_watching = False
        self._due = QTimer(self, singleShot=True)
        self._due.timeout.connect(self._refresh_if_seen)
        self._lay_out()
        self._connect(desk)
        bridge.changed.connect(self._on_changed)
        self.setFocusProxy(self._agents)

    def show_place(self, place: Place) -> None:
        """Go to a place of the page."""
        self._chips.choose(place.value)
        self._stack.setCurrentIndex([known for known, _ in _PLACES].index(place))
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile, and have the broker looked at from now on."""
        super().showEvent(event)
        self._is_watching = True
        self._repairs.watch(on=True)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks any more."""
        super().hideEvent(event)
        if self._is_watching:  # a stack hides its pages before any of them was seen
            self._is_watching = False
            self._repairs.watch(on=False)

    def _on_changed(self, changes: Changes) -> None:
        if not self.isVisible():
            return
        if changes.demo:
            self._here.refresh()
        if changes.halts or changes.signing or changes.record:
            self._show_halts()
        urgent = changes.link or changes.reset
        if urgent or changes.agents or changes.monitor or changes.requests:
            if urgent or not self._due.isActive():
                self._refresh()
            else:
                self._is_stale = True

    def _refresh_if_seen(self) -> None:
        if self._is_stale and self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        """Read everything anew, and then nothing for ten times as long as that took."""
        clock = QElapsedTimer()
        clock.start()
        self._read_store()
        self._is_stale = False
        self._due.start(max(_PAUSE_MS, 10 * clock.elapsed()))

    def _read_store(self) -> None:
        self._here.refresh()
        self._show_halts()
        waiting = self._store.asking
        # Also those that only their requests tell of: neither inbox nor worker is left of them.
        names = {agent.name for agent in self._store.agents()} | waiting.keys()
        monitor = self._store.monitor
        agents = tuple(monitor.agent(name) for name in sorted(filter(None, names)))
        troubles = self._store.troubles()
        troubled = Counter(one.agent for one in troubles.rows)
        counts = f"In trouble {troubles.total:,}" if troubles.total else "In trouble"
        self._chips.show_words(Place.TROUBLES, counts)
        self._overview.show_overview(self._store, len(agents), sum(waiting.values()), troubles)
        if self._stack.currentWidget() is self._agents:
            self._agents.show_agents(agents, waiting, troubled)
        elif self._stack.currentWidget() is self._troubles:
            self._troubles.show_troubles(troubles)

    def _show_halts(self) -> None:
        count = len(self._store.halts.standing)
        self._chips.show_words(Place.HALTS, f"Halts {count:,}" if count else "Halts")
        if self._stack.currentWidget() is self._halts:
            self._halts.refresh()

    def _show_troubles_of(self, agent: str) -> None:
        self.show_place(Place.TROUBLES)
        self._troubles.choose_first_of(agent)

    def _connect(self, desk: Desk) -> None:
        self._chips.chosen.connect(lambda name: self.show_place(Place(name)))
        self._agents.chat_wanted.connect(self.chat_wanted)
        self._agents.detail.context_wanted.connect(self.context_wanted)
        self._agents.detail.troubles_wanted.connect(self._show_troubles_of)
        self._agents.nobody.settings_wanted.connect(self.settings_wanted)
        self._agents.nobody.demo_wanted.connect(desk.start_demo)
        self._troubles.detail.context_wanted.connect(self.context_wanted)
        self._troubles.detail.request_wanted.connect(self.request_wanted)

    def _lay_out(self) -> None:
        self.setProperty("surface", "bg")
        for widget in (self._agents, self._troubles, self._halts, self._here):
            self._stack.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._overview)
        column.addWidget(self._stack, 1)
