"""What happened to a stream behind our back.

The only place that tells a stream that was trimmed from one that was deleted and begun anew, or
restored from an older state. Pure: it judges what the broker told.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from desktop.store.records import Summary
from workers.wire.ids import StreamId
from workers.wire.streams.reader import Extent, StreamEntry


class Verdict(StrEnum):
    """Whether what was read follows on what was known."""

    FOLLOWS = "follows"
    GAP = "gap"
    OTHER_STREAM = "other_stream"


def is_doubtful(known: Summary, new: Sequence[StreamEntry], length: int, *, is_all: bool) -> bool:
    """Whether the broker has to be asked what became of a stream.

    Args:
        new: entries after the known ones.
        length: of the stream when they had been read.
        is_all: whether those are all; else the length says nothing of what was removed.
    """
    return not new or not is_all or length < known.entries + len(new)


def judge(known: Summary, new: Sequence[StreamEntry], extent: Extent | None) -> Verdict:
    """Tell what became of a stream.

    That nothing of what was read is left means that more may have been removed than that; exactly
    how much no broker tells (its highest deleted id leaves out what was trimmed).

    Args:
        known: what was told of it last; names the last entry that was read.
        new: entries after that one.
        extent: how far it reaches now, asked about that one; None if it is gone.
    """
    if extent is None:
        return Verdict.OTHER_STREAM
    if extent.holds:
        return Verdict.FOLLOWS  # an id is given once, and all later ones are higher
    position = StreamId.parse(known.as_of)
    if extent.last_generated < position:
        return Verdict.OTHER_STREAM
    if extent.first is not None and extent.first < position:
        # Trimming begins at the oldest: this is an older state, and was written to since.
        return Verdict.OTHER_STREAM
    seen = known.entries + len(new)
    if extent.added is not None:
        if extent.added < seen or (extent.length and extent.added == extent.length):
            # It never had all that was read here.
            return Verdict.OTHER_STREAM
        if extent.added == seen:
            return Verdict.FOLLOWS
    return Verdict.GAP if new or extent.last_generated > position else Verdict.FOLLOWS
