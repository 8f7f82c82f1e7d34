"""Whether what came of another desk's log belongs to what is kept of it.

The only place that judges that. What an installation signed speaks for and against it; what only
claims to be its, and fits nothing that it signed, says nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from desktop.audit.chain import Tree
from desktop.audit.checkpoints import BadCheckpoint, Checkpoint, origin_of, read_checkpoint
from desktop.audit.cosigning import SIGNED_LINES
from workers.wire.auditing import AuditBatch
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.keys import VerifyKey

#: More than a file can number would be somebody's joke.
MOST_ENTRIES: Final = 2**53


class Fit(StrEnum):
    """How a batch fits.

    `GROWN`: the log goes on with it. `KNOWN`: all of it is kept. `MISSING`: entries before it are
    not. `FORGED`: nobody signed it. `FORKED`: the installation signed two different logs.
    """

    GROWN = "grown"
    KNOWN = "known"
    MISSING = "missing"
    FORGED = "forged"
    FORKED = "forked"


@dataclass(frozen=True, slots=True)
class KeptLog:
    """What is kept of a log.

    Attributes:
        begins: so many of its first entries are not kept, only their tree.
        size, peaks: the tree over all of it.
        root_at: the root that it had at a size; None before it begins.
    """

    begins: int
    size: int
    peaks: bytes
    root_at: Callable[[int], bytes | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found.

    Attributes:
        begins: of a log that nothing was kept of: so many entries came before.
        fresh: the entries that are new, if it has grown.
        tree: over all of it then.
        note: what was signed, as proof, if it has grown or forked.
    """

    fit: Fit
    begins: int = 0
    fresh: tuple[bytes, ...] = ()
    tree: Tree | None = None
    note: str = ""


def judge(batch: AuditBatch, kept: KeptLog | None) -> Judged:
    """Judge a batch.

    Args:
        kept: None if nothing is known of this log: then it is believed from here on.
    """
    try:
        key = VerifyKey(batch.install)
        before = _checkpoint(batch.begin, key) if batch.begin else _nothing(key)
        after = _checkpoint(batch.note, key)
        tree = Tree.from_peaks(before.size, batch.peaks)
    except (BadCheckpoint, NotTrusted, ValueError):
        return Judged(Fit.FORGED)
    if kept is not None:
        # Before anything is said of the entries: a signed tree is proof whatever came with it.
        for told, note in ((before, batch.begin), (after, batch.note)):
            root = kept.root_at(told.size) if told.size <= kept.size else None
            if root is not None and root != told.root:
                return Judged(Fit.FORKED, note=note)
    begins_there = tree.root() == before.root
    for body in batch.bodies:
        tree.add(body)
    if not begins_there or (tree.size, tree.root()) != (after.size, after.root):
        return Judged(Fit.FORGED)
    if kept is None:
        return Judged(Fit.GROWN, before.size, batch.bodies, tree, batch.note)
    if after.size <= kept.size:
        return Judged(Fit.KNOWN)
    if before.size > kept.size:
        return Judged(Fit.MISSING)
    return _grown(batch, kept, before.size, after)


def _nothing(key: VerifyKey) -> Checkpoint:
    return Checkpoint(origin_of(key), 0, Tree().root())


def _checkpoint(note: str, key: VerifyKey) -> Checkpoint:
    # It is kept, co-signed and handed on: with lines of others it is not what was signed.
    if note.count("\n") != SIGNED_LINES:
        raise BadCheckpoint("There is more in it than its own desk signed.")
    told = read_checkpoint(note, key)
    if told.size > MOST_ENTRIES:
        raise BadCheckpoint("No log has so many entries.")
    return told


def _grown(batch: AuditBatch, kept: KeptLog, begin: int, after: Checkpoint) -> Judged:
    """Go on from what is kept, not from what the batch says came before."""
    fresh = batch.bodies[kept.size - begin :]
    tree = Tree.from_peaks(kept.size, kept.peaks)
    for body in fresh:
        tree.add(body)
    if tree.root() != after.root:
        return Judged(Fit.FORKED, note=batch.note)
    return Judged(Fit.GROWN, kept.begins, fresh, tree, batch.note)
