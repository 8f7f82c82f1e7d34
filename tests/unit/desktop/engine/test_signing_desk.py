"""Who signs at this desk: the passphrase, the rules of a session, wrong guesses, and locks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from desktop.actions.ports import ChooseSigner, Lock, Unlock
from desktop.audit.entries import AuditKind
from desktop.engine.signing_people import Found, NoCustody, SigningPeople
from desktop.errors import SigningLocked, VaultUnavailable
from desktop.settings import Person, SigningRule
from desktop.store.signing import SigningState
from tests.support.signing import (
    LEE,
    PASSPHRASE,
    ROSA,
    STATEMENT,
    Desk,
    registry_of,
    unlock,
    wrapped,
)
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import open_envelope
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.statements import (
    DECISION_TYPE,
)


@pytest.fixture
def key() -> SigningKey:
    """Rosa's."""
    return SigningKey.generate()


@pytest.fixture
def desk(tmp_path: Path, key: SigningKey) -> Desk:
    """Rosa's key is in the keyring of this computer."""
    made = Desk(tmp_path)
    made.keys.kept[ROSA.id] = wrapped(key)
    return made


# -- who ------------------------------------------------------------------------------------------


async def test_where_no_key_was_made_nobody_signs(desk: Desk) -> None:
    """The keyring is not even asked, which might ask the person."""
    desk.keys.refusal = VaultUnavailable("The keyring is locked.")
    status = await desk.choose(Person("rosa@desk", "Rosa"), signers=())

    assert status.state is SigningState.NO_KEY
    assert status.identity is None
    await unlock(desk)
    assert desk.status.state is SigningState.NO_KEY


async def test_the_registry_says_in_which_roles(desk: Desk, key: SigningKey) -> None:
    """Under the name that is registered; a key of another is nobody's here."""
    registry = registry_of((Person(ROSA.id, "Rosa M. Mora"), key, ("treasury", "records")))
    desk.registry = lambda: registry
    who = (await desk.choose()).identity
    assert who is not None
    assert (who.name, who.roles, who.key_id) == (
        "Rosa M. Mora", ("treasury", "records"), key.public.key_id
    )  # fmt: skip

    desk.keys.kept[ROSA.id] = wrapped(SigningKey.generate())
    who = (await desk.choose()).identity
    assert who is not None
    assert who.roles == ()


async def test_a_registry_that_is_not_believed_gives_no_roles(desk: Desk) -> None:
    """It is said why."""

    def refuse() -> None:
        raise NotTrusted(Distrust.EXPIRED, "The registry expired yesterday.")

    desk.registry = refuse
    status = await desk.choose()
    assert status.identity is not None
    assert status.identity.roles == ()
    assert status.registry_trouble == "The registry expired yesterday."


async def test_a_keyring_that_is_gone_is_said_and_nothing_is_signed(desk: Desk) -> None:
    """Neither at the start nor with the right passphrase; once it is back, with that."""
    desk.keys.refusal = VaultUnavailable("The keyring is locked.", "Unlock it.")
    status = await desk.choose()
    assert (status.state, status.title, status.hint) == (
        SigningState.UNAVAILABLE, "The keyring is locked.", "Unlock it."
    )  # fmt: skip
    await unlock(desk)
    assert desk.status.state is SigningState.UNAVAILABLE
    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)

    desk.keys.refusal = None
    await unlock(desk)
    assert desk.status.state is SigningState.OPEN


@pytest.mark.parametrize("kept", ["no JSON", '{"v": 1}'])
async def test_a_damaged_key_is_said(desk: Desk, kept: str) -> None:
    """Somebody changed it in the keyring."""
    desk.keys.kept[ROSA.id] = kept
    status = await desk.choose()
    assert status.state is SigningState.UNAVAILABLE
    assert "damaged" in status.title


async def test_a_key_that_says_it_is_another_opens_nothing(desk: Desk) -> None:
    """Its label was changed in the keyring; that cannot be told from a wrong passphrase."""
    desk.keys.kept[ROSA.id] = desk.keys.kept[ROSA.id].replace("somebody", "nobody")
    await desk.choose()
    await unlock(desk)
    assert desk.status.state is SigningState.LOCKED
    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)


async def test_a_key_that_would_cost_too_much_is_not_opened(desk: Desk) -> None:
    """That is no wrong passphrase, and is not counted as one."""
    kept = msgspec.json.decode(desk.keys.kept[ROSA.id])
    desk.keys.kept[ROSA.id] = msgspec.json.encode({**kept, "memory_kib": 2**40}).decode()
    await desk.choose()
    await unlock(desk)
    assert (desk.status.state, desk.status.retry_ms) == (SigningState.UNAVAILABLE, 0)
    assert "Make a new key" in desk.status.hint
    assert desk.entries == []


async def test_a_mistake_of_ours_leaves_the_key_closed(desk: Desk) -> None:
    """It is said, and what to do."""
    await desk.choose()
    await unlock(desk)
    desk.registry = lambda: 1 / 0
    status = await desk.choose(LEE)
    assert status.state is SigningState.UNAVAILABLE
    assert "made a mistake" in status.title
    assert not desk.desk.signer.is_open


async def test_where_no_keys_are_kept_there_are_none(tmp_path: Path) -> None:
    """As in a console without a window."""
    people = SigningPeople(NoCustody(), lambda: None, lambda: 0.0)
    choice = ChooseSigner(ROSA, (ROSA,), SigningRule.FIRST, 30, tmp_path)
    assert await people.find(choice, ROSA.id) == Found()


async def test_another_person_takes_over(desk: Desk) -> None:
    """The session of the one before ends with that."""
    desk.keys.kept[LEE.id] = wrapped(SigningKey.generate(), "another passphrase")
    await desk.choose()
    await unlock(desk)
    status = await desk.choose(LEE)

    assert status.state is SigningState.LOCKED
    assert [one.id for one in status.others] == [ROSA.id]
    await unlock(desk, "another passphrase")
    with pytest.raises(SigningLocked, match="another person"):
        desk.desk.signer.sign(STATEMENT)


async def test_the_demos_reviewers_open_by_themselves(desk: Desk, tmp_path: Path) -> None:
    """Only while its broker is followed; a file that is no key is passed over."""
    reviewers = tmp_path / "reviewers"
    reviewers.mkdir()
    own = SigningKey.generate()
    (reviewers / "demo-reviewer.json").write_text(wrapped(own, "in the open"))
    (reviewers / "demo-reviewer.passphrase").write_text("in the open")
    (reviewers / "second.json").write_text("{}")
    status = await desk.choose(bundled=reviewers)
    assert status.state is SigningState.OPEN
    assert status.identity is not None
    assert (status.identity.id, status.identity.bundled) == ("demo-reviewer", True)
    desk.now += 61
    desk.desk._on_time()
    assert (desk.status.state, desk.status.fresh) == (SigningState.OPEN, False)
    desk.desk.take(Lock("idle"))
    assert desk.status.state is SigningState.LOCKED
    await unlock(desk, "")
    assert desk.status.state is SigningState.OPEN

    (reviewers / "second.json").write_text(wrapped(own, "in the open"))
    (reviewers / "second.passphrase").write_text("in the open")
    status = await desk.choose(Person("second", "Second"), bundled=reviewers)
    assert [one.id for one in status.others] == ["demo-reviewer"]
    await unlock(desk, "")
    assert desk.status.identity is not None
    assert (desk.status.identity.id, desk.status.state) == ("second", SigningState.OPEN)

    desk.desk.take(ChooseSigner(ROSA, (), SigningRule.FIRST, 30, tmp_path, reviewers))
    desk.desk.take(Lock("at once"))
    await desk.settle()
    assert not desk.desk.signer.is_open

    (reviewers / "demo-reviewer.passphrase").write_text("of another demo")
    status = await desk.choose(bundled=reviewers)
    assert (status.state, status.hint) == (SigningState.UNAVAILABLE, "Start the demo anew.")

    status = await desk.choose()
    assert status.state is SigningState.LOCKED
    assert status.identity is not None
    assert status.identity.id == ROSA.id


# -- sessions -------------------------------------------------------------------------------------


async def test_once_per_session(desk: Desk, key: SigningKey) -> None:
    """Signed with that key, as often as wanted, until the time is over."""
    await desk.choose()
    with pytest.raises(SigningLocked, match="locked"):
        desk.desk.signer.sign(STATEMENT)
    await unlock(desk)
    assert desk.status.state is SigningState.OPEN
    for _ in range(2):
        envelope = desk.desk.signer.sign(STATEMENT, high_risk=True)
        opened = open_envelope(envelope, DECISION_TYPE, {key.public.key_id: key.public}.get)
        assert opened.key_ids == (key.public.key_id,)
    assert desk.desk.signer.opened_at == int(desk.now)

    desk.now += 31 * 60
    with pytest.raises(SigningLocked, match="session is over"):
        desk.desk.signer.sign(STATEMENT)
    assert desk.status.state is SigningState.LOCKED


async def test_a_clock_that_was_set_back_ends_the_session(desk: Desk) -> None:
    """Else it would last as long as somebody likes."""
    await desk.choose()
    await unlock(desk)
    desk.now -= 3600
    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)


@pytest.mark.parametrize("set_back_minutes", [1.9, 24.0])
async def test_a_clock_that_is_set_back_makes_no_session_longer(
    desk: Desk, set_back_minutes: float
) -> None:
    """A little sets it right, and the session lasts its 30 minutes; more ends it at once."""
    await desk.choose()
    await unlock(desk)
    for minutes in (25, 4.5, 1):
        desk.now += minutes * 60
        desk.lasted += minutes * 60
        if minutes == 25:
            desk.now -= set_back_minutes * 60
            assert desk.desk.signer.is_open == (set_back_minutes < 2)

    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)
    assert desk.status.state is SigningState.LOCKED


async def test_a_passphrase_grows_old_though_the_clock_is_set_back(desk: Desk) -> None:
    """It was given for one decision, a minute ago by the clock that nobody can set."""
    await desk.choose(rule=SigningRule.EVERY)
    await unlock(desk)
    desk.lasted += 61
    desk.desk._on_time()
    assert desk.status.state is SigningState.LOCKED


async def test_a_passphrase_for_every_decision(desk: Desk) -> None:
    """One signature each; given to unlock the window it is for none."""
    await desk.choose(rule=SigningRule.EVERY)
    await unlock(desk)
    assert desk.status.fresh
    desk.desk.signer.sign(STATEMENT)
    assert desk.status.state is SigningState.LOCKED
    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)

    await unlock(desk, to_sign=False)
    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)
    await unlock(desk)
    desk.now += 61
    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)


async def test_a_passphrase_again_for_high_risk(desk: Desk) -> None:
    """Others go through within the session."""
    await desk.choose(rule=SigningRule.ABOVE)
    await unlock(desk)
    desk.desk.signer.sign(STATEMENT)
    with pytest.raises(SigningLocked, match="again"):
        desk.desk.signer.sign(STATEMENT, high_risk=True)
    desk.desk.signer.sign(STATEMENT)

    await unlock(desk)
    desk.desk.signer.sign(STATEMENT, high_risk=True)
    assert desk.status.state is SigningState.OPEN
    assert not desk.status.fresh


async def test_locking_is_done_at_once_and_recorded(desk: Desk) -> None:
    """Also while a passphrase is being tried: it comes too late."""
    await desk.choose()
    await unlock(desk)
    desk.desk.take(Lock("nobody was here for 10 minutes"))
    assert desk.status.state is SigningState.LOCKED
    with pytest.raises(SigningLocked):
        desk.desk.signer.sign(STATEMENT)
    await desk.settle()
    assert desk.recorded == [
        (AuditKind.SESSION_UNLOCKED, ROSA.id, ""),
        (AuditKind.SESSION_LOCKED, ROSA.id, "nobody was here for 10 minutes"),
    ]

    desk.desk.take(Unlock(PASSPHRASE))
    desk.desk.take(Lock("the screen was locked"))
    await desk.settle()
    assert desk.status.state is SigningState.LOCKED
    assert not desk.desk.signer.is_open


async def test_the_end_of_the_console_ends_the_session(desk: Desk) -> None:
    """That is recorded, too."""
    await desk.choose()
    await unlock(desk)
    desk.desk.take(Unlock(PASSPHRASE))
    await desk.desk.close()
    assert not desk.desk.signer.is_open
    assert desk.recorded[-1][0] == AuditKind.SESSION_ENDED


async def test_a_session_begins_and_ends_without_a_log(desk: Desk) -> None:
    """The disk is full: a rejection needs a key, too. Approvals need the record besides."""
    desk.full = True
    await desk.choose()
    await unlock(desk)
    assert desk.status.state is SigningState.OPEN
    desk.desk.take(Lock("idle"))
    await desk.settle()
    assert not desk.desk.signer.is_open


async def test_a_statement_without_a_form_is_not_signed(desk: Desk) -> None:
    """A lone surrogate in a reason."""
    await desk.choose()
    await unlock(desk)
    with pytest.raises(NotTrusted):
        desk.desk.signer.sign(structs.replace(STATEMENT, comment="\ud800"))


async def test_looking_at_the_registry_again_ends_no_session(desk: Desk, key: SigningKey) -> None:
    """The administrator has just registered the person."""
    await desk.choose()
    await unlock(desk)
    registry = registry_of((ROSA, key, ("treasury",)))
    desk.registry = lambda: registry
    status = await desk.choose()

    assert status.state is SigningState.OPEN
    assert status.identity is not None
    assert status.identity.roles == ("treasury",)
    assert desk.desk.signer.is_open


async def test_a_session_ends_by_itself(desk: Desk) -> None:
    """Without anybody signing; and a passphrase is no longer fresh after a minute."""
    await desk.choose(rule=SigningRule.ABOVE)
    await unlock(desk)
    desk.now += 61
    desk.desk._on_time()
    assert (desk.status.state, desk.status.fresh) == (SigningState.OPEN, False)
    desk.now += 30 * 60
    desk.desk._on_time()
    assert desk.status.state is SigningState.LOCKED
    await desk.settle()
    over = "the signing session was over"
    assert desk.recorded[-1] == (AuditKind.SESSION_LOCKED, ROSA.id, over)

    await desk.choose(rule=SigningRule.EVERY)
    await unlock(desk)
    desk.now += 61
    desk.desk._on_time()
    assert desk.status.state is SigningState.LOCKED
    await desk.desk.close()


async def test_the_key_may_go_while_the_console_runs(desk: Desk) -> None:
    """Somebody deleted it from the keyring."""
    await desk.choose()
    await unlock(desk)
    desk.keys.kept.clear()
    await unlock(desk)
    assert desk.status.state is SigningState.NO_KEY
    assert not desk.desk.signer.is_open
