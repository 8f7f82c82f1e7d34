"""The list of all conversations, by context ID: search, filter, choose.

The only place that decides which conversations are listed, and in which order.
"""

from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.qtmodels.latest_model import LatestModel
from desktop.qtmodels.rows import Row
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
        self._searched: dict[str, str] = {}
        self._stale: set[str] = set()
        self._all_stale = True
        self._marked: str | None = None
        self.setProperty("surface", "panel")
        self.setProperty("edge", "right")
        self.search = SearchField("Search conversations", "Search IDs, agents, words   /")
        self.search.setObjectName("conversations.search")
        self.list = RowList("Conversations")
        self.list.setObjectName("conversations.list")
        self._model = LatestModel(self._row, self.list)
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
            self.refresh()

    def refresh(self) -> None:
        """Show the conversations as they stand now; the price is that of what changed."""
        if self._all_stale:
            self._searched.clear()
            self._contexts = {row.context_id: row for row in self._store.contexts()}
            self._show_all()
        elif self._stale:
            for context_id in self._stale:
                self._read(context_id)
            known = [self._contexts[key] for key in self._stale if key in self._contexts]
            shown = self._times(known)
            self._model.change({context_id: shown.get(context_id) for context_id in self._stale})
        self._stale.clear()
        self._all_stale = False
        self._show_around()

    def mark(self, context_id: str | None) -> None:
        """Show which conversation is open. Filters that hide it are taken away."""
        self._marked = context_id
        if context_id is None:
            self.list.clearSelection()
            self.list.setCurrentIndex(QModelIndex())
            return
        self.refresh()
        if self._model.row_of(context_id) < 0 and context_id in self._contexts:
            self._clear_filters()
        self._show_marked()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self.refresh()

    def _read(self, context_id: str) -> None:
        self._searched.pop(context_id, None)
        context = self._store.context(context_id)
        if context is None:
            self._contexts.pop(context_id, None)
        else:
            self._contexts[context_id] = context

    def _show_all(self) -> None:
        """Show what the filters let through, from the beginning."""
        self._model.show_all(self._times(self._contexts.values()))
        self._show_around()

    def _show_around(self) -> None:
        """What stands beside the rows, and in their place when there are none."""
        self._count.show_text(f"{len(self._contexts):,}" if self._contexts else "")
        self._none.show_text(self._why_none())
        nothing = self._no_match if self._contexts else self._none
        self._stack.setCurrentWidget(self.list if self._model.rowCount() else nothing)
        self._show_marked()

    def _show_marked(self) -> None:
        if self._marked is not None and self.list.current_row() is None:
            self.list.choose_row(self._model.row_of(self._marked))

    def _row(self, context_id: str) -> Row:
        return context_row(self._contexts[context_id], self._now_ms())

    def _times(self, contexts: Iterable[Context]) -> dict[str, int]:
        """The conversations that the filters let through, and when something happened there."""
        choice = self._chips.choice()
        words = self.search.text().casefold().split()
        return {
            context.context_id: context.last_activity_ms
            for context in contexts
            if choice in (_ALL, context.status) and (not words or self._has_all(context, words))
        }

    def _has_all(self, context: Context, words: list[str]) -> bool:
        about = self._searched.get(context.context_id)
        if about is None:
            about = f"{context.context_id} {context.agent} {context.preview}".casefold()
            self._searched[context.context_id] = about
        return all(word in about for word in words)

    def _why_none(self) -> str:
        match self._store.link.state:
            case LinkState.ONLINE:
                return "No conversations yet. They will be listed here by their context ID."
            case LinkState.CATCHING_UP:
                return "Signoff reads what the broker holds."
            case _:
                return "Conversations on the broker are listed here. Signoff is not connected."

    def _clear_filters(self) -> None:
        self._chips.choose(_ALL)
        self.search.clear()
        self._show_all()

    def _on_ages_passed(self) -> None:
        if self.isVisible():
            self._model.repaint()

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
        self._clear_filters()
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._show_all)
        self.search.left_for_list.connect(self._on_left_for_list)
        self._chips.chosen.connect(self._show_all)
        self._new.clicked.connect(self.begin_wanted)
        self._no_match.action_chosen.connect(self._on_show_all)
        self.list.row_chosen.connect(self._on_row_chosen)
        self.list.row_opened.connect(self._on_row_opened)
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
