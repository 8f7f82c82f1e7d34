"""Halts as people at desks see, set and lift them, beside a worker that proves them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from desktop import settings
from desktop.audit.entries import AuditKind
from desktop.audit.log import read_entries
from desktop.errors import NotAllowedNow
from desktop.store.facts import ReadOnlyChanged
from desktop.store.halts import HaltPlace, HaltProof
from desktop.store.records import Execution, RequestKey
from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.desk import Desk
from tests.support.trusted import LEE_PARK, ONE, ROSA_MORA, Person, TrustedFolder
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Mode
from workers.wire.halts import HaltStatement
from workers.wire.streams.halts import halt

pytestmark = pytest.mark.usefixtures("quick_looks")

AGENT = "demo_agent"


class Bench:
    """Desks around a worker that asks for a payment."""

    def __init__(self, office: Office, trust: TrustedFolder, stack: AsyncExitStack) -> None:
        self.office, self.trust, self._stack = office, trust, stack

    async def asks(self, book: Book) -> RequestKey:
        """It asks."""
        await self.office.hire(
            AGENT, [book.transfer_funds], mode=Mode.ENFORCE, trust=self.trust.path
        )
        context_id = await self.office.ask(AGENT, "pay 10 to ACME")
        [call] = await self.office.requests(context_id)
        return RequestKey(context_id, call.tool_call_id)

    async def sits(self, who: Person | None) -> Desk:
        """Somebody opens a console."""
        desk = await self._stack.enter_async_context(Desk(signer=who, trust=self.trust.path))
        await desk.connect(self.office.connection.url)
        return desk


@pytest_asyncio.fixture
async def bench(office: Office, tmp_path: Path) -> AsyncIterator[Bench]:
    """Rosa and Lee are treasurers; each decides alone."""
    async with AsyncExitStack() as stack:
        yield Bench(office, TrustedFolder(tmp_path / "trust", AGENT), stack)


async def _shows(desk: Desk, *places: HaltPlace) -> None:
    def shown() -> bool:
        return tuple(one.place for one in desk.store.halts.standing) == places

    await await_until(shown, f"the desk to show halts {places}")


async def test_one_desk_halts_and_another_lifts_whatever_happens_at_the_broker(
    bench: Bench, book: Book
) -> None:
    """Everybody sees who halted and why; deleted, it is still shown, and still holds the call."""
    key = await bench.asks(book)
    rosa, lee = await bench.sits(ROSA_MORA), await bench.sits(LEE_PARK)

    rosa.halts.say("all", "month-end freeze")
    await _shows(lee, HaltPlace.BROKER)
    [seen] = lee.store.halts.standing
    assert (seen.by, seen.reason, seen.proof) == ("Rosa Mora", "month-end freeze", HaltProof.PROVEN)
    await await_until(lambda: lee.store.halts.standing[0].keepers == 1, "the worker to keep it")
    await bench.office.connection.client.delete(keys.HALT)
    await _shows(lee, HaltPlace.KEPT)
    refusal = lee.approvals.why_not(key, DecisionKind.APPROVE)
    assert refusal is not None
    assert refusal.title == "Calls are halted here by Rosa Mora."
    assert lee.approvals.why_not(key, DecisionKind.REJECT) is None

    lee.halts.say("all", "all is well", lifted=True)
    await _shows(lee)
    lee.approvals.decide(key, DecisionKind.APPROVE)
    await lee.until(key, lambda one: one.execution is Execution.EXECUTED, "the payment")
    assert book.payments == [("ACME", 10.0)]
    for who, kind in ((ROSA_MORA, AuditKind.HALT_SET), (LEE_PARK, AuditKind.HALT_LIFTED)):
        entries = read_entries(settings.home() / who.id / "decisions.sqlite", 100)
        [entry] = [kept.entry for kept in entries if kept.entry.kind is kind]
        assert (entry.actor.id, entry.detail) == (who.id, "all calls")
        assert entry.envelope_digest
        assert sorted(entry.secrets) in ([], ["comment", "envelope"])


async def test_what_a_desk_can_say_of_who_halted(bench: Bench) -> None:
    """Unsigned, forged and unreadable ones are shown as that: they halt all the same."""
    desk = await bench.sits(ROSA_MORA)
    client = bench.office.connection.client
    forged = {"keyid": "x", "payload": "eA==", "payloadType": "x", "signatures": []}

    await halt(bench.office.connection, HaltStatement(scope="all", by="root", reason="drill"))
    await halt(bench.office.connection, HaltStatement(scope="agent:a", by="r.mora", dsse=forged))
    await client.hset(keys.HALT, "context:c", "scribble")
    await client.hset(keys.HALT, "no scope", "scribble")

    await _shows(desk, *[HaltPlace.BROKER] * 3)
    assert [(one.scope, one.by, one.proof) for one in desk.store.halts.standing] == [
        ("agent:a", "r.mora", HaltProof.UNTRUSTED),
        ("all", "root", HaltProof.UNSIGNED),
        ("context:c", "", HaltProof.UNREADABLE),
    ]


async def test_whoever_may_not_lift_is_told_so_and_may_still_halt(bench: Bench, book: Book) -> None:
    """The worker's heartbeat tells what its policy says of that."""
    bench.trust.write_policy(f'lift_roles = ["operator"]\n{ONE}')
    await bench.asks(book)
    rosa = await bench.sits(ROSA_MORA)
    rosa.halts.say(f"agent:{AGENT}", "drill")
    await _shows(rosa, HaltPlace.BROKER)
    await await_until(lambda: rosa.store.halts.lift_roles, "the worker to name the role")

    with pytest.raises(NotAllowedNow, match="takes the role operator"):
        rosa.halts.say(f"agent:{AGENT}", "over", lifted=True)
    with pytest.raises(NotAllowedNow, match="no reason"):
        rosa.halts.say("all", "  ")
    rosa.store.apply([ReadOnlyChanged(read_only=True)])
    with pytest.raises(NotAllowedNow, match="read-only"):
        rosa.halts.say("all", "drill")


async def test_a_desk_without_a_key_can_halt_and_lift_what_nobody_signed(bench: Bench) -> None:
    """To stop is always allowed; workers do not remember it, and say who did it is not proven."""
    desk = await bench.sits(None)

    desk.halts.say("all", "smoke")
    await _shows(desk, HaltPlace.BROKER)
    assert desk.store.halts.standing[0].proof is HaltProof.UNSIGNED
    desk.halts.say("all", "no fire", lifted=True)

    await _shows(desk)
