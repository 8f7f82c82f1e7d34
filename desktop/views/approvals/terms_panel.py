"""Above the buttons: as whom somebody signs, what the signature means, and why they approve.

The only place where a reviewer chooses a meaning, and gives the reason for an approval. The demo's
people take turns here, so that one person can try what takes two.
"""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.actions.approvals import MAX_REASON_LENGTH
from desktop.errors import NotAllowedNow
from desktop.qtmodels.policy_wording import meaning_words, signing_words
from desktop.store.policies import role_for
from desktop.store.quorums import signed_by
from desktop.store.records import Request, RequestKey
from desktop.store.signing import Identity, Meaning, Signing
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.labels import Look, TextLabel

_FIELD_HEIGHT: Final = 56
_NO_REASON: Final = NotAllowedNow("The policy asks for a reason.", "Write it above.")
_LONG: Final = NotAllowedNow(f"The reason is longer than {MAX_REASON_LENGTH:,} characters.")


class TermsPanel(QWidget):
    """Hidden while there is nothing to choose and nothing to say.

    Signals:
        changed: another meaning or reason.
        signer_wanted(str): another of the demo's people shall sign from now on.
    """

    changed = Signal()
    signer_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key: RequestKey | None = None
        self._terms: tuple[tuple[str, ...], bool] = ((), False)
        self._signer = TextLabel("", Look.MUTED, wrap=True)
        self._signer.setObjectName("request.signer")
        self._other: Identity | None = None
        self.other = ActionButton("", ButtonLook.QUIET)
        self.other.setObjectName("request.other_signer")
        self.other.clicked.connect(self._on_other)
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
        signer = QHBoxLayout()
        signer.setSpacing(8)
        signer.addWidget(self._signer, 1)
        signer.addWidget(self.other)
        column.addLayout(signer)
        for widget in (self.meanings, self.reason_field):
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
        self._offer(_other_signer(request, signing) if signer else None)
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

    def _offer(self, other: Identity | None) -> None:
        self._other = other
        self.other.setVisible(other is not None)
        if other is not None:
            self.other.setText(f"Sign as {other.name}")

    def _on_other(self) -> None:
        if self._other is not None:
            self.signer_wanted.emit(self._other.id)


def _other_signer(request: Request, signing: Signing) -> Identity | None:
    """Whoever of the demo's people has not signed it yet; nobody where people are real."""
    if signing.identity is None or not signing.identity.bundled:
        return None
    others = (one for one in signing.others if one.bundled)
    return next((one for one in others if signed_by(request, one) is None), None)
