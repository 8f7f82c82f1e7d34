"""One conversation in trouble: what is wrong, since when, and what a person can do about it.

The only place in the window that repairs a conversation.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.repairs import Repairs
from desktop.errors import SignoffError
from desktop.qtmodels.monitor_wording import trouble_pill
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import moment, waiting_since
from desktop.store.health import Repair, RepairKey, Trouble
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.confirm_panel import ConfirmPanel
from desktop.views.parts.copyable import Copyable
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.outcome import Outcome
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.rows import button_row

_READING_WIDTH: Final = 760
_BUTTONS: Final = {
    Repair.OPEN_REQUEST: ("Open the request", "approvals"),
    Repair.OPEN_CONTEXT: ("Open", "conversations"),
    Repair.REQUEUE: ("Requeue", "send"),
    Repair.DISCARD: ("Discard…", "x"),
}
_TIPS: Final = {
    Repair.OPEN_REQUEST: "Shows the call, where it can be decided",
    Repair.OPEN_CONTEXT: "Shows the conversation",
    Repair.REQUEUE: "Puts the message back into the inbox, behind what waits there",
    Repair.DISCARD: "Takes the message out for good; asks again first",
}
_SENDS: Final = frozenset((Repair.REQUEUE, Repair.DISCARD))
_DISCARDED: Final = (
    "The message is taken out for good. Whoever waits for its answer gets none, and what it asked "
    "for is not done. The broker keeps it apart, with your name."
)


class TroubleDetail(QWidget):
    """Shows one `Trouble`, in place.

    Signals:
        request_wanted(RequestKey): the person wants to decide on a call in doubt.
        context_wanted(str): the person wants to read the conversation.
    """

    request_wanted = Signal(object)
    context_wanted = Signal(str)

    def __init__(
        self, repairs: Repairs, now_ms: Callable[[], int], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._repairs, self._now_ms = repairs, now_ms
        self._trouble: Trouble | None = None
        self._title = TextLabel("", Look.SUBTITLE, wrap=True, selectable=True)
        self._title.setObjectName("trouble.title")
        self._pill = PillLabel(parent=self)
        self._hint = TextLabel("", wrap=True, selectable=True)
        self._hint.setObjectName("trouble.hint")
        self._context = Copyable("context ID")
        self._entry = Copyable("entry ID")
        self._agent = TextLabel("", selectable=True)
        self._since = TextLabel("", wrap=True, selectable=True)
        self._outcome = Outcome(self)
        self._outcome.words.setObjectName("trouble.outcome")
        self._buttons = {repair: _button(repair) for repair in _BUTTONS}
        self._confirm = ConfirmPanel("trouble", self)
        for repair, button in self._buttons.items():
            button.clicked.connect(lambda _checked=False, repair=repair: self._on_chosen(repair))
        self._confirm.confirmed.connect(self._on_confirmed)
        self._confirm.cancelled.connect(self._on_cancelled)
        self._lay_out()

    def show_trouble(self, trouble: Trouble) -> None:
        """Show trouble as it stands now."""
        if self._trouble is None or trouble.key != self._trouble.key:
            self._confirm.hide()
        self._trouble = trouble
        self._title.show_text(trouble.title)
        self._pill.show_pill(trouble_pill(trouble))
        self._hint.show_text(trouble.hint)
        self._agent.show_text(trouble.agent or "not known")
        self._context.show_value(trouble.context_id)
        self._entry.show_value(trouble.dead_id)
        lasts = waiting_since(trouble.since_ms, self._now_ms())
        self._since.show_text(f"{moment(trouble.since_ms)} ({lasts})")
        for row, is_known in ((1, trouble.context_id), (2, trouble.dead_id)):
            for column in (0, 1):
                item = self._grid.itemAtPosition(row, column)
                widget = item.widget() if item is not None else None
                if widget is not None:
                    widget.setVisible(bool(is_known))
        self.refresh()

    def open_what_it_is_about(self, trouble: Trouble) -> None:
        """Lead to the request or the conversation, if there is one."""
        if trouble.request is not None:
            self.request_wanted.emit(trouble.request)
        elif trouble.context_id:
            self.context_wanted.emit(trouble.context_id)

    def refresh(self) -> None:
        """Look again at what may be done now."""
        trouble = self._trouble
        if trouble is None:
            return
        asking = not self._confirm.isHidden()
        for repair, button in self._buttons.items():
            button.setVisible(repair in trouble.repairs and not asking)
            why_not = self._why_not(trouble, repair)
            button.allow(why_not)
            if not why_not:
                button.setToolTip(_TIPS[repair])
        self._confirm.allow(self._why_not(trouble, Repair.DISCARD))
        self._show_outcome(trouble)

    def _why_not(self, trouble: Trouble, repair: Repair) -> str:
        if repair not in _SENDS:
            return ""
        refusal = self._repairs.why_not(RepairKey(repair, trouble.agent, trouble.dead_id))
        return str(refusal) if refusal else ""

    def _show_outcome(self, trouble: Trouble) -> None:
        state = trouble.repair
        if state is None:
            self._outcome.show_outcome("", Tone.NEUTRAL)
        elif state.is_sending:
            self._outcome.show_outcome("It is on its way.", Tone.ACCENT)
        else:
            tone = Tone.OK if state.is_done else Tone.DANGER
            self._outcome.show_outcome(f"{state.title} {state.hint}".strip(), tone)

    def _on_chosen(self, repair: Repair) -> None:
        trouble = self._trouble
        if trouble is None:
            return
        match repair:
            case Repair.OPEN_REQUEST | Repair.OPEN_CONTEXT:
                self.open_what_it_is_about(trouble)
            case Repair.DISCARD:
                self._confirm.ask(_DISCARDED, "Discard it")
                self.refresh()
            case Repair.REQUEUE:
                self._send(repair)

    def _on_confirmed(self) -> None:
        self._confirm.hide()
        self._send(Repair.DISCARD)

    def _on_cancelled(self) -> None:
        self._confirm.hide()
        self.refresh()
        self._buttons[Repair.DISCARD].setFocus(Qt.FocusReason.OtherFocusReason)

    def _send(self, repair: Repair) -> None:
        if self._trouble is None:
            return
        agent, dead_id = self._trouble.agent, self._trouble.dead_id
        send = self._repairs.requeue if repair is Repair.REQUEUE else self._repairs.discard
        try:
            send(agent, dead_id)
        except SignoffError as error:
            self._outcome.show_outcome(str(error), Tone.DANGER)
        self.refresh()

    def _lay_out(self) -> None:
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        values = (
            ("Agent", self._agent),
            ("Conversation", self._context),
            ("Entry", self._entry),
            ("Since", self._since),
        )
        for row, (name, value) in enumerate(values):
            label = TextLabel(name, Look.MUTED)
            label.setMinimumWidth(label.sizeHint().width())
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(value, row, 1)
        head = panel(Surface.PANEL, Edge.BOTTOM)
        line = QHBoxLayout(head)
        line.setContentsMargins(22, 12, 22, 12)
        line.setSpacing(10)
        line.addWidget(self._title, 1)
        line.addWidget(self._pill, 0, Qt.AlignmentFlag.AlignTop)
        card = panel(Surface.CARD)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(16, 14, 16, 16)
        inner.setSpacing(12)
        inner.addWidget(self._hint)
        inner.addLayout(self._grid)
        inner.addWidget(self._outcome)
        inner.addLayout(button_row(*self._buttons.values()))
        inner.addWidget(self._confirm)
        card.setMaximumWidth(_READING_WIDTH)
        body = QVBoxLayout()
        body.setContentsMargins(20, 16, 20, 16)
        body.addWidget(card)
        body.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addLayout(body, 1)


def _button(repair: Repair) -> ActionButton:
    words, icon_name = _BUTTONS[repair]
    look = ButtonLook.DANGER if repair is Repair.DISCARD else ButtonLook.PLAIN
    button = ActionButton(words, look, icon_name=icon_name)
    button.setObjectName(f"trouble.{repair}")
    button.hide()
    return button
