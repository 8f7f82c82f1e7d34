"""What is kept here of other desks' audit logs, in a file beside the own one.

The only place that reads and writes that file. It holds entries to the byte, without their
encrypted part, which never leaves a desk; and what others co-signed of the own log.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from desktop.audit.chain import Tree
from desktop.audit.failing import translated
from desktop.audit.judging_peers import Judged, KeptLog
from desktop.audit.log import AuditUnavailable, opened_to_read
from desktop.audit.places import check_owner

FILE: Final = "peers.sqlite"
BEGINNING_OF_STREAM: Final = "0-0"
#: Whoever can write to the broker can be as many desks as they like.
MOST_PEERS: Final = 200
#: Of 4 KB: nobody fills this disk from elsewhere.
MOST_PAGES: Final = 1_000_000
#: So many messages that are nothing are kept, the first bytes of each.
MOST_IGNORED: Final = 200
_IGNORED_BYTES: Final = 2048
_VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE peer (install BLOB PRIMARY KEY, begins INTEGER NOT NULL, size INTEGER NOT NULL,
    peaks BLOB NOT NULL, note TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE body (install BLOB NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (install, number)) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (install BLOB NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
    peaks BLOB NOT NULL, note TEXT NOT NULL, PRIMARY KEY (install, size)) STRICT, WITHOUT ROWID;
CREATE TABLE finding (install BLOB NOT NULL, title TEXT NOT NULL, at TEXT NOT NULL,
    note TEXT NOT NULL, PRIMARY KEY (install, title)) STRICT, WITHOUT ROWID;
CREATE TABLE cosignature (install BLOB NOT NULL, by BLOB NOT NULL, size INTEGER NOT NULL,
    note TEXT NOT NULL, PRIMARY KEY (install, by)) STRICT, WITHOUT ROWID;
CREATE TABLE position (broker TEXT NOT NULL, month TEXT NOT NULL, entry_id TEXT NOT NULL,
    entries INTEGER NOT NULL, PRIMARY KEY (broker, month)) STRICT, WITHOUT ROWID;
CREATE TABLE sent (broker TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;
CREATE TABLE ignored (id INTEGER PRIMARY KEY, at TEXT NOT NULL, why TEXT NOT NULL,
    data BLOB NOT NULL) STRICT;
PRAGMA user_version = 1;
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another desk's log, as it is kept here.

    Attributes:
        install: the public key of its installation.
        begins: so many of its first entries are not kept.
        size: how many entries it has.
        note: its last signed checkpoint.
        who: the person and the computer of its last entry, as that says.
        at: when it last grew, RFC 3339 in UTC.
    """

    install: bytes
    begins: int
    size: int
    peaks: bytes
    note: str
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class PeerFinding:
    """Something that does not fit; it stays.

    Attributes:
        note: what was signed and shows it.
    """

    install: bytes
    title: str
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What another desk co-signed of the own log."""

    install: bytes
    by: bytes
    size: int
    note: str


def peers_of(log: Path) -> Path:
    """Where the file is that belongs to a log."""
    return log.with_name(FILE)


class PeersFile:
    """The open file. Blocking; for one thread."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it.

        Raises:
            AuditUnavailable: it cannot be opened, or is another person's or version's.
        """
        with contextlib.ExitStack() as undo, translated():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
            check_owner(path)
            self._connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
            undo.callback(self._connection.close)
            for setting in ("journal_mode = WAL", "synchronous = FULL", "trusted_schema = OFF"):
                self._connection.execute(f"PRAGMA {setting}")
            self._connection.execute(f"PRAGMA max_page_count = {MOST_PAGES}")
            self._prepare()
            undo.pop_all()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """All of it is kept, or nothing.

        Raises:
            AuditUnavailable: nothing of it is.
        """
        with translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def kept(self, install: bytes) -> KeptLog | None:
        """What is kept of a log."""
        query = "SELECT begins, size, peaks FROM peer WHERE install = ?"
        row = self._connection.execute(query, (install,)).fetchone()
        if row is None:
            return None
        begins, size, peaks = row
        root = partial(root_at, self._connection, install, begins)
        return KeptLog(begins, size, peaks, root)

    def has_room(self) -> bool:
        """Whether another desk's log can be kept."""
        [[count]] = self._connection.execute("SELECT count(*) FROM peer")
        return bool(count < MOST_PEERS)

    def keep(self, install: bytes, judged: Judged, who: str) -> None:
        """Keep what a log has grown by, inside `writing`."""
        tree = judged.tree
        assert tree is not None  # noqa: S101 - it has grown
        run = self._connection.execute
        first = tree.size - len(judged.fresh) + 1
        for number, body in enumerate(judged.fresh, first):
            run("INSERT INTO body VALUES (?, ?, ?)", (install, number, body))
        run(
            "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?)",
            (install, tree.size, tree.root(), tree.peaks, judged.note),
        )
        run(
            "INSERT OR REPLACE INTO peer VALUES (?, ?, ?, ?, ?, ?, ?)",
            (install, judged.begins, tree.size, tree.peaks, judged.note, who, _now()),
        )

    def who(self, install: bytes) -> str:
        """Whose log this is, as far as it is known; empty if it is not."""
        query = "SELECT who FROM peer WHERE install = ?"
        row = self._connection.execute(query, (install,)).fetchone()
        return str(row[0]) if row else ""

    def begin(self, install: bytes, begins: int, root: bytes, peaks: bytes, note: str) -> None:
        """Keep the tree of the entries that are not kept, inside `writing`."""
        self._connection.execute(
            "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?)",
            (install, begins, root, peaks, note),
        )

    def find(self, install: bytes, title: str, note: str) -> bool:
        """Keep a finding, inside `writing`. Returns whether it is new."""
        added = self._connection.execute(
            "INSERT OR IGNORE INTO finding VALUES (?, ?, ?, ?)", (install, title, _now(), note)
        )
        return added.rowcount > 0

    def keep_cosignature(self, one: Cosigned) -> None:
        """Keep what a desk co-signed of the own log, unless it co-signed more before."""
        change = """INSERT INTO cosignature VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
                    SET size = excluded.size, note = excluded.note WHERE excluded.size > size"""
        self._connection.execute(change, (one.install, one.by, one.size, one.note))

    def ignore(self, why: str, data: bytes) -> None:
        """Keep the beginning of a message that is nothing; only so many."""
        self._connection.execute(
            "INSERT INTO ignored (at, why, data) SELECT ?, ?, ? "
            "WHERE (SELECT count(*) FROM ignored) < ?",
            (_now(), why, data[:_IGNORED_BYTES], MOST_IGNORED),
        )

    def position(self, broker: str, month: str) -> tuple[str, int]:
        """Up to where a month was read at a broker, and how many entries that were."""
        query = "SELECT entry_id, entries FROM position WHERE broker = ? AND month = ?"
        for entry_id, entries in self._connection.execute(query, (broker, month)):
            return entry_id, entries
        return BEGINNING_OF_STREAM, 0

    def move(self, broker: str, month: str, entry_id: str, entries: int) -> None:
        """Keep that position, inside `writing` together with what was read."""
        self._connection.execute(
            "INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?)",
            (broker, month, entry_id, entries),
        )

    def sent(self, broker: str) -> int | None:
        """How many entries of the own log were told at a broker; None if it was never asked."""
        query = "SELECT size FROM sent WHERE broker = ?"
        for [size] in self._connection.execute(query, (broker,)):
            return int(size)
        return None

    def keep_sent(self, broker: str, size: int) -> None:
        """Keep how many."""
        self._connection.execute("INSERT OR REPLACE INTO sent VALUES (?, ?)", (broker, size))

    def findings(self) -> list[PeerFinding]:
        """All that was found, the oldest first."""
        return findings_in(self._connection)

    def peers(self) -> list[Peer]:
        """All desks whose logs are kept."""
        return peers_in(self._connection)

    def _prepare(self) -> None:
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            title = f"The file of other desks' audit logs is of version {version}."
            raise AuditUnavailable(title, "Move it away, or use the console it was written with.")
        if not version:
            self._connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")


def root_at(connection: sqlite3.Connection, install: bytes, begins: int, size: int) -> bytes | None:
    """The root that a kept log had at a size; None before it begins."""
    if size < begins:
        return None
    tree = Tree()
    query = """SELECT size, peaks FROM checkpoint WHERE install = ? AND size <= ?
               ORDER BY size DESC LIMIT 1"""
    for told, peaks in connection.execute(query, (install, size)):
        tree = Tree.from_peaks(told, peaks)
    query = "SELECT body FROM body WHERE install = ? AND number > ? AND number <= ? ORDER BY number"
    for [body] in connection.execute(query, (install, tree.size, size)):
        tree.add(body)
    return tree.root()


def findings_in(connection: sqlite3.Connection) -> list[PeerFinding]:
    """What was found of other desks' logs, the oldest first."""
    query = "SELECT install, title, at, note FROM finding ORDER BY at"
    return [PeerFinding(*row) for row in connection.execute(query)]


def peers_in(connection: sqlite3.Connection) -> list[Peer]:
    """All desks whose logs are kept."""
    query = "SELECT install, begins, size, peaks, note, who, at FROM peer ORDER BY install"
    return [Peer(*row) for row in connection.execute(query)]


def cosigned_in(connection: sqlite3.Connection) -> Sequence[Cosigned]:
    """What other desks co-signed of the own log, as it was kept: nothing of it is verified."""
    query = "SELECT install, by, size, note FROM cosignature ORDER BY size"
    return [Cosigned(*row) for row in connection.execute(query)]


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The file, without changing it; None if there is none.

    Raises:
        OSError, sqlite3.Error: it cannot be read.
    """
    if not path.exists():
        yield None
        return
    with opened_to_read(path) as connection:
        yield connection


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
