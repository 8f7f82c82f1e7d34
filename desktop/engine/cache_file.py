"""The cache's file: a row for each context of one broker, in SQLite.

The only place that knows its shape, and what to do with a file that is damaged or of another
version. It holds no words of a conversation, unless a `TextLock` is given to encrypt them.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from desktop.engine.kept_file import (
    give_room_back,
    is_damage,
    keepable,
    named,
    open_file,
    transaction,
    unusable,
    version_of,
)
from desktop.engine.text_lock import TextLock
from desktop.errors import CacheUnusable
from desktop.store.records import ContextStatus, Source, Summary

#: Of the file's shape; a file of another version is built anew.
VERSION = 1
SUFFIX = ".sqlite"
ASIDE = ".aside"
#: Rows read at once; fewer at first, so that something is to be seen.
FIRST = 100
CHUNK = 500

_LARGEST = 2**63 - 1
_DAMAGED = "The list of conversations kept on this computer was damaged."
_TABLE = """
CREATE TABLE contexts (
    context_id TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    status TEXT NOT NULL,
    last_activity_ms INTEGER NOT NULL,
    as_of TEXT NOT NULL,
    entries INTEGER NOT NULL,
    note TEXT NOT NULL,
    sealed BLOB
) WITHOUT ROWID
"""
# In the order of `Summary`'s fields, and each of its type, whatever somebody wrote there.
_LOAD = """
SELECT CAST(context_id AS TEXT), CAST(agent AS TEXT), CAST(status AS TEXT),
    CAST(last_activity_ms AS INTEGER), CAST(as_of AS TEXT), CAST(entries AS INTEGER),
    CAST(sealed AS BLOB), CAST(note AS TEXT)
FROM contexts ORDER BY last_activity_ms DESC, context_id DESC
"""
# What is the same already is not written: a start would write every row again.
_WRITE = """
INSERT INTO contexts VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (context_id) DO UPDATE SET
    agent = excluded.agent, status = excluded.status,
    last_activity_ms = excluded.last_activity_ms, as_of = excluded.as_of,
    entries = excluded.entries, note = excluded.note,
    sealed = excluded.sealed
WHERE (agent, status, last_activity_ms, as_of, entries, note, sealed IS NULL)
    IS NOT (excluded.agent, excluded.status, excluded.last_activity_ms, excluded.as_of,
            excluded.entries, excluded.note, excluded.sealed IS NULL)
"""
_Row: TypeAlias = tuple[str, str, str, int, str, int, str, bytes | None]


def path_for(folder: Path, address: str) -> Path:
    """The file of one broker. Its name tells nobody which.

    Args:
        address: without a password.
    """
    return named(folder, address, SUFFIX)


class CacheFile:
    """One open file. Used by one thread at a time.

    Attributes:
        remark: what had to be done to open it, for a person; empty for nothing.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it anew.

        Raises:
            CacheUnusable: neither can be done.
        """
        self.remark = ""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                self._db = _open(path)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                self._db = self._begin_anew(_DAMAGED)
            if (version := version_of(self._db)) != VERSION:
                self._db.close()
                age = "an older" if version < VERSION else "a newer"
                self._db = self._begin_anew(f"The list kept on this computer was of {age} version.")
        except (OSError, sqlite3.Error) as error:
            raise _unusable(error) from error

    def close(self) -> None:
        """Close the file; the log beside it goes too, if nobody else has it open."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()

    def load(self, lock: TextLock | None) -> Iterator[tuple[Summary, ...]]:
        """All contexts, the latest first, in chunks. A damaged file is begun anew.

        Raises:
            CacheUnusable: it cannot be read.
        """
        try:
            rows = self._db.execute(_LOAD)
            size = FIRST
            while chunk := rows.fetchmany(size):
                yield _summaries(chunk, lock)
                size = CHUNK
        except (sqlite3.Error, KeyError) as error:
            if isinstance(error, sqlite3.Error) and not is_damage(error):
                raise _unusable(error) from error
            self.close()
            try:
                self._db = self._begin_anew(_DAMAGED)
            except (OSError, sqlite3.Error) as failure:
                raise _unusable(failure) from failure

    def write(
        self, summaries: Iterable[Summary], gone: Iterable[str], lock: TextLock | None
    ) -> None:
        """Keep these rows, and drop those of contexts that are gone, in one transaction.

        Raises:
            CacheUnusable: nothing of it was written.
        """
        # One at a time: thousands at once would have to be looked through for garbage.
        rows = (_row(summary, lock) for summary in summaries)
        try:
            with transaction(self._db):
                self._db.executemany(
                    "DELETE FROM contexts WHERE context_id = ?", ((keepable(g),) for g in gone)
                )
                self._db.executemany(_WRITE, rows)
        except sqlite3.Error as error:
            if is_damage(error):
                self.close()
                with contextlib.suppress(OSError):
                    self._set_aside()
            raise _unusable(error) from error

    def keep_only(self, context_ids: frozenset[str]) -> None:
        """Drop all rows but those of these contexts.

        Raises:
            CacheUnusable: none was dropped.
        """
        try:
            known = [name for (name,) in self._db.execute("SELECT context_id FROM contexts")]
            gone = [name for name in known if name not in context_ids]
        except sqlite3.Error as error:
            raise _unusable(error) from error
        self.write((), gone, None)

    def drop_texts(self) -> None:
        """Overwrite the kept texts and give their room back.

        Raises:
            CacheUnusable: some may still be there; without their key nobody can read them.
        """
        try:
            kept = "SELECT 1 FROM contexts WHERE sealed IS NOT NULL LIMIT 1"
            if self._db.execute(kept).fetchone() is None:
                return
            self._db.execute("UPDATE contexts SET sealed = NULL WHERE sealed IS NOT NULL")
            give_room_back(self._db)
        except sqlite3.Error as error:
            raise _unusable(error) from error

    def _begin_anew(self, why: str) -> sqlite3.Connection:
        self._set_aside()
        self.remark = why
        return _open(self._path)

    def _set_aside(self) -> None:
        """Keep the file beside the new one, for whoever wants to know what became of it."""
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._path.replace(self._path.with_suffix(ASIDE))


def drop_all_texts(folder: Path) -> None:
    """Overwrite the texts kept for any broker; files that were set aside go whole.

    Raises:
        CacheUnusable: some may still be there; without their key nobody can read them.
    """
    try:
        for path in folder.glob(f"*{ASIDE}"):
            path.unlink()
    except OSError as error:
        raise _unusable(error) from error
    for path in folder.glob(f"*{SUFFIX}"):
        file = CacheFile(path)
        try:
            file.drop_texts()
        finally:
            file.close()


def _row(summary: Summary, lock: TextLock | None) -> _Row:
    context_id = keepable(summary.context_id)
    return (
        context_id,
        keepable(summary.agent),
        summary.status,
        _storable(summary.last_activity_ms),
        keepable(summary.as_of),
        _storable(summary.entries),
        keepable(summary.note),
        lock.seal(context_id, summary.preview) if lock and summary.preview else None,
    )


def _storable(number: int) -> int:
    """As near as SQLite comes to it: ids and the index may say more, and their row is kept."""
    return max(-_LARGEST, min(number, _LARGEST))


def _summaries(rows: Iterable[tuple[Any, ...]], lock: TextLock | None) -> tuple[Summary, ...]:
    """Rows of `_LOAD` as records.

    Raises:
        KeyError: a status that nobody wrote there.
    """
    statuses = {str(status): status for status in ContextStatus}
    cache = Source.CACHE
    return tuple(
        Summary(
            name,
            agent,
            statuses[status],
            at_ms,
            as_of,
            entries,
            lock.open(name, sealed) if lock and sealed else "",
            0,  # requests are told by the broker only
            cache,
            note,
        )
        for name, agent, status, at_ms, as_of, entries, sealed, note in rows
    )


def _open(path: Path) -> sqlite3.Connection:
    return open_file(path, (_TABLE,), VERSION)


def _unusable(error: OSError | sqlite3.Error) -> CacheUnusable:
    hint = "Everything is read from the broker; the next start shows the list later."
    return unusable("The list of conversations", error, hint)
