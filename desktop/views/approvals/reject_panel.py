"""Why a call is rejected, in the reviewer's words, and the button that rejects it."""

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.actions.approvals import MAX_REASON_LENGTH
from desktop.actions.forms import Raw
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.decision_button import DecisionButton
from desktop.views.parts.labels import Look, TextLabel

#: What reviewers say most; the agent's model reads it.
CANNED: Final = (
    "Wrong payee",
    "Wrong amount",
    "Not authorised",
    "Duplicate",
    "Missing evidence",
)
#: Of none of these kinds; the reviewer's own words say what it is.
OTHER: Final = "Other"
_FIELD_HEIGHT: Final = 84
_REASON: Final = "reason"


class RejectPanel(QWidget):
    """A reason, optional, and Confirm or Cancel.

    Signals:
        confirmed(str): reject, for this reason. cancelled: do not.
    """

    confirmed = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._may_confirm = False
        self.field = QPlainTextEdit(self)
        self.field.setObjectName("request.reason")
        self.field.setAccessibleName("Reason for the agent, optional")
        self.field.setPlaceholderText("Reason for the agent (optional)")
        self.field.setFixedHeight(_FIELD_HEIGHT)
        self.field.setTabChangesFocus(True)
        self.confirm = DecisionButton("Confirm reject", ButtonLook.DANGER, icon_name="x")
        self.confirm.setObjectName("request.confirm_reject")
        self.cancel = ActionButton("Cancel")
        self.cancel.setObjectName("request.cancel_reject")
        self._too_long = TextLabel("", Look.ERROR, wrap=True)
        self._too_long.hide()
        self._lay_out()
        self.field.textChanged.connect(self._on_text_changed)
        self.confirm.clicked.connect(lambda: self.confirmed.emit(self.field.toPlainText()))
        self.cancel.clicked.connect(self.cancelled)

    def show_begun(self, begun: Mapping[str, Raw] | None) -> None:
        """Go on with what was begun before; None for nothing."""
        self.field.setPlainText(str(begun.get(_REASON, "")) if begun else "")

    def begun(self) -> tuple[Mapping[str, Raw], str]:
        """What is written now, to go on with, and in words."""
        return {_REASON: self.reason()}, self.reason()

    def reason(self) -> str:
        """What is written now."""
        return self.field.toPlainText()

    def allow(self, *, may_confirm: bool) -> None:
        """Whether rejecting is possible now, apart from the reason."""
        self._may_confirm = may_confirm
        self._on_text_changed()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.field)
        column.addWidget(self._too_long)
        chips = QGridLayout()
        chips.setSpacing(6)
        for number, words in enumerate((*CANNED, OTHER)):
            chips.addWidget(self._chip(words), number // 2, number % 2, Qt.AlignmentFlag.AlignLeft)
        chips.setColumnStretch(1, 1)
        column.addLayout(chips)
        row = QHBoxLayout()
        row.setSpacing(8)
        # Not where Reject was: a double click on that one must not confirm.
        row.addWidget(self.confirm, 1)
        row.addWidget(self.cancel, 1)
        column.addLayout(row)

    def _chip(self, words: str) -> ActionButton:
        chip = ActionButton(words, ButtonLook.CHIP)
        chip.setCheckable(False)
        chip.setAccessibleName(f"Reason: {words}")
        chip.clicked.connect(lambda: self._on_canned(words))
        return chip

    def _on_canned(self, words: str) -> None:
        written = self.field.toPlainText().strip()
        own = "" if written in CANNED else written
        new = own if words == OTHER else "\n".join(part for part in (own, words) if part)
        self.field.setPlainText(new)
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)
        self.field.setFocus()

    def _on_text_changed(self) -> None:
        length = len(self.field.toPlainText())
        fits = length <= MAX_REASON_LENGTH
        self._too_long.setVisible(not fits)
        self._too_long.show_text(f"{length:,} characters; {MAX_REASON_LENGTH:,} at most.")
        self.confirm.setEnabled(self._may_confirm and fits)
