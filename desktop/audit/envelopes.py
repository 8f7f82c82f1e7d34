"""Whether the decisions in a log were signed by who they say, with a key that was good then.

The only place that judges signatures long after they were made: of an entry, everything that its
signed decision says too is compared, and each signature names the entry of its signer that it was
made after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from desktop.audit.due import found_by
from desktop.audit.entries import AuditEntry, AuditKind, BadEntry, comment_digest
from desktop.audit.findings import Finding
from desktop.audit.keys import LogKeys
from desktop.audit.log import Kept, read_secret
from desktop.audit.secrets import ENVELOPE, SecretUnreadable
from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON, digest
from workers.wire.codec import decode_json, encode_struct
from workers.wire.errors import DecodeError
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import Envelope, read_envelope
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import DecisionStatement, moment
from workers.wire.signing.verifying import CLOCK_SKEW_SECONDS, Call, verify_decision

_NOT_THERE: Final = "It was signed after an entry of its signer that is not in this log."
_NOT_LAST: Final = "It was signed without the decision of its signer that stands before it."


def check_envelopes(
    connection: sqlite3.Connection, keys: LogKeys, registry: Registry
) -> Iterator[Finding]:
    """Verify the signed decision of every entry that keeps one."""
    query = """SELECT number, body, before, hash FROM entry JOIN secret USING (number)
               WHERE name = ? ORDER BY number"""
    before = _Before(connection)
    for row in connection.execute(query, (ENVELOPE,)):
        kept = Kept(*row)
        try:
            entry = kept.entry
            text = read_secret(connection, keys, kept, ENVELOPE)
        except (BadEntry, SecretUnreadable):
            continue  # that is told with the chain, or with the encrypted part
        if text is None or entry.kind is not AuditKind.DECISION:
            continue
        try:
            statement = prove(entry, decode_json(text.encode()), registry)
        except (NotTrusted, DecodeError) as error:
            title = f"Its signature does not hold: {error.title}"
            yield Finding(kept.number, title, is_tampering=False)
            continue
        title = before.trouble(kept.number, statement)
        if title:
            yield Finding(kept.number, title, is_tampering=False)


def envelope_digest(envelope: Envelope) -> str:
    """The digest by which an entry names its signed decision."""
    return digest("signoff/envelope/v1", encode_struct(envelope))


def prove(entry: AuditEntry, envelope: JSON, registry: Registry) -> DecisionStatement:
    """What a reviewer signed, if it is exactly what the entry says.

    Raises:
        NotTrusted: why not.
    """
    if entry.decision not in set(DecisionKind):
        raise NotTrusted(Distrust.WRONG_DECISION, "A signed decision stands beside none.")
    call = Call(
        agent=entry.agent,
        context_id=entry.context_id,
        tool_call_id=entry.tool_call_id,
        request_id=entry.request_id,
        action=entry.action,
        args_digest=entry.args_digest,
        decision=DecisionKind(entry.decision),
        edited_args_digest=entry.edited_args_digest,
        comment=None,
    )
    signed = read_envelope(envelope)
    statement = _verified(signed, call, registry, moment(entry.at))
    others = [*_others(entry, statement)]
    if entry.envelope_digest != envelope_digest(signed):
        others.append("envelope")
    if others:
        title = f"The signed decision says something else than the entry: {', '.join(others)}."
        raise NotTrusted(Distrust.WRONG_DECISION, title)
    return statement


def _verified(signed: Envelope, call: Call, registry: Registry, at: float) -> DecisionStatement:
    """What was signed, if it is of this call. Raises NotTrusted: why not."""
    try:
        return verify_decision(signed, call, registry, at).statement
    except NotTrusted as error:
        if error.reason is not Distrust.WRONG_REQUEST or call.request_id:
            raise
    # A foreign worker's call has no request's id; consoles once signed the call's name there.
    named = replace(call, request_id=call.tool_call_id)
    return verify_decision(signed, named, registry, at).statement


def _others(entry: AuditEntry, statement: DecisionStatement) -> Iterator[str]:
    """What an entry says otherwise than the decision, beside the call that it is about."""
    signer, display, policy = statement.reviewer, statement.display, statement.policy
    pairs = {
        "nonce": (entry.nonce, statement.nonce),
        "meaning": (entry.meaning, statement.meaning),
        "person": (entry.actor.id, signer.id),
        "printed name": (entry.actor.name, signer.name),
        "role": (entry.role, signer.role),
        "policy": (entry.policy, f"{policy.id}@{policy.version}" if policy.id else ""),
        "display": (entry.display_digest, display.digest),
        "masked": (entry.masked, display.masked),
        "revealed": (entry.revealed, display.revealed),
        "time open": (entry.ms_open, display.ms_open),
        "version": (entry.app, statement.app),
    }
    yield from (name for name, (told, was_signed) in pairs.items() if told != was_signed)
    # An answer in words may travel as the arguments that are bound above.
    is_in_words = bool(statement.comment) or not entry.edited_args_digest
    if is_in_words and entry.comment_digest != comment_digest(statement.comment, entry.nonce):
        yield "reason"
    if abs(moment(entry.at) - statement.iat) > CLOCK_SKEW_SECONDS:
        yield "time"


class _Before:
    """Compares what each signature was made after with what is in the log before it.

    Who leaves out a decision that was signed has to make the log anew from there on, and the next
    one of that signer then names an entry that is not there.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last: dict[str, int] = {}

    def trouble(self, number: int, statement: DecisionStatement) -> str:
        """What speaks against an entry, in words; empty if nothing does. In order of the log."""
        signer = statement.reviewer.id
        last, self._last[signer] = self._last.get(signer, 0), number
        if not statement.audit_prev:
            # A rejection leaves without a log, too, and cannot name what is in it.
            is_first = statement.decision is DecisionKind.REJECT or not last
            return "" if is_first else _NOT_LAST
        place = self._place_of(statement.audit_prev, signer)
        if not place:
            return _NOT_THERE
        return _NOT_LAST if place < last else ""

    def _place_of(self, audit_prev: str, signer: str) -> int:
        """Where the entry of a hash is, if it is the signer's; else 0.

        It cannot be a later one: its hash covers this decision's.
        """
        try:
            wanted = bytes.fromhex(audit_prev)
        except ValueError:
            return 0
        query = "SELECT number, body FROM entry WHERE hash = ?"
        row = self._connection.execute(query, (wanted,)).fetchone()
        try:
            is_theirs = row is not None and found_by(row[1]).actor.id == signer
        except ValueError:
            return 0
        return int(row[0]) if is_theirs else 0
