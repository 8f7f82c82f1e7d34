"""The list of all conversations, by context ID: search, filter, sort, choose.

The only place that shows them all. However many change at once, it takes in a few milliseconds'
worth of them at a time.
"""

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.actions.conversations import Conversations
from desktop.precedence import WINDOW
from desktop.qtmodels.conversation_register import ConversationRegister
from desktop.qtmodels.latest_model import LatestModel
from desktop.qtmodels.rows import Row
from desktop.qtmodels.wording import context_row
from desktop.store.changes import Changes
from desktop.store.records import LinkState
from desktop.store.store import Store
from desktop.views.conversations.list_controls import ListControls
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.list_view import RowList

_AGES_MS: Final = 5000
#: How many there are is said so often at most: each time the whole head is painted anew.
_COUNT_MS: Final = 250
#: So long we read what changed before the window gets its turn; placing it takes as long again.
_READING_SECONDS: Final = 0.002
#: So long we look through all of them for those that the filters let through.
_NARROWING_SECONDS: Final = 0.002
#: A turn that took longer than this leaves the narrowing to the next.
_TURN_SECONDS: Final = 0.004
_PIECE: Final = 25
_MANY: Final = 20
_AGENTS: Final = 200


class ConversationList(QFrame):
    """The latest conversation on top. While it is not seen it only notes what changed.

    Attributes:
        search: the field for words.
        list: the rows.
    Signals:
        chosen(str): a person moved to this conversation.
        opened(str): a person pressed Enter on it.
        begin_wanted: a person wants to start a new one.
    """

    chosen = Signal(str)
    opened = Signal(str)
    begin_wanted = Signal()

    def __init__(
        self,
        store: Store,
        conversations: Conversations,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._conversations, self._now_ms = store, conversations, now_ms
        self._register = ConversationRegister(store)
        self._register.note_reset()
        self._marked: str | None = None
        self._asked = 0
        self._narrowing = False
        self._agents_offered = 0
        self.setProperty("surface", "panel")
        self.setProperty("edge", "right")
        self._controls = ListControls()
        self.search = self._controls.search
        self.list = RowList("Conversations")
        self.list.setObjectName("conversations.list")
        self._model: LatestModel[str] = LatestModel(self._row, self.list)
        self.list.setModel(self._model)
        self._new = ActionButton("New", icon_name="plus")
        self._new.setObjectName("conversations.new")
        self._new.setAccessibleName("New conversation")
        self._new.setToolTip("New conversation   Ctrl+N")
        self._count = TextLabel("", Look.MUTED)
        self._count.setObjectName("conversations.count")
        self._no_match = EmptyState(
            "search", "Nothing matches", "No conversation is like this now.", action="Show all"
        )
        self._none = TextLabel("", Look.MUTED, wrap=True)
        self._stack = QStackedWidget()
        self._later = QTimer(self, interval=0, singleShot=True)
        self._counting = QTimer(self, interval=_COUNT_MS, singleShot=True)
        self._lay_out()
        self._connect()

    def note(self, changes: Changes) -> None:
        """Take in what a batch changed."""
        if changes.forgotten:
            # A hundred thousand rows of what is not there are not taken away one by one.
            self._register.forget()
            self._model.forget()
            self._narrowing = False
        self._register.note(changes.contexts)
        if changes.reset:
            self._register.note_reset()
        if changes.found:
            self._on_found()
        if not self.isVisible() or self._later.isActive():
            return
        if len(changes.contexts) > _MANY:
            self._later.start()  # taking them into the store has cost this turn enough
        elif changes.contexts or changes.reset or changes.link:
            self.refresh()

    def refresh(self) -> None:
        """Show the conversations as they stand now; what that takes longer for follows soon."""
        if not self._later.isActive():
            self._take_in_some()

    def mark(self, context_id: str | None) -> None:
        """Show which conversation is open. Filters that hide it are taken away."""
        self._marked = context_id
        if context_id is None:
            self.list.clearSelection()
            self.list.setCurrentIndex(QModelIndex())
            return
        self._model.change(*self._register.read((context_id,)))
        if self._model.row_of(context_id) < 0 and context_id in self._register:
            self._clear_filters()
        self._show_around()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self.refresh()

    def _on_later(self) -> None:
        with WINDOW:
            self._take_in_some()

    def _take_in_some(self) -> None:
        began = time.perf_counter()
        until = began + _READING_SECONDS
        ranks: dict[str, int | None] = {}
        hidden: set[str] = set()
        while self._register.is_behind and time.perf_counter() < until:
            places = self._register.take_in(_PIECE)
            ranks |= places.ranks
            hidden |= places.hidden
        if ranks:
            self._model.change(ranks, hidden)
        is_late = time.perf_counter() - began > _TURN_SECONDS
        if self._narrowing and not is_late:
            self._narrow_some()
        if self._register.is_behind or self._narrowing:
            self._later.start()
        self._show_around()

    def _show_listed(self) -> None:
        """Show what the filters let through, soon if that takes longer."""
        self._model.begin_narrowing(self._register.listed())
        self._narrow_some()

    def _narrow_some(self) -> None:
        """Go on with that; show it from the top, or where the chosen one is."""
        self._narrowing = not self._model.narrow_until(time.perf_counter() + _NARROWING_SECONDS)
        if self._narrowing:
            self._later.start()
            return
        self._show_around()
        self.list.scrollToTop()
        if self.list.current_row() is not None:
            self.list.scrollTo(self.list.currentIndex())

    def _show_around(self) -> None:
        """What stands beside the rows, and in their place when there are none."""
        known, shown = len(self._register), self._model.rowCount()
        if not self._counting.isActive():
            self._show_count()
            self._counting.start()
        self._none.show_text(self._why_none())
        nothing = self._no_match if known else self._none
        self._stack.setCurrentWidget(self.list if shown else nothing)
        if self._register.agent_count != self._agents_offered:
            self._agents_offered = self._register.agent_count
            self._controls.offer_agents(self._register.agents(_AGENTS))
        self._show_marked()

    def _show_count(self) -> None:
        known, shown = len(self._register), self._model.rowCount()
        self._count.show_text(f"{shown:,}" if known else "")
        self._count.setToolTip(f"{shown:,} of {known:,}" if shown < known else "")

    def _show_marked(self) -> None:
        if self._marked is not None and self.list.current_row() is None:
            self.list.choose_row(self._model.row_of(self._marked))

    def _row(self, context_id: str) -> Row:
        context = self._store.context(context_id)
        # Gone since the list looked last; its row goes in a moment.
        if context is None:
            return Row(context_id)
        return context_row(context, self._now_ms(), self._register.earlier(context))

    def _why_none(self) -> str:
        match self._store.link.state:
            case LinkState.ONLINE:
                return "No conversations yet. They will be listed here by their context ID."
            case LinkState.CATCHING_UP:
                return "Signoff reads what the broker holds."
            case _:
                return "Conversations on the broker are listed here. Signoff is not connected."

    def _clear_filters(self) -> None:
        self._controls.clear()
        self._on_narrowed()

    def _on_narrowed(self) -> None:
        self._register.status = self._controls.status()
        self._register.agent = self._controls.agent()
        self._show_listed()

    def _on_sorted(self) -> None:
        self._register.sort_by(self._controls.sort())
        self.refresh()

    def _on_sought(self, text: str) -> None:
        """Ask for what matches; what is listed stays until the answer comes."""
        wanted = self._register.seek(text)
        self._asked = self._conversations.search(text)
        if wanted:
            self._on_found()  # it may be here already
        else:
            self._show_listed()

    def _on_found(self) -> None:
        found = self._store.found
        if found.number == self._asked and found.text.strip():
            self._register.find(found.text, found.context_ids)
            if self._register.is_behind:
                self._later.start()  # what brought the answer has cost this turn enough
            self._show_listed()

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
        self.search.textChanged.connect(self._on_sought)
        self.search.left_for_list.connect(self._on_left_for_list)
        self._controls.narrowed.connect(self._on_narrowed)
        self._controls.sorted.connect(self._on_sorted)
        self._later.timeout.connect(self._on_later)
        self._counting.timeout.connect(self._show_count)
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
        inner.addWidget(self._controls)
        self._none.setContentsMargins(16, 10, 16, 10)
        self._none.setAlignment(Qt.AlignmentFlag.AlignTop)
        for widget in (self.list, self._no_match, self._none):
            self._stack.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 14, 0, 4)
        column.setSpacing(10)
        column.addLayout(inner)
        column.addWidget(self._stack, 1)
