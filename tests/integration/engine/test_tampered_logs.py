"""A log that was tampered with is evidence: it stays so, and takes nothing, until somebody says so.

What a recorder does with a log that is fine, or fails, is in `test_recorder`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.audit.emergency import FILE_NAME
from desktop.audit.entries import AuditKind, happened
from desktop.audit.heads import kept_head
from desktop.audit.keys import log_keys
from desktop.audit.log import AuditUnavailable
from desktop.audit.verifying import Verdict, verify
from desktop.engine.recorder import Recorder
from desktop.store.record import AuditHealth
from tests.support.audited import FakeKeyring, by_hand, decided, head_of
from tests.support.recording import recording


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def keyring() -> FakeKeyring:
    """A keyring of its own."""
    return FakeKeyring()


async def _start_and_close(path: Path, keyring: FakeKeyring) -> AuditHealth:
    """What a console does that somebody opens and closes again."""
    async with recording(path, keyring) as recorder:
        await recorder.note_anyway(happened(AuditKind.SESSION_STARTED))
        await recorder.checkpoint()
        return recorder.standing.health


def _cut(path: Path) -> None:
    by_hand(path, "DELETE FROM checkpoint WHERE size > 1", "DELETE FROM entry WHERE number > 1")


def _change_the_middle(path: Path) -> None:
    by_hand(path, "UPDATE entry SET body = zeroblob(9) WHERE number = 1")


def _bytes_of(path: Path) -> bytes:
    return path.read_bytes()


def _put_back(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [_cut, lambda path: path.unlink()], ids=["cut", "deleted"])
async def test_a_log_stays_tampered_with_however_often_a_console_is_opened(
    path: Path, keyring: FakeKeyring, spoil: Callable[[Path], None]
) -> None:
    """Nothing is written into it, and what the keyring knows stays; what happened waits beside."""
    async with recording(path, keyring) as recorder:
        for number in (1, 2, 3):
            await recorder.note(decided(number))
            await recorder.checkpoint()
    head = kept_head(keyring, path)
    spoil(path)
    left = verify(path, head).size
    for _ in range(3):
        assert await _start_and_close(path, keyring) is AuditHealth.TAMPERED
    report = verify(path, kept_head(keyring, path))
    assert (report.verdict, report.size) == (Verdict.TAMPERED, left)
    assert kept_head(keyring, path) == head
    assert path.with_name(FILE_NAME).read_bytes().count(b"session.started") == 3


async def test_what_a_verification_of_all_of_it_found_is_not_forgotten(
    path: Path, keyring: FakeKeyring
) -> None:
    """Its end looks right at the next start; only a look at all of it, as wide, ends that."""
    async with recording(path, keyring) as recorder:
        for number in (1, 2, 3):
            await recorder.note(decided(number))
    whole = _bytes_of(path)
    _change_the_middle(path)
    assert await _start_and_close(path, keyring) is AuditHealth.FINE
    async with recording(path, keyring) as recorder:
        await recorder.verified(verify(path, kept_head(keyring, path), log_keys(keyring)))
        assert recorder.standing.health is AuditHealth.TAMPERED
        size = verify(path).size
        await recorder.note_anyway(decided(4))
        await recorder.checkpoint()
    assert await _start_and_close(path, keyring) is AuditHealth.TAMPERED
    assert verify(path).size == size

    keyring.kept = {name: kept for name, kept in keyring.kept.items() if "head" not in name}
    _put_back(path, whole)
    own = log_keys(keyring)
    async with recording(path, keyring) as recorder:
        assert recorder.standing.health is AuditHealth.TAMPERED
        await recorder.verified(verify(path, None, own))
        assert recorder.standing.health is AuditHealth.TAMPERED  # it looked at less
        await recorder.verified(verify(path, head_of(path, own), own))
        assert recorder.standing.health is AuditHealth.FINE
        await recorder.note(decided(5))
    assert await _start_and_close(path, keyring) is AuditHealth.FINE


async def test_without_a_keyring_what_was_found_holds_as_long_as_the_console(path: Path) -> None:
    """Also if the log was not open when it was verified."""
    async with recording(path, None) as recorder:
        for number in (1, 2, 3):
            await recorder.note(decided(number))
    _change_the_middle(path)
    recorder = Recorder(path, None)
    await recorder.verified(verify(path))
    assert recorder.standing.health is AuditHealth.TAMPERED
    with pytest.raises(AuditUnavailable):
        await recorder.note(decided(4))
    await recorder.close()
