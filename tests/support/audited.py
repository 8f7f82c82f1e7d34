"""A log with something of everything in it, and a keyring to go with it.

The only place where tests make such logs.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec
from msgspec import structs

from desktop.audit.chain import tree_of
from desktop.audit.entries import AuditEntry, AuditKind, comment_digest, happened
from desktop.audit.envelopes import envelope_digest
from desktop.audit.heads import Head
from desktop.audit.keys import LogKeys
from desktop.audit.log import AuditLog, OutboxState, Outgoing, opened_to_read
from desktop.audit.secrets import ENVELOPE
from desktop.errors import VaultUnavailable
from tests.support.registered import CALL, decision, signed
from workers.wire.signing.dsse import Envelope
from workers.wire.signing.keys import SigningKey, from_base64
from workers.wire.signing.statements import DecisionStatement, read_statement

KEYS = LogKeys(bytes(range(32)), SigningKey(bytes(range(32, 64))))
STREAM = "agent_event:treasury_agent"
ALL = 10_000_000


class FakeKeyring:
    """A keyring in memory; `broken` is what it says instead of answering."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.broken = ""
        self.forgets = False
        self.refuses = False

    def read(self, name: str) -> str:
        """See `audit.keys.Keyring`."""
        self._answer()
        return self.kept.get(name, "")

    def keep(self, name: str, value: str) -> None:
        """See `audit.keys.Keyring`."""
        self._answer()
        if self.refuses:
            raise VaultUnavailable("The keyring is full.")
        if not self.forgets:
            self.kept[name] = value

    def _answer(self) -> None:
        if self.broken:
            raise VaultUnavailable(self.broken)


def decided(number: int, **changes: object) -> AuditEntry:
    """An approval, with a nonce by its number."""
    entry = happened(AuditKind.DECISION, person="r.mora", name="Rosa Mora")
    entry = structs.replace(
        entry, context_id="c-1", nonce=f"{number:032x}", decision="approve", agent=CALL.agent
    )
    return structs.replace(entry, **changes)


def as_signed(entry: AuditEntry, envelope: Envelope) -> AuditEntry:
    """The entry as a desk makes it of a signed decision; its time, account and machine stay."""
    statement = read_statement(from_base64(envelope.payload), DecisionStatement)
    signer, display, policy = statement.reviewer, statement.display, statement.policy
    return structs.replace(
        entry,
        actor=structs.replace(entry.actor, id=signer.id, name=signer.name),
        context_id=statement.context_id,
        agent=statement.aud,
        tool_call_id=statement.tool_call_id,
        request_id=statement.request_id,
        action=statement.action,
        args_digest=statement.args_digest,
        edited_args_digest=statement.edited_args_digest,
        decision=str(statement.decision),
        comment_digest=comment_digest(statement.comment, statement.nonce),
        nonce=statement.nonce,
        meaning=str(statement.meaning),
        role=signer.role,
        policy=f"{policy.id}@{policy.version}",
        envelope_digest=envelope_digest(envelope),
        display_digest=display.digest,
        masked=display.masked,
        revealed=display.revealed,
        ms_open=display.ms_open,
        app=statement.app,
    )


def head_of(path: Path, keys: LogKeys | None = KEYS) -> Head:
    """What a log ends with now."""
    with opened_to_read(path) as connection:
        query = "SELECT body FROM entry ORDER BY number"
        tree = tree_of(body for [body] in connection.execute(query))
    return Head(tree.size, tree.root(), install=keys.install.public if keys else None)


def by_hand(path: Path, *statements: str) -> None:
    """What somebody does who has the file, and puts the triggers back afterwards."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        triggers = connection.execute(query).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            with suppress(sqlite3.OperationalError):  # its table is gone
                connection.execute(sql)
        connection.commit()


def make_log(path: Path, keys: LogKeys | None = KEYS) -> None:
    """A log in which everything occurs: texts, an outbox, checkpoints, receipts, a shredding."""
    envelope = msgspec.json.encode(signed(decision())).decode()
    with closing(AuditLog(path, keys)) as log:
        log.append(happened(AuditKind.SESSION_STARTED, person="r.mora"))
        first = decided(1)
        kept = log.append(first, {"comment": "Wrong IBAN", ENVELOPE: envelope}, _out(b"one"))
        sent = structs.replace(first, kind=AuditKind.DECISION_SENT, outcome="1-0")
        log.settle(kept.number, OutboxState.SENT, sent)
        log.checkpoint()
        receipt = structs.replace(first, kind=AuditKind.RECEIPT, outcome="executed")
        log.append(receipt)
        kept = log.append(decided(2), {"comment": "Twice"}, _out(b"two"))
        failed = structs.replace(decided(2), kind=AuditKind.DECISION_NOT_SENT, outcome="cut")
        log.settle(kept.number, OutboxState.NOT_SENT, failed)
        log.checkpoint()
        log.append(decided(3, decision="reject"), {"comment": "No"}, _out(b"three"))


def _out(payload: bytes) -> Outgoing:
    return Outgoing(STREAM, payload)
