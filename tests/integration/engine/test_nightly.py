"""The whole log is looked at once a day: what was changed far back shows, and nobody waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop.audit import verifying
from desktop.audit.emergency import FILE_NAME
from desktop.audit.entries import AuditKind
from desktop.audit.log import AuditUnavailable, read_entries
from desktop.engine import nightly
from desktop.engine.audit_desk import AuditDesk
from desktop.engine.nightly import EVERY_SECONDS, Nightly
from desktop.engine.recorder import Recorder
from desktop.store.facts import AuditChanged
from desktop.store.record import AuditHealth
from tests.support.audited import ALL, FakeKeyring, by_hand, decided
from tests.support.broken_logs import full_disk
from tests.support.waiting import await_until


@dataclass
class Night:
    """A desk at night.

    Attributes:
        told: how the log stood, each change.
        later: of the true time, in seconds.
    """

    recorder: Recorder
    audit: AuditDesk
    told: list[AuditChanged]
    later: float = 0.0

    async def look(self) -> None:
        """Look at this desk's log as after a start, and once more."""
        nightly = Nightly(self.recorder, self.audit, lambda: time.time() + self.later)
        await nightly.look()
        await nightly.look()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def keyring() -> FakeKeyring:
    """A keyring of its own."""
    return FakeKeyring()


@asynccontextmanager
async def _night(path: Path, keyring: FakeKeyring) -> AsyncIterator[Night]:
    told: list[AuditChanged] = []
    recorder = Recorder(path, keyring, told.append)
    audit = AuditDesk(recorder, lambda _fact: None, path, None, keyring)
    await recorder.begin()
    try:
        yield Night(recorder, audit, told)
    finally:
        audit.close()
        await recorder.close()


def _verified(path: Path) -> list[str]:
    """What came of each verification that is recorded."""
    kept = [one.entry for one in read_entries(path, ALL)]
    return [entry.outcome for entry in kept if entry.kind is AuditKind.VERIFIED]


async def _write(path: Path, keyring: FakeKeyring) -> None:
    async with _night(path, keyring) as desk:
        for number in range(5):
            await desk.recorder.note(decided(number))


async def test_what_was_changed_far_back_shows_in_the_night(
    path: Path, keyring: FakeKeyring
) -> None:
    """At the start only the end was looked at. From then on nothing is approved, or recorded."""
    await _write(path, keyring)
    by_hand(path, "UPDATE entry SET body = CAST(replace(body, 'Mora', 'More') AS BLOB)")
    async with _night(path, keyring) as desk:
        assert desk.recorder.standing.health is AuditHealth.FINE
        await desk.look()
        last = desk.told[-1].standing
        assert last.health is AuditHealth.TAMPERED
        assert last.hint
        assert any("not what was recorded" in one for one in last.found)
        with pytest.raises(AuditUnavailable, match="tampered"):
            await desk.recorder.check(decided(9))
    outside = path.with_name(FILE_NAME)
    assert (_verified(path), outside.read_bytes().count(b"audit.verified")) == ([], 1)

    async with _night(path, keyring) as desk:
        assert desk.recorder.standing.health is AuditHealth.TAMPERED
        with pytest.raises(AuditUnavailable):
            await desk.recorder.check(decided(9))
        await desk.look()  # at once, because somebody may have mended it
        assert desk.recorder.standing.health is AuditHealth.TAMPERED
    assert (_verified(path), outside.read_bytes().count(b"audit.verified")) == ([], 2)


async def test_it_is_done_once_a_day_and_not_while_somebody_decides(
    path: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also over a restart: the log knows when it was last verified."""
    await _write(path, keyring)
    async with _night(path, keyring) as desk:
        await desk.recorder.check(decided(9))
        await desk.look()
        assert _verified(path) == []
        monkeypatch.setattr(nightly, "QUIET_SECONDS", 0.0)
        await desk.look()
    assert _verified(path) == ["intact"]
    async with _night(path, keyring) as desk:
        await desk.look()
        assert _verified(path) == ["intact"]
        desk.later = EVERY_SECONDS
        await desk.look()
    assert _verified(path) == ["intact"] * 2


async def test_a_log_that_can_be_read_is_not_called_writable(
    path: Path, keyring: FakeKeyring
) -> None:
    """Intact and on a full disk: nothing is approved all the same."""
    await _write(path, keyring)
    with full_disk(path):
        async with _night(path, keyring) as desk:
            with pytest.raises(AuditUnavailable):
                await desk.recorder.note(decided(1))
            with pytest.raises(AuditUnavailable):
                await desk.audit.verify()
            assert {one.standing.health for one in desk.told[1:]} == {AuditHealth.UNWRITABLE}
            assert desk.told[-1].standing.title


async def test_whoever_quits_does_not_wait_for_it(
    path: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever asks for it meanwhile gets it without the pauses."""
    monkeypatch.setattr(verifying, "_STEPS", 1)
    await _write(path, keyring)
    async with _night(path, keyring) as desk:
        slow = asyncio.create_task(desk.audit.verify(pause_seconds=3600))
        await await_until(lambda: desk.recorder.standing.verifying, "it to begin")
        desk.audit.stop()
        await slow
        assert not desk.recorder.standing.verifying
        assert (desk.recorder.standing.verified_ms, _verified(path)) == (0, [])

        slow = asyncio.create_task(desk.audit.verify(pause_seconds=0.05))
        await await_until(lambda: desk.recorder.standing.verifying, "it to begin")
        await desk.audit.verify()
        await slow
        assert _verified(path) == ["intact"]


async def test_the_engine_looks_by_itself(
    path: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For as long as it runs."""
    monkeypatch.setattr(nightly, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(nightly, "LOOK_SECONDS", 0.01)
    await _write(path, keyring)
    async with _night(path, keyring) as desk:
        task = asyncio.create_task(Nightly(desk.recorder, desk.audit).run())
        await await_until(lambda: _verified(path), "the verification")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert _verified(path) == ["intact"]
