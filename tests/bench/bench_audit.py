"""The audit log: how long an entry takes to be on the disk, and verifying a million of them.

Peers in the same run, which promise less: a bare row in SQLite with the same `synchronous=FULL`,
and a bare chain of SHA-256 over the same bytes.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from desktop.audit.chain import entry_hash
from desktop.audit.entries import write_entry
from desktop.audit.log import AuditLog, Outgoing, opened_to_read
from desktop.audit.verifying import Verdict, verify
from tests.bench.figure import Figure, figure, percentile
from tests.support.audited import KEYS, STREAM, decided, head_of

APPENDS: Final = 2000
ENTRIES: Final = 1_000_000
_AT_ONCE: Final = 10_000
GOAL_APPEND_MS: Final = 20.0
GOAL_VERIFY_SECONDS: Final = 10.0


def run() -> Iterator[Figure]:
    """Time ours and the peers, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ours, bare = _append_ms(Path(folder)), _bare_ms(Path(folder))
        verified, chained = _verify_seconds(Path(folder) / "many.sqlite")
    p99 = percentile(ours, 0.99)
    yield figure(
        "audit append with fsync, p50",
        percentile(ours, 0.5),
        percentile(bare, 0.5),
        "ms",
        goal="-",
        ok=True,
    )
    yield figure(
        "audit append with fsync, p99 (peer: a bare row)",
        p99,
        percentile(bare, 0.99),
        "ms",
        goal=f"<= {GOAL_APPEND_MS:g} ms",
        ok=p99 <= GOAL_APPEND_MS,
    )
    yield figure(
        f"audit verify of {ENTRIES:,} entries (peer: a bare chain)",
        verified,
        chained,
        "s",
        goal=f"<= {GOAL_VERIFY_SECONDS:g} s",
        ok=verified <= GOAL_VERIFY_SECONDS,
    )


def _append_ms(folder: Path) -> list[float]:
    """A decision with its reason and what is to leave, each on the disk before the next."""
    payload = b"x" * 2000
    with closing(AuditLog(folder / "log.sqlite", KEYS)) as log:

        def append(number: int) -> None:
            log.append(decided(number), {"comment": "Wrong IBAN"}, Outgoing(STREAM, payload))

        return _timed(append)


def _bare_ms(folder: Path) -> list[float]:
    body = write_entry(decided(1)) + b"x" * 2000
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"):
            connection.execute(statement)
        connection.execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, body BLOB)")

        def insert(number: int) -> None:
            connection.execute("INSERT INTO entry VALUES (?, ?)", (number, body))

        return _timed(insert)


def _timed(append: Callable[[int], None]) -> list[float]:
    times = []
    for number in range(APPENDS):
        begin = time.perf_counter()
        append(number)
        times.append((time.perf_counter() - begin) * 1000)
    return times


def _verify_seconds(path: Path) -> tuple[float, float]:
    """All of it: chain, tree, file and what lies beside; and a chain alone."""
    _fill(path)
    known = head_of(path)
    begin = time.perf_counter()
    report = verify(path, known, KEYS)
    ours = time.perf_counter() - begin
    if (report.verdict, report.size) != (Verdict.INTACT, ENTRIES):
        raise AssertionError(report)
    begin = time.perf_counter()
    before = b""
    with opened_to_read(path) as connection:
        for [body] in connection.execute("SELECT body FROM entry ORDER BY number"):
            before = hashlib.sha256(before + body).digest()
    return ours, time.perf_counter() - begin


def _fill(path: Path) -> None:
    """A log of many entries. Not by way of `append`, which would take a quarter of an hour."""
    body = write_entry(decided(0, kind="session.started", nonce="@"))
    left, right = body.split(b"@")
    AuditLog(path, KEYS).close()
    with closing(sqlite3.connect(path)) as connection:
        before = bytes(32)
        for start in range(0, ENTRIES, _AT_ONCE):
            rows = []
            for number in range(start + 1, start + _AT_ONCE + 1):
                body = left + b"%032x" % number + right
                digest = entry_hash(number, before, body)
                rows.append((number, body, before, digest))
                before = digest
            connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
            connection.commit()
