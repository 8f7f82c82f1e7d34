"""The list of all conversations, by context ID: search, filter, choose.

The only place that decides which conversations are listed, and in which order.
"""

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.qtmodels.rows import Row
from desktop.qtmodels.rows_model import RowsModel
from desktop.qtmodels.wording import context_row
from desktop.store.changes import Changes
from desktop.store.records import Context, ContextStatus, LinkState
from desktop.store.store import Store
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.list_view import RowList
from desktop.views.parts.search_field import SearchField

_ALL: Final = "all"
_FILTERS: Final = (
    (_ALL, "All"),
    (ContextStatus.WAITING, "Waiting"),
    (ContextStatus.RUNNING, "Running"),
    (ContextStatus.FAILED, "Failed"),
)
_AGES_MS: Final = 5000
#: A list that takes longer than this is brought up to date less often, so that showing it takes
#: a quarter of the time at most.
_QUICK_MS: Final = 10
_REST: Final = 3
_LONGEST_REST_MS: Final = 1000


class ConversationList(QFrame):
    """The latest conversation on top. While it is not seen it only notes what changed.

    Signals:
        chosen(str): a person moved to this conversation.
        opened(str): a person pressed Enter on it.
        begin_wanted: a person wants to start a new one.
    """

    chosen = Signal(str)
    opened = Signal(str)
    begin_wanted = Signal()

    def __init__(
        self, store: Store, now_ms: Callable[[], int], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._store, self._now_ms = store, now_ms
        self._contexts: dict[str, Context] = {}
        self._rows: dict[str, Row] = {}
        self._stale: set[str] = set()
        self._all_stale = True
        self._marked: str | None = None
        self._cost_ms = 0.0
        self._soon = QTimer(self, singleShot=True)
        self.setProperty("surface", "panel")
        self.setProperty("edge", "right")
        self.search = SearchField("Search conversations", "Search IDs, agents, words   /")
        self.search.setObjectName("conversations.search")
        self.list = RowList("Conversations")
        self.list.setObjectName("conversations.list")
        self._model: RowsModel[str] = RowsModel(self.list)
        self.list.setModel(self._model)
        self._new = ActionButton("New", icon_name="plus")
        self._new.setObjectName("conversations.new")
        self._new.setAccessibleName("New conversation")
        self._new.setToolTip("New conversation   Ctrl+N")
        self._count = TextLabel("", Look.MUTED)
        self._chips = FilterChips("Show conversations", _FILTERS)
        self._no_match = EmptyState(
            "search", "Nothing matches", "No conversation is like this now.", action="Show all"
        )
        self._none = TextLabel("", Look.MUTED, wrap=True)
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()

    def note(self, changes: Changes) -> None:
        """Take in what a batch changed."""
        self._all_stale = self._all_stale or changes.reset
        self._stale |= changes.contexts
        if self.isVisible() and (changes.contexts or changes.reset or changes.link):
            if self._cost_ms <= _QUICK_MS:
                self.refresh()
            elif not self._soon.isActive():
                self._soon.start(min(round(_REST * self._cost_ms), _LONGEST_REST_MS))

    def refresh(self) -> None:
        """Show the conversations as they stand now."""
        began = time.perf_counter()
        self._soon.stop()
        self._read()
        self._show_rows()
        self._cost_ms = (time.perf_counter() - began) * 1000

    def mark(self, context_id: str | None) -> None:
        """Show which conversation is open. Filters that hide it are taken away."""
        self._marked = context_id
        if context_id is None:
            self.list.clearSelection()
            self.list.setCurrentIndex(QModelIndex())
            return
        self._read()
        context = self._contexts.get(context_id)
        if context is not None and not self._wanted([context]):
            self._show_all()
        self._show_rows()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self.refresh()

    def _read(self) -> None:
        if self._all_stale:
            self._contexts = {row.context_id: row for row in self._store.contexts()}
            self._rows.clear()
        for context_id in self._stale:
            self._rows.pop(context_id, None)
            context = self._store.context(context_id)
            if context is None:
                self._contexts.pop(context_id, None)
            else:
                self._contexts[context_id] = context
        self._stale.clear()
        self._all_stale = False

    def _show_rows(self) -> None:
        latest = sorted(
            self._contexts.values(), key=lambda c: (c.last_activity_ms, c.context_id), reverse=True
        )
        shown = self._wanted(latest)
        self._model.show_rows([(context.context_id, self._row(context)) for context in shown])
        self._count.show_text(f"{len(self._contexts):,}" if self._contexts else "")
        self._none.show_text(self._why_none())
        nothing = self._no_match if self._contexts else self._none
        self._stack.setCurrentWidget(self.list if shown else nothing)
        if self._marked is not None and self.list.current_row() is None:
            self.list.choose_row(self._model.row_of(self._marked))

    def _row(self, context: Context) -> Row:
        row = self._rows.get(context.context_id)
        if row is None:
            row = self._rows[context.context_id] = context_row(context, self._now_ms())
        return row

    def _wanted(self, contexts: list[Context]) -> list[Context]:
        choice = self._chips.choice()
        if choice != _ALL:
            contexts = [context for context in contexts if context.status == choice]
        words = self.search.text().casefold().split()
        return [c for c in contexts if _has_all(c, words)] if words else contexts

    def _why_none(self) -> str:
        match self._store.link.state:
            case LinkState.ONLINE:
                return "No conversations yet. They will be listed here by their context ID."
            case LinkState.CATCHING_UP:
                return "Signoff reads what the broker holds."
            case _:
                return "Conversations on the broker are listed here. Signoff is not connected."

    def _show_all(self) -> None:
        self._chips.choose(_ALL)
        self.search.clear()

    def _on_ages_passed(self) -> None:
        """Ages of the rows in sight; others are worded anew when they are looked at."""
        if not self.isVisible() or self._stack.currentWidget() is not self.list:
            return
        last = self.list.rowAt(self.list.viewport().height() - 1)
        last = last if last >= 0 else self._model.rowCount() - 1
        for at in range(max(self.list.rowAt(0), 0), last + 1):
            self._rows.pop(self._model.key_at(at) or "", None)
        self._show_rows()

    def _on_row_chosen(self, row: int) -> None:
        key = self._model.key_at(row)
        if key is not None and key != self._marked:
            self._marked = key
            self.chosen.emit(key)

    def _on_row_opened(self, row: int) -> None:
        key = self._model.key_at(row)
        if key is not None:
            self.opened.emit(key)

    def _on_left_for_list(self) -> None:
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.list.current_row() is None:
            self.list.choose_row(0)

    def _on_show_all(self) -> None:
        self._show_all()
        self._show_rows()
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._show_rows)
        self.search.left_for_list.connect(self._on_left_for_list)
        self._chips.chosen.connect(self._show_rows)
        self._new.clicked.connect(self.begin_wanted)
        self._no_match.action_chosen.connect(self._on_show_all)
        self.list.row_chosen.connect(self._on_row_chosen)
        self.list.row_opened.connect(self._on_row_opened)
        self._soon.timeout.connect(self.refresh)
        ages = QTimer(self, interval=_AGES_MS)
        ages.setObjectName("conversations.ages")
        ages.timeout.connect(self._on_ages_passed)
        ages.start()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(TextLabel("Conversations", Look.TITLE))
        head.addWidget(self._count, 1)
        head.addWidget(self._new)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 0, 16, 0)
        inner.setSpacing(10)
        inner.addLayout(head)
        inner.addWidget(self.search)
        inner.addWidget(self._chips)
        self._none.setContentsMargins(16, 10, 16, 10)
        self._none.setAlignment(Qt.AlignmentFlag.AlignTop)
        for widget in (self.list, self._no_match, self._none):
            self._stack.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 14, 0, 4)
        column.setSpacing(10)
        column.addLayout(inner)
        column.addWidget(self._stack, 1)


def _has_all(context: Context, words: list[str]) -> bool:
    about = f"{context.context_id} {context.agent} {context.preview}".casefold()
    return all(word in about for word in words)
