"""What was said in conversations, as sealed pieces in two tables.

The only place that knows how much of a conversation is kept, and how. What is new is added as a
piece of its own; many pieces are made into one again, of the newest words. In clear stand context
IDs, ids of entries and sizes; words only inside of pieces, each bound to its context and its place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from desktop.engine.kept_file import keepable
from desktop.engine.summaries import look, words
from desktop.engine.text_lock import TextLock
from workers.wire.ids import StreamId
from workers.wire.streams.reader import StreamEntry

#: Of one conversation, in bytes; the newest words stay.
MOST_OF_ONE: Final = 64 * 1024
#: Larger entries are not decoded for their words.
MOST_OF_ENTRY: Final = 1024 * 1024
#: Characters of one entry: with all of them escaped, one still fits.
MOST_OF_SAID: Final = MOST_OF_ONE // 8
_MOST_PIECES: Final = 8
_SLACK: Final = MOST_OF_ONE // 4

TABLES: Final = (
    """
CREATE TABLE contexts (
    number INTEGER PRIMARY KEY,
    context_id TEXT NOT NULL UNIQUE,
    first TEXT NOT NULL,
    last TEXT NOT NULL,
    last_ms INTEGER NOT NULL,
    is_whole INTEGER NOT NULL,
    pieces INTEGER NOT NULL,
    size INTEGER NOT NULL
)
""",
    "CREATE INDEX oldest ON contexts (last_ms)",
    """
CREATE TABLE pieces (
    context INTEGER NOT NULL,
    number INTEGER NOT NULL,
    place TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (context, number)
)
""",
)
_KNOWN: Final = """
SELECT number, CAST(first AS TEXT), CAST(last AS TEXT), is_whole, pieces, size
FROM contexts WHERE context_id = ?
"""
_WRITE: Final = """
INSERT INTO contexts (context_id, first, last, last_ms, is_whole, pieces, size)
VALUES (?, ?, ?, ?, ?, 0, 0)
ON CONFLICT (context_id) DO UPDATE SET
    first = excluded.first, last = excluded.last, last_ms = excluded.last_ms,
    is_whole = excluded.is_whole
RETURNING number
"""
_encode: Final = msgspec.json.encode


class Message(NamedTuple):
    """What one entry says."""

    entry_id: str
    text: str


_decode: Final = msgspec.json.Decoder(list[Message]).decode


@dataclass(slots=True, eq=False)
class Heard:
    """Entries of one context that were read.

    Attributes:
        entries: perhaps some twice.
        is_tail: its newest ones are among them, as far back as is read at a start.
        first: with this one its stream begins; empty if that is not known.
    """

    context_id: str
    entries: list[StreamEntry]
    is_tail: bool = False
    first: str = ""


class _Known(NamedTuple):
    """What is kept of one context.

    Attributes:
        first: id of the oldest entry that is kept.
        last: and of the newest that was heard.
        is_whole: everything that a start reads was heard, up to there.
    """

    number: int
    first: StreamId
    last: StreamId
    is_whole: bool
    pieces: int
    size: int


class WordsTable:
    """The pieces of an open file. Whoever uses it looks after transactions and errors."""

    def __init__(self, db: sqlite3.Connection, lock: TextLock) -> None:
        self._db, self._lock = db, lock

    def tear(self, names: Iterable[str]) -> None:
        """Of these something was not heard: their tails are wanted again."""
        torn = [(name,) for name in names if _is_keepable(name)]
        self._db.executemany("UPDATE contexts SET is_whole = 0 WHERE context_id = ?", torn)

    def keep(self, heard: Heard) -> bool:
        """Keep what was heard of one context. Returns whether other words are kept than before."""
        if not _is_keepable(heard.context_id):
            return False
        known = self._known(heard.context_id)
        entries = heard.entries
        if known is not None:
            if heard.first and StreamId.parse(heard.first) > known.first:
                return self._rewrite(heard, known)
            if known.is_whole and heard.is_tail:
                entries = [one for one in entries if StreamId.parse(one.entry_id) > known.last]
                if not entries:
                    return False
            elif any(StreamId.parse(one.entry_id) <= known.last for one in entries):
                return self._rewrite(heard, known)
        messages = list(_said(heard.context_id, entries))
        ids = [StreamId.parse(one.entry_id) for one in entries]
        is_whole = heard.is_tail or (known is not None and known.is_whole)
        first = known.first if known is not None else min(ids)
        number = self._write(heard.context_id, first, max(ids), is_whole=is_whole)
        if not messages:
            return False
        self._add(number, heard.context_id, known.pieces + 1 if known else 1, messages)
        after = self._known(heard.context_id)
        if after is None or after.pieces > _MOST_PIECES or after.size > MOST_OF_ONE + _SLACK:
            self._rewrite(Heard(heard.context_id, []), after)
        return True

    def messages(self, name: str) -> list[Message]:
        """What is kept of one context, in the order of its stream."""
        known = self._known(name) if _is_keepable(name) else None
        return self._messages(known, name) if known is not None else []

    def drop(self, name: str) -> None:
        """Keep nothing of one context."""
        if _is_keepable(name):
            number = "SELECT number FROM contexts WHERE context_id = ?"
            self._db.execute(f"DELETE FROM pieces WHERE context IN ({number})", (name,))  # noqa: S608 - our own words
            self._db.execute("DELETE FROM contexts WHERE context_id = ?", (name,))

    def _rewrite(self, heard: Heard, known: _Known | None) -> bool:
        """Make one piece of all that is kept of a context, and of what was heard beside it."""
        name = heard.context_id
        if known is None:  # somebody wrote what is no id
            return False
        before = self._messages(known, name)
        both = {StreamId.parse(one.entry_id): one for one in before}
        both |= {StreamId.parse(one.entry_id): one for one in _said(name, heard.entries)}
        begins = StreamId.parse(heard.first or "0-0")
        room, kept = MOST_OF_ONE, []
        for at in sorted(both, reverse=True):
            room -= len(_encode(both[at]))
            if at < begins or room < 0:
                break
            kept.append(both[at])
        kept.reverse()
        ids = [known.last, *(StreamId.parse(one.entry_id) for one in heard.entries)]
        first = StreamId.parse(kept[0].entry_id) if kept else max(ids)
        is_whole = heard.is_tail or known.is_whole
        number = self._write(name, first, max(ids), is_whole=is_whole)
        self._db.execute("DELETE FROM pieces WHERE context = ?", (number,))
        self._db.execute("UPDATE contexts SET pieces = 0, size = 0 WHERE number = ?", (number,))
        if kept:
            self._add(number, name, 1, kept)
        return kept != before

    def _write(self, name: str, first: StreamId, last: StreamId, *, is_whole: bool) -> int:
        last_ms = min(last.milliseconds, 2**62)
        row = (name, str(first), str(last), last_ms, is_whole)
        return int(self._db.execute(_WRITE, row).fetchone()[0])

    def _add(self, number: int, name: str, piece: int, messages: Sequence[Message]) -> None:
        place = f"{messages[0].entry_id} {messages[-1].entry_id}"
        sealed = self._lock.seal_piece(name, place, _encode(messages))
        self._db.execute("INSERT INTO pieces VALUES (?, ?, ?, ?)", (number, piece, place, sealed))
        grown = "UPDATE contexts SET pieces = ?, size = size + ? WHERE number = ?"
        self._db.execute(grown, (piece, len(sealed), number))

    def _known(self, name: str) -> _Known | None:
        row = self._db.execute(_KNOWN, (name,)).fetchone()
        if row is None:
            return None
        number, first, last, is_whole, pieces, size = row
        try:
            ids = StreamId.parse(first), StreamId.parse(last)
        except ValueError:  # whoever wrote that
            self.drop(name)
            return None
        return _Known(number, *ids, bool(is_whole), int(pieces), int(size))

    def _messages(self, known: _Known, name: str) -> list[Message]:
        """What its pieces hold; those that somebody changed or moved hold nothing."""
        query = "SELECT CAST(place AS TEXT), CAST(sealed AS BLOB) FROM pieces WHERE context = ?"
        said: dict[StreamId, Message] = {}
        for place, sealed in self._db.execute(query, (known.number,)).fetchall():
            piece = self._lock.open_piece(name, place, sealed)
            for one in _decode(piece) if piece is not None else ():
                said[StreamId.parse(one.entry_id)] = one
        return [said[at] for at in sorted(said)]


def _said(context_id: str, entries: Iterable[StreamEntry]) -> Iterator[Message]:
    for entry_id, data in entries:
        if len(data) <= MOST_OF_ENTRY:
            text = words(look(context_id, entry_id, data), MOST_OF_SAID)
            if text:
                yield Message(entry_id, keepable(text))


def _is_keepable(name: str) -> bool:
    """A name with half characters is nobody's key here."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
