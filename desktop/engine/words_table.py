"""What was said in conversations, as sealed pieces in two tables.

The only place that knows how much of a conversation is kept, and how. What is new is added as a
piece of its own; many pieces are made into one again, of the newest words. In clear stand context
IDs, ids of entries and sizes; words only inside of pieces, each bound to its context and its place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
#: A clock far ahead counts as this.
_LATEST_MS: Final = 2**62

#: Numbers that the pieces of one context may have; theirs times this, plus which it is.
_NUMBERS: Final = 16

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
    "CREATE TABLE pieces (number INTEGER PRIMARY KEY, place TEXT NOT NULL, sealed BLOB NOT NULL)",
)
_KNOWN: Final = """
SELECT number, CAST(first AS TEXT), CAST(last AS TEXT), is_whole, pieces, size
FROM contexts WHERE context_id = ?
"""
_BEGIN: Final = "INSERT INTO contexts VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"
_GO_ON: Final = """
UPDATE contexts SET first = ?, last = ?, last_ms = ?, is_whole = ?, pieces = ?, size = ?
WHERE number = ?
"""
_PIECES: Final = """
SELECT CAST(place AS TEXT), CAST(sealed AS BLOB) FROM pieces
WHERE number BETWEEN ? AND ? ORDER BY number
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
        name, entries = heard.context_id, heard.entries
        if not _is_keepable(name):
            return False
        known = self._known(name)
        if known is None:
            return self._rewrite(heard, None)
        if heard.first and StreamId.parse(heard.first) > known.first:
            return self._rewrite(heard, known)
        news = [one for one in entries if StreamId.parse(one.entry_id) > known.last]
        if len(news) < len(entries) and not (known.is_whole and heard.is_tail):
            return self._rewrite(heard, known)
        if not news:
            return False
        messages = list(_said(name, news))
        if known.pieces >= _MOST_PIECES or known.size > MOST_OF_ONE + _SLACK:
            return self._rewrite(heard, known)
        last = max(StreamId.parse(one.entry_id) for one in news)
        known = known._replace(last=last, is_whole=known.is_whole or heard.is_tail)
        if messages:
            size = self._add(known.number, known.pieces, name, messages)
            known = known._replace(pieces=known.pieces + 1, size=known.size + size)
        self._write(known)
        return bool(messages)

    def messages(self, name: str) -> list[Message]:
        """What is kept of one context, in the order of its stream."""
        known = self._known(name) if _is_keepable(name) else None
        return self._messages(known, name) if known is not None else []

    def drop(self, name: str) -> None:
        """Keep nothing of one context."""
        if not _is_keepable(name):
            return
        query = "SELECT number FROM contexts WHERE context_id = ?"
        for (number,) in self._db.execute(query, (name,)).fetchall():
            self._drop_pieces(number)
            self._db.execute("DELETE FROM contexts WHERE number = ?", (number,))

    def _rewrite(self, heard: Heard, known: _Known | None) -> bool:
        """Make one piece of all that is kept of a context, and of what was heard beside it."""
        name = heard.context_id
        before = self._messages(known, name) if known is not None else []
        both = {StreamId.parse(one.entry_id): one for one in before}
        both |= {StreamId.parse(one.entry_id): one for one in _said(name, heard.entries)}
        kept = _newest(both, StreamId.parse(heard.first or "0-0"))
        last = max(StreamId.parse(one.entry_id) for one in heard.entries)
        if known is None:
            row = (name, "0-0", "0-0", 0, 0, 0, 0)
            number = self._db.execute(_BEGIN, row).lastrowid or 0
            known = _Known(number, last, last, is_whole=False, pieces=0, size=0)
        elif known.pieces:
            self._drop_pieces(known.number)
        size = self._add(known.number, 0, name, kept) if kept else 0
        last = max(last, known.last)
        first = StreamId.parse(kept[0].entry_id) if kept else last
        is_whole = known.is_whole or heard.is_tail
        self._write(_Known(known.number, first, last, is_whole, 1 if kept else 0, size))
        return kept != before

    def _write(self, known: _Known) -> None:
        last_ms = min(known.last.milliseconds, _LATEST_MS)
        number, first, last, is_whole, pieces, size = known
        row = (str(first), str(last), last_ms, is_whole, pieces, size, number)
        self._db.execute(_GO_ON, row)

    def _add(self, number: int, piece: int, name: str, messages: Sequence[Message]) -> int:
        """Seal a piece and write it. Returns its bytes."""
        place = f"{messages[0].entry_id} {messages[-1].entry_id}"
        sealed = self._lock.seal_piece(name, place, _encode(messages))
        row = (number * _NUMBERS + piece, place, sealed)
        self._db.execute("INSERT OR REPLACE INTO pieces VALUES (?, ?, ?)", row)
        return len(sealed)

    def _drop_pieces(self, number: int) -> None:
        pieces = (number * _NUMBERS, number * _NUMBERS + _NUMBERS - 1)
        self._db.execute("DELETE FROM pieces WHERE number BETWEEN ? AND ?", pieces)

    def _known(self, name: str) -> _Known | None:
        row = self._db.execute(_KNOWN, (name,)).fetchone()
        if row is None:
            return None
        number, first, last, is_whole, pieces, size = row
        try:
            ids = StreamId.parse(first), StreamId.parse(last)
            return _Known(number, *ids, bool(is_whole), int(pieces), int(size))
        except ValueError:  # whoever wrote that
            self.drop(name)
            return None

    def _messages(self, known: _Known, name: str) -> list[Message]:
        """What its pieces hold; those that somebody changed or moved hold nothing."""
        pieces = (known.number * _NUMBERS, known.number * _NUMBERS + _NUMBERS - 1)
        said: list[Message] = []
        for place, sealed in self._db.execute(_PIECES, pieces).fetchall():
            piece = self._lock.open_piece(name, place, sealed)
            if piece is not None:
                said += _decode(piece)
        return said


def _newest(messages: Mapping[StreamId, Message], first: StreamId) -> list[Message]:
    """As many as may be kept, in the order of their stream; none before the first."""
    room, kept = MOST_OF_ONE, []
    for at in sorted(messages, reverse=True):
        room -= len(_encode(messages[at]))
        if at < first or room < 0:
            break
        kept.append(messages[at])
    kept.reverse()
    return kept


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
