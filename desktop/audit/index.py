"""What can be looked for in an audit log: an index, made from the log and never believed.

The only place that searches. The index is a file of its own, because the log is evidence and only
appended to; whoever throws it away, or damages it, costs the time to make it again. It holds
numbers and what entries are found by; what is shown is always read from the log.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from desktop.audit.due import (
    RECEIPT_SECONDS,
    SETTLING,
    Due,
    due_at_first,
    found_by,
    may_settle,
    milliseconds_of,
)
from desktop.audit.entries import AuditKind
from desktop.audit.known import Known, Mark
from desktop.audit.log import opened_to_read
from desktop.audit.said import SCHEMA, Said, joined
from desktop.store.record import AuditQuery

#: Findings that stand before the other entries.
MOST_FIRST: Final = 50
#: Matches are counted up to here: nobody reads further, and counting all takes its time.
MOST_COUNTED: Final = 1000
_CHUNK: Final = 2000
_VERSION: Final = 3
_SCHEMA: Final = f"""
CREATE TABLE word (
    id INTEGER PRIMARY KEY, field TEXT, text TEXT, shown TEXT, UNIQUE (field, text, shown)
) STRICT;
CREATE TABLE item (
    number INTEGER PRIMARY KEY, at_ms INTEGER, kind INTEGER, person INTEGER, agent INTEGER,
    tool INTEGER, decision INTEGER, outcome INTEGER, request TEXT, nonce TEXT, said INTEGER,
    due INTEGER, counts INTEGER
) STRICT;
{SCHEMA}
CREATE INDEX item_said ON item (said, number);
CREATE INDEX item_person ON item (person, number);
CREATE INDEX item_agent ON item (agent, number);
CREATE INDEX item_tool ON item (tool, number);
CREATE INDEX item_request ON item (request) WHERE request != '';
CREATE INDEX item_nonce ON item (nonce) WHERE nonce != '';
CREATE INDEX item_due ON item (number) WHERE due > 0;
CREATE TABLE seen (number INTEGER, hash BLOB) STRICT;
PRAGMA user_version = {_VERSION};
"""


class Found(NamedTuple):
    """Numbers of entries.

    Attributes:
        findings: each with what is wrong, the newest first.
        others: the newest first.
        total: how many match, up to `MOST_COUNTED`.
    """

    findings: list[tuple[int, Due]]
    others: list[int]
    total: int


class Index:
    """The index of one log. Blocking; for one thread at a time.

    Args:
        file: where it is kept; None to make it anew in a private file that goes with it.

    Raises:
        sqlite3.Error: it cannot be kept there.
    """

    def __init__(self, log: Path, file: Path | None) -> None:
        self._log, self._file = log, file
        self._words: dict[tuple[str, str, str], int] = {}
        self._db = self._open()

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def interrupt(self) -> None:
        """End the query that runs now, if one does; may be called from any thread."""
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed by now
            self._db.interrupt()

    def catch_up(self) -> int:
        """Take in what the log has grown by.

        Returns:
            The number of its last entry.

        Raises:
            OSError, sqlite3.Error: the log cannot be read.
        """
        with opened_to_read(self._log) as log:
            number, digest = self._db.execute("SELECT number, hash FROM seen").fetchone()
            query = "SELECT hash FROM entry WHERE number = ?"
            if number and log.execute(query, (number,)).fetchone() != (digest,):
                self._begin()  # it is another log than the one that was read
                number = 0
            query = "SELECT number, body, hash FROM entry WHERE number > ? ORDER BY number LIMIT ?"
            while rows := log.execute(query, (number, _CHUNK)).fetchall():
                self._take(number, rows)
                number = rows[-1][0]
        return int(number)

    def find(self, query: AuditQuery, now_ms: int) -> Found:
        """What a query finds.

        Args:
            now_ms: a decision may wait for its receipt for a while.
        """
        terms, values = self._terms(query)
        late = now_ms - RECEIPT_SECONDS * 1000
        finding = [*terms, f"due > 0 AND (due > {int(Due.RECEIPT)} OR at_ms < {late})"]
        first: list[tuple[int, Due]] = []
        if not query.before or query.findings_only:
            limit = query.limit if query.findings_only else min(query.limit, MOST_FIRST)
            rows = self._newest("number, due", finding, values, query.before, limit)
            first = [(number, Due(due)) for number, due in rows]
        if query.findings_only:
            total = len(first) if _is_all(query, len(first)) else self._count(finding, values)
            return Found(first, [], total)
        rows = self._newest("number", terms, values, query.before, query.limit)
        known = {number for number, _ in first}
        others = [number for (number,) in rows if number not in known]
        total = len(rows) if _is_all(query, len(rows)) else self._count(terms, values)
        return Found(first, others, total)

    def due(self, numbers: Iterable[int], now_ms: int) -> dict[int, Due]:
        """What is wrong with entries, of those with which something is."""
        late = now_ms - RECEIPT_SECONDS * 1000
        found: dict[int, Due] = {}
        query = "SELECT due, at_ms FROM item WHERE number = ?"
        for number in numbers:
            due, at_ms = self._db.execute(query, (number,)).fetchone() or (0, 0)
            if due > Due.RECEIPT or (due and at_ms < late):
                found[number] = Due(due)
        return found

    def related(self, request_id: str, nonce: str, most: int) -> list[int]:
        """The entries about a request, or about one decision, in order; at most so many."""
        column, value = ("request", request_id) if request_id else ("nonce", nonce)
        if not value:
            return []
        query = f"SELECT number FROM item WHERE {column} = ? AND {column} != '' ORDER BY number"  # noqa: S608 - our own words
        return [number for (number,) in self._db.execute(f"{query} LIMIT ?", (value, most))]

    def numbers_of(self, name: str, most: int) -> list[int]:
        """The entries about a request, a call or a decision of this very name, in order."""
        query = (
            "SELECT number FROM item WHERE (request = ?1 AND request != '') OR"
            " (nonce = ?1 AND nonce != '') ORDER BY number LIMIT ?2"
        )
        return [number for (number,) in self._db.execute(query, (name, most))]

    def known_of(
        self, marks: Iterable[Mark], people: Iterable[str], requests: Iterable[str]
    ) -> Known:
        """What the log holds of these; see `Known`."""
        tools = {request: self._tool_of(request) for request in requests if request}
        return Known(
            frozenset(mark for mark in marks if self.knows(mark)),
            frozenset(person for person in people if self.decides_here(person)),
            {request: tool for request, tool in tools.items() if tool},
        )

    def knows(self, mark: Mark) -> bool:
        """Whether this receipt, or this request, is in the log."""
        outcome = self._words.get(("outcome", mark.outcome, "")) if mark.outcome else 0
        kind = self._words.get(("kind", mark.kind.value, ""))
        if outcome is None or kind is None:
            return False
        values: list[str | int] = [outcome, kind, joined(mark.context_id, mark.tool_call_id, "")]
        query = "SELECT 1 FROM item JOIN said ON said.id = item.said"
        query += " WHERE counts AND outcome = ? AND kind = ? AND substr(text, 1, length(?3)) = ?3"
        for column, value in (("request", mark.request_id), ("nonce", mark.nonce)):
            query += f" AND {column} = ?{len(values) + 1}" + (f" AND {column} != ''" * bool(value))
            values.append(value)
        return self._db.execute(f"{query} LIMIT 1", values).fetchone() is not None

    def _tool_of(self, request_id: str) -> str:
        query = (
            "SELECT text FROM item JOIN word ON word.id = item.tool"
            " WHERE request = ? AND request != '' AND text != '' LIMIT 1"
        )
        row = self._db.execute(query, (request_id,)).fetchone()
        return str(row[0]) if row else ""

    def decides_here(self, person: str) -> bool:
        """Whether this person ever decided at this desk."""
        kind = self._words.get(("kind", AuditKind.DECISION.value, ""))
        ids = [
            key for (of, text, _), key in self._words.items() if (of, text) == ("person", person)
        ]
        query = "SELECT 1 FROM item WHERE person = ? AND kind = ? LIMIT 1"
        return any(self._db.execute(query, (key, kind)).fetchone() for key in ids)

    def choices(self, field: str) -> list[tuple[str, str]]:
        """Everybody or everything a field was ever about: id and printed name, in order."""
        query = "SELECT text, shown FROM word WHERE field = ? AND text != '' ORDER BY text"
        return self._db.execute(query, (field,)).fetchall()

    def last_of(self, kind: AuditKind) -> tuple[int, str]:
        """When an entry of a kind was last made, ms since the epoch, and its outcome; 0: never."""
        query = (
            "SELECT at_ms, coalesce(text, '') FROM item LEFT JOIN word ON word.id = outcome"
            " WHERE item.kind = ? ORDER BY number DESC LIMIT 1"
        )
        row = self._db.execute(query, (self._words.get(("kind", kind.value, "")),)).fetchone()
        return row or (0, "")

    def _open(self) -> sqlite3.Connection:
        if self._file is None:
            return self._connect()
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file.touch(mode=0o600)
        self._file.chmod(0o600)
        try:
            return self._connect()
        except sqlite3.DatabaseError:
            self._file.unlink()  # damaged; nothing is lost but time
            self._file.touch(mode=0o600)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        # Opened on one thread, used on another, but never by two at once.
        address = str(self._file) if self._file is not None else ""
        db = sqlite3.connect(address, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("PRAGMA journal_mode = MEMORY")
            self._db, self._said = db, Said(db)
            if db.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                self._begin()
            rows = db.execute("SELECT id, field, text, shown FROM word").fetchall()
            self._words = {(field, text, shown): number for number, field, text, shown in rows}
        except BaseException:
            db.close()
            raise
        return db

    def _begin(self) -> None:
        """Empty it."""
        self._words = {}
        self._said.forget()
        tables = self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for (name,) in tables:
            self._db.execute(f'DROP TABLE "{name}"')
        self._db.executescript(_SCHEMA)
        self._db.execute("INSERT INTO seen VALUES (0, x'')")

    def _take(self, after: int, rows: Sequence[tuple[int, bytes, bytes]]) -> None:
        self._db.execute("BEGIN")
        try:
            items = [self._item(number, body) for number, body, _ in rows]
            marks = ", ".join("?" * 13)
            insert = f"INSERT OR REPLACE INTO item VALUES ({marks})"  # noqa: S608 - question marks
            self._db.executemany(insert, items)
            self._settle(after)
            self._db.execute("UPDATE seen SET number = ?, hash = ?", (rows[-1][0], rows[-1][2]))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            self._said.forget()
            self._words = {}  # some of them went with it
            rows_left = self._db.execute("SELECT id, field, text, shown FROM word").fetchall()
            self._words = {(field, text, shown): key for key, field, text, shown in rows_left}
            raise

    def _item(self, number: int, body: bytes) -> tuple[object, ...]:
        try:
            entry = found_by(body)
            at_ms = milliseconds_of(entry.at)
        except ValueError:
            return (number, 0, 0, 0, 0, 0, 0, 0, "", "", 0, int(Due.UNREADABLE), 0)
        return (
            number,
            at_ms,
            self._word("kind", entry.kind),
            self._word("person", entry.actor.id, entry.actor.name),
            self._word("agent", entry.agent),
            self._word("tool", entry.action),
            self._word("outcome", entry.decision) if entry.decision else 0,
            self._word("outcome", entry.outcome) if entry.outcome else 0,
            entry.request_id,
            entry.nonce,
            self._said.keep(
                entry.context_id, entry.tool_call_id, entry.request_id, entry.nonce, entry.detail
            ),
            int(due_at_first(entry)),
            int(may_settle(entry)),
        )

    def _word(self, field: str, text: str, shown: str = "") -> int:
        key = (field, text, shown)
        known = self._words.get(key)
        if known is None:
            insert = "INSERT INTO word (field, text, shown) VALUES (?, ?, ?)"
            known = self._words[key] = self._db.execute(insert, key).lastrowid or 0
        return known

    def _settle(self, after: int) -> None:
        """Strike out what the new entries bring, and what was there for them."""
        for due, column, kinds, field, words in SETTLING:
            brings = f"counts AND kind IN ({self._ids('kind', kinds)})"
            if field:
                brings += f" AND {field} IN ({self._ids('outcome', words)})"
            newer = f"SELECT {column} FROM item WHERE number > ? AND {column} != '' AND {brings}"  # noqa: S608 - our own words
            brought = f"SELECT {column} FROM item WHERE {column} != '' AND {brings}"  # noqa: S608 - our own words
            settle = f"UPDATE item SET due = 0 WHERE due = {int(due)} AND {column} != '' AND"  # noqa: S608 - our own words
            self._db.execute(f"{settle} {column} IN ({newer})", (after,))
            same = f"{brought} AND {column} = outer_item.{column}"
            settle = settle.replace("UPDATE item", "UPDATE item AS outer_item")
            self._db.execute(f"{settle} number > ? AND EXISTS ({same})", (after,))

    def _ids(self, field: str, words: Iterable[str]) -> str:
        return ", ".join(str(self._word(field, word)) for word in words)

    def _terms(self, query: AuditQuery) -> tuple[list[str], list[str | int]]:
        terms: list[str] = []
        values: list[str | int] = []
        for field, sought in (
            ("person", query.person),
            ("agent", query.agent),
            ("tool", query.tool),
        ):
            if sought:
                terms.append(f"{field} IN ({self._matching(field, sought)})")
        if query.outcome:
            ids = self._matching("outcome", query.outcome)
            # The signs keep SQLite from collecting and sorting all that match by an index.
            terms.append(f"(+decision IN ({ids}) OR +outcome IN ({ids}))")
        if query.text:
            named = ", ".join(
                self._matching(field, query.text)
                for field in ("kind", "person", "agent", "tool", "outcome")
            )
            named = ", ".join(part for part in named.split(", ") if part)
            said, texts = self._said.holding(query.text)
            either = [said]
            either += [
                f"{column} IN ({named})"
                for column in ("kind", "person", "agent", "tool", "decision", "outcome")
                if named
            ]
            terms.append(f"({' OR '.join(either)})")
            values += texts
        if query.since_ms:
            terms.append("at_ms >= ?")
            values.append(query.since_ms)
        if query.until_ms:
            terms.append("at_ms < ?")
            values.append(query.until_ms)
        return terms, values

    def _matching(self, field: str, sought: str) -> str:
        """Ids of the words that hold a text, in any case."""
        folded = sought.casefold()
        return ", ".join(
            str(number)
            for (of, text, shown), number in self._words.items()
            if of == field and (folded in text.casefold() or folded in shown.casefold())
        )

    def _newest(
        self,
        columns: str,
        terms: Sequence[str],
        values: Sequence[str | int],
        before: int,
        most: int,
    ) -> list[tuple[int, ...]]:
        wanted = [*terms, f"number < {before}"] if before else list(terms)
        where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        query = f"SELECT {columns} FROM item{where} ORDER BY number DESC LIMIT ?"  # noqa: S608 - our own words
        return self._db.execute(query, (*values, most)).fetchall()

    def _count(self, terms: Sequence[str], values: Sequence[str | int]) -> int:
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        query = f"SELECT count(*) FROM (SELECT 1 FROM item{where} LIMIT ?)"  # noqa: S608 - our own words
        return int(self._db.execute(query, (*values, MOST_COUNTED)).fetchone()[0])


def _is_all(query: AuditQuery, rows: int) -> bool:
    return not query.before and rows < query.limit
