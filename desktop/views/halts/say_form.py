"""Why calls are halted or may run again, and the button that says so in a person's name."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop.actions.halts import MAX_REASON_LENGTH, HaltActions
from desktop.errors import PassphraseWanted, SignoffError
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.tone import Tone
from desktop.store.halts import HaltState
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.decision_button import DecisionButton
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.outcome import Outcome
from desktop.views.parts.passphrase_prompt import PassphrasePrompt
from desktop.views.parts.rows import button_row

_UNSIGNED = "You have no signing key here, so this is not signed: workers do not remember it."


class SayForm(QWidget):
    """A reason, which there must be, and a button that no Enter presses.

    Args:
        lifted: it lifts a halt; else it halts.
        words: of the button.
        name: the beginning of the object names of its controls.

    Signals:
        said: it is on its way. cancelled: the person does not want to.
    """

    said = Signal()
    cancelled = Signal()

    def __init__(
        self,
        halts: HaltActions,
        bridge: Bridge,
        now_ms: Callable[[], int],
        *,
        lifted: bool,
        words: str,
        name: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._halts, self._lifted, self._scope = halts, lifted, ""
        self.field = QLineEdit(self)
        self.field.setObjectName(f"{name}.reason")
        self.field.setMaxLength(MAX_REASON_LENGTH)
        self.field.setAccessibleName("Reason")
        self.field.setPlaceholderText("Reason, for everybody who finds it")
        look = ButtonLook.PLAIN if lifted else ButtonLook.DANGER
        self.confirm = DecisionButton(words, look, icon_name="check" if lifted else "x")
        self.confirm.setObjectName(f"{name}.confirm")
        self.confirm.setAutoDefault(False)
        self.cancel = ActionButton("Cancel")
        self.cancel.setObjectName(f"{name}.cancel")
        self.cancel.setVisible(False)
        self._why_not = TextLabel("", Look.SMALL, wrap=True)
        self._why_not.setObjectName(f"{name}.why_not")
        self._outcome = Outcome(self)
        self._outcome.words.setObjectName(f"{name}.outcome")
        self.prompt = PassphrasePrompt(halts.signing, bridge, now_ms, name=f"{name}.passphrase")
        self._guard = MisclickGuard(parent=self)
        self._lay_out()
        self.field.textChanged.connect(self.refresh)
        self.confirm.clicked.connect(self._on_confirm)
        self.cancel.clicked.connect(self.cancelled)
        self.prompt.opened.connect(self._say)
        self._guard.released.connect(self.refresh)

    def begin(self, scope: str) -> None:
        """Ask why, for these calls; what confirms hears nothing for a moment."""
        self._scope = scope
        self.cancel.setVisible(True)
        self._guard.hold()
        self.refresh()
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_scope(self, scope: str) -> None:
        """Be about these calls."""
        self._scope = scope
        self.refresh()

    def show_state(self, state: HaltState | None) -> None:
        """Show what came of what was said of these calls."""
        if state is None or (not state.is_sending and not state.title):
            self._outcome.show_outcome("", Tone.NEUTRAL)
        elif state.is_sending:
            self._outcome.show_outcome("It is on its way.", Tone.ACCENT)
        else:
            self._outcome.show_outcome(f"{state.title} {state.hint}".strip(), Tone.DANGER)

    def refresh(self) -> None:
        """Look again at whether it may be said now."""
        refusal = self._halts.why_not(self._scope, lifted=self._lifted)
        words = str(refusal) if refusal and not isinstance(refusal, PassphraseWanted) else ""
        hint = "" if words or self._halts.signs else _UNSIGNED
        self._why_not.show_text(words or hint)
        self._why_not.setVisible(bool(words or hint))
        self.confirm.allow(words or ("" if self.field.text().strip() else "Write a reason first."))
        if self._guard.is_holding:
            self.confirm.setEnabled(False)

    def _on_confirm(self) -> None:
        refusal = self._halts.why_not(self._scope, lifted=self._lifted)
        if isinstance(refusal, PassphraseWanted):
            verb = "lift the halt" if self._lifted else "halt"
            self.prompt.ask(f"Give your passphrase to {verb}.")
        else:
            self._say()

    def _say(self) -> None:
        try:
            self._halts.say(self._scope, self.field.text(), lifted=self._lifted)
        except SignoffError as error:
            self._outcome.show_outcome(str(error), Tone.DANGER)
            return
        self.field.clear()
        self.said.emit()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.field)
        column.addLayout(button_row(self.confirm, self.cancel))
        for part in (self._why_not, self.prompt, self._outcome):
            column.addWidget(part)
