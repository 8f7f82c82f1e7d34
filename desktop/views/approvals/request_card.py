"""The request card: everything a reviewer needs to see of one call, and the decision on it.

Shows one request as the store has it; what would run is shown in full, always.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.approvals import Approvals, no_way
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import in_doubt_words, risk_pill, state_pill
from desktop.store.records import Request, RequestState
from desktop.views.approvals.decision_panel import DecisionPanel
from desktop.views.approvals.request_facts import RequestFacts
from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.banner import Banner
from desktop.views.parts.fitting_area import FittingArea
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, caption, hairline, panel
from desktop.views.parts.link_prompt import LinkPrompt
from desktop.views.parts.markdown_view import MarkdownView
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.value_box import ValueBox

CLOCK_MS: Final = 1_000
_LONG_NAME: Final = 26  # characters; a longer name does not fit beside its risk
_FOREIGN: Final = "This worker cannot verify decisions."
_FOREIGN_HINT: Final = "It resumes whatever waits; Signoff sends one decision at a time."
_CHANGED: Final = "These are not the arguments the worker asked about."
_FIND_OUT: Final = "Find out whether it took effect before you decide."
_CHANGED_HINT: Final = "Reject the call, and tell whoever runs the worker."


class RequestCard(QFrame):
    """Shows the request it was given, and lets the reviewer decide.

    Attributes:
        decision: the buttons and the outcome.
    Signals:
        focus_freed: see `DecisionPanel`.
    """

    focus_freed = Signal()

    def __init__(
        self,
        approvals: Approvals,
        now_ms: Callable[[], int],
        guard: MisclickGuard | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("request.card")
        self.setProperty("surface", "panel")
        self.setProperty("edge", Edge.LEFT.value)
        self._now_ms = now_ms
        self._request: Request | None = None
        self._title = TextLabel("", Look.TITLE, selectable=True)
        self._long_name = ValueBox("Name of the tool", max_lines=4)
        self._risk = PillLabel(parent=self)
        self._state = PillLabel(parent=self)
        self._state.setObjectName("request.state")
        self.facts = RequestFacts()
        self._warning = Banner()
        self._description = MarkdownView("Description of the call", max_height=160)
        self.arguments = ArgumentsView()
        self.arguments.setObjectName("request.arguments")
        self._arguments_caption = caption("Arguments")
        self._result = ValueBox("Result", max_lines=10)
        self._result_caption = caption("Result")
        self._prompt = LinkPrompt()
        self._description.link_requested.connect(self._prompt.ask)
        guard = guard or MisclickGuard(parent=self)
        self.decision = DecisionPanel(approvals, guard)
        self.decision.focus_freed.connect(self.focus_freed)
        self.decision.step_changed.connect(self._on_step_changed)
        self._area = FittingArea(self._content())
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
        """Show another request, or this one as it stands now; None empties the card."""
        before = self._request
        if request is not None and request == before:
            return
        self._request = request
        is_another = before is None or request is None or before.key != request.key
        if request is not None:
            self._show_call(request, before, is_another=is_another)
            self._show_standing(request)
        if is_another:
            self._prompt.hide()
            self._area.verticalScrollBar().setValue(0)
        self.decision.show_request(request, readable=self.arguments.is_complete())

    def showEvent(self, event: QShowEvent) -> None:
        """The card came into sight: the reviewer gets a moment before a click counts."""
        super().showEvent(event)
        self.decision.hold()

    def _show_call(self, request: Request, before: Request | None, *, is_another: bool) -> None:
        """What the worker asked about: written anew only if it differs, so nothing folds up."""
        if before is not None and not is_another and before.call == request.call:
            return
        action = request.call.action or "unnamed call"
        self._title.show_text(action)
        self._long_name.setVisible(len(action) > _LONG_NAME)
        self._long_name.show_value(action)
        if isinstance(request.args, dict):
            self.arguments.show_arguments(request.args)
        else:
            self.arguments.show_unstructured(request.args)
        self._description.setVisible(bool(request.call.description.strip()))
        self._description.show_markdown(request.call.description)

    def _show_standing(self, request: Request) -> None:
        self.setAccessibleName(f"Request: {request.call.action}, {state_pill(request).text}")
        self._risk.show_pill(risk_pill(request))
        self._state.show_pill(state_pill(request))
        self.facts.show_request(request, self._now_ms())
        if not request.intact:
            self._warn(Tone.DANGER, _CHANGED, _CHANGED_HINT)
        elif request.call.is_in_doubt and request.is_open:
            self._warn(Tone.DANGER, in_doubt_words(request), _FIND_OUT)
        elif request.is_open and not request.choices:
            nothing = no_way(request)
            self._warn(Tone.WARN, nothing.title, nothing.hint)
        elif request.foreign:
            self._warn(Tone.WARN, _FOREIGN, _FOREIGN_HINT)
        else:
            self._warning.hide()
        self._show_result(request)

    def _warn(self, tone: Tone, title: str, hint: str) -> None:
        self._warning.show_message(tone, title, hint, dismissable=False)

    def _show_result(self, request: Request) -> None:
        for widget in (self._result_caption, self._result):
            widget.setVisible(bool(request.result))
        told = request.state is RequestState.REJECTED
        words = "Told to the agent" if told else "Result"
        self._result_caption.setText(words.upper())
        self._result_caption.setAccessibleName(words)
        self._result.setAccessibleName(words)
        self._result.show_value(request.result)

    def _on_step_changed(self) -> None:
        """An open form may hold the arguments, and must be in sight."""
        for widget in (self._arguments_caption, self.arguments):
            widget.setVisible(not self.decision.hides_arguments)
        if self.decision.form.isVisibleTo(self):
            self._area.show_when_laid_out(self.decision.form)

    def _on_second(self) -> None:
        if self.isVisible():
            self.facts.tick(self._now_ms())

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
        column.addWidget(self._warning)
        column.addWidget(self._description)
        column.addSpacing(2)
        column.addWidget(self._arguments_caption)
        column.addWidget(self.arguments)
        column.addWidget(self.decision.form)
        column.addWidget(self._result_caption)
        column.addWidget(self._result)
        column.addStretch(1)
        return content

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._area, 1)
        column.addWidget(self._line)
        asked = QVBoxLayout()
        asked.setContentsMargins(20, 0, 20, 0)
        asked.addWidget(self._prompt)
        column.addLayout(asked)
        column.addWidget(self.decision)
        column.addStretch()
