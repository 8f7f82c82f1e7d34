"""The request card: everything a reviewer needs to see of one call, and the decision on it.

Shows one request as the store has it; what would run is shown in full, always.
"""

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.approvals import Approvals
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.wording import risk_pill, state_pill
from desktop.store.records import Request, RequestKey, RequestState
from desktop.store.sensitive import mask_text
from desktop.store.signing import Signing, SigningState
from desktop.views.approvals.arguments_panel import ArgumentsPanel
from desktop.views.approvals.decision_panel import DecisionPanel
from desktop.views.approvals.policy_panel import PolicyPanel
from desktop.views.approvals.request_facts import RequestFacts
from desktop.views.approvals.request_warning import warning_for
from desktop.views.parts.banner import Banner
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.fitting_area import FittingArea
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, caption, hairline, panel
from desktop.views.parts.link_prompt import LinkPrompt
from desktop.views.parts.markdown_view import MarkdownView
from desktop.views.parts.passphrase_prompt import PassphrasePrompt
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.value_box import ValueBox

CLOCK_MS: Final = 1_000
#: So often the others are told that somebody still looks.
CLAIM_SECONDS: Final = 15
#: Pixels around the letters of a text: the room of its focus ring, and a value's own margin.
_FRAME: Final = 2
_MARGIN: Final = 2
_LONG_NAME: Final = 26  # characters; a longer name does not fit beside its risk
_NOT_SHOWN: Final = "This request cannot be shown"
_NOT_SHOWN_HINT: Final = "Nothing can be decided about it here. Its conversation may say more."


class RequestCard(QFrame):
    """Shows the request it was given, and lets the reviewer decide.

    Attributes:
        arguments: what would run.
        reading: how it was read so far.
        decision: the buttons and the outcome.

    Signals:
        focus_freed: see `DecisionPanel`.
        signer_wanted(str): see `TermsPanel`.
    """

    focus_freed = Signal()
    signer_wanted = Signal(str)

    def __init__(
        self,
        approvals: Approvals,
        bridge: Bridge,
        now_ms: Callable[[], int],
        guard: MisclickGuard | None = None,
        parent: QWidget | None = None,
        *,
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("request.card")
        self.setProperty("surface", "panel")
        self.setProperty("edge", Edge.LEFT.value)
        self._now_ms = now_ms
        self._looking = approvals.looking
        self._request: Request | None = None
        self._is_whole = True
        self._opened: RequestKey | None = None
        self._signer = _name_of(approvals.signing.status)
        self._ticks = 0
        self._title = TextLabel("", Look.TITLE, selectable=True)
        self._long_name = ValueBox("Name of the tool", max_lines=4)
        self._risk = PillLabel(parent=self)
        self._state = PillLabel(parent=self)
        self._state.setObjectName("request.state")
        self.facts = RequestFacts()
        self.policy = PolicyPanel()
        self._warning = Banner()
        self._not_shown = EmptyState("warning", _NOT_SHOWN, _NOT_SHOWN_HINT)
        self._not_shown.hide()
        self._description = MarkdownView("Description of the call", max_height=160)
        self._body = ArgumentsPanel(approvals.looking, now_seconds)
        self.arguments, self.reading = self._body.arguments, self._body.reading
        self._result = ValueBox("Result", max_lines=10)
        self._result_caption = caption("Result")
        self._prompt = LinkPrompt()
        self._description.link_requested.connect(self._prompt.ask)
        guard = guard or MisclickGuard(parent=self)
        prompt = PassphrasePrompt(approvals.signing, bridge, now_ms, name="sign")
        self.decision = DecisionPanel(approvals, guard, self.reading, prompt)
        self.decision.focus_freed.connect(self.focus_freed)
        self.decision.terms.signer_wanted.connect(self.signer_wanted)
        self.decision.step_changed.connect(self._on_step_changed)
        self._area = FittingArea(self._content())
        self._body.follow(self._area)
        self.decision.form.went_to.connect(self._area.show_when_laid_out)
        self._line = hairline()
        self._line.hide()
        self._area.overflowed.connect(self._line.setVisible)
        self._lay_out()
        clock = QTimer(self, interval=CLOCK_MS)
        clock.timeout.connect(self._on_second)
        clock.start()

    @property
    def request(self) -> Request | None:
        """What is shown now."""
        return self._request

    def show_request(self, request: Request | None) -> None:
        """Show another request, or this one as it stands now; None empties the card.

        Whatever goes wrong meanwhile: what is not shown whole cannot be decided on, nor can what
        was shown before it.
        """
        before = self._request
        if request is not None and request == before:
            return
        # On other terms it is to be read, and decided on, as if it were another.
        is_another = (
            before is None
            or request is None
            or not before.is_same(request)
            or before.policy != request.policy
        )
        is_another = is_another or not self._is_whole
        if is_another:
            self._leave()
        self._request = request
        self._is_whole = False
        try:
            self._draw(request, before, is_another=is_another)
            self.decision.show_request(request)
            self._is_whole = True
        finally:
            self._show_whole(whole=self._is_whole)
        self._mind_eyes()

    def _draw(self, request: Request | None, before: Request | None, *, is_another: bool) -> None:
        self._body.show_request(request, is_another=is_another)
        if request is not None:
            self._show_call(request, before, is_another=is_another)
            self._show_standing(request)
        if is_another:
            self._prompt.hide()
            self._area.verticalScrollBar().setValue(0)

    def _show_whole(self, *, whole: bool) -> None:
        self._area.setVisible(whole)
        self._not_shown.setVisible(not whole)
        if not whole:
            self._line.hide()
            self.decision.show_request(None)

    def show_signing(self, signing: Signing) -> None:
        """Who signs here has changed, or can do so no more: nothing stays in clear then."""
        if signing.state is not SigningState.OPEN:
            self._body.hide_values()
        signer = _name_of(signing)
        if signer != self._signer:
            self._signer = signer
            self._begin_again()
        self.decision.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """The card came into sight: the reviewer gets a moment before a click counts."""
        super().showEvent(event)
        self.decision.hold()
        self._mind_eyes()

    def hideEvent(self, event: QHideEvent) -> None:
        """Out of sight: nothing stays in clear, and the time of reading stands still."""
        super().hideEvent(event)
        self._leave()
        self.reading.watch(on=False)

    def event(self, event: QEvent) -> bool:
        """A window that becomes active brings a card that nobody may click or type by habit."""
        kind = event.type()
        if kind == QEvent.Type.WindowActivate:
            self.decision.hold()
        if kind in {QEvent.Type.WindowActivate, QEvent.Type.WindowDeactivate}:
            QTimer.singleShot(0, self, self._mind_eyes)
        return super().event(event)

    def _mind_eyes(self) -> None:
        """Whether somebody looks at it now."""
        looks = self.isVisible() and self.isActiveWindow() and self._request is not None
        looks = looks and self._is_whole
        self.reading.watch(on=looks)
        self._body.look_soon()
        request = self._request
        if looks and request is not None and request.is_open and self._opened is None:
            self._opened = request.key
            self._looking.opened(request.key)

    def _leave(self) -> None:
        self._body.hide_values()
        if self._opened is not None:
            opened, self._opened = self._opened, None
            self._looking.left(opened)

    def _begin_again(self) -> None:
        """Somebody else signs now, who has read nothing of it yet."""
        if self._request is None or not self._is_whole:
            return
        self._leave()
        self._body.show_request(self._request, is_another=True)
        self.decision.hold()
        self._mind_eyes()

    def _show_call(self, request: Request, before: Request | None, *, is_another: bool) -> None:
        """What the worker asked about: written anew only if it differs, so nothing folds up."""
        if before is not None and not is_another and before.call == request.call:
            return
        action = request.call.action or "unnamed call"
        self._title.show_text(action)
        self._long_name.setVisible(len(action) > _LONG_NAME)
        self._long_name.show_value(action)
        self._description.setVisible(bool(request.call.description.strip()))
        self._description.show_markdown(mask_text(request.call.description))

    def _show_standing(self, request: Request) -> None:
        self.setAccessibleName(f"Request: {request.call.action}, {state_pill(request).text}")
        self._risk.show_pill(risk_pill(request))
        self._state.show_pill(state_pill(request))
        self.facts.show_request(request, self._now_ms())
        self.policy.show_request(request, self._now_ms())
        warning = warning_for(request)
        if warning is None:
            self._warning.hide()
        else:
            self._warning.show_message(*warning, dismissable=False)
        self._show_result(request)

    def _show_result(self, request: Request) -> None:
        for widget in (self._result_caption, self._result):
            widget.setVisible(bool(request.result))
        told = request.state is RequestState.REJECTED
        words = "Told to the agent" if told else "Result"
        self._result_caption.setText(words.upper())
        self._result_caption.setAccessibleName(words)
        self._result.setAccessibleName(words)
        self._result.show_value(mask_text(request.result))

    def _on_step_changed(self) -> None:
        """An open form may hold the arguments, and must be in sight."""
        self._body.setVisible(not self.decision.hides_arguments)
        if self.decision.form.isVisibleTo(self):
            self._area.show_when_laid_out(self.decision.form)

    def _on_second(self) -> None:
        if not self.isVisible() or not self._is_whole:
            return
        self.facts.tick(self._now_ms())
        self.policy.tick(self._now_ms())
        self._mind_eyes()
        if self.reading.is_waited_for:
            self.decision.refresh()
        self._ticks += 1
        if self._opened is not None and self._ticks % CLAIM_SECONDS == 0:
            self._looking.still_open(self._opened)

    def _content(self) -> QWidget:
        content = panel(Surface.NONE)
        column = QVBoxLayout(content)
        column.setContentsMargins(20, 16, 20, 4)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._title, 1)
        head.addWidget(self._risk)
        column.addLayout(head)
        column.addWidget(self._long_name)
        standing = QHBoxLayout()
        standing.addWidget(self._state)
        standing.addStretch()
        column.addLayout(standing)
        column.addWidget(self.facts)
        column.addWidget(self.policy)
        column.addWidget(self._warning)
        column.addLayout(_flush(self._description, _FRAME))
        column.addSpacing(2)
        column.addWidget(self._body)
        column.addWidget(self.decision.form)
        column.addWidget(self._result_caption)
        column.addLayout(_flush(self._result, _FRAME + _MARGIN))
        column.addStretch(1)
        return content

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._not_shown, 1)
        column.addWidget(self._area, 1)
        column.addWidget(self._line)
        asked = QVBoxLayout()
        asked.setContentsMargins(20, 0, 20, 0)
        asked.addWidget(self._prompt)
        column.addLayout(asked)
        column.addWidget(self.decision)
        column.addStretch()


def _name_of(signing: Signing) -> str:
    """Who signs, for comparing."""
    return signing.identity.id if signing.identity else ""


def _flush(text: QWidget, indent: int) -> QHBoxLayout:
    """A text in a frame that only focus shows, with its letters under those of labels."""
    row = QHBoxLayout()
    row.setSpacing(0)
    row.addSpacing(-indent)
    row.addWidget(text)
    return row
