"""How a signed decision leaves: alone, with others or not at all; and what is recorded of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from desktop.actions.approvals import Approvals
from desktop.actions.ports import SendDecision
from desktop.audit.entries import AuditKind
from desktop.audit.keys import kept_keys
from desktop.audit.log import AuditUnavailable, read_entries
from desktop.audit.verifying import verify
from desktop.engine.casting import Casting
from desktop.engine.claims import Claims
from desktop.engine.clock import ClockWatch
from desktop.engine.completing import Completing
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.engine.signer import Signer
from desktop.engine.surroundings import Surroundings
from desktop.engine.trust import Trust
from desktop.engine.waiting import Waiting
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store.facts import DecisionJoined, Fact, SigningChanged
from desktop.store.signing import Identity, Signing, SigningState
from tests.support import scenes
from tests.support.audited import ALL, FakeKeyring
from tests.support.learning import online_store, seen
from tests.support.outbox import KeptOutbox
from tests.support.registered import LEE, ROSA
from tests.support.trusted import TrustedFolder
from workers.wire.approvals import DecisionKind, Mode, PolicyTerms, QuorumTerms, read_decision
from workers.wire.errors import BrokerError
from workers.wire.events import Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.votes import Ballots
from workers.wire.trust import TrustFolder

ONE = PolicyTerms(
    id="payments",
    version=7,
    quorums=(QuorumTerms(count=1, roles=("treasury",)),),
    meanings=("approval",),
)
TWO = structs.replace(ONE, quorums=(QuorumTerms(count=2, roles=("treasury",)),))
PEOPLE = {
    "r.mora": (ROSA, Identity("r.mora", "Rosa Mora", ("treasury",), ROSA.public.key_id)),
    "l.park": (LEE, Identity("l.park", "Lee Park", ("treasury",), LEE.public.key_id)),
}
APPROVE, REJECT = DecisionKind.APPROVE, DecisionKind.REJECT


class Casts:
    """What casts the decisions of one person; `left` is what left for the worker's inbox."""

    def __init__(self, folder: Path, connection: Connection, trust: TrustedFolder | None) -> None:
        self.told: list[Fact] = []
        self.left: list[SendDecision] = []
        self.broken = ""
        self.log = folder / "log.sqlite"
        self.keyring = FakeKeyring()
        self.recorder = Recorder(self.log, self.keyring)
        self._connection = connection
        believed = Trust(self.told.append, self.recorder.jot)
        if trust is not None:
            believed.follow(trust.path)
        waiting = Waiting(believed)
        may = Permission()
        completing = Completing(self.recorder.jot, may)
        surroundings = Surroundings(
            self.told.append, believed, waiting, Claims(waiting, may), completing
        )
        clock = ClockWatch(self.told.append, self.recorder)
        self._signer = Signer()
        self._casting = Casting(
            self._signer, believed, self.recorder, surroundings, clock, self.told.append, may
        )

    async def cast(self, order: SendDecision) -> None:
        """Sign with the key of whom it names, and let it leave."""
        assert order.statement is not None
        who = order.statement.reviewer.id
        self._signer.open(PEOPLE[who][0], int(time.time()), owner=who)
        await self._casting.cast(order, self._connection, self._send)

    def kinds(self) -> list[AuditKind]:
        """What is in the log of a decision."""
        kinds = [one.entry.kind for one in read_entries(self.log, ALL)]
        return [kind for kind in kinds if kind is not AuditKind.REGISTRY_SEEN]

    async def _send(self, order: SendDecision) -> str:
        if self.broken:
            raise BrokerError(self.broken)
        self.left.append(order)
        return "1-0"


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """Rosa and Lee may decide."""
    return TrustedFolder(tmp_path / "trust")


@pytest.fixture
async def casts(
    tmp_path: Path, connection: Connection, trust: TrustedFolder
) -> AsyncIterator[Casts]:
    """With a registry."""
    casts = Casts(tmp_path, connection, trust)
    yield casts
    await casts.recorder.close()


@pytest.fixture
async def alone(tmp_path: Path, connection: Connection) -> AsyncIterator[Casts]:
    """Nobody has set up a registry here."""
    casts = Casts(tmp_path, connection, None)
    yield casts
    await casts.recorder.close()


def decided(
    event: Event, kind: DecisionKind = APPROVE, comment: str = "", who: str = "r.mora"
) -> SendDecision:
    """The order that a click on a request makes."""
    signing = SigningChanged(Signing(SigningState.OPEN, PEOPLE[who][1]))
    outbox = KeptOutbox()
    store = online_store(*seen(event), signing)
    approvals = Approvals(store, outbox, lambda: Person(who, who), time.time)
    [asked] = store.requests()
    approvals.decide(asked.key, kind, comment)
    [order] = outbox.decisions
    return order


def asks(policy: PolicyTerms | None = ONE, mode: Mode = Mode.ENFORCE) -> Event:
    """What the worker asks."""
    return scenes.asks(mode=mode, policy=policy)


def envelopes(order: SendDecision) -> int:
    """With how many signatures it leaves."""
    return len(read_decision(order.payload).envelopes)


async def test_one_signature_is_enough_where_one_is_asked_for(casts: Casts) -> None:
    """It is on the disk before it leaves; that it left is, too."""
    await casts.cast(decided(asks()))
    assert [envelopes(one) for one in casts.left] == [1]
    assert casts.kinds() == [AuditKind.DECISION, AuditKind.DECISION_SENT]


async def test_a_foreign_worker_gets_no_signature(casts: Casts) -> None:
    """It could not read one; the record has it."""
    order = decided(asks())
    await casts.cast(replace(order, request=None))
    assert [one.payload for one in casts.left] == [order.payload]
    assert read_entries(casts.log, 1)[0].entry.envelope_digest.startswith("sha-256:")


@pytest.mark.parametrize(("call", "interrupt_id"), [(scenes.CALL, ""), ("", "9c" * 16)])
async def test_a_decision_on_a_foreign_worker_s_call_is_proven_as_any_other(
    casts: Casts, trust: TrustedFolder, call: str, interrupt_id: str
) -> None:
    """Its entry and what was signed name the same call, though that has no request's id."""
    await casts.cast(decided(scenes.base_asks(call=call, interrupt_id=interrupt_id)))
    keys, registry = kept_keys(casts.keyring), TrustFolder(trust.path).registry(time.time())
    report = verify(casts.log, None, keys, registry)
    assert "who signed its decisions: no registry was given" not in report.unchecked
    assert [one.title for one in report.findings] == []
    entry = read_entries(casts.log, 2)[0].entry
    assert (entry.tool_call_id, entry.request_id) == (call or interrupt_id, "")


async def test_a_worker_that_names_no_policy_is_answered_at_once(casts: Casts) -> None:
    """It is not prepared, and will say so."""
    order = decided(asks())
    assert order.request is not None
    unprepared = structs.replace(order.request, policy=None)
    await casts.cast(replace(order, request=unprepared))
    assert [envelopes(one) for one in casts.left] == [1]


@pytest.mark.parametrize(("policy", "leaves"), [(ONE, True), (TWO, False)])
async def test_without_a_registry_only_what_needs_one_leaves(
    alone: Casts, policy: PolicyTerms, leaves: bool
) -> None:
    """Whether others' signatures count is then for desks that have one, and for the worker."""
    await alone.cast(decided(asks(policy)))
    assert len(alone.left) == leaves
    joined = [one for one in alone.told if isinstance(one, DecisionJoined)]
    assert len(joined) == (not leaves)


async def test_whoever_completes_it_sends_all_with_the_first_one_s_reason(
    casts: Casts, connection: Connection
) -> None:
    """The worker reads one reason, and it is signed by whom it is of."""
    first = decided(asks(TWO), comment="as agreed", who="l.park")
    await casts.cast(first)
    assert casts.left == []
    assert first.request is not None
    name = (first.request.context_id, first.request.request_id)
    assert len(await Ballots(connection).read(*name)) == 1

    await casts.cast(decided(asks(TWO), comment="seen, too"))
    [order] = casts.left
    assert envelopes(order) == 2
    assert read_decision(order.payload).message == "as agreed"


async def test_a_signature_that_would_not_count_is_not_given_away(casts: Casts) -> None:
    """It is said why; nothing left."""
    order = decided(asks(TWO))
    assert order.statement is not None
    other = structs.replace(order.statement.reviewer, role="records")
    order = replace(order, statement=structs.replace(order.statement, reviewer=other))
    with pytest.raises(NotAllowedNow, match="would not count"):
        await casts.cast(order)
    assert casts.left == []


@pytest.mark.parametrize("policy", [ONE, TWO])
async def test_what_did_not_leave_is_recorded_as_that(casts: Casts, policy: PolicyTerms) -> None:
    """With what the person was told."""
    if policy is TWO:
        await casts.cast(decided(asks(TWO), who="l.park"))
    casts.broken = "The broker is away."
    with pytest.raises(BrokerError):
        await casts.cast(decided(asks(policy)))
    last = read_entries(casts.log, 1)[0].entry
    assert (last.kind, last.outcome) == (AuditKind.DECISION_NOT_SENT, "The broker is away.")


async def test_without_a_log_only_a_rejection_is_signed(casts: Casts) -> None:
    """It names no entry before it; what lets a call run does not leave."""
    casts.log.write_bytes(b"no database" * 1000)
    with pytest.raises(AuditUnavailable):
        await casts.cast(decided(asks()))
    assert casts.left == []
    await casts.cast(decided(asks(), REJECT))
    [order] = casts.left
    assert read_decision(order.payload).kind is REJECT
