"""What is missing of an entry as long as no other brings it, or wrong with it from the start.

The only place that says what a finding is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from desktop.audit.entries import Actor, AuditEntry, AuditKind, Glance
from workers.wire.approvals import DecisionKind, Outcome, Refusal, refused
from workers.wire.policy.votes import Objection

#: A decision that no worker has answered for so long is listed.
RECEIPT_SECONDS: Final = 60
#: The detail of an entry that lay outside the log for a while, where anybody may write.
LATER: Final = "Kept outside the log, which could not be written then."
UNSIGNED_NOTE: Final = "decision.unsigned_accepted"


class Due(IntEnum):
    """What is missing of an entry, or wrong with it. More than `RECEIPT` is a finding at once."""

    NOTHING = 0
    RECEIPT = 1
    DECISION = 2
    UNSIGNED = 3
    OWN_REQUEST = 4
    NOT_BELIEVED = 5
    UNREADABLE = 6


class FoundBy(msgspec.Struct, frozen=True):
    """Of an entry, what it is found by."""

    kind: str = ""
    at: str = ""
    actor: Actor = Actor()
    context_id: str = ""
    agent: str = ""
    tool_call_id: str = ""
    request_id: str = ""
    action: str = ""
    decision: str = ""
    nonce: str = ""
    outcome: str = ""
    detail: str = ""


_RAN: Final = (Outcome.EXECUTED.value, Outcome.FAILED.value, Outcome.IN_DOUBT.value)
_ENDED: Final = (*_RAN, Outcome.APPLIED.value, Outcome.EXPIRED.value)
_ACCEPTING: Final = tuple(kind.value for kind in DecisionKind if kind is not DecisionKind.REJECT)
_DECIDING: Final = (AuditKind.DECISION.value, AuditKind.DECISION_SEEN.value)
_ANSWERING: Final = (
    AuditKind.RECEIPT.value,
    AuditKind.DECISION_NOT_SENT.value,
    AuditKind.DECISION_JOINED.value,
)


class Settling(NamedTuple):
    """Which entries bring what is due; none that lay outside the log.

    Attributes:
        column: theirs is the same: `nonce` or `request`.
        field, words: one of these words stands there; an empty field for whatever stands there.
    """

    due: Due
    column: str
    kinds: tuple[str, ...]
    field: str = ""
    words: tuple[str, ...] = ()


#: Of several reviewers, the receipt names one decision only.
SETTLING: Final = (
    Settling(Due.RECEIPT, "nonce", _ANSWERING),
    Settling(Due.RECEIPT, "request", (AuditKind.RECEIPT.value,), "outcome", _ENDED),
    Settling(Due.DECISION, "nonce", _DECIDING, "decision", _ACCEPTING),
    Settling(Due.DECISION, "request", _DECIDING, "decision", _ACCEPTING),
)
_OF_THE_LOG: Final = frozenset(
    (
        AuditKind.DECISION_SENT,
        AuditKind.DECISION_NOT_SENT,
        AuditKind.CHECKPOINT,
        AuditKind.EXPORTED,
        AuditKind.HEAD_GONE,
        AuditKind.HOLD_SET,
        AuditKind.HOLD_LIFTED,
        AuditKind.SET_ASIDE,
        AuditKind.SHREDDED,
        AuditKind.WRITABLE_AGAIN,
    )
)
_OWN: Final = (Objection.IS_REQUESTER.value, Objection.IS_EDITOR.value)
_FORGED: Final = (refused(Refusal.UNTRUSTED), refused(Refusal.UNSIGNED))
_decoder: Final = msgspec.json.Decoder(FoundBy)


def found_by(body: bytes) -> FoundBy:
    """What an entry is found by.

    Raises:
        ValueError: it is no entry.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError("no entry") from error


def due_at_first(entry: FoundBy | Glance) -> Due:
    """What is missing as long as nothing else is known."""
    if entry.kind == AuditKind.DECISION:
        # A worker that is not Signoff's names no request, and sends no receipts.
        return Due.RECEIPT if entry.request_id else Due.NOTHING
    if entry.kind != AuditKind.RECEIPT:
        return Due.NOTHING
    if entry.detail == UNSIGNED_NOTE:
        return Due.UNSIGNED
    if entry.outcome in _FORGED:
        return Due.NOT_BELIEVED
    if entry.outcome.startswith(f"{Outcome.REFUSED}:") and entry.detail in _OWN:
        return Due.OWN_REQUEST
    return Due.DECISION if entry.outcome in _RAN else Due.NOTHING


def may_settle(entry: FoundBy | AuditEntry | Glance) -> bool:
    """Whether an entry counts for others: what anybody may have written does not."""
    return entry.detail != LATER


def is_kept_outside(entry: AuditEntry) -> bool:
    """Whether a console keeps such an entry outside a log that it cannot write.

    What lets a call run does not happen then; nor does what is done to the log itself.
    """
    if entry.kind in _DECIDING and entry.decision in _ACCEPTING:
        return False
    return entry.kind not in _OF_THE_LOG


def milliseconds_of(at: str) -> int:
    """Milliseconds since the epoch.

    Raises:
        ValueError: it is no time.
    """
    read = datetime.fromisoformat(at)
    return round((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)
