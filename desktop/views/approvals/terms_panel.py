"""Above the buttons: as whom somebody signs, what the signature means, and why they approve.

The only place where a reviewer chooses a meaning, and gives the reason for an approval.
"""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from desktop.actions.approvals import MAX_REASON_LENGTH
from desktop.errors import NotAllowedNow
from desktop.qtmodels.policy_wording import meaning_words, signing_words
from desktop.store.policies import role_for
from desktop.store.records import Request, RequestKey
from desktop.store.signing import Meaning, Signing
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.labels import Look, TextLabel

_FIELD_HEIGHT: Final = 56
_NO_REASON: Final = NotAllowedNow("The policy asks for a reason.", "Write it above.")
_LONG: Final = NotAllowedNow(f"The reason is longer than {MAX_REASON_LENGTH:,} characters.")


class TermsPanel(QWidget):
    """Hidden while there is nothing to choose and nothing to say.

    Signals:
        changed: another meaning or reason.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key: RequestKey | None = None
        self._terms: tuple[tuple[str, ...], bool] = ((), False)
        self._signer = TextLabel("", Look.MUTED, wrap=True)
        self._signer.setObjectName("request.signer")
        self.meanings = ChoiceBox()
        self.meanings.setObjectName("request.meaning")
        self.meanings.setAccessibleName("What your signature means")
        self.reason_field = QPlainTextEdit(self)
        self.reason_field.setObjectName("request.approve_reason")
        self.reason_field.setAccessibleName("Reason for the approval, required")
        self.reason_field.setPlaceholderText("Reason (required to approve)")
        self.reason_field.setFixedHeight(_FIELD_HEIGHT)
        self.reason_field.setTabChangesFocus(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self._signer, self.meanings, self.reason_field):
            column.addWidget(widget)
        self.reason_field.textChanged.connect(self.changed)
        self.meanings.currentIndexChanged.connect(self.changed)

    def show_for(self, request: Request, signing: Signing) -> None:
        """The terms of another request, or of this one; what was written for it stays."""
        policy = request.policy
        meanings = policy.meanings if policy and request.takes_approval else ()
        terms = (meanings, bool(policy and policy.reason_required and request.takes_approval))
        if request.key != self._key or terms != self._terms:
            self._key, self._terms = request.key, terms
            self.reason_field.setPlainText("")
            self.meanings.clear()
            for meaning in meanings:
                self.meanings.addItem(meaning_words(meaning), meaning)
        role = role_for(request, signing.identity) if signing.identity else ""
        signer = signing_words(request, signing, role)
        self._signer.show_text(signer)
        self._signer.setVisible(bool(signer))
        self.meanings.setVisible(len(meanings) > 1)
        self.reason_field.setVisible(terms[1])
        self.setVisible(bool(signer) or len(meanings) > 1 or terms[1])

    def meaning(self) -> Meaning | None:
        """What an approval means; None where the policy says nothing of it."""
        chosen = self.meanings.currentData()
        return Meaning(chosen) if chosen in set(Meaning) else None

    def reason(self) -> str:
        """Why it is approved; empty where nobody asks."""
        return self.reason_field.toPlainText().strip() if self._terms[1] else ""

    def refusal(self) -> NotAllowedNow | None:
        """What is still missing for an approval; None if nothing is."""
        if len(self.reason()) > MAX_REASON_LENGTH:
            return _LONG
        return _NO_REASON if self._terms[1] and not self.reason() else None
