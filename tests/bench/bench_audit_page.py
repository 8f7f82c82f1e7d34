"""The audit page: the first page of a search, with a million entries in the log.

The peer is what one would write without an index: SQLite reads the JSON of each entry.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import structs

from desktop.audit.chain import BEGINNING, entry_hash
from desktop.audit.entries import Actor, AuditEntry, AuditKind, happened, write_entry
from desktop.audit.log import AuditLog, opened_to_read
from desktop.audit.reading import AuditReader
from desktop.store.record import AuditQuery
from tests.bench.figure import Figure, figure

ENTRIES: Final = 1_000_000
GOAL_MS: Final = 100.0
_AT_ONCE: Final = 10_000
_BEGIN: Final = 1_750_000_000
_QUERIES: Final = {
    "everything": AuditQuery(),
    "one person": AuditQuery(person="p7"),
    "one tool and agent": AuditQuery(tool="tool_5", agent="agent_3"),
    "an outcome": AuditQuery(outcome="executed"),
    "findings": AuditQuery(findings_only=True),
    "free text": AuditQuery(text="context-49999"),
    "from half of the time on": AuditQuery(since_ms=(_BEGIN + ENTRIES // 2) * 1000),
}


def run() -> Iterator[Figure]:
    """Time ours and the peer over the same log."""
    now_ms = (_BEGIN + 2 * ENTRIES) * 1000
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "log.sqlite"
        _fill(path)
        with closing(AuditReader(path, Path(folder) / "index.sqlite")) as reader:
            made = _ms(reader.index)
            for name, query in _QUERIES.items():
                ours = min(_ms(lambda query=query: reader.page(query, 1, now_ms)) for _ in range(3))
                peer = _ms(lambda: _by_hand(path)) if query.person else 0.0
                title = f"audit page, first of {name}, {ENTRIES:,} entries"
                yield figure(title, ours, peer, "ms", goal=f"<= {GOAL_MS:g} ms", ok=ours <= GOAL_MS)
    yield figure("audit index made anew", made / 1000, 0.0, "s", goal="-", ok=True)


def _by_hand(path: Path) -> list[tuple[int]]:
    query = """SELECT number FROM entry WHERE json_extract(CAST(body AS TEXT), '$.actor.id') = ?
               ORDER BY number LIMIT 200 OFFSET 20000"""
    with opened_to_read(path) as connection:
        return connection.execute(query, ("p7",)).fetchall()


def _ms(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def _fill(path: Path) -> None:
    """Decisions and their receipts by turns. Not by `append`, which would take a quarter hour."""
    AuditLog(path).close()
    base = happened(AuditKind.DECISION)
    before = BEGINNING
    with closing(sqlite3.connect(path)) as connection:
        for start in range(0, ENTRIES, _AT_ONCE):
            rows = []
            for number in range(start + 1, start + _AT_ONCE + 1):
                body = write_entry(_entry(base, number))
                digest = entry_hash(number, before, body)
                rows.append((number, body, before, digest))
                before = digest
            connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
            connection.commit()


def _entry(base: AuditEntry, number: int) -> AuditEntry:
    call = (number + 1) // 2
    at = datetime.fromtimestamp(_BEGIN + number, UTC).isoformat(timespec="milliseconds")
    return structs.replace(
        base,
        kind=AuditKind.DECISION if number % 2 else AuditKind.RECEIPT,
        at=at.replace("+00:00", "Z"),
        actor=Actor(id=f"p{call % 20}", name=f"Person {call % 20}"),
        context_id=f"context-{call // 10}",
        agent=f"agent_{call % 7}",
        action=f"tool_{call % 13}",
        tool_call_id=f"call-{call}",
        request_id=f"{call:032x}",
        nonce=f"{call + 7:032x}",
        decision="approve",
        outcome="" if number % 2 else "executed",
    )
