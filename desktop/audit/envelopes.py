"""Whether the decisions in a log were signed by who they say, with a key that was good then.

The only place that judges signatures long after they were made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.findings import Finding
from desktop.audit.keys import LogKeys
from desktop.audit.log import Kept, read_secret
from desktop.audit.secrets import ENVELOPE, SecretUnreadable
from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON
from workers.wire.codec import decode_json
from workers.wire.errors import DecodeError
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import read_envelope
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import moment
from workers.wire.signing.verifying import Call, verify_decision


def check_envelopes(
    connection: sqlite3.Connection, keys: LogKeys, registry: Registry
) -> Iterator[Finding]:
    """Verify the signed decision of every entry that keeps one."""
    query = """SELECT number, body, before, hash FROM entry JOIN secret USING (number)
               WHERE name = ? ORDER BY number"""
    for row in connection.execute(query, (ENVELOPE,)):
        kept = Kept(*row)
        try:
            text = read_secret(connection, keys, kept, ENVELOPE)
        except SecretUnreadable:
            continue  # that is told with the encrypted part
        entry = kept.entry
        if text is None or entry.kind is not AuditKind.DECISION:
            continue
        try:
            prove(entry, decode_json(text.encode()), registry)
        except (NotTrusted, DecodeError) as error:
            title = f"Its signature does not hold: {error}"
            yield Finding(kept.number, title, is_tampering=False)


def prove(entry: AuditEntry, envelope: JSON, registry: Registry) -> None:
    """Raise unless a reviewer signed exactly what the entry says.

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
    proven = verify_decision(read_envelope(envelope), call, registry, moment(entry.at))
    statement = proven.statement
    told = (entry.nonce, entry.meaning, entry.actor.id, entry.actor.name, entry.role)
    signer = statement.reviewer
    if told != (statement.nonce, statement.meaning, signer.id, signer.name, signer.role):
        title = "The signed decision says something else than the entry."
        raise NotTrusted(Distrust.WRONG_DECISION, title)
