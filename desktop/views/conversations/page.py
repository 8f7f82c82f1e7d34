"""The conversations page: the list, and the conversation that is open.

The only place that decides which conversation is open, and what stands there while none is.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.actions.approvals import Approvals
from desktop.actions.conversations import Conversations
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.halt_wording import halted_words
from desktop.qtmodels.tone import Tone
from desktop.store.changes import Changes
from desktop.store.records import DecisionKind, RequestState
from desktop.store.seeking import phrase_in
from desktop.store.store import Store
from desktop.views.approvals.first_steps import FirstSteps, is_first_run
from desktop.views.conversations.composer import Composer
from desktop.views.conversations.conversation_list import ConversationList
from desktop.views.conversations.delegation_tree import DelegationTree
from desktop.views.conversations.header import ConversationHeader
from desktop.views.conversations.new_conversation import NewConversation
from desktop.views.conversations.waiting_bar import WaitingBar
from desktop.views.keys import on_key
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.outcome import Outcome
from desktop.views.transcript_pane import TranscriptPane

LIST_WIDTH: Final = 352
_NARROW_LIST_WIDTH: Final = 316
_CLOCK_MS: Final = 1000
_CHOOSE: Final = "Choose one in the list, or start a new one."
_START: Final = "Start one with any agent on this broker."


class ConversationsPage(QWidget):
    """Shows conversations and lets a person take part in them.

    Signals:
        request_opened(RequestKey): the person wants to look at a call that waits.
        settings_wanted: the person wants to choose a broker.
        demo_wanted: the person wants the bundled demo to start.
    """

    request_opened = Signal(object)
    settings_wanted = Signal()
    demo_wanted = Signal()

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        approvals: Approvals,
        conversations: Conversations,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._approvals, self._now_ms = store, approvals, now_ms
        self._context_id: str | None = None
        self._beginning = False
        self._notes: dict[str, str] = {}
        self._list = ConversationList(store, conversations, now_ms)
        self._header = ConversationHeader()
        self._team = DelegationTree(store, now_ms)
        self._transcript = TranscriptPane(store, bridge, conversations.transcripts)
        self._transcript.view.setObjectName("conversations.transcript")
        self._halted = Outcome()
        self._halted.words.setObjectName("conversation.halted")
        self._waiting = WaitingBar()
        self._composer = Composer(store, conversations)
        self._new = NewConversation(store, conversations)
        self._first = FirstSteps()
        self._nothing = EmptyState("conversations", "", "")
        self._open = QWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        bridge.changed.connect(self._on_changed)
        self.setFocusProxy(self._list.list)
        self._read_notes()
        self._show_what_is_open()

    @property
    def context_id(self) -> str | None:
        """The conversation that is open, if any."""
        return self._context_id

    def open_context(self, context_id: str) -> None:
        """Open a conversation; one that is not known changes nothing."""
        if self._store.context(context_id) is None:
            return
        self._beginning = False
        self._open_context(context_id)
        self._list.mark(context_id)

    def begin_with(self, agent: str) -> None:
        """Let the person write to an agent, in a new conversation."""
        self._beginning = True
        self._list.mark(None)
        self._show_what_is_open()
        self._new.begin(agent)

    def begin(self) -> None:
        """Let the person start a new conversation."""
        self.begin_with("")

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self._list.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._list.search.selectAll()

    def back(self) -> bool:
        """What Escape does: leave the form of a new conversation, else go to the list.

        Returns:
            Whether there was anything to leave.
        """
        if self._beginning:
            self._on_cancelled()
        elif self._open.isVisible() and self._transcript.back():
            pass
        elif not self._list.list.hasFocus():
            self._list.list.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            return False
        return True

    def _open_context(self, context_id: str | None) -> None:
        self._context_id = context_id
        self._transcript.show_context(context_id)
        found = self._store.found
        said = found.earlier.get(context_id or "")
        if said is not None and found.text == self._list.search.text():
            # Its row shows what was said earlier: Ctrl+F goes there.
            self._transcript.search.propose(phrase_in(said, found.text))
        self._team.show_context(context_id)
        self._composer.show_context(context_id)
        self._show_what_is_open()

    def _show_what_is_open(self) -> None:
        if self._beginning:
            self._stack.setCurrentWidget(self._new)
        elif self._context_id is not None:
            self._stack.setCurrentWidget(self._open)
        elif is_first_run(self._store.link, anything_known=self._store.context_count > 0):
            self._first.show_state(self._store.link, self._store.demo)
            self._stack.setCurrentWidget(self._first)
        else:
            known = self._store.context_count > 0
            title = "No conversation is open" if known else "No conversations yet"
            hint = _CHOOSE if known else _START
            self._nothing.show_words(title, hint, "New conversation")
            self._stack.setCurrentWidget(self._nothing)
        self._show_head()

    def _show_head(self) -> None:
        """What stands around the transcript: head, waiting calls, composer."""
        context = self._store.context(self._context_id) if self._context_id else None
        if context is None:
            return
        now_ms = self._now_ms()
        note = self._notes.get(context.agent, "")
        self._header.show_context(context, note, now_ms)
        waiting = [r for r in self._store.requests_in(context.context_id) if r.is_open]
        first = waiting[0] if waiting else None
        refusal = None
        if first is not None and first.state is RequestState.WAITING:
            refusal = self._approvals.why_not(first.key, DecisionKind.APPROVE)
        self._waiting.show_requests(waiting, refusal.title if refusal else "", now_ms)
        halt = self._store.halts.holding(context.agent, context.context_id)
        self._halted.show_outcome(halted_words(halt) if halt else "", Tone.WARN)
        self._composer.refresh()

    def _read_notes(self) -> None:
        """What agents want to be known of them; asked for each second, changed by heartbeats."""
        self._notes = {agent.name: agent.note for agent in self._store.agents()}

    def _on_changed(self, changes: Changes) -> None:
        self._list.note(changes)
        if changes.reset:
            if self._context_id and self._store.context(self._context_id) is None:
                self._list.mark(None)
                self._open_context(None)
            self._composer.forget_missing()
        if changes.agents:
            self._read_notes()
        if self._beginning and (changes.agents or changes.link):
            self._new.refresh()
        touched = self._context_id is None or self._context_id in changes.contexts
        touched = touched or changes.reset
        if self._context_id in changes.transcripts or changes.agents or changes.reset:
            self._team.refresh_soon()
        if touched or changes.agents or changes.link or changes.halts or changes.demo:
            self._show_what_is_open()

    def _on_chosen(self, context_id: str) -> None:
        self._beginning = False
        self._open_context(context_id)

    def _on_opened(self, context_id: str) -> None:
        self.open_context(context_id)
        self._composer.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_started(self, context_id: str) -> None:
        self.open_context(context_id)
        self._composer.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_cancelled(self) -> None:
        self._beginning = False
        self._list.mark(self._context_id)
        self._show_what_is_open()
        self._list.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_clock(self) -> None:
        if self.isVisible() and not self._beginning:
            self._show_head()
            self._team.refresh()

    def _connect(self) -> None:
        self._list.chosen.connect(self._on_chosen)
        self._list.opened.connect(self._on_opened)
        self._list.begin_wanted.connect(self.begin)
        self._new.started.connect(self._on_started)
        self._new.cancelled.connect(self._on_cancelled)
        self._waiting.review_wanted.connect(self.request_opened)
        self._team.request_wanted.connect(self.request_opened)
        self._team.entry_wanted.connect(self._transcript.show_entry)
        self._nothing.action_chosen.connect(self.begin)
        self._first.settings_wanted.connect(self.settings_wanted)
        self._first.demo_wanted.connect(self.demo_wanted)
        on_key(self, Qt.Key.Key_J, lambda: self._list.list.step(1), repeats=True)
        on_key(self, Qt.Key.Key_K, lambda: self._list.list.step(-1), repeats=True)
        clock = QTimer(self, interval=_CLOCK_MS)
        clock.timeout.connect(self._on_clock)
        clock.start()

    def _lay_out(self) -> None:
        self.setProperty("surface", "bg")
        bar = QVBoxLayout()
        bar.setContentsMargins(22, 0, 22, 14)
        bar.setSpacing(8)
        bar.addWidget(self._halted)
        bar.addWidget(self._waiting)
        talk = QVBoxLayout(self._open)
        talk.setContentsMargins(0, 0, 0, 0)
        talk.setSpacing(0)
        talk.addWidget(self._header)
        talk.addWidget(self._team)
        talk.addWidget(self._transcript, 1)
        talk.addLayout(bar)
        talk.addWidget(self._composer)
        for page in (self._first, self._nothing, self._open, self._new):
            self._stack.addWidget(page)
        self._list.setMinimumWidth(_NARROW_LIST_WIDTH)
        self._list.setMaximumWidth(LIST_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._list, 2)
        row.addWidget(self._stack, 5)
