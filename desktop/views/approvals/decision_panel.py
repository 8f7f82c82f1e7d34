"""Approve and Reject, why they may not be pressed, and what became of it.

The only place in the window that sends a decision. It shows what the store says and nothing in
advance: after a click that is "sending", until the worker answers.
"""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.approvals import Approvals
from desktop.errors import NotAllowedNow, SignoffError
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import outcome_text, state_pill
from desktop.store.records import DecisionKind, Request, RequestKey, RequestState
from desktop.views.approvals.decision_button import DecisionButton
from desktop.views.approvals.guard import MisclickGuard
from desktop.views.approvals.outcome import Outcome
from desktop.views.approvals.reject_panel import RejectPanel
from desktop.views.parts.buttons import ButtonLook
from desktop.views.parts.labels import Look, TextLabel

_NOT_READABLE = NotAllowedNow(
    "Not all of the arguments can be shown.", "What cannot be read cannot be approved."
)


class DecisionPanel(QWidget):
    """Decides on the request it shows.

    Signals:
        focus_freed: the button that had the keyboard can no longer be pressed.
    """

    focus_freed = Signal()

    def __init__(
        self, approvals: Approvals, guard: MisclickGuard, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._approvals = approvals
        self._guard = guard
        self._request: Request | None = None
        self._readable = True
        self._rejecting = False
        self._reasons: dict[RequestKey, str] = {}  # begun, and left for another request
        self.approve = DecisionButton(
            "Approve", ButtonLook.PRIMARY, key_hint="A", icon_name="check"
        )
        self.approve.setObjectName("request.approve")
        self.reject = DecisionButton("Reject", ButtonLook.DANGER, key_hint="R", icon_name="x")
        self.reject.setObjectName("request.reject")
        self.reject_panel = RejectPanel(self)
        self.why_not = TextLabel("", Look.MUTED, wrap=True)
        self.outcome = Outcome(self)
        self._buttons = QWidget(self)
        self._lay_out()
        self.approve.clicked.connect(lambda: self._decide(DecisionKind.APPROVE))
        self.reject.clicked.connect(self._begin_reject)
        self.reject_panel.confirmed.connect(self._on_confirmed)
        self.reject_panel.cancelled.connect(self.cancel_reject)
        guard.released.connect(self.refresh)

    def show_request(self, request: Request | None, *, readable: bool) -> None:
        """Decide on another request, or on this one as it stands now.

        Args:
            readable: every argument can be shown in full.
        """
        before = self._request
        if request == before and readable == self._readable:
            return
        is_another = before is None or request is None or request.key != before.key
        if self.is_rejecting and (is_another or not (request and request.is_open)):
            self._leave_reject()
        self._request, self._readable = request, readable
        self._guard.hold()
        self.refresh()

    def refresh(self) -> None:
        """Look again at what may be done now."""
        request = self._request
        self.setVisible(request is not None)
        if request is None:
            return
        why_not_approve = self._refusal(request, DecisionKind.APPROVE)
        why_not_reject = self._refusal(request, DecisionKind.REJECT)
        held = self._guard.is_holding
        self._enable(self.approve, why_not_approve, held=held)
        self._enable(self.reject, why_not_reject, held=False)
        self.reject_panel.allow(may_confirm=why_not_reject is None and not held)
        self.reject_panel.setVisible(self._rejecting and request.is_open)
        self._buttons.setVisible(request.is_open and not self._rejecting)
        self._explain(request, why_not_reject if self._rejecting else why_not_approve)
        text = outcome_text(request)
        tone = Tone.WARN if request.state is RequestState.WAITING else state_pill(request).tone
        self.outcome.show_outcome(text, tone)

    @property
    def is_rejecting(self) -> bool:
        """Whether the reviewer is writing a reason."""
        return self._rejecting

    def hold(self) -> None:
        """Let no click count for a moment."""
        self._guard.hold()
        self.refresh()

    def press_approve(self) -> None:
        """What the key A does: press the button, if it can be seen and pressed."""
        if self.approve.isVisible():
            self.approve.click()

    def press_reject(self) -> None:
        """What the key R does."""
        if self.reject.isVisible():
            self.reject.click()

    def cancel_reject(self) -> None:
        """Put the reason away; it is kept while the window is open."""
        if self._rejecting:
            self._leave_reject()
            self.refresh()
            self.focus_freed.emit()

    def _begin_reject(self) -> None:
        if self._request is not None:
            self._rejecting = True
            self.reject_panel.show_reason(self._reasons.get(self._request.key, ""))
            self._guard.hold()
            self.refresh()
            self.reject_panel.field.setFocus()

    def _leave_reject(self) -> None:
        self._rejecting = False
        if self._request is not None:
            self._reasons[self._request.key] = self.reject_panel.reason()

    def _on_confirmed(self, reason: str) -> None:
        self._decide(DecisionKind.REJECT, reason)

    def _decide(self, kind: DecisionKind, reason: str = "") -> None:
        request = self._request
        if request is None or self._guard.is_holding or self._refusal(request, kind) is not None:
            return
        try:
            self._approvals.decide(request.key, kind, reason)
        except SignoffError as error:
            self._explain_error(error)
            return
        self._rejecting = False
        self._reasons.pop(request.key, None)
        self.refresh()
        self.focus_freed.emit()

    def _refusal(self, request: Request, kind: DecisionKind) -> SignoffError | None:
        if kind is DecisionKind.APPROVE and not self._readable:
            return _NOT_READABLE
        return self._approvals.why_not(request.key, kind)

    def _enable(self, button: DecisionButton, refusal: SignoffError | None, *, held: bool) -> None:
        can = refusal is None and not held
        had_focus = button.hasFocus()
        button.setEnabled(can)
        button.setToolTip(str(refusal) if refusal else "")
        if had_focus and not can:
            self.focus_freed.emit()

    def _explain(self, request: Request, refusal: SignoffError | None) -> None:
        # While a decision is on its way, the outcome says so.
        if refusal is None or request.state is not RequestState.WAITING:
            self.why_not.hide()
        else:
            self._explain_error(refusal)

    def _explain_error(self, error: SignoffError) -> None:
        self.why_not.show_text(str(error))
        self.why_not.show()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.approve, 1)
        row.addWidget(self.reject, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 16)
        column.setSpacing(10)
        column.addWidget(self.outcome)
        column.addWidget(self.why_not)
        column.addWidget(self._buttons)
        column.addWidget(self.reject_panel)
        self.reject_panel.hide()
        self.hide()
