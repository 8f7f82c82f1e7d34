"""The left side of the approvals page: what waits, and how to find it."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.rows import Pill, Row
from desktop.qtmodels.rows_model import RowsModel
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import age, request_row
from desktop.store.changes import Changes
from desktop.store.records import Request, RequestKey, RequestState
from desktop.store.store import Store
from desktop.views.approvals.request_filter import Show, matches, shown_requests
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.list_view import RowList
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.search_field import SearchField

AGES_MS: Final = 5_000
_CHIPS: Final = ((Show.WAITING, "Waiting"), (Show.DECIDED, "Decided"), (Show.ALL, "All"))
_EMPTY: Final = {
    Show.WAITING: ("Nothing waits", "New requests appear here by themselves."),
    Show.DECIDED: ("Nothing decided yet", "Decided requests are listed here."),
    Show.ALL: ("No requests yet", "Requests of every conversation are listed here."),
}


class RequestList(QWidget):
    """Lists requests; keeps one of them chosen until a person chooses another.

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
        self._chosen: RequestKey | None = None
        self._rows: dict[RequestKey, tuple[Request, Row]] = {}  # as they were worded last
        self.count = PillLabel(parent=self)
        self._total = TextLabel("", Look.MUTED)
        self.search = SearchField("Search requests", "Search tools, agents, arguments   /")
        self.search.setObjectName("approvals.search")
        self.chips = FilterChips("Show", _CHIPS)
        self.rows = RowList("Approval requests")
        self.rows.setObjectName("approvals.list")
        self.model: RowsModel[RequestKey] = RowsModel(self)
        self.rows.setModel(self.model)
        self._nothing = EmptyState("approvals", *_EMPTY[Show.WAITING])
        self._lay_out()
        self.rows.row_chosen.connect(self._on_row_chosen)
        self.search.textChanged.connect(self.refresh)
        self.search.left_for_list.connect(self._on_left_for_list)
        self.chips.chosen.connect(self.refresh)
        bridge.changed.connect(self._on_changed)
        ages = QTimer(self, interval=AGES_MS)
        ages.timeout.connect(self.refresh)
        ages.start()
        # Not at once: rows must not go while Qt is still moving from one to another.
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        self.refresh()

    @property
    def chosen(self) -> RequestKey | None:
        """The request a person is at, whether its row is shown or not."""
        return self._chosen

    def choose(self, key: RequestKey) -> None:
        """Go to a request, whatever is filtered or searched for. An unknown one is not chosen."""
        request = self._store.request(key)
        if request is None:
            return
        self._chosen = key
        if not matches(request, self.search.text().casefold().split()):
            self.search.clear()
        if self.chips.choice() == Show.DECIDED and request.is_open:
            self.chips.choose(Show.WAITING)
        self.refresh()
        self.request_chosen.emit(key)

    def choose_oldest(self) -> None:
        """Go to the request that waits longest, if one does."""
        for request in self._store.requests():
            if request.state is RequestState.WAITING:
                self.choose(request.key)
                return

    def forget_choice(self) -> None:
        """Be at no request any more."""
        self._chosen = None
        self.rows.clearSelection()
        self.rows.setCurrentIndex(self.model.index(-1, 0))

    def refresh(self) -> None:
        """Show the rows anew, and nothing more than what changed of them."""
        requests = self._store.requests()
        show = Show(self.chips.choice())
        now = self._now_ms()
        found = shown_requests(requests, show, self.search.text(), self._chosen)
        self.model.show_rows([(request.key, self._row(request, now)) for request in found])
        if self._chosen is not None and self.rows.current_row() is None:
            self.rows.choose_row(self.model.row_of(self._chosen))
        waiting = sum(request.state is RequestState.WAITING for request in requests)
        self.count.show_pill(Pill(f"{waiting:,} waiting", Tone.DANGER) if waiting else None)
        self._total.show_text(f"{len(requests):,} in all" if requests else "")
        self._show_nothing_found(show, found=bool(found))

    def _row(self, request: Request, now_ms: int) -> Row:
        """The row of a request; worded anew only if it changed or grew older by a word."""
        before, row = self._rows.get(request.key, (None, None))
        if row is None or before is not request or row.age != age(request.since_ms, now_ms):
            row = request_row(request, now_ms)
            self._rows[request.key] = (request, row)
        return row

    def _show_nothing_found(self, show: Show, *, found: bool) -> None:
        if self.search.text().strip():
            self._nothing.show_words("No match", "No request here has all of these words.")
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
        head.setContentsMargins(18, 0, 18, 0)
        head.setSpacing(10)
        head.addWidget(TextLabel("Approvals", Look.TITLE))
        head.addWidget(self.count)
        head.addStretch()
        head.addWidget(self._total)
        column.addLayout(head)
        finders = QVBoxLayout()
        finders.setContentsMargins(16, 0, 16, 0)
        finders.setSpacing(10)
        finders.addWidget(self.search)
        finders.addWidget(self.chips)
        column.addLayout(finders)
        self._stack = QStackedLayout()
        column.addLayout(self._stack, 1)  # first: what is added to none shows as a window
        self._stack.addWidget(self.rows)
        self._stack.addWidget(self._nothing)

    def _on_changed(self, changes: Changes) -> None:
        if changes.reset:
            self._rows.clear()
        if changes.reset or changes.requests or changes.link:
            self.refresh()

    def _on_row_chosen(self, row: int) -> None:
        key = self.model.key_at(row)
        if key is not None and key != self._chosen:
            self._chosen = key
            self._soon.start()  # under "Waiting", the one decided before may go now
            self.request_chosen.emit(key)

    def _on_left_for_list(self) -> None:
        self.rows.setFocus()
        if self.rows.current_row() is None:
            self.rows.choose_row(0)
