"""The approvals page: what waits, the conversation it came from, and the request itself.

The only place that arranges these three. A window that is too narrow for them side by side shows
transcript and request in turn.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from desktop.actions.approvals import Approvals
from desktop.actions.transcripts import Transcripts
from desktop.qtmodels.bridge import Bridge
from desktop.store.changes import Changes
from desktop.store.records import Request, RequestKey
from desktop.store.store import Store
from desktop.views.approvals.context_head import ContextHead
from desktop.views.approvals.first_steps import FirstSteps, is_first_run
from desktop.views.approvals.gone_request import GoneRequest
from desktop.views.approvals.request_card import RequestCard
from desktop.views.approvals.request_list import RequestList
from desktop.views.keys import on_key
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.labels import Edge, Surface, panel
from desktop.views.transcript_pane import TranscriptPane

LIST_WIDTH: Final = 352
CARD_WIDTH: Final = 388
#: Of the page, without the rail. Below it the panes take turns.
SIDE_BY_SIDE_FROM: Final = 1140
_NARROW_LIST_WIDTH: Final = 300
_REQUEST, _TRANSCRIPT = "request", "transcript"
_QUIET: Final = (
    "Nothing waits for a decision",
    "Agents go on by themselves. Ask one for something, and what needs you shows up here.",
    "New conversation",
)


class ApprovalsPage(QWidget):
    """Lists requests, shows the chosen one, and lets the reviewer decide.

    Signals:
        settings_wanted, demo_wanted: from the first run; see `FirstSteps`.
        context_wanted(str): the reviewer wants to go to a conversation.
        conversation_wanted: nothing waits, and the reviewer wants to ask an agent for something.
        signer_wanted(str): another of the demo's people shall sign from now on.
    """

    settings_wanted = Signal()
    demo_wanted = Signal()
    context_wanted = Signal(str)
    conversation_wanted = Signal()
    signer_wanted = Signal(str)

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        approvals: Approvals,
        transcripts: Transcripts,
        now_ms: Callable[[], int],
        guard: MisclickGuard | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self.list = RequestList(store, bridge, now_ms)
        self.transcript = TranscriptPane(store, bridge, transcripts)
        self.transcript.view.setObjectName("approvals.transcript")
        self.card = RequestCard(approvals, bridge, now_ms, guard)
        self._head = ContextHead()
        self._turns = FilterChips(
            "What to show", ((_REQUEST, "Request"), (_TRANSCRIPT, "Transcript"))
        )
        self._first = FirstSteps()
        self._choose = EmptyState("approvals", "", "")
        self._gone = GoneRequest()
        self._lay_out()
        self._bind_keys()
        self.list.request_chosen.connect(self._on_request_chosen)
        self.card.focus_freed.connect(self.list.rows.setFocus)
        self.card.signer_wanted.connect(self.signer_wanted)
        self._head.open_wanted.connect(self._on_open_wanted)
        self._choose.action_chosen.connect(self._on_action_chosen)
        self._first.settings_wanted.connect(self.settings_wanted)
        self._first.demo_wanted.connect(self.demo_wanted)
        self._turns.chosen.connect(self._take_turns)
        bridge.changed.connect(self._on_changed)
        self._show_right_side()

    def open_request(self, key: RequestKey) -> None:
        """Show a request. One that is not known changes nothing."""
        self.list.choose(key)

    def open_oldest_waiting(self) -> None:
        """Show the request that waits longest, if one does."""
        self.list.choose_oldest()
        self.list.rows.setFocus()

    def focus_search(self) -> None:
        """What the key / does."""
        self.list.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.list.search.selectAll()

    def back(self) -> bool:
        """What Escape does: leave what is open inside the card, then go to the list.

        Returns:
            Whether there was anything to leave.
        """
        if self.card.decision.is_writing:
            self.card.decision.cancel()
        elif self.transcript.isVisible() and self.transcript.back():
            pass
        elif self._turns.isVisible() and self._turns.choice() == _TRANSCRIPT:
            self._show_turn(_REQUEST)
        elif self._gone.is_told:
            self._gone.forget()
            self._show_right_side()
        elif not self.list.rows.hasFocus():
            self.list.rows.setFocus()
        else:
            return False
        return True

    def showEvent(self, event: QShowEvent) -> None:
        """Get the card ready once the page stands there: the first to be opened is quick, too."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._polish_card)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room for it."""
        super().resizeEvent(event)
        self._take_turns()

    @property
    def is_narrow(self) -> bool:
        """Whether transcript and request take turns."""
        return self.width() < SIDE_BY_SIDE_FROM

    def _bind_keys(self) -> None:
        on_key(self, Qt.Key.Key_J, lambda: self.list.rows.step(1), repeats=True)
        on_key(self, Qt.Key.Key_K, lambda: self.list.rows.step(-1), repeats=True)
        on_key(self, Qt.Key.Key_A, self._on_key_approve)
        on_key(self, Qt.Key.Key_R, self._on_key_reject)
        on_key(self, Qt.Key.Key_E, self._on_key_edit)

    def _on_key_approve(self) -> None:
        if self._brought_into_sight():
            self.card.decision.press_approve()

    def _on_key_reject(self) -> None:
        self._brought_into_sight()
        self.card.decision.press_reject()

    def _on_key_edit(self) -> None:
        self._brought_into_sight()
        self.card.decision.press_edit()

    def _brought_into_sight(self) -> bool:
        """Whether the request was in sight already; if not it is now, and must be looked at."""
        if self.card.request is None or self.card.isVisible():
            return True
        self._show_turn(_REQUEST)
        return False

    def _on_changed(self, changes: Changes) -> None:
        self._mind_the_open_one(changes)
        chosen = self.list.chosen
        if changes.reset or changes.requests or changes.link or changes.demo:
            self._show_right_side()
        elif chosen is not None and chosen.context_id in changes.contexts:
            self._head.show_context(self._store.context(chosen.context_id))
        if changes.signing:
            self.card.show_signing(self._store.signing)
        if changes.link or changes.requests or changes.record or changes.halts:
            # Another request of the same worker, the audit log, or a halt may be why this one
            # cannot be decided on.
            self.card.decision.refresh()

    def _mind_the_open_one(self, changes: Changes) -> None:
        """Say so when the request that is open is gone, also if another has its name now."""
        shown = self.card.request
        now = self._store.request(shown.key) if shown is not None else None
        if shown is not None and (now is None or not now.is_same(shown)):
            written = self.card.decision.give_up()
            # Who went to another broker knows why; but not that they had written something.
            if written or changes.void.get("") != "":
                self._gone.tell(shown, self._why_gone(shown, changes), written)
            self.list.forget_choice()
        elif changes.reset and self.list.chosen and self._store.request(self.list.chosen) is None:
            self.list.forget_choice()  # one that cannot be shown
        if changes.forgotten:
            self.card.decision.drafts.clear()

    def _why_gone(self, request: Request, changes: Changes) -> str:
        context_id = request.key.context_id
        if changes.forgotten:
            return changes.void.get("") or "Another broker is followed now."
        if context_id in changes.void:
            return changes.void[context_id]
        if self._store.context(context_id) is None:
            return "The broker no longer holds its conversation."
        return "Its conversation no longer holds it."

    def _on_request_chosen(self, key: RequestKey) -> None:
        self._gone.forget()
        self._show_right_side()

    def _on_open_wanted(self) -> None:
        if self.list.chosen is not None:
            self.context_wanted.emit(self.list.chosen.context_id)

    def _show_right_side(self) -> None:
        key = self.list.chosen
        request = self._store.request(key) if key is not None else None
        self._stack.setCurrentIndex(0 if request else self._why_nothing_is_open())
        try:
            self.card.show_request(request)
        finally:  # a card that cannot be drawn leaves its conversation beside it
            self.transcript.show_context(key.context_id if request and key else None)
            context = self._store.context(key.context_id) if request and key else None
            self._head.show_context(context)

    def _why_nothing_is_open(self) -> int:
        if self._gone.is_told:
            return 3
        if is_first_run(self._store.link, anything_known=bool(self._store.request_count)):
            self._first.show_state(self._store.link, self._store.demo)
            return 1
        self._word_choice()
        return 2

    def _word_choice(self) -> None:
        waiting = self._store.open_count
        if not waiting:
            self._choose.show_words(*_QUIET)
        else:
            one = waiting == 1
            title = "A call waits for your decision" if one else f"{waiting:,} calls wait"
            hint = "Choose it in the list, or press J." if one else "Choose one, or press J."
            self._choose.show_words(title, hint, "Open it" if one else "Open the oldest")

    def _on_action_chosen(self) -> None:
        if self._store.open_count:
            self.open_oldest_waiting()
        else:
            self.conversation_wanted.emit()

    def _take_turns(self) -> None:
        narrow = self.is_narrow
        request_turn = self._turns.choice() == _REQUEST
        self._turns_bar.setVisible(narrow)
        self._middle.setVisible(not narrow or not request_turn)
        self.card.setVisible(not narrow or request_turn)
        self.list.setFixedWidth(_NARROW_LIST_WIDTH if narrow else LIST_WIDTH)
        if narrow:
            self.card.setMinimumWidth(0)
            self.card.setMaximumWidth(16_777_215)  # Qt's "no limit"
        else:
            self.card.setFixedWidth(CARD_WIDTH)

    def _show_turn(self, name: str) -> None:
        self._turns.choose(name)
        self._take_turns()

    def _polish_card(self) -> None:
        for part in self.card.findChildren(QWidget):
            part.ensurePolished()

    def _lay_out(self) -> None:
        self._middle = QWidget()
        middle = QVBoxLayout(self._middle)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self._head)
        middle.addWidget(self.transcript, 1)
        self._turns_bar = panel(Surface.PANEL, Edge.BOTTOM)
        bar = QHBoxLayout(self._turns_bar)
        bar.setContentsMargins(16, 8, 16, 8)
        bar.addWidget(self._turns)
        panes = QHBoxLayout()
        panes.setContentsMargins(0, 0, 0, 0)
        panes.setSpacing(0)
        panes.addWidget(self._middle, 1)
        panes.addWidget(self.card)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._turns_bar)
        column.addLayout(panes, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.list)
        self._stack = QStackedLayout()
        whole.addLayout(self._stack, 1)  # first: what is added to none shows as a window
        for page in (right, self._first, self._choose, self._gone):
            self._stack.addWidget(page)
