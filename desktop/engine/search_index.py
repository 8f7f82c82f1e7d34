"""The search index: what contexts say, in SQLite's full-text search, in memory only.

The only place that writes full-text queries. What changed lately lies in a plain table that is
read through; what stayed the same for a while lies in a trigram index. Indexing one text costs
fifty times what reading through it once does, so texts that change all the time are not indexed.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from desktop.precedence import WINDOW
from desktop.store.seeking import holds

#: Trigrams asked for in one query; the rest of the words is compared.
_TRIGRAMS = 32
#: Taken in since the beginning, outdated or not; what is kept of words is no more than half of it.
_MOST_CHARACTERS = 256 * 1024 * 1024
#: Words compared by SQLite; the few texts that hold all of these are compared by us.
_WORDS = 64
_GRAM = 3
#: Texts that are searched before others have their turn.
_PIECE = 4000
#: Indexed in one go, which nothing can interrupt: some ten milliseconds.
_SETTLED_CHARACTERS = 100_000


class SearchIndex:
    """Texts by context. Used by one thread at a time; `interrupt` may be called from any.

    Each new text gets a new number, and the number of the old one means nobody any more: entries
    of the index are never changed or taken out, which would cost as much as putting them in.
    """

    def __init__(self) -> None:
        # Opened on one thread, used on another, but never by two at once.
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("CREATE TABLE fresh (id INTEGER PRIMARY KEY, about TEXT NOT NULL)")
        self._names: list[str | None] = [None]
        self._numbers: dict[str, int] = {}
        self._fresh = self._characters = 0
        self._is_interrupted = False
        self._can_settle = self._make_settled()

    def close(self) -> None:
        """Give the memory back."""
        self._db.close()

    def interrupt(self) -> None:
        """End the query that runs now, if one does."""
        self._is_interrupted = True
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed by now
            self._db.interrupt()

    @property
    def is_wasteful(self) -> bool:
        """Whether most of what is kept is outdated, so that beginning anew is better."""
        return (
            len(self._names) > 2 * len(self._numbers) + 50_000
            or self._characters > _MOST_CHARACTERS
        )

    def take(self, texts: Mapping[str, str | None]) -> None:
        """Keep these texts.

        Args:
            texts: context to its searched text; None for a context that is gone.
        """
        old = [(number,) for name in texts if (number := self._numbers.pop(name, 0))]
        for (number,) in old:
            self._names[number] = None
        new = [(name, text) for name, text in texts.items() if text is not None]
        first = len(self._names)
        self._names.extend(name for name, _ in new)
        self._numbers.update((name, first + at) for at, (name, _) in enumerate(new))
        rows = ((first + at, text) for at, (_, text) in enumerate(new))
        self._db.execute("BEGIN")
        gone = self._db.executemany("DELETE FROM fresh WHERE id = ?", old).rowcount
        self._db.executemany("INSERT INTO fresh VALUES (?, ?)", rows)
        self._db.execute("COMMIT")
        self._fresh += len(new) - max(gone, 0)
        self._characters += sum(len(text) for _, text in new)

    def settle(self, limit: int) -> bool:
        """Index some of what lies there the longest. Returns whether there is more.

        Args:
            limit: of texts; of very long ones fewer.
        """
        if not self._can_settle or not self._fresh:
            return False
        limit = self._short_enough(limit)
        chosen = "SELECT id FROM fresh ORDER BY id LIMIT ?"
        self._db.execute("BEGIN")
        self._db.execute(
            "INSERT INTO settled(rowid, about) SELECT id, about FROM fresh ORDER BY id LIMIT ?",
            (limit,),
        )
        moved = self._db.execute(f"DELETE FROM fresh WHERE id IN ({chosen})", (limit,)).rowcount  # noqa: S608 - our own words
        self._db.execute("COMMIT")
        self._fresh -= moved
        return self._fresh > 0

    def find(self, words: Sequence[str]) -> frozenset[str] | None:
        """The contexts whose text holds all words; None if interrupted."""
        self._is_interrupted = False
        found: list[str] = []
        try:
            for first in range(0, len(self._names), _PIECE):
                for table in ("fresh", "settled"):
                    WINDOW.give_way()
                    numbers = self._find_in(table, words, first)
                    found += [name for at in numbers if (name := self._names[at]) is not None]
                if self._is_interrupted:
                    return None
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                return None
            raise
        return frozenset(found)

    def _short_enough(self, limit: int) -> int:
        lengths = "SELECT length(about) FROM fresh ORDER BY id LIMIT ?"
        room = _SETTLED_CHARACTERS
        for number, (length,) in enumerate(self._db.execute(lengths, (limit,)).fetchall()):
            room -= length
            if room < 0:
                return max(number, 1)
        return limit

    def _find_in(self, table: str, words: Sequence[str], first: int) -> Iterable[int]:
        """Numbers of texts that match, of a piece of them."""
        if table == "settled" and not self._can_settle:
            return ()
        grams = _trigrams(words) if table == "settled" else []
        compared = words[:_WORDS]
        terms = (["settled MATCH ?"] if grams else []) + ["instr(about, ?)"] * len(compared)
        values: list[str | int] = [*([" AND ".join(grams)] if grams else ()), *compared]
        # Numbers as one text: SQLite lets go of the interpreter with each row and wants it back,
        # and the window waits meanwhile.
        columns = "rowid, about" if len(words) > _WORDS else "group_concat(rowid)"
        terms.append("rowid BETWEEN ? AND ?")
        values += (first, first + _PIECE - 1)
        query = f"SELECT {columns} FROM {table} WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words
        found = self._db.execute(query, values).fetchall()
        if len(words) > _WORDS:
            return [number for number, about in found if holds(about, words[_WORDS:])]
        [(numbers,)] = found
        return map(int, numbers.split(",")) if numbers else ()

    def _make_settled(self) -> bool:
        tokens = "trigram case_sensitive 1"
        try:
            self._db.execute(
                f"CREATE VIRTUAL TABLE settled USING fts5(about, tokenize='{tokens}', detail=none)"
            )
        except sqlite3.OperationalError:
            return False  # SQLite built without it, or older than 3.34: everything is read through
        return True


def _trigrams(words: Sequence[str]) -> list[str]:
    """Pieces that a text must have to hold the words, quoted: nothing in them is an operator."""
    pieces = dict.fromkeys(
        word[at : at + _GRAM] for word in words for at in range(min(len(word) - 2, _TRIGRAMS))
    )
    quoted = ('"' + piece.replace('"', '""') + '"' for piece in pieces)
    return list(quoted)[:_TRIGRAMS]
