"""What was kept long enough goes by itself, and never against a hold or by a wrong clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop import settings
from desktop.audit.entries import Actor, AuditKind
from desktop.audit.log import opened_to_read, read_entries
from desktop.audit.retention import Retention, lift_hold, set_hold
from desktop.engine import retaining
from desktop.engine.recorder import Recorder
from desktop.engine.retaining import chosen_retention, keep_no_longer
from desktop.errors import ConsoleError
from tests.support.audited import ALL, FakeKeyring, decided
from tests.support.recording import recording
from tests.support.waiting import await_until

LATER = datetime.now(UTC) + timedelta(days=8 * 366)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked again soon."""
    monkeypatch.setattr(retaining, "LOOK_SECONDS", 0.01)


@asynccontextmanager
async def _retaining(path: Path) -> AsyncIterator[tuple[Recorder, list[None]]]:
    """A log with one reason in it, at a desk eight years later; and how often it was tried."""
    tried: list[None] = []

    def choose() -> Retention:
        tried.append(None)
        return chosen_retention()

    async with recording(path, FakeKeyring()) as recorder:
        await recorder.note(decided(1), {"comment": "Reason 1"})
        task = asyncio.create_task(keep_no_longer(recorder, choose, lambda: LATER))
        try:
            yield recorder, tried
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _kept(path: Path) -> int:
    with opened_to_read(path) as connection:
        [[count]] = connection.execute("SELECT count(*) FROM secret")
        return int(count)


async def test_texts_go_after_their_time_and_the_clock_was_compared(tmp_path: Path) -> None:
    """By itself, and with an entry that says so; once a day is enough."""
    path = tmp_path / "log.sqlite"
    async with _retaining(path) as (recorder, tried):
        for skew in (None, -200_000):
            recorder.clock_skew_ms = skew
            await asyncio.gather(*(recorder.note(decided(number)) for number in range(20)))
        assert (_kept(path), tried) == (1, [])
        recorder.clock_skew_ms = 30
        await await_until(lambda: _kept(path) == 0, "the shredding")
        await recorder.note(decided(4), {"comment": "Reason 4"})
    kinds = [one.entry.kind for one in read_entries(path, ALL)]
    assert (kinds.count(AuditKind.SHREDDED), len(tried)) == (1, 1)


async def test_a_hold_or_damaged_settings_keep_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have chosen a longer time in what cannot be read."""
    monkeypatch.setattr(retaining, "EVERY_SECONDS", 0.0)
    path = tmp_path / "log.sqlite"
    settings.home().mkdir(parents=True, exist_ok=True)
    settings.damaged().write_text("{")
    with pytest.raises(ConsoleError, match="damaged"):
        chosen_retention()
    async with _retaining(path) as (recorder, tried):
        recorder.clock_skew_ms = 0
        await await_until(lambda: len(tried) == 3, "three tries")
        await recorder.change(lambda log: set_hold(log, "case 12", Actor(id="r.mora")))
        settings.damaged().unlink()
        await await_until(lambda: len(tried) == 6, "three more")
        assert _kept(path) == 1
        await recorder.change(lambda log: lift_hold(log, "case 12", Actor(id="r.mora")))
        await await_until(lambda: _kept(path) == 0, "the shredding")
