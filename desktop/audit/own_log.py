"""The own log as it is told to other desks: entries in order, between two signed checkpoints.

The only place that makes batches of it. Read-only, and only what every entry says in clear.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from desktop.audit.chain import Tree
from desktop.audit.checkpoints import sign_checkpoint
from desktop.audit.log import opened_to_read
from workers.wire.auditing import AuditBatch
from workers.wire.signing.keys import SigningKey

#: In base64 a third more; a message may have a megabyte.
BATCH_BYTES: Final = 64 * 1024
#: Of a longer log that a broker has not seen yet, what comes after the last checkpoint is told.
MOST_AT_FIRST: Final = 10_000


def next_batch(log: Path, after: int, key: SigningKey) -> tuple[AuditBatch, int] | None:
    """The entries after a place, and the place after them; None if there are none.

    Args:
        after: a number of an entry. Of a log that has become shorter, all of it is told: those who
            keep more of it will say so.
        key: of this installation.

    Raises:
        OSError, sqlite3.Error: the log cannot be read.
    """
    with opened_to_read(log) as connection:
        before = tree_at(connection, after)
        if before.size < after:
            before = Tree()
        bodies, size = list[bytes](), 0
        query = "SELECT body FROM entry WHERE number > ? ORDER BY number"
        for [body] in connection.execute(query, (before.size,)):
            if bodies and size + len(body) > BATCH_BYTES:
                break
            bodies.append(body)
            size += len(body)
    if not bodies:
        return None
    begin = sign_checkpoint(before.size, before.root(), key) if before.size else ""
    peaks = before.peaks
    for body in bodies:
        before.add(body)
    note = sign_checkpoint(before.size, before.root(), key)
    batch = AuditBatch(
        install=key.public.raw, begin=begin, peaks=peaks, bodies=tuple(bodies), note=note
    )
    return batch, before.size


def place_to_begin(log: Path) -> int:
    """After which entry to begin at a broker that has not seen this log yet.

    Raises:
        OSError, sqlite3.Error: the log cannot be read.
    """
    with opened_to_read(log) as connection:
        query = "SELECT max(size) FROM checkpoint"
        [size] = connection.execute(query).fetchone()
    return size if size and size > MOST_AT_FIRST else 0


def root_of(log: Path, size: int) -> bytes | None:
    """The root that the log had at a size; None if it is shorter, or cannot be read."""
    with contextlib.suppress(OSError, sqlite3.Error, ValueError), opened_to_read(log) as connection:
        tree = tree_at(connection, size)
        return tree.root() if tree.size == size else None
    return None


def tree_at(connection: sqlite3.Connection, size: int) -> Tree:
    """The tree over the first entries; over all if there are fewer.

    Raises:
        sqlite3.Error, ValueError: the log is damaged.
    """
    tree = Tree()
    # A checkpoint may be left of entries that are gone.
    [last] = connection.execute("SELECT coalesce(max(number), 0) FROM entry").fetchone()
    size = min(size, last)
    query = "SELECT size, peaks FROM checkpoint WHERE size <= ? ORDER BY size DESC LIMIT 1"
    for told, peaks in connection.execute(query, (size,)):
        tree = Tree.from_peaks(told, peaks)
    query = "SELECT body FROM entry WHERE number > ? AND number <= ? ORDER BY number"
    for [body] in connection.execute(query, (tree.size, size)):
        tree.add(body)
    return tree
