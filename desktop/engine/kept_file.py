"""SQLite files in the cache's folder: how they are opened, and what counts as damage.

The only place that opens one. Only its owner may read it, what is deleted in it is overwritten, and
what somebody else wrote into it is only data.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from desktop.errors import CacheUnusable

#: How long another console may hold a file before we do without it.
BUSY_SECONDS = 2.0
#: SQLite's words for "not what I wrote": wrong tables, a broken page, no database at all.
_DAMAGE = frozenset(
    (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_NOTADB)
)


def named(folder: Path, address: str, suffix: str) -> Path:
    """A file of one broker. Its name tells nobody which.

    Args:
        address: without a password.
    """
    return folder / (hashlib.sha256(address.encode()).hexdigest()[:32] + suffix)


def open_file(path: Path, tables: Sequence[str], version: int) -> sqlite3.Connection:
    """Open a file; one that is empty gets these tables and this version.

    Raises:
        OSError, sqlite3.Error: it cannot be opened.
    """
    # Made by us, because SQLite gives a file the rights that everybody may have; its log follows.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)
    # Opened on one thread, used on another, but never by two at once.
    db = sqlite3.connect(path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for pragma in (
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
            "journal_mode = WAL",
            # A power cut may cost the last second, which the broker still has.
            "synchronous = NORMAL",
        ):
            db.execute(f"PRAGMA {pragma}").fetchall()
        with transaction(db):
            if version_of(db) == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
                for table in tables:
                    db.execute(table)
                db.execute(f"PRAGMA user_version = {version}")
    except BaseException:
        db.close()
        raise
    return db


def version_of(db: sqlite3.Connection) -> int:
    """Of the file's shape; 0 for a file of somebody else."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write all of the block or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk has ended it already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def give_room_back(db: sqlite3.Connection) -> None:
    """Leave nothing of what was deleted in the file or its log.

    Raises:
        sqlite3.Error: some may still be there.
    """
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is not as we wrote it; else it can only not be used now."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF in _DAMAGE  # the rest of it says more closely what it is


def keepable(text: str) -> str:
    """Half characters cannot be kept; such a context is read from the broker each time."""
    return text.encode(errors="replace").decode()


def unusable(what: str, error: OSError | sqlite3.Error, hint: str) -> CacheUnusable:
    """Why something cannot be kept.

    Args:
        what: the beginning of a sentence, such as "The list of conversations".
    """
    return CacheUnusable(f"{what} cannot be kept on this computer: {error}.", hint)
