"""An approved call that was started and never came back: a person says what is to become of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from langchain_core.tools import BaseTool, tool

from tests.integration.workers.conftest import Book
from tests.integration.workers.hand_fed import CONTEXT, Desk, command, cut_off, handle, task
from tests.integration.workers.office import Office
from workers import human_approval_required
from workers.runtime.handling import Handler
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Mode
from workers.wire.canonical import JSON
from workers.wire.dialects import PendingCall


@dataclass
class Machine:
    """A tool that hangs the first so many times.

    Attributes:
        starts: the arguments of each start.
    """

    hangs: int = 1
    idempotent: bool = False
    starts: list[str] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tool(self) -> BaseTool:
        """The tool."""

        @tool
        @human_approval_required(idempotent=self.idempotent)
        async def get_city_gdp(city: str) -> str:
            """Get city gdp."""
            self.starts.append(city)
            self.started.set()
            if len(self.starts) <= self.hangs:
                await asyncio.Event().wait()
            return f"{city}: 500 billion"

        return get_city_gdp


async def _ask(office: Office, handler: Handler) -> PendingCall:
    await handle(handler, task("gdp of Oslo"))
    [call] = await office.requests(CONTEXT)
    return call


async def _cut_off_in_the_call(
    office: Office, desk: Desk, machine: Machine, call: PendingCall, entry_id: str = "2-0"
) -> PendingCall:
    """Approve a call, let its worker die in it and another go on. Returns the second request."""
    entry = command(call, office.bound(call), entry_id)
    machine.started.clear()
    running = asyncio.create_task(handle(await desk.worker(machine.tool), entry))
    await machine.started.wait()
    await cut_off(running)
    waiting = len(machine.starts) + 1
    await handle(await desk.worker(machine.tool), entry)
    return (await office.requests(CONTEXT, waiting))[-1]


async def test_a_call_that_was_cut_off_is_asked_about_again(office: Office, desk: Desk) -> None:
    """It may have had its effect; a person has to find out, nobody starts it by itself."""
    machine = Machine()
    call = await _ask(office, await desk.worker(machine.tool))

    again = await _cut_off_in_the_call(office, desk, machine, call)

    assert machine.starts == ["Oslo"]
    assert await office.outcomes(3) == ["applied", "applied", "in_doubt"]
    assert call.request is not None
    assert again.request is not None
    assert again.request.request_id != call.request.request_id
    assert (again.tool_call_id, again.args) == (call.tool_call_id, call.args)
    assert (call.request.attempt, again.request.attempt) == (0, 1)
    assert again.allowed == (DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND)
    assert "outcome is unknown" in again.description
    assert f"started at {again.request.issued_at[:10]}" in again.description
    assert [receipt.request_id for receipt in await office.receipts()] == 3 * [
        call.request.request_id
    ]


async def test_run_again_runs_it_again(office: Office, desk: Desk) -> None:
    """The person found that it had no effect. What was in doubt is told once, not at each step."""
    machine = Machine()
    call = await _ask(office, await desk.worker(machine.tool))
    again = await _cut_off_in_the_call(office, desk, machine, call)

    await handle(await desk.worker(machine.tool), command(again, office.bound(again), "3-0"))

    assert await office.answer(CONTEXT, "demo_agent") == "Done: Oslo: 500 billion"
    assert machine.starts == ["Oslo", "Oslo"]
    outcomes = ["applied", "applied", "in_doubt", "applied", "executed"]
    assert await office.outcomes(5) == outcomes
    assert again.request is not None
    assert (await office.receipts())[-1].request_id == again.request.request_id


@pytest.mark.parametrize("ledger_is_lost", [False, True])
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (DecisionKind.RESPOND, "Done: it was 480 billion"),
        (DecisionKind.REJECT, "it may have taken effect"),
    ],
)
async def test_mark_done_and_reject_run_nothing(
    office: Office, desk: Desk, kind: DecisionKind, says: str, *, ledger_is_lost: bool
) -> None:
    """Also when the broker has lost the ledger meanwhile: the thread knows that it was started."""
    machine = Machine()
    call = await _ask(office, await desk.worker(machine.tool))
    again = await _cut_off_in_the_call(office, desk, machine, call)
    if ledger_is_lost:
        await office.connection.client.delete(keys.tool_ledger(CONTEXT))

    decision = office.bound(again, kind, message="it was 480 billion")
    await handle(await desk.worker(machine.tool), command(again, decision, "3-0"))

    assert says in await office.answer(CONTEXT, "demo_agent")
    assert machine.starts == ["Oslo"]
    assert await office.outcomes(4) == ["applied", "applied", "in_doubt", "applied"]


async def test_a_second_attempt_can_be_in_doubt_too(office: Office, desk: Desk) -> None:
    """Each attempt has a request and a ledger entry of its own."""
    machine = Machine(hangs=2)
    call = await _ask(office, await desk.worker(machine.tool))
    second = await _cut_off_in_the_call(office, desk, machine, call)

    third = await _cut_off_in_the_call(office, desk, machine, second, "3-0")

    asked = [one.request for one in (call, second, third) if one.request is not None]
    assert [request.attempt for request in asked] == [0, 1, 2]
    assert len({request.request_id for request in asked}) == 3
    await handle(await desk.worker(machine.tool), command(third, office.bound(third), "4-0"))
    assert await office.answer(CONTEXT, "demo_agent") == "Done: Oslo: 500 billion"
    assert len(machine.starts) == 3


async def test_an_answer_to_the_first_request_does_not_count_for_the_second(
    office: Office, book: Book
) -> None:
    """A second click, bound or bare, must not start what may have run: even when observing."""
    await office.hire("treasury_agent", [book.transfer_funds], mode=Mode.OBSERVE)
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    again = await _in_doubt(office, context, call)

    await office.decide(call)
    await office.command(context, "treasury_agent", call.tool_call_id, {"type": "accept"})
    await office.decide(again, DecisionKind.EDIT, args=again.args)

    outcomes = ["refused:already_decided", "refused:unbound", "refused:not_allowed"]
    assert (await office.outcomes(5))[2:] == outcomes
    assert book.payments == []
    await office.decide(again, DecisionKind.REJECT)
    assert "may have taken effect" in await office.answer(context, "treasury_agent")


async def test_what_runs_again_are_the_arguments_that_were_started(
    office: Office, book: Book
) -> None:
    """After an edit these are the edited ones, and the person sees them."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    edited: JSON = {"amount": 7.0, "recipient": "ACME", "urgent": False}
    again = await _in_doubt(office, context, call, DecisionKind.EDIT, edited)

    assert again.args == edited
    await office.decide(again)

    assert "changed the arguments" in await office.answer(context, "treasury_agent")
    assert book.payments == [("ACME", 7.0)]


async def test_a_start_that_comes_back_late_counts(office: Office, book: Book) -> None:
    """Its worker was frozen and not dead: what it did is not done again, whatever was decided."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    again = await _in_doubt(office, context, call)
    await _note(
        office, context, call, '{"type":"done","at_ms":1,"content":"paid it","failed":false}'
    )

    await office.decide(again)

    assert await office.answer(context, "treasury_agent") == "Done: paid it"
    assert book.payments == []


@pytest.mark.parametrize("by_decorator", [True, False])
async def test_an_idempotent_call_is_simply_made_again(
    office: Office, desk: Desk, *, by_decorator: bool
) -> None:
    """Whoever wrote the tool says that twice is once; nobody needs to look."""
    machine = Machine(idempotent=by_decorator)
    idempotent = () if by_decorator else ("get_city_gdp",)
    handler = await desk.worker(machine.tool, idempotent=idempotent)
    call = await _ask(office, handler)
    entry = command(call, office.bound(call))
    running = asyncio.create_task(handle(handler, entry))
    await machine.started.wait()
    await cut_off(running)

    await handle(await desk.worker(machine.tool, idempotent=idempotent), entry)

    assert await office.answer(CONTEXT, "demo_agent") == "Done: Oslo: 500 billion"
    assert machine.starts == ["Oslo", "Oslo"]
    assert await office.outcomes(3) == ["applied", "applied", "executed"]


async def _in_doubt(
    office: Office,
    context: str,
    call: PendingCall,
    kind: DecisionKind = DecisionKind.APPROVE,
    args: JSON = None,
) -> PendingCall:
    """Decide on a call that an earlier worker has started. Returns the second request."""
    await _note(office, context, call, '{"type":"started","at_ms":1}')
    await office.decide(call, kind, args=args)
    again = (await office.requests(context, 2))[-1]
    await office.connection.client.expire(keys.tool_ledger(context), 60)
    return again


async def _note(office: Office, context: str, call: PendingCall, state: str) -> None:
    assert call.request is not None
    note = f'{{"state":{state}}}'
    await office.connection.client.hset(keys.tool_ledger(context), call.request.request_id, note)
