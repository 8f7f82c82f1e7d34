"""The file of the audit log: append, and nothing else.

The only place that writes it. What `append` has returned is on the disk (WAL, `synchronous=FULL`).
One process writes; others may read.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from msgspec import structs

from desktop.audit.chain import BEGINNING, Tree, entry_hash
from desktop.audit.checkpoints import sign_checkpoint
from desktop.audit.entries import AuditEntry, BadEntry, own_account, read_entry, write_entry
from desktop.audit.failing import translated
from desktop.audit.heads import Head
from desktop.audit.keys import LogKeys
from desktop.audit.places import (
    HINT,
    WAIT_SECONDS,
    OneWriter,
    another_person,
    check_owner,
    check_place,
)
from desktop.audit.places import AuditUnavailable as AuditUnavailable
from desktop.audit.schema import prepare
from desktop.audit.secrets import NOT_KEPT, RecordKey, Sealed

BUSY_SECONDS: Final = 5.0
#: So large the write-ahead log becomes before `tidy` empties it.
TIDY_BYTES: Final = 1024 * 1024
#: Pages after which a transaction empties it itself, should nobody have called `tidy`: 40 MB.
_MOST_PAGES: Final = 10_000
_SETTINGS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "fullfsync = 1",
    "checkpoint_fullfsync = 1",
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "secure_delete = ON",
    "temp_store = MEMORY",
    # Not in the transaction of a decision, which would wait for it; see `tidy`.
    f"wal_autocheckpoint = {_MOST_PAGES}",
    f"journal_size_limit = {TIDY_BYTES // 2}",
)


class OutboxState(StrEnum):
    """What is known of a recorded decision's way to the broker."""

    WAITING = "waiting"
    SENT = "sent"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What leaves after it was recorded.

    Attributes:
        stream: the key it goes to.
        payload: the bytes of the entry's data; kept encrypted until they have left, or not at all.
    """

    stream: str
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What is to be appended.

    Attributes:
        secrets: what only the encrypted part may hold, by name.
        outbox: what leaves when this is on the disk.
    """

    entry: AuditEntry
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    outbox: Outgoing | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry as it lies in the log."""

    number: int
    body: bytes
    before: bytes
    hash: bytes

    @property
    def entry(self) -> AuditEntry:
        """What it says.

        Raises:
            BadEntry: it says nothing.
        """
        return read_entry(self.body)


class AuditLog:
    """An open log. Blocking; for one thread.

    Attributes:
        keys: of this installation; None where no keyring answers.
    """

    def __init__(
        self, path: Path, keys: LogKeys | None = None, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        """Open it, or begin it; a log of an older version is given what it lacks.

        Args:
            wait_seconds: for another process that writes it to end.

        Raises:
            AuditUnavailable: it cannot be opened, is of a later version, is no audit log, is
                another person's, lies on a network share, or is being written by another process.
        """
        self.path, self.keys = path, keys
        self._tree = Tree()
        self._sealed: tuple[str, str] | None = None
        with contextlib.ExitStack() as undo, translated():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            check_place(path.parent)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
            check_owner(path)
            self._writer = OneWriter(path, wait_seconds)
            undo.callback(self._writer.release)
            self._inode = path.stat().st_ino
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            undo.callback(self._connection.close)
            for setting in _SETTINGS:
                self._connection.execute(f"PRAGMA {setting}")
            with self._transaction():
                prepare(self._connection)
            self._check_person()
            undo.pop_all()

    def append(
        self,
        entry: AuditEntry,
        secrets: Mapping[str, str] | None = None,
        outbox: Outgoing | None = None,
    ) -> Kept:
        """Record something. When this returns, all of it is on the disk; else nothing of it.

        Args:
            secrets: what only the encrypted part may hold, by name; without keys it is not kept.
            outbox: what leaves next; it waits in the log until `settle`.

        Raises:
            AuditUnavailable: it is not; whatever was to follow must not.
            BadEntry: it has no form in which it could be.
        """
        return self.append_all([Record(entry, secrets or {}, outbox)])[0]

    def append_all(self, records: Sequence[Record]) -> list[Kept]:
        """Record several things, all or none; see `append`."""
        with translated(), self._transaction():
            return [self._write(record) for record in records]

    def settle(self, number: int, state: OutboxState, entry: AuditEntry) -> Kept:
        """Record what became of what waited to leave; its text is no longer kept.

        Args:
            number: of the entry it was recorded with.

        Raises:
            AuditUnavailable: it is not recorded.
        """
        with translated(), self._transaction():
            change = "UPDATE outbox SET state = ?, payload = NULL WHERE number = ?"
            self._connection.execute(change, (state, number))
            return self._write(Record(entry))

    def head(self) -> Kept | None:
        """The last entry, if there is one.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        with translated():
            query = "SELECT number, body, before, hash FROM entry ORDER BY number DESC LIMIT 1"
            row = self._connection.execute(query).fetchone()
        return Kept(*row) if row else None

    def read(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        """The rows that a query finds.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        with translated():
            return self._connection.execute(query, values).fetchall()

    def checkpoint(self) -> Head | None:
        """Sign what the log is now; None without keys, or if there is nothing to sign.

        Raises:
            AuditUnavailable: it is not kept.
        """
        if self.keys is None:
            return None
        with translated(), self._transaction():
            self._grow_tree()
            size, root = self._tree.size, self._tree.root()
            if not size:
                return None
            note = sign_checkpoint(size, root, self.keys.install)
            self._connection.execute(
                "INSERT OR IGNORE INTO checkpoint VALUES (?, ?, ?, ?)",
                (size, root, note, self._tree.peaks),
            )
        return Head(size, root, install=self.keys.install.public)

    def seal(self, title: str, hint: str) -> None:
        """Take nothing more, whoever asks: the file is evidence from now on.

        Args:
            title, hint: what each of them is told, as `AuditUnavailable`.
        """
        self._sealed = (title, hint)

    def tidy(self, least_bytes: int = TIDY_BYTES) -> None:
        """Empty the write-ahead log into the file, if it has become large.

        Nothing of the log depends on it; it takes as long as the disk does.

        Args:
            least_bytes: what counts as large.

        Raises:
            AuditUnavailable: the disk did not take it; what was recorded is where it was.
        """
        ahead = self.path.with_name(f"{self.path.name}-wal")
        with translated():
            if ahead.stat().st_size >= least_bytes:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    @property
    def connection(self) -> sqlite3.Connection:
        """For the rooms beside this one, which read it on the thread that writes it."""
        return self._connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that may hold more than entries; see `retention`.

        Raises:
            AuditUnavailable: nothing of it was done.
        """
        with translated(), self._transaction():
            yield self._connection

    def add(self, entry: AuditEntry) -> Kept:
        """Record something inside `writing`."""
        return self._write(Record(entry))

    def close(self) -> None:
        """Close the file, and let others write it."""
        self._connection.close()
        self._writer.release()

    def _write(self, record: Record) -> Kept:
        """Write an entry and what is beside it, inside a transaction."""
        key = RecordKey() if self.keys is not None and (record.secrets or record.outbox) else None
        sealed = key.seal(record.secrets) if key else []
        named = {one.name: one.commitment for one in sealed} or dict.fromkeys(
            record.secrets, NOT_KEPT
        )
        body = write_entry(structs.replace(record.entry, secrets=named))
        last = self.head()
        number, before = (last.number + 1, last.hash) if last else (1, BEGINNING)
        kept = Kept(number, body, before, entry_hash(number, before, body))
        insert = self._connection.execute
        insert("INSERT INTO entry VALUES (?, ?, ?, ?)", (number, body, before, kept.hash))
        for one in sealed:
            insert(
                "INSERT INTO secret VALUES (?, ?, ?, ?)",
                (number, one.name, one.nonce, one.ciphertext),
            )
        if key is not None and self.keys is not None:
            wrapped = key.wrapped(self.keys.wrapping, number)
            insert("INSERT INTO record_key VALUES (?, ?)", (number, wrapped))
        if record.outbox is not None:
            stream = record.outbox.stream
            payload = key.seal_payload(stream, record.outbox.payload) if key else None
            insert(
                "INSERT INTO outbox VALUES (?, ?, ?, ?)",
                (number, stream, payload, OutboxState.WAITING),
            )
        return kept

    def _grow_tree(self) -> None:
        """Take in what was written since; from the last checkpoint on, the first time."""
        if not self._tree.size:
            self._tree = last_tree(self._connection)
        query = "SELECT body FROM entry WHERE number > ? ORDER BY number"
        for [body] in self._connection.execute(query, (self._tree.size,)):
            self._tree.add(body)

    def _check_person(self) -> None:
        query = "SELECT number, body, before, hash FROM entry ORDER BY number LIMIT 1"
        row = self._connection.execute(query).fetchone()
        account = ""
        with contextlib.suppress(BadEntry):  # which a verification tells
            account = Kept(*row).entry.actor.os_user if row else ""
        if account and account != own_account():
            raise another_person()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._sealed is not None:
            raise AuditUnavailable(*self._sealed)
        # A log that was deleted or replaced under our feet would be written to nobody's eyes.
        if self.path.stat().st_ino != self._inode:
            raise AuditUnavailable("The audit log was replaced while it was open.", HINT)
        # Immediate: who reads the head to follow it must be the only one who does.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise


def last_tree(connection: sqlite3.Connection) -> Tree:
    """The tree as the last checkpoint left it, if what it kept of it fits; else an empty one."""
    query = "SELECT size, root, peaks FROM checkpoint ORDER BY size DESC LIMIT 1"
    for size, root, peaks in connection.execute(query):
        with contextlib.suppress(ValueError):
            tree = Tree.from_peaks(size, peaks)
            if tree.root() == root:
                return tree
    return Tree()


def read_entries(path: Path, limit: int) -> list[Kept]:
    """The last entries of a log, in order, without opening it for writing.

    Args:
        limit: at most so many.

    Raises:
        OSError, sqlite3.Error: there is none, or it is none.
    """
    with opened_to_read(path) as connection:
        query = "SELECT number, body, before, hash FROM entry ORDER BY number DESC LIMIT ?"
        return [Kept(*row) for row in connection.execute(query, (limit,))][::-1]


def read_secret(connection: sqlite3.Connection, keys: LogKeys, kept: Kept, name: str) -> str | None:
    """A text of an entry's encrypted part; None if it has none, or it was shredded.

    Raises:
        SecretUnreadable: it is under other keys, or not what was kept.
    """
    query = """SELECT wrapped, nonce, ciphertext FROM secret JOIN record_key USING (number)
               WHERE number = ? AND name = ?"""
    row = connection.execute(query, (kept.number, name)).fetchone()
    if row is None:
        return None
    wrapped, nonce, ciphertext = row
    sealed = Sealed(name, kept.entry.secrets.get(name, ""), nonce, ciphertext)
    return RecordKey.unwrap(wrapped, keys.wrapping, kept.number).open(sealed)


@contextlib.contextmanager
def opened_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing.

    Raises:
        OSError, sqlite3.Error: there is no such file, or it is no database.
    """
    path.stat()
    address = f"file:{quote(str(path))}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection
