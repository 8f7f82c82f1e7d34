"""What lies in the log beside its entries: signed checkpoints, the encrypted part, the outbox.

The only place that judges whether it belongs to them. It is not in the chain; everything in it must
fit what is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from desktop.audit.chain import Tree
from desktop.audit.checkpoints import BadCheckpoint, read_checkpoint
from desktop.audit.entries import AuditKind, Glance
from desktop.audit.findings import Finding
from desktop.audit.keys import LogKeys
from desktop.audit.log import OutboxState
from desktop.audit.secrets import NOT_KEPT, RecordKey, Sealed, SecretUnreadable
from workers.wire.signing.keys import VerifyKey


@dataclass(slots=True)
class Checkpoints:
    """The checkpoints of a log, compared with its tree while that grows.

    Attributes:
        install: whose signature they must carry; None if nobody here knows.
        ahead: by size, those that were not reached yet.
    """

    install: VerifyKey | None
    ahead: dict[int, tuple[bytes, str, bytes]] = field(default_factory=dict)

    def read(self, connection: sqlite3.Connection) -> None:
        """Take them out of a log."""
        query = "SELECT size, root, note, peaks FROM checkpoint"
        self.ahead = {size: rest for size, *rest in connection.execute(query)}

    def see(self, tree: Tree) -> Iterator[Finding]:
        """Compare what the log was at this size with what it is."""
        root, note, peaks = self.ahead.pop(tree.size)
        if (root, peaks) != (tree.root(), tree.peaks):
            yield Finding(tree.size, "Up to here it is another log than its checkpoint says.")
        if self.install is None:
            return
        try:
            told = read_checkpoint(note, self.install)
        except BadCheckpoint as error:
            yield Finding(tree.size, f"Its checkpoint does not hold: {error.title}")
            return
        if (told.size, told.root) != (tree.size, tree.root()):
            yield Finding(tree.size, "Its checkpoint is of another log.")

    def rest(self, size: int) -> Iterator[Finding]:
        """What is left at the end of the log."""
        for missed in sorted(self.ahead):
            title = f"It had {missed} entries and has {size}: its end was cut off."
            yield Finding(0, title)


class Secrets:
    """The encrypted part of a log, compared with the entries it belongs to."""

    def __init__(self, connection: sqlite3.Connection, keys: LogKeys | None) -> None:
        self._connection = connection
        self._keys = keys
        self._named: dict[int, tuple[str, str, dict[str, str]]] = {}
        self._shredded: list[tuple[int, str, frozenset[str]]] = []

    def see(self, number: int, glance: Glance) -> None:
        """Take in an entry."""
        named = {name: one for name, one in glance.secrets.items() if one != NOT_KEPT}
        if named:
            self._named[number] = (glance.kind, glance.at, named)
        if glance.kind is AuditKind.SHREDDED:
            self._shredded.append((number, glance.outcome, frozenset(glance.detail.split())))

    def findings(self) -> Iterator[Finding]:
        """What does not fit."""
        query = "SELECT number, wrapped FROM record_key"
        wrapped = dict(self._connection.execute(query))
        query = "SELECT number, name, nonce, ciphertext FROM secret ORDER BY number"
        found: dict[int, set[str]] = {}
        for number, name, nonce, ciphertext in self._connection.execute(query):
            found.setdefault(number, set()).add(name)
            commitment = self._named.get(number, ("", "", {}))[2].get(name)
            if commitment is None:
                yield Finding(number, "A text is kept with it that it does not name.")
            elif number in wrapped and self._keys is not None:
                sealed = Sealed(name, commitment, nonce, ciphertext)
                yield from _opened(number, wrapped[number], self._keys, sealed)
        for number, (kind, at, named) in self._named.items():
            is_whole = number in wrapped and found.get(number, set()) >= named.keys()
            if not is_whole and not self._was_shredded(number, kind, at):
                yield Finding(number, "A text that it names is gone, and was not shredded.")

    def _was_shredded(self, number: int, kind: str, at: str) -> bool:
        return any(
            number < by and at < before and kind in kinds for by, before, kinds in self._shredded
        )


class Outbox:
    """What waits in a log to leave, compared with the entries that say what became of it."""

    def __init__(self, connection: sqlite3.Connection, keys: LogKeys | None) -> None:
        self._connection = connection
        self._keys = keys
        self._nonces: dict[int, str] = {}
        self._became: dict[str, OutboxState] = {}

    def see(self, number: int, glance: Glance) -> None:
        """Take in an entry that names a decision."""
        if glance.kind is AuditKind.DECISION_SENT:
            self._became[glance.nonce] = OutboxState.SENT
        elif glance.kind is AuditKind.DECISION_NOT_SENT:
            self._became[glance.nonce] = OutboxState.NOT_SENT
        else:
            self._nonces[number] = glance.nonce

    def findings(self) -> Iterator[Finding]:
        """What does not fit."""
        query = """SELECT number, stream, payload, state, wrapped
                   FROM outbox LEFT JOIN record_key USING (number)"""
        for number, stream, payload, state, wrapped in self._connection.execute(query):
            became = self._became.get(self._nonces.get(number, ""), OutboxState.WAITING)
            if number not in self._nonces or state != became:
                yield Finding(number, "What is said of its way to the broker does not fit.")
            elif payload is not None and self._keys is not None and wrapped is not None:
                try:
                    key = RecordKey.unwrap(wrapped, self._keys.wrapping, number)
                    key.open_payload(stream, payload)
                except SecretUnreadable as error:
                    yield Finding(number, error.title)


def _opened(number: int, wrapped: bytes, keys: LogKeys, sealed: Sealed) -> Iterator[Finding]:
    try:
        RecordKey.unwrap(wrapped, keys.wrapping, number).open(sealed)
    except SecretUnreadable as error:
        yield Finding(number, error.title)
