"""The tables of the audit log, and how an older file comes to have them.

The only place that creates or changes tables. Entries are never rewritten: a file of an older
version gets what it lacks beside them.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Final

from desktop.audit.places import HINT, AuditUnavailable

SCHEMA_VERSION: Final = 2
_APPLICATION_ID: Final = 1397310278
_ENTRIES: Final = """
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
PRAGMA user_version = 1;
"""
_TABLES_BESIDE: Final = 4
#: Deleting a row of `record_key` is what shredding is.
_BESIDE_ENTRIES: Final = """
CREATE TABLE record_key (
    number  INTEGER PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT;
CREATE TABLE secret (
    number     INTEGER NOT NULL,
    name       TEXT NOT NULL,
    nonce      BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    PRIMARY KEY (number, name)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER secret_is_final BEFORE UPDATE ON secret
BEGIN SELECT RAISE(ABORT, 'a kept text of the audit log is never changed'); END;
CREATE TABLE outbox (
    number  INTEGER PRIMARY KEY,
    stream  TEXT NOT NULL,
    payload BLOB,
    state   TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'not_sent'))
) STRICT;
CREATE INDEX outbox_waiting ON outbox (number) WHERE state = 'waiting';
CREATE TABLE checkpoint (
    size  INTEGER PRIMARY KEY,
    root  BLOB NOT NULL CHECK (length(root) = 32),
    note  TEXT NOT NULL,
    peaks BLOB NOT NULL
) STRICT;
CREATE TRIGGER checkpoint_stays BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint of the audit log is never deleted'); END;
PRAGMA user_version = 2;
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Give a file its tables, inside a transaction.

    Raises:
        AuditUnavailable: it is another program's, or of a version that is not known here.
    """
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not version and not tables:
        _run(connection, _ENTRIES)
        _run(connection, _BESIDE_ENTRIES)
        return
    [application] = connection.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION_ID:
        raise AuditUnavailable("The file of the audit log is another program's.", HINT)
    if version == 1:
        _run(connection, _BESIDE_ENTRIES)
    elif version != SCHEMA_VERSION:
        title = f"The audit log is of version {version}; this console writes {SCHEMA_VERSION}."
        raise AuditUnavailable(title, f"Use the console it was written with. {HINT}")


def is_as_made(connection: sqlite3.Connection) -> bool:
    """Whether a file has the tables, indexes and triggers of its version, and nothing else."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
        _run(fresh, _ENTRIES)
        if version != 1:
            _run(fresh, _BESIDE_ENTRIES)
        return _made(connection) == _made(fresh)


def has_beside(connection: sqlite3.Connection) -> bool:
    """Whether a file has the tables beside its entries: one of the first version has none."""
    query = """SELECT count(*) FROM sqlite_schema WHERE type = 'table'
               AND name IN ('record_key', 'secret', 'outbox', 'checkpoint')"""
    [found] = connection.execute(query).fetchone()
    return bool(found == _TABLES_BESIDE)


def was_signed(connection: sqlite3.Connection) -> bool:
    """Whether there was ever a checkpoint of a file, after which its head was kept elsewhere."""
    query = "SELECT 1 FROM checkpoint LIMIT 1"
    return has_beside(connection) and connection.execute(query).fetchone() is not None


def _made(connection: sqlite3.Connection) -> tuple[object, ...]:
    query = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    schema = connection.execute(query).fetchall()
    numbers = [
        connection.execute(f"PRAGMA {name}").fetchone()
        for name in ("application_id", "user_version")
    ]
    return (schema, numbers)


def _run(connection: sqlite3.Connection, script: str) -> None:
    for statement in _statements(script):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
