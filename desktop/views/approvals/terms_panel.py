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
from desktop.store.quorums import edit_awaiting, signed_same
from desktop.store.records import DecisionKind, Request
from desktop.store.signing import Identity, Meaning, Signing
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.labels import Look, TextLabel

_FIELD_HEIGHT: Final = 56
_NO_REASON: Final = NotAllowedNow("The policy asks for a reason.", "Write it above.")
_LONG: Final = NotAllowedNow(f"The reason is longer than {MAX_REASON_LENGTH:,} characters.")


class TermsPanel(QWidget):
    """Hidden while there is nothing to choose and nothing to say.

    Attributes:
        has_signed: whoever signs here has nothing more to approve of the request.

    Signals:
        changed: another meaning or reason.
        signer_wanted(str): another of the demo's people shall sign from now on.
    """

    changed = Signal()
    signer_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._request: Request | None = None
        self.has_signed = False
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
        before, self._request = self._request, request
        if before is None or not before.is_same(request) or terms != self._terms:
            self._terms = terms
            self.reason_field.setPlainText("")
            self.meanings.clear()
            for meaning in meanings:
                self.meanings.addItem(meaning_words(meaning), meaning)
        role = role_for(request, signing.identity) if signing.identity else ""
        signer = signing_words(request, signing, role)
        self._signer.show_text(signer)
        self._signer.setVisible(bool(signer))
        self._offer(_other_signer(request, signing) if signer else None)
        self.has_signed = _has_signed(request, signing.identity)
        asks_meaning = len(meanings) > 1 and not self.has_signed
        asks_reason = terms[1] and not self.has_signed
        self.meanings.setVisible(asks_meaning)
        self.reason_field.setVisible(asks_reason)
        self.setVisible(bool(signer) or asks_meaning or asks_reason)

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
    """Whoever of the demo's people is still to sign; nobody where people are real."""
    who = signing.identity
    if who is None or not who.bundled or not _has_signed(request, who):
        return None
    others = (one for one in signing.others if one.bundled)
    return next((one for one in others if not _has_signed(request, one)), None)


def _has_signed(request: Request, who: Identity | None) -> bool:
    """Whether there is nothing more for them to approve."""
    if who is None:
        return False
    edit = edit_awaiting(request)
    if edit is None:
        return signed_same(request, who, DecisionKind.APPROVE, "") is not None
    return signed_same(request, who, DecisionKind.EDIT, edit.edited_args_digest) is not None
