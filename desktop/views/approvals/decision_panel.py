"""What can be decided about a request, why it may not be, and what became of it.

The only place in the window that sends a decision. It shows what the store says and nothing in
advance: after a click that is "sending", until the worker answers.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.actions.approvals import Approvals, why_not_shown
from desktop.actions.edit_awaiting import arguments_awaiting
from desktop.actions.forms import JSON, Form
from desktop.actions.offers import answer_form, edit_form
from desktop.errors import NotAllowedNow, PassphraseWanted, SignoffError
from desktop.qtmodels.policy_wording import joined_words
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import outcome_text, state_pill
from desktop.store.quorums import edit_awaiting
from desktop.store.records import DecisionKind, Request, RequestState, Risk
from desktop.views.approvals.again_panel import AgainPanel
from desktop.views.approvals.decision_buttons import DecisionButtons
from desktop.views.approvals.drafts import Drafts
from desktop.views.approvals.form_panel import FormPanel
from desktop.views.approvals.reading import Reading
from desktop.views.approvals.reject_panel import RejectPanel
from desktop.views.approvals.terms_panel import TermsPanel
from desktop.views.parts.decision_button import DecisionButton
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.outcome import Outcome
from desktop.views.parts.passphrase_prompt import PassphrasePrompt


class Step(StrEnum):
    """What the reviewer is at."""

    CHOOSING = "choosing"
    SIGNING = "signing"
    REJECTING = "rejecting"
    CONFIRMING = "confirming"
    EDITING = "editing"
    ANSWERING = "answering"


_TO_SIGN = {
    DecisionKind.APPROVE: "approve",
    DecisionKind.REJECT: "reject",
    DecisionKind.EDIT: "approve these arguments",
    DecisionKind.RESPOND: "answer",
}
_FORM_STEPS = {Step.EDITING: DecisionKind.EDIT, Step.ANSWERING: DecisionKind.RESPOND}


@dataclass(frozen=True, slots=True)
class _Pending:
    """A decision that waits for the passphrase."""

    kind: DecisionKind
    reason: str
    args: JSON
    again: bool


class DecisionPanel(QWidget):
    """Decides on the request it shows.

    Attributes:
        form: what is filled in for an edit or an answer; the card gives it its place.
        drafts: what was begun to be written, and is not sent.
    Signals:
        focus_freed: the button that had the keyboard can no longer be pressed.
        step_changed: a form or a question was opened or put away.
    """

    focus_freed = Signal()
    step_changed = Signal()

    def __init__(
        self,
        approvals: Approvals,
        guard: MisclickGuard,
        reading: Reading,
        prompt: PassphrasePrompt,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._approvals = approvals
        self._guard = guard
        self._reading = reading
        self._request: Request | None = None
        self._step = self._came_from = Step.CHOOSING
        self._pending: _Pending | None = None
        self.drafts = Drafts()
        self.prompt = prompt
        self.terms = TermsPanel(self)
        self.buttons = DecisionButtons(self)
        self.reject_panel = RejectPanel(self)
        self.again_panel = AgainPanel(self)
        self.form_panel = FormPanel(self)
        self.form = self.form_panel.form
        self.why_not = TextLabel("", Look.MUTED, wrap=True)
        self.why_not.setObjectName("request.why_not")
        self.outcome = Outcome(self)
        self._lay_out()
        self.buttons.chosen.connect(self._on_chosen)
        self.reject_panel.confirmed.connect(partial(self._decide, DecisionKind.REJECT))
        self.again_panel.confirmed.connect(
            lambda: self._decide(DecisionKind.APPROVE, self.terms.reason(), again=True)
        )
        self.form_panel.filled_in.connect(self._on_filled_in)
        for panel in (self.reject_panel, self.again_panel, self.form_panel):
            panel.cancelled.connect(self.cancel)
        prompt.opened.connect(self._on_opened)
        prompt.cancelled.connect(self._on_not_signed)
        for changed in (guard.released, reading.changed, self.terms.changed):
            changed.connect(self.refresh)

    def show_request(self, request: Request | None) -> None:
        """Decide on another request, or on this one as it stands now."""
        before = self._request
        if request == before:
            return
        is_another = before is None or request is None or not request.is_same(before)
        if self.is_writing and (is_another or not (request and request.is_open)):
            self._leave()
        self._request = request
        self._guard.hold()
        self.refresh()

    def refresh(self) -> None:
        """Look again at what may be done now."""
        request = self._request
        self.setVisible(request is not None)
        if request is None:
            return
        held, wait = self._guard.is_holding, self._reading.wait_seconds()
        signing = self._approvals.signing.status
        self.terms.show_for(request, signing)
        self.buttons.show_for(request, wait_seconds=wait, deaf=held)
        for button, kind in self.buttons.offered(request):
            # Reject and forms only open something, where the guard holds again.
            opens = kind is not DecisionKind.APPROVE
            waits = not opens and (held or wait > 0)
            self._enable(button, self._refusal(request, kind), held=waits)
        is_open = request.is_open
        self.terms.setVisible(self.terms.isVisibleTo(self) and self._offers_terms(request))
        self.buttons.setVisible(is_open and self._step is Step.CHOOSING)
        self.reject_panel.setVisible(is_open and self._step is Step.REJECTING)
        self.again_panel.setVisible(is_open and self._step is Step.CONFIRMING)
        self.form_panel.setVisible(is_open and self._step in _FORM_STEPS)
        refusal = self._refusal(request, self._kind_at_hand(request))
        must_wait = wait > 0 and self._step is not Step.REJECTING
        may_confirm = refusal is None and not held and not must_wait
        self.reject_panel.allow(may_confirm=may_confirm)
        self.again_panel.confirm.setEnabled(may_confirm)
        self.form_panel.allow(may_confirm=may_confirm)
        tone = Tone.WARN if request.state is RequestState.WAITING else state_pill(request).tone
        is_waiting = request.state is RequestState.WAITING
        joined = joined_words(request, signing.identity) if is_waiting else ""
        # That a signature is in says enough of why there is nothing to sign.
        is_said = bool(joined) and self.terms.has_signed and self._step is Step.CHOOSING
        self._explain(request, None if is_said else refusal)
        words = joined or outcome_text(request)
        self.outcome.show_outcome(words, Tone.ACCENT if words == joined else tone)

    @property
    def is_writing(self) -> bool:
        """Whether the reviewer is at a reason, a form or a second question."""
        return self._step is not Step.CHOOSING

    @property
    def hides_arguments(self) -> bool:
        """Whether the form that is open shows the arguments itself."""
        form = self.form_panel.shown
        return form is not None and form.shows_arguments

    @property
    def is_holding(self) -> bool:
        """Whether a click that sends would count for nothing now."""
        return self._guard.is_holding

    def hold(self) -> None:
        """Let no click count for a moment."""
        self._guard.hold()
        self.refresh()

    def press_approve(self) -> None:
        """What the key A does: press what approves, if it can be seen and pressed."""
        self.buttons.press_approve()

    def press_reject(self) -> None:
        """What the key R does."""
        if self.buttons.reject.isVisible() and not self._guard.is_holding:
            self.buttons.reject.click()

    def press_edit(self) -> None:
        """What the key E does."""
        if self.buttons.edit.isVisible() and not self._guard.is_holding:
            self.buttons.edit.click()

    def cancel(self) -> None:
        """Put away what is open; what was written is kept while the request is there."""
        if self.is_writing:
            self._leave()
            self.refresh()
            self.focus_freed.emit()

    def give_up(self) -> str:
        """The request is gone: put everything away. Returns what was written for it."""
        if self.is_writing:
            self._leave()
        begun = self.drafts.drop(self._request) if self._request is not None else ""
        return "\n\n".join(part for part in (begun, self.terms.reason()) if part)

    def _on_chosen(self, kind: DecisionKind) -> None:
        request = self._request
        if request is None:
            return
        match kind:
            case DecisionKind.APPROVE if edit_awaiting(request) is not None:
                edited = arguments_awaiting(request)
                self._decide(DecisionKind.EDIT, self.terms.reason(), args=edited)
            case DecisionKind.APPROVE if not request.call.is_in_doubt:
                self._decide(kind, self.terms.reason())
            case DecisionKind.APPROVE:
                self._begin(Step.CONFIRMING, self.again_panel.cancel)
            case DecisionKind.REJECT:
                self.reject_panel.show_begun(self.drafts.of(request, Step.REJECTING))
                self._begin(Step.REJECTING, self.reject_panel.field)
            case DecisionKind.EDIT:
                self._begin_form(Step.EDITING, edit_form(request))
            case DecisionKind.RESPOND:
                self._begin_form(Step.ANSWERING, answer_form(request))

    def _begin_form(self, step: Step, form: Form | None) -> None:
        request = self._request
        if form is None or request is None:
            self._explain_error(NotAllowedNow("Signoff has no form for this question."))
            return
        self._reading.show_all()
        self.form_panel.show_form(form, self.drafts.of(request, step))
        self._begin(step, self.form.first_control())

    def _begin(self, step: Step, focus: QWidget | None) -> None:
        self._step = step
        self._guard.hold()
        self.refresh()
        self.step_changed.emit()
        if focus is not None:
            focus.setFocus()

    def _leave(self) -> None:
        if self._step is Step.SIGNING:
            self._step, self._pending = self._came_from, None
            self.prompt.hide()
        is_form = self._step in _FORM_STEPS
        if self._request is not None and (is_form or self._step is Step.REJECTING):
            begun = self.form_panel.begun() if is_form else self.reject_panel.begun()
            self.drafts.keep(self._request, self._step, *begun)
        self._end()

    def _end(self) -> None:
        self._step = Step.CHOOSING
        if self.form_panel.shown is not None:
            self._reading.hide_all()
        self.form_panel.show_form(None)
        self.step_changed.emit()

    def _on_filled_in(self, answer: JSON) -> None:
        form, kind = self.form_panel.shown, _FORM_STEPS.get(self._step)
        if form is None or kind is None:
            return
        if form.in_words:
            self._decide(kind, str(answer))
        else:
            self._decide(kind, args=answer)

    def _decide(
        self, kind: DecisionKind, reason: str = "", *, args: JSON = None, again: bool = False
    ) -> None:
        request = self._request
        if request is None or self._guard.is_holding:
            return
        joins = kind is DecisionKind.EDIT and self.form_panel.shown is None
        if self._refusal(request, DecisionKind.APPROVE if joins else kind) is not None:
            return
        if kind is not DecisionKind.REJECT and self._reading.wait_seconds():
            return
        pending = _Pending(kind, reason, args, again)
        is_high = request.risk is Risk.HIGH
        if request.must_be_signed and self._approvals.signing.needs_passphrase(high_risk=is_high):
            self._ask_to_sign(request, pending)
            return
        meaning = self.terms.meaning() if kind is DecisionKind.APPROVE or joins else None
        try:
            self._approvals.decide(
                request.key,
                kind,
                reason,
                args=args,
                again=again,
                meaning=meaning,
                seen=self._reading.seen(),
                shown=self._reading.request,
            )
        except SignoffError as error:
            self._explain_error(error)
            return
        self.drafts.drop(request)
        self._end()
        self.refresh()
        self.focus_freed.emit()

    def _kind_at_hand(self, request: Request) -> DecisionKind:
        """The decision that can be made now, or else the first that is offered."""
        if self._step in _FORM_STEPS:
            return _FORM_STEPS[self._step]
        if self._step is Step.REJECTING:
            return DecisionKind.REJECT
        may_approve = not request.choices or DecisionKind.APPROVE in request.choices
        return DecisionKind.APPROVE if may_approve else request.choices[0]

    def _refusal(self, request: Request, kind: DecisionKind) -> SignoffError | None:
        """Why this decision cannot be made now: what the desk says first, then the reviewer."""
        edit = edit_awaiting(request) if kind is DecisionKind.APPROVE else None
        if edit is not None:
            edited = edit.edited_args_digest
            refusal = self._approvals.why_not(request.key, DecisionKind.EDIT, edited=edited)
        else:
            refusal = self._approvals.why_not(request.key, kind)
        if isinstance(refusal, PassphraseWanted):
            refusal = None  # it is asked for after the click
        refusal = refusal or why_not_shown(request, self._reading.request)
        refusal = refusal or self._reading.refusal(kind)
        if refusal is None and kind is DecisionKind.APPROVE:
            refusal = self.terms.refusal()
        return refusal

    def _ask_to_sign(self, request: Request, pending: _Pending) -> None:
        """The passphrase first; the decision is made once it was right."""
        self._pending, self._came_from = pending, self._step
        self._begin(Step.SIGNING, None)
        words = _TO_SIGN.get(pending.kind, "decide")
        self.prompt.ask(f"Give your passphrase to {words}.")

    def _on_opened(self) -> None:
        pending, self._pending = self._pending, None
        if pending is None or self._step is not Step.SIGNING:
            return
        self._step = self._came_from
        self._decide(pending.kind, pending.reason, args=pending.args, again=pending.again)
        self.refresh()

    def _on_not_signed(self) -> None:
        """Back to where the decision was about to be made."""
        self._pending = None
        if self._step is Step.SIGNING:
            self._step = self._came_from
            self.refresh()
            self.focus_freed.emit()

    def _offers_terms(self, request: Request) -> bool:
        """Whether something is to be signed at this step."""
        steps = {Step.CHOOSING, Step.CONFIRMING}
        return request.state is RequestState.WAITING and self._step in steps

    def _enable(self, button: DecisionButton, refusal: SignoffError | None, *, held: bool) -> None:
        can = refusal is None and not held
        had_focus = button.hasFocus()
        button.allow(str(refusal) if refusal else "")
        button.setEnabled(can)
        if had_focus and not can:
            self.focus_freed.emit()

    def _explain(self, request: Request, refusal: SignoffError | None) -> None:
        # While a decision is on its way, the outcome says so; what takes none, the card says.
        is_told = request.state is not RequestState.WAITING or not request.choices
        if refusal is None or is_told:
            self.why_not.hide()
        else:
            self._explain_error(refusal)

    def _explain_error(self, error: SignoffError) -> None:
        self.why_not.show_text(str(error))
        self.why_not.show()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 16)
        column.setSpacing(10)
        for said in (self.outcome, self.why_not, self.terms, self.buttons):
            column.addWidget(said)
        for opened in (self.reject_panel, self.again_panel, self.form_panel, self.prompt):
            column.addWidget(opened)
        self.reject_panel.hide()
        self.hide()
