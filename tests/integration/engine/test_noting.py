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
from desktop.actions.ports import ExportFormat, Lock
from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.exporting.checking import verify_export
from desktop.audit.findings import Verdict
from desktop.audit.heads import kept_head
from desktop.audit.log import read_entries
from desktop.audit.reading import AuditReader
from desktop.engine.engine import Engine
from desktop.settings import Person
from desktop.store.facts import Fact
from desktop.store.record import AuditHealth, AuditQuery
from desktop.store.records import RequestKey
from desktop.store.store import Store
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.hand_worker import HandWorker
from tests.support.trusted import TrustedFolder
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Outcome
from workers.wire.codec import encode_event
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter
from workers.wire.trust import TrustFolder

KIND = DecisionKind.APPROVE


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


async def test_a_request_that_waits_is_written_down_once(
    worker: HandWorker, redis_url: str, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    """At first sight, without its arguments; what is said of it later names its tool."""
    answered = "call-of-another-day"
    await worker.say(scenes.asks(call=answered), scenes.tool_answers("Paid.", call=answered))
    await worker.say(scenes.asks())
    for _ in range(2):
        async with Window(keyring, tmp_path) as window:
            window.engine.connect(redis_url)
            await await_until(lambda: recorded(AuditKind.REQUEST_SEEN), "the request")
            await await_until(lambda: window.store.survey.done, "the survey")
    await worker.tell(scenes.receipt("refused:not_enough", note="wrong_role"))
    async with Window(keyring, tmp_path) as window:
        window.engine.connect(redis_url)
        await await_until(lambda: recorded(AuditKind.RECEIPT), "the receipt")

    [seen] = recorded(AuditKind.REQUEST_SEEN)
    assert (seen.action, seen.request_id) == (scenes.ACTION, scenes.request().request_id)
    assert (seen.secrets, seen.proof) == ({}, "")
    [told] = recorded(AuditKind.RECEIPT)
    assert (told.action, told.detail, told.proof) == (scenes.ACTION, "wrong_role", "unsigned")


async def test_the_day_an_agents_key_is_registered_makes_no_forgery_of_what_it_said_before(
    worker: HandWorker, redis_url: str, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    """It is in the log as unsigned; from now on an unsigned one is told as not believed."""
    await worker.say(scenes.asks())
    await worker.tell(scenes.receipt(Outcome.APPLIED, reviewer="l.park"))
    async with Window(keyring, tmp_path) as window:
        window.engine.connect(redis_url)
        await await_until(lambda: recorded(AuditKind.RECEIPT), "the receipt")

    trust = TrustedFolder(tmp_path / "trust", scenes.AGENT).path
    await worker.tell(scenes.receipt(Outcome.EXECUTED, reviewer="l.park", nonce="9" * 32))
    async with Window(keyring, tmp_path) as window:
        window.engine.trust(trust)
        window.engine.connect(redis_url)
        await await_until(lambda: len(recorded(AuditKind.RECEIPT)) > 1, "the next receipt")

    told = [(entry.outcome, entry.actor.id) for entry in recorded(AuditKind.RECEIPT)]
    assert told == [("applied", "l.park"), ("not believed", "")]


async def test_a_command_records_what_became_of_its_own_decision_and_a_window_the_rest(
    worker: HandWorker, redis_url: str, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    """They keep one log, one after the other, and nothing stands in it twice."""
    await worker.say(scenes.asks())
    await worker.tell(scenes.receipt(Outcome.APPLIED, call="another", nonce="ab" * 16))
    async with Desk() as command, worker.serving(worker.obey):
        await command.connect(redis_url)
        nonce = command.approvals.decide(RequestKey(scenes.CONTEXT, scenes.CALL), KIND)
        await await_until(lambda: recorded(AuditKind.RECEIPT), "its receipt")
    assert {entry.nonce for entry in recorded(AuditKind.RECEIPT)} == {nonce}

    async with Window(keyring, tmp_path) as window:
        window.engine.connect(redis_url)
        await await_until(lambda: len(recorded(AuditKind.RECEIPT)) == 2, "the other receipt")
        await await_until(lambda: window.store.survey.done, "the survey")
    assert len(recorded(AuditKind.RECEIPT)) == 2
    assert [entry.nonce for entry in recorded(AuditKind.DECISION)] == [nonce]


async def test_the_window_searches_opens_verifies_and_exports(
    connection: Connection, redis_url: str, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    """The way of every order, with a decision that nobody made."""
    await ProgressWriter(connection).receipt(scenes.receipt(Outcome.EXECUTED))
    trust = TrustedFolder(tmp_path / "trust", "another_agent")
    async with Window(keyring, tmp_path) as window:
        window.engine.trust(trust.path)
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
        assert standing.found == (f"Entry {row.number}: {row.finding}.",)
        await await_until(lambda: recorded(AuditKind.VERIFIED), "the note of it")

        path = tmp_path / "all.jsonl"
        window.audit.export(AuditQuery(), ExportFormat.JSONL, str(path))
        await await_until(lambda: window.store.audit_standing.exported, "the file")
        check = verify_export(path, TrustFolder(trust.path).roots())
        assert (check.report.verdict, bool(check.signed_by)) == (Verdict.INTACT, True)
        assert not any("registry" in lacking for lacking in check.lacks)
        window.audit.export(AuditQuery(), ExportFormat.JSONL, str(path))
        await await_until(lambda: window.store.audit_standing.export_failed, "the refusal")
    assert [entry.actor.name for entry in recorded(AuditKind.EXPORTED)] == ["Rosa Mora"]


async def test_who_locks_the_desk_leaves_a_head_that_is_kept(
    keyring: MemoryKeyring, tmp_path: Path
) -> None:
    """So that an end which is cut off while nobody is there shows."""
    async with Window(keyring, tmp_path) as window:
        window.engine.post(Lock("left the desk"))

        def kept() -> bool:
            head = kept_head(keyring, settings.audit_log())
            return head is not None and head.size >= 2

        await await_until(kept, "the head to be kept")
        assert [entry.detail for entry in recorded(AuditKind.SESSION_LOCKED)] == ["left the desk"]
