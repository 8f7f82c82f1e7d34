"""The file of the words that were said in one broker's conversations.

The only place that opens it, says how large it may get, and what to do where it is damaged or was
written with another key. What stands in it is `words_table`'s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from desktop.engine.kept_file import (
    give_room_back,
    is_damage,
    open_file,
    transaction,
    unusable,
    version_of,
)
from desktop.engine.text_lock import TextLock
from desktop.engine.words_table import TABLES, Heard, Message, WordsTable
from desktop.errors import CacheUnusable

VERSION: Final = 1
SUFFIX: Final = ".words"
#: Of one broker on disk, in bytes; conversations in which nothing was said for longest go first.
MOST_OF_ALL: Final = 128 * 1024 * 1024
_LEAVING: Final = 100
#: What is written lies all over the file: with SQLite's usual 2 MB it would be read each time.
_CACHE_KIB: Final = 16 * 1024
_LOCK: Final = "CREATE TABLE lock (sealed BLOB NOT NULL)"
_CHECK: Final = ("", "check")
_DAMAGED: Final = "The message text kept on this computer was damaged."
KEY_CHANGED: Final = "The message text kept on this computer cannot be read: its key has changed."
_HINT: Final = "Searching finds what the list shows, and what was said earlier from the next start."


class WordsFile:
    """One open file. Used by one thread at a time.

    Attributes:
        remark: what had to be done to open it, for a person; empty for nothing.
    """

    def __init__(self, path: Path, lock: TextLock) -> None:
        """Open the file, or begin it anew.

        Raises:
            CacheUnusable: neither can be done.
        """
        self.remark = ""
        self._path, self._lock = path, lock
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                self._db = self._open()
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                # Sealed as they are, its remains are of use to nobody.
                remove(path)
                self.remark = _DAMAGED
                self._db = self._open()
        except (OSError, sqlite3.Error) as error:
            raise _unusable(error) from error
        self._table = WordsTable(self._db, lock)

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._db.close()

    @property
    def used(self) -> int:
        """Bytes on disk that are in use.

        Raises:
            CacheUnusable: nobody knows.
        """
        with _reading():
            pages, free, size = (
                int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * size

    def keep(self, heard: Iterable[Heard], torn: Iterable[str] = ()) -> list[str]:
        """Keep what was heard, in one transaction.

        Args:
            torn: contexts of which something was not heard; their tails are wanted again.

        Returns:
            The contexts of which other words are kept than before.

        Raises:
            CacheUnusable: nothing of it was kept.
        """
        with self._writing():
            changed = [one.context_id for one in heard if self._table.keep(one)]
            self._table.tear(torn)
            return changed

    def drop(self, context_ids: Iterable[str]) -> None:
        """Keep nothing of these.

        Raises:
            CacheUnusable: all of it is still there.
        """
        with self._writing():
            for name in context_ids:
                self._table.drop(name)

    def keep_only(self, context_ids: frozenset[str]) -> None:
        """Keep nothing of any but these.

        Raises:
            CacheUnusable: all of it is still there.
        """
        self.drop([name for name in self.names() if name not in context_ids])

    def shrink(self) -> list[str]:
        """Drop the contexts that rest for longest until the rest fits. Returns which.

        Raises:
            CacheUnusable: they are still there.
        """
        gone: list[str] = []
        oldest = "SELECT context_id FROM contexts ORDER BY last_ms LIMIT ?"
        while self.used > MOST_OF_ALL:
            with _reading():
                some = [name for (name,) in self._db.execute(oldest, (_LEAVING,))]
            if not some:
                break
            self.drop(some)
            gone += some
        return gone

    def names(self) -> list[str]:
        """The contexts of which words are kept, the latest first.

        Raises:
            CacheUnusable: they cannot be read.
        """
        with _reading():
            query = "SELECT CAST(context_id AS TEXT) FROM contexts ORDER BY last_ms DESC"
            return [name for (name,) in self._db.execute(query)]

    def read(self, context_ids: Sequence[str]) -> dict[str, list[Message]]:
        """What is kept of some contexts, in the order of their streams.

        Raises:
            CacheUnusable: it cannot be read.
        """
        with _reading():
            return {name: self._table.messages(name) for name in context_ids}

    def _open(self) -> sqlite3.Connection:
        db = open_file(self._path, (*TABLES, _LOCK), VERSION)
        if version_of(db) != VERSION:
            db.close()
            raise sqlite3.DatabaseError("of another version")
        try:
            db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._look_at_key(db)
        except BaseException:
            db.close()
            raise
        return db

    def _look_at_key(self, db: sqlite3.Connection) -> None:
        """What was sealed with another key is of use to nobody any more."""
        row = db.execute("SELECT CAST(sealed AS BLOB) FROM lock").fetchone()
        if row is not None and self._lock.open_piece(*_CHECK, row[0]) is not None:
            return
        if row is not None:
            self.remark = KEY_CHANGED
            self._lock.broken = False
        _empty(db)
        db.execute("INSERT INTO lock VALUES (?)", (self._lock.seal_piece(*_CHECK, b""),))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with transaction(self._db):
                yield
        except sqlite3.Error as error:
            if is_damage(error):
                self.close()
                with suppress(OSError):
                    remove(self._path)
            raise _unusable(error) from error


def drop_all_words(folder: Path) -> None:
    """Overwrite the words kept of any broker.

    Raises:
        CacheUnusable: some may still be there; without their key nobody can read them.
    """
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            db = open_file(path, (*TABLES, _LOCK), VERSION)
            try:
                _empty(db)
                give_room_back(db)
            finally:
                db.close()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise _unusable(error) from error
            remove(path)


def remove(path: Path) -> None:
    """Delete a file that is of no use any more, and its log.

    Raises:
        OSError: it is still there.
    """
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _empty(db: sqlite3.Connection) -> None:
    with transaction(db):
        for table in ("pieces", "contexts", "lock"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own words


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _unusable(error) from error


def _unusable(error: OSError | sqlite3.Error) -> CacheUnusable:
    return unusable("What was said in conversations", error, _HINT)
