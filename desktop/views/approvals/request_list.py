"""The left side of the approvals page: what waits, and how to find it.

However many requests change at once, it takes in a few milliseconds' worth of them at a time.
"""

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from desktop.precedence import WINDOW
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.latest_model import LatestModel
from desktop.qtmodels.request_register import Order, RequestRegister, Show
from desktop.qtmodels.rows import Pill, Row
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import age, request_row
from desktop.store.changes import Changes
from desktop.store.records import Request, RequestKey
from desktop.store.store import Store
from desktop.views.parts.agent_sort_boxes import AgentSortBoxes
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.list_view import RowList
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.search_field import SearchField

AGES_MS: Final = 5_000
#: So long we read what changed before the window gets its turn; placing it takes as long again.
_READING_SECONDS: Final = 0.001
#: So long we look through all of them for those that the filters let through.
_NARROWING_SECONDS: Final = 0.004
_PIECE: Final = 25
#: From here on there is room for title, waiting and all, of a hundred thousand each.
_WIDE: Final = 340
_MANY: Final = 20
#: Rows whose words are kept; more than any screen shows.
_WORDED: Final = 500
_CHIPS: Final = ((Show.WAITING, "Waiting"), (Show.DECIDED, "Decided"), (Show.ALL, "All"))
_ORDERS: Final = (
    (Order.AGE, "Longest wait"),
    (Order.RISK, "Highest risk"),
    (Order.NEWEST, "Newest"),
)
_AGENTS: Final = 200
_NO_MATCH: Final = "Nothing matches"
_CLEAR: Final = "Clear filters"
_EMPTY: Final = {
    Show.WAITING: ("Nothing waits", "New requests appear here by themselves."),
    Show.DECIDED: ("Nothing decided yet", "Decided requests are listed here."),
    Show.ALL: ("No requests yet", "Requests of every conversation are listed here."),
}


class RequestList(QWidget):
    """Lists requests; keeps one of them chosen until a person chooses another.

    While it is not seen it only notes what changed.

    Signals:
        request_chosen(RequestKey): a person, or `choose`, went to this request.
    """

    request_chosen = Signal(object)

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._now_ms = now_ms
        self._register = RequestRegister(store)
        self._register.note_reset()
        self._narrowing = False
        self._is_sought = False  # somebody went to a request while the list was still moving
        # As they were worded last, and how old they were then.
        self._rows: dict[RequestKey, tuple[Request, str, Row]] = {}
        self._agents_offered = 0
        self.count = PillLabel(parent=self)
        self._total = TextLabel("", Look.MUTED)
        self.search = SearchField("Search requests", "Search tools, agents, values   /")
        self.search.setObjectName("approvals.search")
        self.chips = FilterChips("Show", _CHIPS)
        self._boxes = AgentSortBoxes("requests", "approvals", _ORDERS)
        self.rows = RowList("Approval requests")
        self.rows.setObjectName("approvals.list")
        self.model: LatestModel[RequestKey] = LatestModel(self._row, self, greatest_first=False)
        self.rows.setModel(self.model)
        self._nothing = EmptyState("approvals", *_EMPTY[Show.WAITING])
        # Not at once: rows must not go while Qt is still moving from one to another.
        self._later = QTimer(self, interval=0, singleShot=True)
        self._lay_out()
        self._connect(bridge)
        self._on_narrowed()

    @property
    def chosen(self) -> RequestKey | None:
        """The request a person is at, whether its row is shown or not."""
        return self._register.chosen

    def choose(self, key: RequestKey) -> None:
        """Go to a request, whatever is filtered or searched for. An unknown one is not chosen."""
        request = self._store.request(key)
        if request is None:
            return
        left = self._register.chosen
        self._register.choose(key)
        if not self._register.matches(request):
            self.search.clear()
        if self._boxes.agent() not in {"", request.agent}:
            self._boxes.choose_all()
            self._on_narrowed()
        if self.chips.choice() == Show.DECIDED and request.is_open:
            self.chips.choose(Show.WAITING)
            self._on_narrowed()
        self.model.change(*self._register.read(one for one in (left, key) if one is not None))
        self._is_sought = True
        self.refresh()
        self.request_chosen.emit(key)

    def choose_oldest(self) -> None:
        """Go to the request that waits longest, if one does."""
        key = self._store.longest_waiting()
        if key is not None:
            self.choose(key)

    def forget_choice(self) -> None:
        """Be at no request any more."""
        self._register.choose(None)
        self.rows.clearSelection()
        self.rows.setCurrentIndex(self.model.index(-1, 0))
        self._later.start()

    def refresh(self) -> None:
        """Show the requests as they stand now; what that takes longer for follows soon."""
        if not self._later.isActive():
            self._take_in_some()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside the title the total has room only in a wide list."""
        super().resizeEvent(event)
        self._total.setVisible(self.width() >= _WIDE)

    def _on_later(self) -> None:
        with WINDOW:
            self._take_in_some()

    def _take_in_some(self) -> None:
        until = time.perf_counter() + _READING_SECONDS
        ranks: dict[RequestKey, int | None] = {}
        hidden: set[RequestKey] = set()
        while self._register.is_behind and (not ranks or time.perf_counter() < until):
            standings = self._register.take_in(_PIECE)
            ranks |= standings.ranks
            hidden |= standings.hidden
        if ranks:
            self.model.change(ranks, hidden)
        elif self._narrowing:
            self._narrow_some()
        if self._register.is_behind or self._narrowing:
            self._later.start()
        self._show_around()
        if self._is_sought and not self._later.isActive():
            self._is_sought = False
            self.rows.scrollTo(self.rows.currentIndex())

    def _on_narrowed(self) -> None:
        """Show what the filters let through, soon if that takes longer."""
        self._register.show_only(Show(self.chips.choice()))
        self._register.seek(self.search.text())
        self._register.agent = self._boxes.agent()
        self.model.begin_narrowing(self._register)
        self._narrow_some()
        self.refresh()

    def _on_filters_cleared(self) -> None:
        self._boxes.choose_all()
        self.search.clear()
        self._on_narrowed()  # a search that was empty does not tell that it is

    def _on_sorted(self) -> None:
        self._register.sort_by(Order(self._boxes.sort()))
        self.refresh()

    def _narrow_some(self) -> None:
        self._narrowing = not self.model.narrow_until(time.perf_counter() + _NARROWING_SECONDS)
        if self._narrowing:
            self._later.start()

    def _show_around(self) -> None:
        """What stands beside the rows, and in their place when there are none."""
        waiting, total = self._store.waiting_count, self._store.request_count
        self.count.show_pill(Pill(f"{waiting:,} waiting", Tone.DANGER) if waiting else None)
        is_narrowed = bool(self.search.text().strip() or self._boxes.agent())
        listed = f"{self.model.rowCount():,} of {total:,}" if is_narrowed else f"{total:,} in all"
        self._total.show_text(listed if total else "")
        self.count.setToolTip(self._total.text())  # beside which the total may have no room
        is_known = bool(self.model.rowCount()) or self._register.is_behind or self._narrowing
        self._show_nothing_found(Show(self.chips.choice()), found=is_known)
        if self._register.agent_count != self._agents_offered:
            self._agents_offered = self._register.agent_count
            self._boxes.offer_agents(self._register.agents()[:_AGENTS])
        if self.chosen is not None and self.rows.current_row() is None:
            self.rows.choose_row(self.model.row_of(self.chosen))

    def _row(self, key: RequestKey) -> Row:
        """The row of a request; worded anew only if it changed or grew older by a word."""
        request, now_ms = self._store.request(key), self._now_ms()
        if request is None:
            return Row(key.call)  # gone since the list looked last; its row goes in a moment
        before, aged, row = self._rows.get(key, (None, "", None))
        if row is None or before is not request or aged != age(request.since_ms, now_ms):
            row = request_row(request, now_ms)
            if len(self._rows) >= _WORDED:
                self._rows.clear()
            self._rows[key] = (request, age(request.since_ms, now_ms), row)
        return row

    def _show_nothing_found(self, show: Show, *, found: bool) -> None:
        if self.search.text().strip():
            self._nothing.show_words(_NO_MATCH, "No request here has all of these words.", _CLEAR)
        elif self._boxes.agent() and not found:
            self._nothing.show_words(_NO_MATCH, f"{self._boxes.agent()} has none here now.", _CLEAR)
        elif not self._store.is_online:
            self._nothing.show_words("Not connected", "Requests on the broker are listed here.")
        else:
            self._nothing.show_words(*_EMPTY[show])
        self._stack.setCurrentIndex(0 if found else 1)

    def _lay_out(self) -> None:
        side = panel(Surface.PANEL, Edge.RIGHT)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(side)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 14, 0, 4)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 0)
        head.setSpacing(10)
        title = TextLabel("Approvals", Look.TITLE)
        title.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)  # never cut
        head.addWidget(title)
        head.addWidget(self.count)
        head.addStretch()
        head.addWidget(self._total)
        column.addLayout(head)
        finders = QVBoxLayout()
        finders.setContentsMargins(16, 0, 16, 0)
        finders.setSpacing(10)
        finders.addWidget(self.search)
        finders.addWidget(self.chips)
        finders.addWidget(self._boxes)
        column.addLayout(finders)
        self._stack = QStackedLayout()
        column.addLayout(self._stack, 1)  # first: what is added to none shows as a window
        self._stack.addWidget(self.rows)
        self._stack.addWidget(self._nothing)

    def _connect(self, bridge: Bridge) -> None:
        self.rows.row_chosen.connect(self._on_row_chosen)
        self.search.textChanged.connect(self._on_narrowed)
        self.search.left_for_list.connect(self._on_left_for_list)
        self.chips.chosen.connect(self._on_narrowed)
        self._boxes.narrowed.connect(self._on_narrowed)
        self._boxes.sorted.connect(self._on_sorted)
        self._nothing.action_chosen.connect(self._on_filters_cleared)
        self._later.timeout.connect(self._on_later)
        bridge.changed.connect(self._on_changed)
        ages = QTimer(self, interval=AGES_MS)
        ages.timeout.connect(self._on_ages_passed)
        ages.start()

    def _on_changed(self, changes: Changes) -> None:
        self._register.note(changes.requests)
        if changes.reset:
            self._rows.clear()
            self._register.note_reset()
        if not self.isVisible() or self._later.isActive():
            return
        if len(changes.requests) > _MANY:
            self._later.start()  # taking them into the store has cost this turn enough
        elif changes.reset or changes.requests or changes.link:
            self.refresh()

    def _on_ages_passed(self) -> None:
        if self.isVisible():
            self.model.repaint()

    def _on_row_chosen(self, row: int) -> None:
        key = self.model.key_at(row)
        if key is not None and key != self.chosen:
            self._register.choose(key)
            self._later.start()  # under "Waiting", the one decided before may go now
            self.request_chosen.emit(key)

    def _on_left_for_list(self) -> None:
        self.rows.setFocus()
        if self.rows.current_row() is None:
            self.rows.choose_row(0)
