"""What a console with something wrong lets nobody do: a table of troubles, each a real file's.

Approving is refused before the click, with what is wrong and what to do; nothing is in the inbox of
the worker. Where the record is the trouble, a call can still be stopped.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs

from desktop import settings
from desktop.actions.ports import Lock, Unlock
from desktop.audit.entries import AuditKind
from desktop.audit.log import read_entries
from desktop.errors import NotAllowedNow
from desktop.store.clock import ClockState
from desktop.store.facts import AuditChanged
from desktop.store.record import AuditHealth, AuditStanding
from desktop.store.records import RequestKey, RequestState
from desktop.store.signing import SigningState
from tests.support import scenes
from tests.support.broken_logs import LOGS
from tests.support.desk import Desk
from tests.support.hand_worker import HandWorker
from tests.support.registered import ROOT_1, STRANGER, registered_key
from tests.support.signing import PASSPHRASE
from tests.support.trusted import ROSA_MORA, TrustedFolder, registry_of_today
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Mode, PolicyTerms, QuorumTerms
from workers.wire.signing.distrust import Distrust
from workers.wire.streams.connection import Connection

KEY: Final = RequestKey(scenes.CONTEXT, scenes.CALL)
YESTERDAY: Final = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
POLICY: Final = PolicyTerms(
    id="payments", version=7, quorums=(QuorumTerms(count=1),), meanings=("approval",)
)


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """Rosa and Lee may decide; the agent that asks signs nothing."""
    return TrustedFolder(tmp_path / "trust", "another_agent")


@pytest.fixture
async def asked(worker: HandWorker) -> None:
    """A call waits for one signed decision."""
    await worker.say(scenes.asks(mode=Mode.ENFORCE, policy=POLICY))


@pytest.fixture
async def rosa(trust: TrustedFolder, redis_url: str, asked: None) -> AsyncIterator[Desk]:
    """Rosa's console, which could decide."""
    async with Desk(signer=ROSA_MORA, trust=trust.path) as desk:
        await desk.connect(redis_url)
        await desk.until(KEY, lambda one: one.is_open, "the request")
        yield desk


async def _inbox(connection: Connection) -> int:
    return int(await connection.client.xlen(keys.inbox(scenes.AGENT)))


async def _refused(desk: Desk, words: str) -> NotAllowedNow:
    """Wait until approving is refused before the click, for this reason."""

    def refusal() -> NotAllowedNow | None:
        found = desk.approvals.why_not(KEY, DecisionKind.APPROVE)
        return found if found is not None and words in found.title else None

    found = await await_until(refusal, f"a refusal that says: {words}")
    assert found.hint
    with pytest.raises(NotAllowedNow, match=words):
        desk.approvals.decide(KEY, DecisionKind.APPROVE)
    return found


# -- the registry ----------------------------------------------------------------------------------


def _without(trust: TrustedFolder, *names: str) -> None:
    for name in names:
        (trust.path / name).unlink()


def _rosas_key(trust: TrustedFolder, **changes: str) -> None:
    rosa, lee = registry_of_today("another_agent").reviewers
    listed = structs.replace(rosa.keys[0], **changes)
    trust.write_registry(version=4, reviewers=(structs.replace(rosa, keys=(listed,)), lee))


def _only_lee(trust: TrustedFolder) -> None:
    trust.write_registry(version=4, reviewers=registry_of_today("another_agent").reviewers[1:])


def _another_key(trust: TrustedFolder) -> None:
    rosa, lee = registry_of_today("another_agent").reviewers
    other = registered_key(STRANGER, not_before=rosa.keys[0].not_before)
    trust.write_registry(version=4, reviewers=(structs.replace(rosa, keys=(other,)), lee))


REGISTRIES: Final[dict[str, tuple[Callable[[TrustedFolder], object], str]]] = {
    "gone with its roots": (
        lambda t: _without(t, "registry.json", "roots.json"),
        "There is no registry on this computer",
    ),
    "missing": (lambda t: _without(t, "registry.json"), "registry.json"),
    "without roots": (lambda t: _without(t, "roots.json"), "There is no registry"),
    "expired": (lambda t: t.write_registry(version=4, expires_at=YESTERDAY), "expired"),
    "signed by one root of two": (lambda t: t.write_registry(ROOT_1, version=4), "root"),
    "signed by nobody who may": (
        lambda t: t.write_registry(STRANGER, version=4),
        "nobody who is known",
    ),
    "rolled back": (lambda t: t.write_registry(version=2), "version 2; 3 was seen"),
    "malformed": (lambda t: (t.path / "registry.json").write_text("{"), "registry"),
    "huge": (lambda t: (t.path / "registry.json").write_bytes(b" " * 20_000_000), "registry"),
    "without the reviewer": (_only_lee, "in no role"),
    "with another key of theirs": (_another_key, "in no role"),
    "with their key revoked": (lambda t: _rosas_key(t, revoked_at=YESTERDAY), "revoked"),
    "with their key expired": (lambda t: _rosas_key(t, not_after=YESTERDAY), "not valid"),
}


@pytest.mark.usefixtures("quick_looks")
@pytest.mark.parametrize("name", REGISTRIES)
async def test_a_registry_that_proves_nothing_is_noticed_at_once_and_so_is_a_new_one(
    rosa: Desk, trust: TrustedFolder, connection: Connection, name: str
) -> None:
    """Without a restart, both ways, and before the click. Her session goes on meanwhile."""
    assert rosa.approvals.why_not(KEY, DecisionKind.APPROVE) is None
    spoil, words = REGISTRIES[name]
    trust.write_registry(version=3)
    spoil(trust)

    await _refused(rosa, words)
    assert await _inbox(connection) == 0

    if not (trust.path / "roots.json").exists():
        (trust.path / "roots.json").write_bytes(_roots(trust))
    trust.write_registry(version=5)
    await await_until(
        lambda: rosa.approvals.why_not(KEY, DecisionKind.APPROVE) is None, "the new registry"
    )
    rosa.approvals.decide(KEY, DecisionKind.APPROVE)
    await await_until(lambda: _inbox(connection), "the decision")


def _roots(trust: TrustedFolder) -> bytes:
    other = TrustedFolder(trust.path / "elsewhere")
    return (other.path / "roots.json").read_bytes()


# -- the audit log ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOGS)
async def test_a_log_that_cannot_be_written_lets_a_call_be_stopped_and_nothing_else(
    trust: TrustedFolder, redis_url: str, connection: Connection, asked: None, name: str
) -> None:
    """Also by somebody whose key was locked until now: the passphrase is all it takes."""
    make, words = LOGS[name]
    log = settings.home() / ROSA_MORA.id / "decisions.sqlite"
    log.parent.mkdir(parents=True)
    with make(log):
        async with Desk(signer=ROSA_MORA, trust=trust.path) as rosa:
            await rosa.connect(redis_url)
            await rosa.until(KEY, lambda one: one.is_open, "the request")

            refusal = await _refused(rosa, words)
            assert "Rejecting still works" in refusal.hint
            await _nothing_is_signed_past_the_buttons(rosa, words)
            assert await _inbox(connection) == 0

            rosa.engine.post(Lock("idle"))
            await await_until(
                lambda: rosa.store.signing.state is SigningState.LOCKED, "the key to be locked"
            )
            rosa.engine.post(Unlock(PASSPHRASE))
            await await_until(
                lambda: rosa.store.signing.state is SigningState.OPEN, "the key to be open"
            )
            rosa.approvals.decide(KEY, DecisionKind.REJECT, "not today")
            await await_until(lambda: _inbox(connection), "the rejection")


async def _nothing_is_signed_past_the_buttons(desk: Desk, words: str) -> None:
    """Whoever does not look at the log first is refused by the engine, with the key unused."""
    told = desk.store.audit_standing
    desk.store.apply([AuditChanged(AuditStanding(AuditHealth.FINE))])
    desk.approvals.decide(KEY, DecisionKind.APPROVE)
    request = await desk.until(KEY, lambda one: bool(one.notice), "the refusal")
    assert words in request.notice
    assert request.state is RequestState.WAITING
    assert desk.store.signing.fresh, "nothing was signed since the passphrase"
    desk.store.apply([AuditChanged(told)])


# -- the clock -------------------------------------------------------------------------------------


@dataclass
class HandClock:
    """A clock that a test sets.

    Attributes:
        ahead: of the true time, in seconds.
    """

    ahead: float = 0.0

    def __call__(self) -> float:
        """See `time.time`."""
        return time.time() + self.ahead


def _clock_entries() -> list[str]:
    log = settings.home() / ROSA_MORA.id / "decisions.sqlite"
    kept = [one.entry for one in read_entries(log, 100)]
    return [entry.detail for entry in kept if entry.kind is AuditKind.CLOCK_WRONG]


@pytest.mark.parametrize(("ahead", "direction"), [(180.0, "ahead of"), (-180.0, "behind")])
async def test_a_clock_that_is_three_minutes_off_signs_nothing_that_lets_a_call_run(
    trust: TrustedFolder,
    redis_url: str,
    connection: Connection,
    asked: None,
    ahead: float,
    direction: str,
) -> None:
    """Said before the click, recorded once; each entry says how far off it was."""
    clock = HandClock(ahead)
    async with Desk(signer=ROSA_MORA, trust=trust.path, now=clock) as rosa:
        await rosa.connect(redis_url)
        await rosa.until(KEY, lambda one: one.is_open, "the request")
        refusal = await _refused(rosa, f"3 min {direction} the broker's")
        assert "Set it right" in refusal.hint
        assert await _inbox(connection) == 0

        rosa.approvals.decide(KEY, DecisionKind.REJECT, "not today")
        await await_until(lambda: _inbox(connection), "the rejection")
        await await_until(_clock_entries, "the clock to be recorded")
        assert _clock_entries() == [f"This computer's clock is 3 min {direction} the broker's."]

    log = settings.home() / ROSA_MORA.id / "decisions.sqlite"
    [entry] = [one.entry for one in read_entries(log, 100) if one.entry.kind is AuditKind.DECISION]
    assert entry.clock_skew_ms is not None
    assert abs(entry.clock_skew_ms - ahead * 1000) < 2_000


async def test_a_clock_that_is_set_after_the_last_look_is_noticed_when_something_is_signed(
    trust: TrustedFolder, redis_url: str, connection: Connection, asked: None
) -> None:
    """A few seconds are said and let pass; three minutes are not, though nobody has looked yet."""
    clock = HandClock(5.0)
    async with Desk(signer=ROSA_MORA, trust=trust.path, now=clock) as rosa:
        await rosa.connect(redis_url)
        await rosa.until(KEY, lambda one: one.is_open, "the request")
        assert rosa.store.clock.state is ClockState.OFF
        assert rosa.approvals.why_not(KEY, DecisionKind.APPROVE) is None

        clock.ahead = 200.0
        rosa.approvals.decide(KEY, DecisionKind.APPROVE)
        request = await rosa.until(KEY, lambda one: bool(one.notice), "the refusal")
        assert "3 min ahead" in request.notice
        assert await _inbox(connection) == 0

        clock.ahead = 0.0
        rosa.engine.connect("")
        rosa.engine.connect(redis_url)
        await await_until(
            lambda: rosa.store.clock.state is ClockState.FINE, "the clock to be right"
        )
        await rosa.until_state(KEY, RequestState.WAITING)
        await rosa.until(KEY, lambda one: one.is_open, "the request")


# -- a worker's own clock and registry -------------------------------------------------------------


async def test_a_worker_without_a_policy_to_believe_says_who_can_mend_it(
    rosa: Desk, worker: HandWorker, connection: Connection
) -> None:
    """Missing, malformed or beyond what the registry's people can meet; the request waits on."""
    nonce = rosa.approvals.decide(KEY, DecisionKind.APPROVE)
    await await_until(lambda: _inbox(connection), "the decision")
    await worker.tell(scenes.receipt("refused:unprepared", nonce=nonce))
    request = await rosa.until(KEY, lambda one: bool(one.notice), "the notice")
    assert request.state is RequestState.WAITING
    assert "no registry or policy" in request.notice
    assert "signoff-worker doctor" in request.notice


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Distrust.FROM_THE_FUTURE, "made in the future. Compare"),
        (Distrust.EXPIRED, "came too late. Decide again"),
        (Distrust.KEY_REVOKED, "was revoked"),
        (Distrust.WRONG_ROLE, "not in the role"),
        (Distrust.REPEATED, "does not believe the signature"),
    ],
)
async def test_what_a_worker_has_against_a_signature_is_on_the_card(
    rosa: Desk, worker: HandWorker, connection: Connection, reason: Distrust, words: str
) -> None:
    """Its clock or its registry may be other than ours; the request waits on."""
    nonce = rosa.approvals.decide(KEY, DecisionKind.APPROVE)
    await await_until(lambda: _inbox(connection), "the decision")
    receipt = scenes.receipt("refused:untrusted", nonce=nonce)
    await worker.tell(structs.replace(receipt, note=str(reason)))

    request = await rosa.until(KEY, lambda one: bool(one.notice), "the notice")
    assert request.state is RequestState.WAITING
    assert words in request.notice
