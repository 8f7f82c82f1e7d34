"""Stream entries as they come from the broker, and what can be told of a stream as a whole.

The only place that knows the shapes of stream replies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from workers.wire.ids import StreamId

_DATA: Final = b"data"


class StreamEntry(NamedTuple):
    """One entry of a stream: its id and the JSON text (empty when there is no `data` field)."""

    entry_id: str
    data: bytes


class Last(NamedTuple):
    """How a context's stream ends.

    Attributes:
        entry: the newest; None if there is none.
        length: entries that it holds.
        problem: why nothing can be read, as a sentence for a person; empty for nothing.
    """

    context_id: str
    entry: StreamEntry | None
    length: int
    problem: str = ""


class Newer(NamedTuple):
    """What a context's stream holds after a position.

    Attributes:
        entries: oldest first.
        length: entries that the stream held just after they were read.
        problem: as in `Last`.
    """

    context_id: str
    entries: list[StreamEntry]
    length: int
    problem: str = ""


class Extent(NamedTuple):
    """From where to where a stream reaches.

    Attributes:
        first: id of its oldest entry; None if it is empty.
        last_generated: id of the newest entry it ever had; the next will have a higher one.
        holds: whether the entry that was asked about is there.
        added: entries it ever had; None where the broker is too old to tell (before Redis 7).
        deleted: the highest id that was deleted by name, not trimmed; None as for `added`.
    """

    length: int
    first: StreamId | None
    last_generated: StreamId
    holds: bool
    added: int | None = None
    deleted: StreamId | None = None

    @property
    def is_short(self) -> bool | None:
        """Whether it ever had more entries than it has; None where the broker cannot tell."""
        return None if self.added is None else self.added > self.length


def read_entry(reply: Sequence[Any]) -> StreamEntry:
    """One entry of an `XRANGE`'s bare reply."""
    entry_id, fields = reply
    if len(fields) == 2 and fields[0] == _DATA:
        return StreamEntry(entry_id.decode(), fields[1])
    values = dict(zip(fields[::2], fields[1::2], strict=True))
    return StreamEntry(entry_id.decode(), values.get(_DATA, b""))


def read_entries(reply: Sequence[Sequence[Any]]) -> list[StreamEntry]:
    """All entries of an `XRANGE`'s bare reply, in its order."""
    return [read_entry(entry) for entry in reply]


def read_extent(reply: Sequence[Any], *, holds: bool) -> Extent:
    """The bare reply of `XINFO STREAM`."""
    told = dict(zip(reply[::2], reply[1::2], strict=True))
    first, deleted = told.get(b"first-entry"), told.get(b"max-deleted-entry-id")
    return Extent(
        length=told[b"length"],
        first=StreamId.parse(first[0].decode()) if first else None,
        last_generated=StreamId.parse(told[b"last-generated-id"].decode()),
        holds=holds,
        added=told.get(b"entries-added"),
        deleted=StreamId.parse(deleted.decode()) if deleted else None,
    )


def key_text(key: bytes) -> str:
    """A key as text. One that is no UTF-8 is somebody's mistake; it is shown, not hidden."""
    return key.decode(errors="backslashreplace")
