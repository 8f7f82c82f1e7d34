"""What an export is made of: entries of a log as it was at one moment.

The only place that reads the log for an export. Others may append meanwhile; what an export says of
the log, its size and its root, is of the moment in which it was begun.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from desktop.audit.chain import BEGINNING
from desktop.audit.due import may_settle
from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.findings import Verdict
from desktop.audit.index import Index
from desktop.audit.log import Kept, opened_to_read
from desktop.audit.opening import Secrets
from desktop.audit.outside import Outside
from desktop.audit.proofs import Proofs
from desktop.errors import ConsoleError
from desktop.store.record import AuditQuery
from workers.wire.canonical import JSON
from workers.wire.trust import REGISTRY_FILE

_ENDINGS = (AuditKind.RECEIPT, AuditKind.DECISION_NOT_SENT, AuditKind.DECISION_JOINED)


class NotExported(ConsoleError):
    """An export was not written; nothing of it is there."""


@dataclass(slots=True)
class Outcomes:
    """What became of decisions, by what came later in the log. Some 200 bytes for each."""

    _by_nonce: dict[str, str] = field(default_factory=dict)
    _by_request: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    def see(self, entry: AuditEntry) -> None:
        """Take in an entry; the last one about a decision counts."""
        if entry.kind not in _ENDINGS or not may_settle(entry):
            return
        told = entry.outcome or str(entry.kind)
        self._by_nonce[entry.nonce] = told
        if entry.reviewers:
            self._by_request[entry.request_id] = (told, entry.reviewers)

    def of(self, decision: AuditEntry) -> str:
        """What became of a decision; empty if nobody knows.

        A receipt names one decision, and all the reviewers whose decisions counted with it.
        """
        told, reviewers = self._by_request.get(decision.request_id, ("", ()))
        if decision.actor.id in reviewers:
            return told
        return self._by_nonce.get(decision.nonce, "") if decision.nonce else ""


@dataclass(frozen=True, slots=True)
class Beside:
    """What an export takes from elsewhere than the entries.

    Attributes:
        secrets: reads the encrypted part of the log; None where nobody has its key.
        reasons: whether people may read the reasons of decisions in it.
        install: the key that signs this desk's checkpoints, in base64; empty for none.
        registry: the envelope of the registry in force; None for none.
        outside: what is known of the log elsewhere; what does not fit that is not handed out.
    """

    secrets: Secrets | None = None
    reasons: bool = False
    install: str = ""
    registry: JSON = None
    outside: Outside = field(default_factory=Outside)


def registry_in(trust_folder: Path) -> JSON:
    """The registry as it lies there, for `Beside`; whoever verifies the export judges it."""
    try:
        registry: JSON = json.loads((trust_folder / REGISTRY_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return registry


class Snapshot:
    """A log at one moment, and the entries of it that were chosen.

    Attributes:
        beside: what comes from elsewhere.
        proofs: over all its entries.
        size, root: how many it has, and of the tree over them.
        head: hash of its last entry; what the first one follows if there is none.
        note: the checkpoint of exactly this log, a signed note; empty if there is none.
        rows: how many entries were chosen.
    """

    def __init__(
        self, connection: sqlite3.Connection, numbers: frozenset[int] | None, beside: Beside
    ) -> None:
        self._connection, self._numbers, self.beside = connection, numbers, beside
        self.head = BEGINNING
        self.proofs = Proofs(kept.body for kept in self._all())
        self.size = self.proofs.size
        self.root = self.proofs.root(self.size)
        self.rows = sum(1 for _ in self.entries())
        self.note = _checkpoint(connection, self.size)

    def entries(self) -> Iterator[Kept]:
        """The chosen entries, in order."""
        return (one for one in self._all() if self._numbers is None or one.number in self._numbers)

    def secret(self, kept: Kept, name: str) -> str:
        """A text of the encrypted part; empty if there is none, or none that can be read."""
        if self.beside.secrets is None:
            return ""
        with contextlib.suppress(ConsoleError):
            return self.beside.secrets(self._connection, kept, name) or ""
        return ""

    def outcomes(self) -> Outcomes:
        """What became of all decisions of the log, chosen or not."""
        outcomes = Outcomes()
        for kept in self._all():
            outcomes.see(kept.entry)
        return outcomes

    def _all(self) -> Iterator[Kept]:
        query = "SELECT number, body, before, hash FROM entry ORDER BY number"
        for row in self._connection.execute(query):
            kept = Kept(*row)
            self.head = kept.hash
            yield kept


@contextlib.contextmanager
def snapshot(log: Path, query: AuditQuery, beside: Beside) -> Iterator[Snapshot]:
    """The entries that a query finds. `before` and `limit` of it are for pages, and do not count.

    Raises:
        NotExported: the log cannot be read, or is not what was written.
    """
    report = beside.outside.verify(log)
    if report.verdict in {Verdict.UNREADABLE, Verdict.TAMPERED}:
        title = max(report.findings, key=lambda one: one.is_tampering).title
        hint = "Keep the file as it is. `signoff audit verify` says what is wrong with it."
        raise NotExported(f"The audit log is not exported: {title}", hint)
    try:
        with opened_to_read(log) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM entry").fetchone()  # from here on it stands
            yield Snapshot(connection, _numbers(log, query), beside)
    except sqlite3.Error as error:
        raise NotExported(f"The audit log cannot be read: {error}.") from error


def _numbers(log: Path, query: AuditQuery) -> frozenset[int] | None:
    """The numbers of what a query finds; None if it asks for everything."""
    everything = replace(query, before=0, limit=sys.maxsize)
    if everything == AuditQuery(limit=sys.maxsize):
        return None
    index = Index(log, None)
    try:
        index.catch_up()
        found = index.find(everything, round(time.time() * 1000))
        return frozenset([*(number for number, _ in found.findings), *found.others])
    finally:
        index.close()


def _checkpoint(connection: sqlite3.Connection, size: int) -> str:
    try:
        row = connection.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()
    except sqlite3.OperationalError:  # a log of the first version holds none
        return ""
    return str(row[0]) if row else ""
