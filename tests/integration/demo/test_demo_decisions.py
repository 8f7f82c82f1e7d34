"""The demo as everybody first sees it: nothing runs but what its own reviewers have signed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest_asyncio

from tests.integration.workers.office import Office
from tests.support.processes import Process
from tests.support.stub_model import StubModel
from tests.support.trusted import Person, envelope
from workers.demo.trust import REVIEWERS
from workers.wire.approvals import Reviewer
from workers.wire.canonical import JSON
from workers.wire.dialects import PendingCall
from workers.wire.signing.wrapping import WrappedKey, unwrap
from workers.wire.streams.connection import Connection


class SignedDemo:
    """The demo's agents in mode `enforce`, and its two reviewers with their keys.

    Attributes:
        office: to talk to the agents.
    """

    def __init__(self, office: Office, process: Process, home: Path) -> None:
        self.office = office
        self._trust = Path(process.ready["trust"])
        self._effects = home / "demo" / "effects.jsonl"

    def person(self, number: int, role: str = "treasury") -> Person:
        """One of the reviewers, in a role."""
        who = REVIEWERS[number]
        file = self._trust / "reviewers" / f"{who.id}.json"
        wrapped = msgspec.json.decode(file.read_bytes(), type=WrappedKey)
        key = unwrap(wrapped, file.with_suffix(".passphrase").read_text())
        return Person(key, who.id, who.name, role)

    async def asked(self, agent: str, text: str) -> PendingCall:
        """The call that waits after the first reviewer has asked for it."""
        user: dict[str, JSON] = {"user_id": REVIEWERS[0].id}
        [call] = await self.office.requests(await self.office.ask(agent, text, context=user))
        return call

    async def approve(self, call: PendingCall, *people: Person, reason: str = "") -> None:
        """Send what these people have signed."""
        assert call.request is not None
        signed = [envelope(call.request, person=one, comment=reason) for one in people]
        named = [Reviewer(id=one.id, name=one.name) for one in people]
        more = {"reviewer": named[0]} if named else {}
        await self.office.decide(call, message=reason, envelopes=signed, **more)

    async def done(self, call: PendingCall) -> str:
        """What the agent says at the end."""
        assert call.request is not None
        return await self.office.answer(call.request.context_id, call.request.agent)

    async def refusal(self, count: int) -> tuple[str, str]:
        """The newest of so many receipts."""
        await self.office.outcomes(count)
        receipt = (await self.office.receipts())[-1]
        return receipt.outcome, receipt.note

    @property
    def effects(self) -> list[str]:
        """The tools that really ran."""
        if not self._effects.exists():
            return []
        return [json.loads(line)["tool"] for line in self._effects.read_text().splitlines()]


@pytest_asyncio.fixture
async def demo(
    worker_process: Callable[..., Process],
    redis_url: str,
    signoff_home: Path,
    stub_model: StubModel,
) -> AsyncIterator[SignedDemo]:
    """The demo on this test's own broker."""
    arguments = ("demo", "--redis-url", redis_url, "--token-delay", "0")
    # As outside of tests: nobody has to set anything to see signed decisions.
    process = worker_process(*arguments, env={"SIGNOFF_MODE": ""})
    async with Connection(redis_url) as connection:
        yield SignedDemo(Office(connection, stub_model), process, signoff_home)


async def test_the_demos_calls_take_as_many_as_its_policy_says(demo: SignedDemo) -> None:
    """A small payment one, who may have asked for it; a large one both; looking nobody."""
    first, second = demo.person(0), demo.person(1)
    small = await demo.asked("treasury_agent", "transfer 250 EUR to ACME for invoice 4471")
    await demo.approve(small)
    assert await demo.refusal(1) == ("refused:unsigned", "")
    await demo.approve(small, first)
    assert "went to **ACME**" in await demo.done(small)

    large = await demo.asked("treasury_agent", "transfer 25000 EUR to Globex for invoice 7")
    await demo.approve(large, first)
    assert await demo.refusal(4) == ("refused:not_enough", "missing")
    await demo.approve(large, first, second)
    assert "went to **Globex**" in await demo.done(large)
    assert demo.effects == ["transfer_funds"] * 2

    context_id = await demo.office.ask("coordinator", "what is the balance of payroll?")
    assert "96,400.00" in await demo.office.answer(context_id, "coordinator")


async def test_a_record_of_the_demo_is_released_for_a_reason(demo: SignedDemo) -> None:
    """By somebody in charge of records, under a signature over the reason."""
    release = await demo.asked("records_agent", "release P-1042's record to Northgate Clinic")
    assert release.request is not None
    assert release.request.policy is not None
    assert release.request.policy.masked == ("/patient_id",)

    await demo.approve(release, demo.person(0, "records"))
    assert await demo.refusal(1) == ("refused:not_enough", "no_reason")
    await demo.approve(release, demo.person(0), reason="Consent of 2 March.")
    assert await demo.refusal(2) == ("refused:not_enough", "wrong_role")
    await demo.approve(release, demo.person(0, "records"), reason="Consent of 2 March.")
    assert "was released to **Northgate Clinic**" in await demo.done(release)
