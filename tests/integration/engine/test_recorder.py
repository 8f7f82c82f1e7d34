"""The engine's record: what it lets pass, what it says of itself, and what it takes up again."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit.emergency import FILE_NAME
from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.heads import kept_head
from desktop.audit.log import TIDY_BYTES, AuditUnavailable, Outgoing, read_entries
from desktop.audit.verifying import Verdict, verify
from desktop.engine import recorder as recorder_module
from desktop.engine import upkeep
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.engine.unsent import settle_unsent
from desktop.engine.upkeep import keep_up
from desktop.store.facts import AuditChanged, DecisionNotSent, Fact
from desktop.store.record import AuditHealth
from tests.support import scenes
from tests.support.audited import ALL, STREAM, FakeKeyring, by_hand, decided
from tests.support.broken_logs import full_disk
from tests.support.recording import recording
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import decode_event, encode_event
from workers.wire.streams.connection import Connection

_ORDER = scenes.asks()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def keyring() -> FakeKeyring:
    """A keyring of its own."""
    return FakeKeyring()


def _move(path: Path, to: Path) -> None:
    path.rename(to)


def _kinds(path: Path) -> list[AuditKind]:
    return [one.entry.kind for one in read_entries(path, ALL)]


async def test_a_decision_is_recorded_sent_and_signed_for(path: Path, keyring: FakeKeyring) -> None:
    """When the console ends, its head is in the keyring."""
    async with recording(path, keyring) as recorder:
        number = await recorder.decided(decided(1), {"comment": "No"}, Outgoing(STREAM, b"x"))
        await recorder.sent(decided(1), number, "1-0")
        number = await recorder.decided(decided(2), None, Outgoing(STREAM, b"y"))
        await recorder.not_sent(decided(2), "The broker was gone.", number)
        assert await recorder.last_hash("r.mora") == read_entries(path, 1)[0].hash.hex()
    report = verify(path, kept_head(keyring, path))
    assert (report.verdict, report.size) == (Verdict.INTACT, 4)
    kinds = [AuditKind.DECISION_SENT, AuditKind.DECISION_NOT_SENT]
    assert _kinds(path)[1::2] == kinds


async def test_a_log_that_was_tampered_with_lets_nothing_run(
    path: Path, keyring: FakeKeyring
) -> None:
    """Rejecting still works, and is kept beside it."""
    async with recording(path, keyring) as recorder:
        await recorder.note(decided(1))
    by_hand(path, "DELETE FROM entry")
    async with recording(path, keyring) as recorder:
        assert recorder.standing.health is AuditHealth.TAMPERED
        for decision in ("approve", "edit", "respond"):
            with pytest.raises(AuditUnavailable, match="not the one that was left"):
                await recorder.decided(decided(2, decision=decision))
        assert await recorder.decided(decided(3, decision="reject")) == 0
        assert recorder.standing.health is AuditHealth.TAMPERED
    assert decided(3).nonce.encode() in path.with_name(FILE_NAME).read_bytes()
    assert read_entries(path, ALL) == []


async def test_a_log_that_fails_is_told_and_opened_again(
    tmp_path: Path, keyring: FakeKeyring
) -> None:
    """What was rejected meanwhile comes into it."""
    told: list[AuditChanged] = []
    path, moved = tmp_path / "audit" / "log.sqlite", tmp_path / "moved"
    recorder = Recorder(path, keyring, told.append)
    (tmp_path / "audit").write_text("in the way")
    with pytest.raises(AuditUnavailable):
        await recorder.decided(decided(1))
    assert await recorder.decided(decided(2, decision="reject")) == 0
    await recorder.not_sent(decided(2), "gone")
    _move(tmp_path / "audit", moved)
    assert await recorder.decided(decided(4)) == 3
    await recorder.close()
    kept, again, last = (one.entry for one in read_entries(path, ALL))
    assert (kept.nonce, last.nonce) == (decided(2).nonce, decided(4).nonce)
    assert again.kind is AuditKind.WRITABLE_AGAIN
    assert "File exists" in again.detail
    healths = [one.standing.health for one in told]
    assert healths == [AuditHealth.UNWRITABLE, AuditHealth.FINE]


async def test_a_disk_that_was_full_is_noticed_when_there_is_room_again(
    path: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a restart, and not before: a log that only opens is not called fine."""
    monkeypatch.setattr(upkeep, "RETRY_SECONDS", 0.01)
    told: list[AuditChanged] = []
    with full_disk(path):
        recorder = Recorder(path, keyring, told.append)
        task = asyncio.create_task(keep_up(recorder))
        await recorder.note_anyway(decided(1, kind=AuditKind.SESSION_STARTED))
        for _ in range(3):
            with pytest.raises(AuditUnavailable, match="the disk is full") as refused:
                await recorder.check(decided(2))
            assert "Make room" in refused.value.hint
        assert await recorder.decided(decided(3, decision="reject")) == 0
        assert [one.standing.health for one in told][1:] == [AuditHealth.UNWRITABLE]
    await await_until(lambda: recorder.standing.health is AuditHealth.FINE, "the log to be back")
    await recorder.check(decided(2))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await recorder.close()
    *_, started, rejected, again = (one.entry for one in read_entries(path, ALL))
    assert (started.nonce, rejected.nonce) == (decided(1).nonce, decided(3).nonce)
    assert (again.kind, "disk is full" in again.detail) == (AuditKind.WRITABLE_AGAIN, True)


async def test_a_checkpoint_that_fails_is_made_later(path: Path, keyring: FakeKeyring) -> None:
    """The log is proven again before it lets anything be approved."""
    async with recording(path, keyring) as recorder:
        await recorder.note(decided(1))
        _move(path, path.with_suffix(".away"))
        await recorder.checkpoint()
        assert recorder.standing.health is AuditHealth.UNWRITABLE
        _move(path.with_suffix(".away"), path)
        await recorder.check(decided(2))
        assert _health_of(recorder) is AuditHealth.FINE
        await recorder.checkpoint()
        assert _size(keyring, path) == 2


def _health_of(recorder: Recorder) -> AuditHealth:
    return recorder.standing.health


async def test_the_last_words_of_a_console_are_kept_though_nothing_was_recorded_before(
    path: Path, keyring: FakeKeyring
) -> None:
    """In the log; or beside it, where that cannot be written."""
    recorder = Recorder(path, keyring)
    recorder.jot(decided(1, kind=AuditKind.SESSION_ENDED))
    await recorder.close()
    assert _kinds(path) == [AuditKind.SESSION_ENDED]
    with full_disk(path):
        recorder = Recorder(path, keyring)
        recorder.jot(decided(2, kind=AuditKind.SESSION_ENDED))
        await recorder.close()
    recorder = Recorder(path, keyring)
    await recorder.begin()
    await recorder.close()
    assert _kinds(path)[-1] is AuditKind.SESSION_ENDED


async def test_nothing_is_written_any_more_once_it_is_closed(
    path: Path, keyring: FakeKeyring
) -> None:
    """A disk that holds up what was jotted down last holds up the end; what comes later is kept."""
    recorder = Recorder(path, keyring)
    await recorder.begin()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        recorder.jot(decided(1, kind=AuditKind.RECEIPT))
        await asyncio.sleep(0)
        [writing] = [task for task in asyncio.all_tasks() if task.get_name() == "audit:jotted"]
        recorder.jot(decided(2, kind=AuditKind.RECEIPT))
        end = asyncio.create_task(recorder.close())
        await asyncio.sleep(0)
        assert not end.done()
        other.execute("ROLLBACK")
        await end
    assert writing.done()
    assert [one.entry.nonce for one in read_entries(path, ALL)][:2] == [
        decided(number).nonce for number in (1, 2)
    ]
    recorder.jot(decided(3, kind=AuditKind.RECEIPT))
    assert decided(3).nonce.encode() in path.with_name(FILE_NAME).read_bytes()


async def test_what_was_written_ahead_is_put_away_while_nobody_waits(
    path: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the transaction that made it large; and it does not stay large."""
    monkeypatch.setattr(upkeep, "IDLE_SECONDS", 0.01)
    big = {"comment": "x" * TIDY_BYTES}
    async with recording(path, keyring) as recorder:
        for number in range(1, 4):
            await recorder.note(decided(number), big)
            enough = number * TIDY_BYTES
            await await_until(lambda enough=enough: _bytes(path) > enough, "the file to have it")
        await recorder.note(decided(4))
        assert _bytes(path.with_name(f"{path.name}-wal")) < TIDY_BYTES


def _bytes(path: Path) -> int:
    return path.stat().st_size


async def test_receipts_of_a_bad_moment_are_not_lost(path: Path, keyring: FakeKeyring) -> None:
    """They lie beside the log until it is opened again."""
    async with recording(path, keyring) as recorder:
        await recorder.note(decided(1))
        _move(path, path.with_suffix(".away"))
        recorder.jot(decided(2, kind=AuditKind.RECEIPT))
        outside = path.with_name("emergency.jsonl")
        await await_until(outside.exists, "the note")
        _move(path.with_suffix(".away"), path)
        await recorder.note(decided(3))
    assert {one.entry.nonce for one in read_entries(path, ALL)} - {""} == {
        decided(number).nonce for number in (1, 2, 3)
    }


async def test_receipts_are_written_together(path: Path, keyring: FakeKeyring) -> None:
    """In the order they came, also those that came last; what says nothing is left out."""
    async with recording(path, keyring) as recorder:
        for number in range(50):
            recorder.jot(decided(number, kind=AuditKind.RECEIPT))
        recorder.jot(decided(1, context_id="\ud800"))
        await await_until(lambda: len(read_entries(path, ALL)) == 50, "the receipts")
        recorder.jot(decided(50, kind=AuditKind.RECEIPT))
    nonces = [one.entry.nonce for one in read_entries(path, ALL)]
    assert nonces == [decided(number).nonce for number in range(51)]


async def test_checkpoints_are_made_by_count_and_by_time(
    path: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a keyring that fails then takes nothing away from the log."""
    monkeypatch.setattr(recorder_module, "CHECKPOINT_ENTRIES", 5)
    async with recording(path, keyring) as recorder:
        for number in range(5):
            await recorder.note(decided(number))
        head = await await_until(lambda: kept_head(keyring, path), "the head")
        assert head.size == 5
        keyring.broken = "The keyring is locked."
        await recorder.note(decided(6))
        await recorder.checkpoint()
        await recorder.checkpoint()
        keyring.broken = ""
        monkeypatch.setattr(upkeep, "CHECKPOINT_SECONDS", 0.01)
        for number in range(10, 15):
            await recorder.note(decided(number))
        await await_until(lambda: _size(keyring, path) == 11, "the next head")
    await recorder.close()


def _size(keyring: FakeKeyring, path: Path) -> int:
    head = kept_head(keyring, path)
    return head.size if head else 0


def _left(number: int, **changes: object) -> AuditEntry:
    entry = decided(number, context_id=scenes.CONTEXT, tool_call_id=scenes.CALL)
    return structs.replace(entry, **changes)


async def test_what_a_crash_left_behind_is_taken_up(
    path: Path, keyring: FakeKeyring, connection: Connection
) -> None:
    """A rejection goes by itself; an approval never does: its reviewer is told."""
    inbox = keys.inbox(scenes.AGENT)
    order = Outgoing(inbox, encode_event(_ORDER))
    async with recording(path, keyring) as recorder:
        await recorder.decided(_left(1, decision="reject"), None, order)
        await recorder.decided(_left(2), None, order)
        await recorder.decided(_left(3, decision="reject", broker="redis://other"), None, order)
        await recorder.decided(_left(4, decision="reject"), None, Outgoing("elsewhere", b"x"))
        await recorder.decided(_left(5, decision="reject"), None, Outgoing(inbox, b"x"))
        assert recorder.left_behind() == ()

    told: list[Fact] = []
    async with recording(path, keyring) as recorder:
        may = Permission()
        await settle_unsent(recorder, connection, "redis://here", told.append, may)
        assert [one.entry.broker for one in recorder.left_behind()] == ["redis://other"]
        await settle_unsent(recorder, connection, "redis://here", told.append, may)

    [(_, fields)] = await connection.client.xrange(inbox)
    assert decode_event(fields[b"data"]) == _ORDER
    nonces = [one.nonce for one in told if isinstance(one, DecisionNotSent)]
    assert nonces == [decided(number).nonce for number in (2, 4, 5)]
    assert _kinds(path)[5:] == 3 * [AuditKind.DECISION_NOT_SENT] + [AuditKind.DECISION_SENT]
    assert verify(path, kept_head(keyring, path)).verdict is Verdict.INTACT
