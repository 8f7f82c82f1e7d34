"""Receipts as a client reads them: what became of its decision.

The only place of the client that puts a refusal into words.
"""

from __future__ import annotations

from workers.wire.approvals import Receipt, Refusal
from workers.wire.codec import decode_struct
from workers.wire.errors import DecodeError, SignoffError
from workers.wire.streams.reader import StreamEntry

_REASONS = {
    Refusal.NOT_PENDING: "nothing waits for it any more",
    Refusal.ALREADY_DECIDED: "somebody else decided first",
    Refusal.AMBIGUOUS: "it could be about several calls",
    Refusal.UNBOUND: "it does not say which call it is about",
    Refusal.MISMATCH: "the call is not the one that was shown",
    Refusal.NOT_ALLOWED: "this kind of decision is not allowed here",
    Refusal.MALFORMED: "the worker could not read it",
    Refusal.HALTED: "an operator has halted such calls",
    Refusal.UNSIGNED: "nobody has signed it",
    Refusal.UNTRUSTED: "a signature on it is not believed",
    Refusal.NOT_ENOUGH: "too few of those who signed it may approve the call",
    Refusal.UNPREPARED: "the worker has no registry or policy that it could judge it by",
}


class DecisionRefused(SignoffError):
    """A worker did not take a decision; nothing ran because of it.

    Attributes:
        receipt: the worker's word.
    """

    def __init__(self, receipt: Receipt) -> None:
        reason = receipt.refusal
        words = _REASONS[reason] if reason is not None else receipt.outcome
        why = f" ({receipt.note})" if reason is not None and receipt.note else ""
        title = f"The worker refused the decision: {words}{why}."
        super().__init__(title, "Look at the call again.")
        self.receipt = receipt


def read_receipt(entry: StreamEntry) -> Receipt | None:
    """The receipt in a stream entry; None for one of a version this one cannot read."""
    try:
        return decode_struct(entry.data, Receipt)
    except DecodeError:
        return None
