"""Whether a signed decision lets this call run.

The only place that answers that. Workers ask it before the graph resumes and again at the point of
use; a tool's own back end can ask it too: it needs the envelope, the registry and the call. One
signature is not yet enough: `policy.judging` counts them, and whoever runs the call takes each
request once (`docs/security.md` has the whole of it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workers.wire.approvals import ApprovalRequest, DecisionKind
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import Envelope, open_envelope
from workers.wire.signing.registry import RegisteredReviewer, Registry
from workers.wire.signing.statements import DECISION_TYPE, DecisionStatement, read_statement

#: Clocks of two machines may differ so much, in seconds (NIST SP 800-53, AU-8).
CLOCK_SKEW_SECONDS: Final = 120
#: A decision may not be made for longer than this; a vote that waits for a second one needs hours.
LONGEST_SECONDS: Final = 24 * 3600
_NONCE_DIGITS: Final = 32
_HEX: Final = frozenset("0123456789abcdef")
_HINT: Final = "Nothing was run. Decide again on the request as it is shown now."


@dataclass(frozen=True, slots=True)
class Call:
    """The call that is to run, as whoever runs it knows it, and the decision that came beside.

    Attributes:
        args_digest: of the arguments that were asked about.
        decision: what the unsigned part of the message says.
        edited_args_digest: of the arguments of an edit, or of an answer that is more than words,
            as they came; else empty.
        comment: the reason or answer, as it came; None for the second and later reviewers, who
            have reasons of their own.
    """

    agent: str
    context_id: str
    tool_call_id: str
    request_id: str
    action: str
    args_digest: str
    decision: DecisionKind
    edited_args_digest: str = ""
    comment: str | None = ""


def call_asked(
    request: ApprovalRequest,
    decision: DecisionKind,
    edited_args_digest: str = "",
    comment: str | None = None,
) -> Call:
    """The call that a request asks about, and the decision that came beside; see `Call`."""
    return Call(
        agent=request.agent,
        context_id=request.context_id,
        tool_call_id=request.tool_call_id,
        request_id=request.request_id,
        action=request.action,
        args_digest=request.args_digest,
        decision=decision,
        edited_args_digest=edited_args_digest,
        comment=comment,
    )


@dataclass(frozen=True, slots=True)
class Verified:
    """A decision that is proven: what was decided, by whom, with which key."""

    statement: DecisionStatement
    reviewer: RegisteredReviewer
    key_id: str


def verify_decision(envelope: Envelope, call: Call, registry: Registry, at: float) -> Verified:
    """Prove that one reviewer decided on exactly this call.

    Whether that is enough (roles, other votes, who asked) is the policy's question.

    Args:
        at: when the decision reached the broker, seconds since the epoch.

    Raises:
        NotTrusted: with the first reason that was found; nothing may run.
    """
    opened = open_envelope(envelope, DECISION_TYPE, registry.key)
    if len(opened.key_ids) != 1:
        title = "A decision is signed with several keys; one person signs one."
        raise NotTrusted(Distrust.WRONG_REVIEWER, title, _HINT)
    key_id = opened.key_ids[0]
    statement = read_statement(opened.payload, DecisionStatement)
    reviewer = _signer(statement, key_id, registry, at)
    _check_time(statement, at)
    _check_call(statement, call)
    return Verified(statement, reviewer, key_id)


def _signer(
    statement: DecisionStatement, key_id: str, registry: Registry, at: float
) -> RegisteredReviewer:
    holder = registry.holder(key_id)
    if holder is None or holder.reviewer is None:
        title = "A decision is signed with a key that is no reviewer's."
        raise NotTrusted(Distrust.WRONG_REVIEWER, title, _HINT)
    holder.check_valid(at)
    reviewer, named = holder.reviewer, statement.reviewer
    if (named.id, named.name) != (reviewer.id, reviewer.name):
        title = "A decision names another person than the one whose key signed it."
        raise NotTrusted(Distrust.WRONG_REVIEWER, title, _HINT)
    if named.role not in reviewer.roles:
        title = "A decision was made in a role that the reviewer does not hold."
        raise NotTrusted(Distrust.WRONG_ROLE, title, _HINT)
    return reviewer


def _check_time(statement: DecisionStatement, at: float) -> None:
    if statement.iat > at + CLOCK_SKEW_SECONDS:
        title = "A decision was made in the future; a clock is wrong."
        raise NotTrusted(Distrust.FROM_THE_FUTURE, title, _HINT)
    if at >= statement.exp:
        raise NotTrusted(Distrust.EXPIRED, "A decision came too late.", _HINT)
    if not 0 < statement.exp - statement.iat <= LONGEST_SECONDS:
        raise NotTrusted(Distrust.TOO_LONG_VALID, "A decision is valid for too long.", _HINT)


def _or(wanted: str | None, found: str) -> str:
    return found if wanted is None else wanted


def _check_call(statement: DecisionStatement, call: Call) -> None:
    pairs = (
        (Distrust.WRONG_AGENT, statement.aud, call.agent),
        (Distrust.WRONG_CONTEXT, statement.context_id, call.context_id),
        (Distrust.WRONG_REQUEST, statement.request_id, call.request_id),
        (Distrust.WRONG_CALL, statement.tool_call_id, call.tool_call_id),
        (Distrust.WRONG_ACTION, statement.action, call.action),
        (Distrust.WRONG_DIGEST, statement.args_digest, call.args_digest),
        (Distrust.WRONG_DECISION, statement.decision, call.decision),
        (Distrust.WRONG_EDIT, statement.edited_args_digest, call.edited_args_digest),
        (Distrust.WRONG_DECISION, statement.comment, _or(call.comment, statement.comment)),
    )
    for reason, signed, live in pairs:
        if signed != live:
            title = "A decision was signed for another call than the one that waits."
            raise NotTrusted(reason, title, _HINT)
    is_edit = statement.decision is DecisionKind.EDIT
    # An answer may be more than words; it is bound as the arguments of an edit are.
    may_hold = is_edit or statement.decision is DecisionKind.RESPOND
    has_digest = bool(statement.edited_args_digest)
    if (is_edit and not has_digest) or (has_digest and not may_hold):
        raise NotTrusted(Distrust.WRONG_EDIT, "An edit does not say what it edits.", _HINT)
    if len(statement.nonce) != _NONCE_DIGITS or not set(statement.nonce) <= _HEX:
        raise NotTrusted(Distrust.MALFORMED, "A decision has no proper number of its own.", _HINT)
