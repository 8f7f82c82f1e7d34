"""What happens around decisions is in the log, once, and the window can ask for it."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from desktop import settings
from desktop.actions.audit import Audit
from desktop.actions.ports import ExportFormat
from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.log import read_entries
from desktop.audit.reading import AuditReader
from desktop.engine.engine import Engine
from desktop.settings import Person
from desktop.store.facts import Fact
from desktop.store.record import AuditHealth, AuditQuery
from desktop.store.store import Store
from tests.support import scenes
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import Outcome
from workers.wire.codec import encode_event
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter


@dataclass
class MemoryKeyring:
    """Implements `audit.keys.Keyring`."""

    kept: dict[str, str] = field(default_factory=dict)

    def read(self, name: str) -> str:
        """What is kept."""
        return self.kept.get(name, "")

    def keep(self, name: str, value: str) -> None:
        """Keep it."""
        self.kept[name] = value


class Window:
    """An engine as the window runs it, for as long as it is open."""

    def __init__(self, keyring: MemoryKeyring, cache: Path) -> None:
        self.store = Store()
        self.engine = Engine(self._take, cache, keyring=keyring)
        self.audit = Audit(self.store, self.engine, lambda: Person("r.mora", "Rosa Mora"))
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.engine.run(), name="engine")
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _take(self, facts: list[Fact]) -> None:
        self.store.apply(facts)


@pytest.fixture
def keyring() -> MemoryKeyring:
    """An empty one."""
    return MemoryKeyring()


def recorded(kind: AuditKind) -> list[AuditEntry]:
    """The entries of one kind, in order."""
    log = settings.audit_log()
    entries = [kept.entry for kept in read_entries(log, 1000)] if log.exists() else []
    return [entry for entry in entries if entry.kind is kind]


async def test_receipts_are_written_down_once(
    connection: Connection, redis_url: str, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    """Also when the broker tells them again to the next window, which it does."""
    key = keys.progress(scenes.CONTEXT)
    await connection.client.xadd(key, {"data": encode_event(scenes.asks())})
    await connection.client.xadd(key, {"data": b"no event at all"})
    writer = ProgressWriter(connection)
    for outcome in (Outcome.APPLIED, Outcome.EXECUTED):
        await writer.receipt(scenes.receipt(outcome, reviewer="l.park"))
    for _ in range(2):
        async with Window(keyring, tmp_path) as window:
            window.engine.connect(redis_url)
            await await_until(lambda: recorded(AuditKind.RECEIPT), "the receipts")
            await await_until(lambda: window.store.is_online, "the link")

    told = recorded(AuditKind.RECEIPT)
    assert [entry.outcome for entry in told] == ["applied", "executed"]
    assert [entry.actor.id for entry in told] == ["l.park", "l.park"]
    assert len(recorded(AuditKind.DECISION_SEEN)) == 1
    assert len(recorded(AuditKind.SESSION_STARTED)) == len(recorded(AuditKind.SESSION_ENDED)) == 2
    assert [entry.outcome for entry in recorded(AuditKind.LINK_CHANGED)] == ["online"] * 2
    with closing(AuditReader(settings.audit_log())) as reader:
        late = time.time_ns() // 1_000_000 + 600_000
        assert reader.page(AuditQuery(findings_only=True), 1, late).rows == ()


async def test_the_window_searches_opens_verifies_and_exports(
    connection: Connection, redis_url: str, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    """The way of every order, with a decision that nobody made."""
    await ProgressWriter(connection).receipt(scenes.receipt(Outcome.EXECUTED))
    async with Window(keyring, tmp_path) as window:
        window.engine.connect(redis_url)
        await await_until(lambda: recorded(AuditKind.RECEIPT), "the receipt")
        number = window.audit.find(AuditQuery(findings_only=True))
        await await_until(lambda: window.store.audit_page.number == number, "the page")
        [row] = window.store.audit_page.rows
        assert row.finding == "It ran, and no decision on it is in this log"

        window.audit.open(row.number)
        await await_until(lambda: window.store.audit_opened.detail, "the entry")
        window.audit.verify()
        await await_until(lambda: window.store.audit_standing.verified_ms, "the verification")
        standing = window.store.audit_standing
        assert standing.health is AuditHealth.FINE
        assert standing.found == (f"Entry {row.number}: A call ran without a decision.",)
        await await_until(lambda: recorded(AuditKind.VERIFIED), "the note of it")

        path = tmp_path / "all.jsonl"
        window.audit.export(AuditQuery(), ExportFormat.JSONL, str(path))
        await await_until(lambda: window.store.audit_standing.exported, "the file")
        assert path.exists()
        window.audit.export(AuditQuery(), ExportFormat.JSONL, str(path))
        await await_until(lambda: window.store.audit_standing.export_failed, "the refusal")
    assert [entry.actor.name for entry in recorded(AuditKind.EXPORTED)] == ["Rosa Mora"]
