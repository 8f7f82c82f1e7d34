"""What a hosted graph was allowed to do and did not finish: a person is asked what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypedDict

import httpx
import openai
import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import get_runtime
from langgraph.types import interrupt

from tests.integration.workers.hand_fed import CONTEXT, Desk, command, cut_off, handle, task
from tests.integration.workers.office import Office
from tests.integration.workers.test_hosting import (
    AGENT,
    BATCH,
    CALL,
    INBOX,
    PER_CALL,
    REJECT,
    RESPOND,
)
from tests.support.waiting import await_until
from workers.agents.graph import Graph
from workers.runtime.handling import Handler
from workers.wire import keys
from workers.wire.approvals import Mode
from workers.wire.canonical import JSON
from workers.wire.codec import encode_event
from workers.wire.dialects import PendingCall, read_interrupt
from workers.wire.events import AgentCommand, Event, ProgressType
from workers.wire.streams.inbox import InboxEntry

REQUEST = httpx.Request("POST", "http://model")


def _no_connection() -> Exception:
    return openai.APIConnectionError(request=REQUEST)


def _no_key() -> Exception:
    response = httpx.Response(401, request=REQUEST)
    return openai.AuthenticationError("no such key", response=response, body=None)


@dataclass
class Payer:
    """A graph that asks, pays in the same step, and reports in the next one.

    Attributes:
        trouble: what happens after so many payments, before the step is over.
        after: the same in the step that follows.
        paid: the answers with which it paid.
    """

    value: JSON = field(default_factory=lambda: PER_CALL)
    trouble: dict[int, Callable[[], Exception] | asyncio.Event] = field(default_factory=dict)
    after: dict[int, Callable[[], Exception] | asyncio.Event] = field(default_factory=dict)
    paid: list[Any] = field(default_factory=list)
    reports: int = 0

    def build(self) -> Graph:
        builder = StateGraph(MessagesState)
        builder.add_node("pay", self._pay)
        builder.add_node("report", self._report)
        builder.add_edge(START, "pay")
        builder.add_edge("pay", "report")
        return builder.compile()

    async def _pay(self, state: MessagesState) -> dict[str, list[AnyMessage]]:  # noqa: ARG002
        answer = interrupt(self.value)
        self.paid.append(answer)
        await _happen(self.trouble.get(len(self.paid)))
        return {}

    async def _report(self, state: MessagesState) -> dict[str, list[AnyMessage]]:  # noqa: ARG002
        self.reports += 1
        await _happen(self.after.get(self.reports))
        return {"messages": [AIMessage(f"done after {len(self.paid)}")]}


async def _happen(trouble: Callable[[], Exception] | asyncio.Event | None) -> None:
    if isinstance(trouble, asyncio.Event):
        trouble.set()
        await asyncio.Event().wait()
    if trouble is not None:
        raise trouble()  # type: ignore[operator]


async def _ask(office: Office, handler: Handler) -> PendingCall:
    await handle(handler, task("go"))
    [call] = await office.requests(CONTEXT)
    return call


async def _cut_off_while_it_pays(
    desk: Desk, payer: Payer, started: asyncio.Event, entry: InboxEntry
) -> None:
    """Let a worker die after the payment and before the end of the step."""
    running = asyncio.create_task(handle(await desk.worker(graph=payer.build()), entry))
    await started.wait()
    await cut_off(running)


async def _asked(
    office: Office, context: str, attempt: int, *, instead_of: str = ""
) -> PendingCall:
    """Wait until something is asked for the nth time.

    Args:
        instead_of: the id of an interrupt that is not meant.
    """

    async def found() -> PendingCall | None:
        raised = [b for b in await office.progress(context) if b.type is ProgressType.INTERRUPT]
        calls = [read_interrupt(body.message) for body in raised]
        return next(
            (
                call
                for call in calls
                if call.request is not None
                and call.request.attempt == attempt
                and call.interrupt_id != instead_of
            ),
            None,
        )

    call: PendingCall = await await_until(found, f"attempt {attempt}")
    return call


@pytest.mark.parametrize("value", [PER_CALL, BATCH, INBOX, {"action_request": CALL}])
async def test_an_approved_step_that_was_cut_off_is_not_run_again_by_itself(
    office: Office, desk: Desk, value: JSON
) -> None:
    """It may have paid: a person finds out, and says what is to become of it."""
    started = asyncio.Event()
    payer = Payer(value, {1: started})
    call = await _ask(office, await desk.worker(graph=payer.build()))
    entry = command(call, office.bound(call))
    await _cut_off_while_it_pays(desk, payer, started, entry)

    for _ in range(2):
        await handle(await desk.worker(graph=payer.build()), entry)

    again = await _asked(office, CONTEXT, 1)
    assert len(payer.paid) == 1
    assert "In doubt" in again.description
    assert again.interrupt_id == call.interrupt_id
    assert (again.action, again.args) == (call.action, call.args)
    assert await office.outcomes(3) == ["applied", "applied", "in_doubt"]
    last = command(again, office.bound(again), "3-0")
    await handle(await desk.worker(graph=payer.build()), last)
    assert await office.answer(CONTEXT, "demo_agent") == "done after 2"


async def test_a_step_in_doubt_can_be_left_as_it_is(office: Office, desk: Desk) -> None:
    """The graph hears no, in its own dialect."""
    started = asyncio.Event()
    payer = Payer(trouble={1: started})
    call = await _ask(office, await desk.worker(graph=payer.build()))
    entry = command(call, office.bound(call))
    await _cut_off_while_it_pays(desk, payer, started, entry)
    await handle(await desk.worker(graph=payer.build()), entry)
    again = await _asked(office, CONTEXT, 1)

    decision = office.bound(again, REJECT, message="it was paid")
    await handle(await desk.worker(graph=payer.build()), command(again, decision, "3-0"))

    assert payer.paid == [{"type": "approve"}, {"type": "reject", "message": "it was paid"}]


async def test_a_step_in_doubt_takes_bound_decisions_only(office: Office, desk: Desk) -> None:
    """A second click on the first request must not pay a second time, even when observing."""
    started = asyncio.Event()
    payer = Payer(trouble={1: started})
    options: dict[str, Any] = {"graph": payer.build(), "mode": Mode.OBSERVE}
    call = await _ask(office, await desk.worker(**options))
    entry = command(call, office.bound(call))
    await _cut_off_while_it_pays(desk, payer, started, entry)
    handler = await desk.worker(**options)
    await handle(handler, entry)

    body = AgentCommand(type="resume", payload={call.interrupt_id: {"type": "approve"}})
    await handle(handler, InboxEntry("3-0", encode_event(Event(CONTEXT, body))))

    assert (await office.outcomes(4))[3:] == ["refused:unbound"]
    assert len(payer.paid) == 1


@pytest.mark.parametrize("error", [_no_connection, _no_key, lambda: ValueError("no")])
async def test_an_approved_step_that_fails_is_not_tried_again_by_itself(
    office: Office, error: Callable[[], Exception]
) -> None:
    """Not even when the failure may pass: it came after the payment."""
    payer = Payer(trouble={1: error})
    await office.hire(AGENT, graph=payer.build())
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)
    await office.decide(call)

    assert "Error occurred." in await office.error(context)
    assert await office.outcomes(2) == ["applied", "in_doubt"]
    [again] = await office.requests(context)
    await office.stands(context, "waiting")
    assert len(payer.paid) == 1
    assert again.request is not None


@pytest.mark.parametrize("dies", [True, False])
async def test_a_later_step_goes_on_where_it_was(office: Office, desk: Desk, *, dies: bool) -> None:
    """What was approved is over by then, and is neither in doubt nor run again."""
    started = asyncio.Event()
    payer = Payer(after={1: started if dies else _no_connection})
    call = await _ask(office, await desk.worker(graph=payer.build()))
    entry = command(call, office.bound(call))
    running = asyncio.create_task(handle(await desk.worker(graph=payer.build()), entry))
    if dies:
        await started.wait()
        await cut_off(running)
    else:
        with pytest.raises(Exception, match="does not answer"):
            await running

    await handle(await desk.worker(graph=payer.build()), entry)

    assert await office.answer(CONTEXT, "demo_agent") == "done after 1"
    assert "in_doubt" not in await office.outcomes(1)
    if not dies:
        [note] = await office.connection.client.hvals(keys.tool_ledger(CONTEXT))
        assert b'"type":"done"' in note


async def test_a_question_is_not_asked_for_ever(office: Office) -> None:
    """After three more attempts the run is given up, and the next task is done."""
    payer = Payer("How much?", dict.fromkeys(range(1, 5), lambda: ValueError("cannot read it")))
    await office.hire(AGENT, graph=payer.build())
    context = await office.ask(AGENT, "go")
    for attempt in range(4):
        call = await _asked(office, context, attempt)
        await office.decide(call, RESPOND, message="nonsense")

    outcomes = await office.outcomes(7)
    assert outcomes == [*(3 * ["applied", "re_asked"]), "applied"]
    await office.stands(context, "failed")
    await office.ask(AGENT, "again", context)
    fresh = await _asked(office, context, 0, instead_of=call.interrupt_id)
    await office.decide(fresh, RESPOND, message="ten")
    assert await office.answer(context, AGENT) == "done after 5"


async def test_a_right_answer_is_not_blamed_for_a_service_that_refuses(office: Office) -> None:
    """The person is told, and not asked the same again."""
    payer = Payer("How much?", {1: _no_key})
    await office.hire(AGENT, graph=payer.build())
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)

    await office.decide(call, RESPOND, message="ten")

    assert "refused the API key" in await office.error(context)
    await office.stands(context, "failed")
    assert await office.outcomes(1) == ["applied"]
    await office.ask(AGENT, "again", context)
    fresh = await _asked(office, context, 0, instead_of=call.interrupt_id)
    await office.decide(fresh, RESPOND, message="ten")
    assert await office.answer(context, AGENT) == "done after 2"


class About(TypedDict, total=False):
    """What this graph wants to know of the user."""

    user_name: str


async def test_a_hosted_graph_knows_for_whom_it_works(office: Office) -> None:
    """What it names of the user's context, before and after a pause; the rest is not its own."""
    seen: list[object] = []

    def ask(state: MessagesState) -> dict[str, list[AnyMessage]]:
        seen.append(get_runtime(About).context)
        return {"messages": [AIMessage(f"got {interrupt('What now?')}")]}

    builder = StateGraph(MessagesState, context_schema=About)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    await office.hire(AGENT, graph=builder.compile())
    context = await office.ask(AGENT, "go", context={"user_name": "Jo", "user_id": "jo"})
    [call] = await office.requests(context)
    await office.decide(call, RESPOND, message="wait")

    assert await office.answer(context, AGENT) == "got wait"
    assert seen == 2 * [{"user_name": "Jo"}]
