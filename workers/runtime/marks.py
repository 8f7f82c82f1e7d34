"""Marks of decisions: the first one on a request wins, also over a crash and a second delivery.

The only place that knows what stands in a mark.
"""

from __future__ import annotations

import hashlib
import time

import msgspec

from workers.wire.approvals import Decision, Outcome
from workers.wire.codec import decode_struct, encode_struct
from workers.wire.errors import DecodeError

_EXPIRED = str(Outcome.EXPIRED)


class DecisionMark(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the decision that was first.

    Attributes:
        digest: of the whole decision, so that the same one delivered again is recognised.
        inbox_id: the inbox entry it came in; tells bare answers, which are all alike, apart.
    """

    digest: str
    tool_call_id: str
    decision: str
    reviewer: str
    nonce: str
    inbox_id: str
    at_ms: int

    def is_of(self, decision: Decision, inbox_id: str) -> bool:
        """Whether it was set by this very decision."""
        if self.digest != _digest(decision):
            return False
        # A nonce makes a bound decision unlike any other; bare ones differ only by their entry.
        return decision.binding is not None or self.inbox_id == inbox_id

    @property
    def is_expiry(self) -> bool:
        """Whether the request expired, instead of being decided."""
        return self.decision == _EXPIRED

    def is_expiry_by(self, inbox_id: str) -> bool:
        """Whether it expired because of this entry, which comes again."""
        return self.is_expiry and self.inbox_id == inbox_id


def make_expiry_mark(tool_call_id: str, inbox_id: str) -> str:
    """The mark for a request that nobody decided in time, as text."""
    mark = DecisionMark(
        digest="",
        tool_call_id=tool_call_id,
        decision=_EXPIRED,
        reviewer="",
        nonce="",
        inbox_id=inbox_id,
        at_ms=time.time_ns() // 1_000_000,
    )
    return encode_struct(mark).decode()


def make_mark(decision: Decision, tool_call_id: str, inbox_id: str) -> str:
    """The mark for a decision, as text."""
    binding = decision.binding
    mark = DecisionMark(
        digest=_digest(decision),
        tool_call_id=tool_call_id,
        decision=str(decision.kind),
        reviewer=binding.reviewer.id if binding else "",
        nonce=binding.nonce if binding else "",
        inbox_id=inbox_id,
        at_ms=time.time_ns() // 1_000_000,
    )
    return encode_struct(mark).decode()


def read_mark(mark: str) -> DecisionMark:
    """Read a mark; one that another version wrote reads as a mark of nobody's we know."""
    try:
        return decode_struct(mark.encode(), DecisionMark)
    except DecodeError:
        return DecisionMark(
            digest="", tool_call_id="", decision="", reviewer="", nonce="", inbox_id="", at_ms=0
        )


def _digest(decision: Decision) -> str:
    return hashlib.sha256(msgspec.json.encode(decision, order="deterministic")).hexdigest()
