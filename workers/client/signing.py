"""Decisions that a program signs, for workers that take no others.

The only place of the client that has a key. A program sees no screen: what it signs is what it was
given, and how it got there is its operator's responsibility.
"""

from __future__ import annotations

import importlib.metadata
import time
from dataclasses import dataclass, field

import msgspec
from msgspec import structs

from workers.wire.approvals import ApprovalRequest, Decision, DecisionKind
from workers.wire.policy.judging import policy_name
from workers.wire.signing.dsse import seal
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.statements import (
    DECISION_TYPE,
    Authentication,
    DecisionStatement,
    Display,
    Meaning,
    Signer,
    write_statement,
)
from workers.wire.signing.stating import state
from workers.wire.signing.verifying import call_asked

_VALID_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ClientSigner:
    """A reviewer who is a program.

    Attributes:
        reviewer: who it is by the registry: id, printed name, and the role it decides in.
    """

    key: SigningKey = field(repr=False)
    reviewer: Signer

    def signed(self, decision: Decision, request: ApprovalRequest) -> Decision:
        """The decision with our signature beside it.

        Args:
            decision: an approval, a rejection or an answer in words, bound to the request.

        Raises:
            NotTrusted: it holds something that has no canonical form.
        """
        envelope = seal(
            DECISION_TYPE, write_statement(self._statement(decision, request)), [self.key]
        )
        return structs.replace(decision, envelopes=(msgspec.to_builtins(envelope),))

    def _statement(self, decision: Decision, request: ApprovalRequest) -> DecisionStatement:
        assert decision.binding is not None  # noqa: S101 - whoever has a request binds to it
        now = int(time.time())
        return state(
            call_asked(request, decision.kind, comment=decision.message),
            self.reviewer,
            _meaning(decision.kind, request),
            policy_name(request),
            Display(digest=request.args_digest),
            Authentication(method="key", at=now),
            nonce=decision.binding.nonce,
            iat=now,
            exp=now + _VALID_SECONDS,
            app=f"signoff-client {importlib.metadata.version('signoff')}",
        )


def _meaning(kind: DecisionKind, request: ApprovalRequest) -> Meaning:
    """What the decision means, of what the request says it may."""
    if kind is DecisionKind.REJECT:
        return Meaning.REJECTION
    offered = request.policy.meanings if request.policy else ()
    known = [meaning for meaning in Meaning if str(meaning) in offered]
    return known[0] if known else Meaning.APPROVAL
