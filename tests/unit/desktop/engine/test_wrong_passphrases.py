"""Wrong passphrases: counted, delayed, locked and recorded, also over a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.audit.entries import AuditKind
from desktop.engine.attempts import LOCKED_SECONDS
from desktop.errors import SigningLocked
from desktop.settings import SigningRule
from desktop.store.signing import SigningState
from tests.support.signing import ROSA, STATEMENT, Desk, unlock, wrapped
from workers.wire.signing.keys import SigningKey


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Rosa's key is in the keyring of this computer."""
    made = Desk(tmp_path)
    made.keys.kept[ROSA.id] = wrapped(SigningKey.generate())
    return made


async def test_wrong_passphrases_are_counted_delayed_locked_and_recorded(desk: Desk) -> None:
    """Also over a restart; the right one is not even tried before its time."""
    await desk.choose()
    for delay in (1, 2, 4, 8):
        await unlock(desk, "wrong")
        assert desk.status.title == "The passphrase is wrong."
        assert desk.status.retry_ms == int((desk.now + delay) * 1000)
        unlocks = desk.status.unlocks
        await unlock(desk)
        assert "too soon" in desk.status.title
        assert desk.status.unlocks == unlocks
        desk.now += delay
        desk.begin()
        await desk.choose()

    await unlock(desk, "wrong")
    assert "15 minutes" in desk.status.hint
    assert [entry[0] for entry in desk.recorded] == [AuditKind.PASSPHRASE_WRONG] * 5
    desk.begin()
    await desk.choose()
    await unlock(desk)
    assert desk.status.title == "Signing is locked after several wrong passphrases."
    desk.now += LOCKED_SECONDS
    await unlock(desk)
    assert desk.status.state is SigningState.OPEN


async def test_a_wrong_passphrase_ends_the_session(desk: Desk) -> None:
    """It may be somebody else who tries; the right one begins the count anew."""
    await desk.choose(rule=SigningRule.ABOVE)
    await unlock(desk)
    await unlock(desk, "wrong")
    assert desk.status.state is SigningState.LOCKED
    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)

    desk.now += 1
    await unlock(desk)
    await unlock(desk, "wrong")
    assert desk.recorded[-1] == (AuditKind.PASSPHRASE_WRONG, ROSA.id, "1 in a row")


async def test_a_clock_that_was_set_back_locks_no_longer(desk: Desk) -> None:
    """Than was meant."""
    await desk.choose()
    await unlock(desk, "wrong")
    desk.now -= 86_400
    await unlock(desk)
    assert desk.status.retry_ms == int((desk.now + 1) * 1000)


@pytest.mark.parametrize("kept", ["damaged", "", "[]", '{"r.mora": {"count": -1}}'])
async def test_a_damaged_count_is_taken_as_high_and_mended_by_the_right_passphrase(
    desk: Desk, kept: str
) -> None:
    """Whoever damages it wins no guess: there is a pause, and after one more it is locked."""
    file = desk.folder / "signing.json"
    file.write_text(kept)
    await desk.choose()
    await unlock(desk)
    assert "signing.json" in desk.status.title
    assert "makes the file anew" in desk.status.hint
    desk.now += 8
    await unlock(desk, "wrong")
    assert "15 minutes" in desk.status.hint

    file.write_text(kept)
    desk.begin()
    await desk.choose()
    await unlock(desk)
    desk.now += 8
    await unlock(desk)
    assert desk.status.state is SigningState.OPEN
    assert file.read_text() == "{}"


async def test_a_count_that_cannot_be_kept_still_counts(desk: Desk) -> None:
    """In memory, for as long as the console runs."""
    (desk.folder / "signing.new").mkdir()
    await desk.choose()
    await unlock(desk, "wrong")
    await unlock(desk)
    assert "too soon" in desk.status.title
    desk.now += 1
    await unlock(desk)
    assert desk.status.state is SigningState.OPEN
