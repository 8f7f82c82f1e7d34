"""The file of the audit log: append, and nothing else.

The only place that writes it. What `append` has returned is on the disk (WAL, `synchronous=FULL`).
One process writes at a time; a second one on the same machine waits for its turn.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from desktop.audit.chain import BEGINNING, entry_hash
from desktop.audit.entries import AuditEntry, read_entry, write_entry
from desktop.errors import ConsoleError

SCHEMA_VERSION: Final = 1
BUSY_SECONDS: Final = 5.0
_SCHEMA: Final = """
CREATE TABLE entry (
    number INTEGER PRIMARY KEY,
    body   BLOB NOT NULL,
    before BLOB NOT NULL CHECK (length(before) = 32),
    hash   BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER entry_is_final BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is never changed'); END;
CREATE TRIGGER entry_stays BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is never deleted'); END;
PRAGMA application_id = 1397310278;
"""
_APPLICATION_ID: Final = 1397310278
_HINT: Final = "Until it can be written, nothing is approved here. Rejecting still works."


class AuditUnavailable(ConsoleError):
    """The log cannot be written or read; what should be in it must not happen."""


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
    """An open log. Blocking; for one thread."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it.

        Raises:
            AuditUnavailable: it cannot be opened, is of another version, or is no audit log.
        """
        self.path = path
        with _translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with _translated():
                self._prepare()
        except AuditUnavailable:
            self._connection.close()
            raise

    def append(self, entry: AuditEntry) -> Kept:
        """Record something. When this returns, it is on the disk.

        Raises:
            AuditUnavailable: it is not; whatever was to follow must not.
            BadEntry: it has no form in which it could be.
        """
        body = write_entry(entry)
        with _translated(), self._transaction():
            last = self.head()
            number, before = (last.number + 1, last.hash) if last else (1, BEGINNING)
            kept = Kept(number, body, before, entry_hash(number, before, body))
            self._connection.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?)",
                (kept.number, kept.body, kept.before, kept.hash),
            )
        return kept

    def head(self) -> Kept | None:
        """The last entry, if there is one.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        with _translated():
            query = "SELECT number, body, before, hash FROM entry ORDER BY number DESC LIMIT 1"
            row = self._connection.execute(query).fetchone()
        return Kept(*row) if row else None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _prepare(self) -> None:
        for setting in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "fullfsync = 1",
            "checkpoint_fullfsync = 1",
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "secure_delete = ON",
        ):
            self._connection.execute(f"PRAGMA {setting}")
        with self._transaction():
            [version] = self._connection.execute("PRAGMA user_version").fetchone()
            [tables] = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if not version and not tables:
                for statement in _statements(_SCHEMA):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        [application] = self._connection.execute("PRAGMA application_id").fetchone()
        if application != _APPLICATION_ID:
            raise AuditUnavailable(f"{self.path} is no audit log of Signoff.", _HINT)
        if version != SCHEMA_VERSION:
            title = f"The audit log is of version {version}; this console writes {SCHEMA_VERSION}."
            raise AuditUnavailable(title, f"Use the console it was written with. {_HINT}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        # Immediate: who reads the head to follow it must be the only one who does.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise


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


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        title = f"The audit log cannot be written: {error.strerror}."
        raise AuditUnavailable(title, _HINT) from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise AuditUnavailable(f"The audit log cannot be used: {error}.", _HINT) from error
