"""A message that is delivered again after its worker died: done once, told once."""

from __future__ import annotations

import asyncio

from langchain_core.tools import tool

from tests.integration.workers.conftest import Book
from tests.integration.workers.hand_fed import CONTEXT, Desk, command, cut_off, handle, task
from tests.integration.workers.office import Office
from workers.wire import keys
from workers.wire.approvals import decision_payload
from workers.wire.codec import decode_event, encode_event
from workers.wire.events import AgentCommand, AgentInvocation, AgentResponse, Event
from workers.wire.messages import Role
from workers.wire.streams.inbox import InboxEntry


async def test_what_was_done_is_not_done_or_told_again(office: Office, desk: Desk) -> None:
    """The worker died after the run and before it settled the message."""
    handler = await desk.worker()
    await handle(handler, task("hello"))
    told = await office.progress(CONTEXT)

    await handle(await desk.worker(), task("hello"))

    assert await office.progress(CONTEXT) == told
    assert len(office.model.asked) == 1


async def test_who_asked_gets_the_answer_again(office: Office, desk: Desk) -> None:
    """Better twice than never: the one who asked takes the first."""
    for _ in range(2):
        await handle(await desk.worker(), task("hello", caller="coordinator"))

    entries = await office.connection.client.xrange(keys.inbox("coordinator"))
    answers = [decode_event(fields[b"data"]).body for _, fields in entries]
    assert answers == 2 * [AgentResponse(invocation_id="i-1", content="You said: hello")]


async def test_who_asks_again_gets_the_answer_and_no_second_run(office: Office, desk: Desk) -> None:
    """Its sender lost the answer, and sent the very same task once more, days later."""
    first = task("hello", caller="coordinator")
    again = InboxEntry("9-0", first.data)
    handler = await desk.worker()
    await handle(handler, first)
    other = task("something else", caller="coordinator")
    await handle(handler, InboxEntry("2-0", other.data))

    await handle(await desk.worker(), again)

    answers = [body.content for body in await _answers(office)]
    assert answers == ["You said: hello", "You said: something else", "You said: hello"]
    assert len(office.model.asked) == 2
    seen = keys.seen("demo_agent", "coordinator", "i-1")
    assert await office.connection.client.ttl(seen) > 6 * 24 * 3600


async def test_who_asks_again_while_the_task_is_open_gets_one_answer(
    office: Office, desk: Desk, book: Book
) -> None:
    """It comes when there is one."""
    first = task("pay 10 to ACME", caller="coordinator")
    handler = await desk.worker(book.transfer_funds)
    await handle(handler, first)
    [call] = await office.requests(CONTEXT)

    await handle(handler, InboxEntry("2-0", first.data))
    assert await _answers(office) == []
    await handle(handler, command(call, office.bound(call), "3-0"))
    await handle(handler, InboxEntry("4-0", first.data))

    answers = [body.content for body in await _answers(office)]
    assert answers == 2 * ["Done: paid 10 to ACME"]
    assert book.payments == [("ACME", 10.0)]


async def _answers(office: Office) -> list[AgentResponse]:
    entries = await office.connection.client.xrange(keys.inbox("coordinator"))
    bodies = [decode_event(fields[b"data"]).body for _, fields in entries]
    return [body for body in bodies if isinstance(body, AgentResponse)]


async def test_a_run_that_was_cut_off_goes_on_where_it_was(office: Office, desk: Desk) -> None:
    """The model is not asked again for what it has said, and nothing is told twice."""
    started = asyncio.Event()
    weather: list[str] = []

    @tool
    async def get_city_weather(city: str) -> str:
        """Look up the weather."""
        weather.append(city)
        if len(weather) == 1:
            started.set()
            await asyncio.Event().wait()
        return f"sunny in {city}"

    handler = await desk.worker(get_city_weather)
    running = asyncio.create_task(handle(handler, task("weather in Oslo")))
    await started.wait()
    await cut_off(running)

    await handle(await desk.worker(get_city_weather), task("weather in Oslo"))

    assert await office.answer(CONTEXT, "demo_agent") == "Done: sunny in Oslo"
    assert len(office.model.asked) == 2
    assert len(await office.said(CONTEXT, Role.HUMAN)) == 1
    assert len(await office.said(CONTEXT)) == 2


async def test_a_decision_that_was_carried_out_is_settled_without_a_word(
    office: Office, desk: Desk, book: Book
) -> None:
    """Its worker died before it settled the message; this is no second decision."""
    handler = await desk.worker(book.transfer_funds)
    await handle(handler, task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)
    payload = decision_payload(office.bound(call))
    body = AgentCommand(type="resume", tool_call_id=call.tool_call_id, payload=payload)
    decided = InboxEntry("2-0", encode_event(Event(CONTEXT, body)))
    await handle(handler, decided)
    told = await office.progress(CONTEXT)

    await handle(await desk.worker(book.transfer_funds), decided)

    assert await office.outcomes(2) == ["applied", "executed"]
    assert await office.progress(CONTEXT) == told
    assert book.payments == [("ACME", 10.0)]


async def test_a_new_task_after_a_cut_off_run_starts_clean(office: Office, desk: Desk) -> None:
    """The old run is given up; its open call gets an answer, so that the model can go on."""
    started = asyncio.Event()

    @tool
    async def get_city_weather(city: str) -> str:
        """Look up the weather."""
        started.set()
        await asyncio.Event().wait()
        return city

    handler = await desk.worker(get_city_weather)
    running = asyncio.create_task(handle(handler, task("weather in Oslo")))
    await started.wait()
    await cut_off(running)
    body = AgentInvocation(task="hello", caller_agent="human", invocation_id="i-2", context={})

    entry = InboxEntry("2-0", encode_event(Event(CONTEXT, body)))
    await handle(await desk.worker(get_city_weather), entry)

    assert await office.answer(CONTEXT, "demo_agent") == "You said: hello"
    asked = office.model.asked[-1]
    assert [message["role"] for message in asked] == [
        "system", "user", "assistant", "tool", "user"
    ]  # fmt: skip
    assert "unknown" in asked[3]["content"]


async def test_a_delegation_is_sent_once_and_after_a_crash_rather_twice(
    office: Office, desk: Desk
) -> None:
    """The mark that it was sent comes after the sending."""
    handler = await desk.worker(experts=["expert"])
    entry = task("ask expert: hello")

    await handle(handler, entry)
    await handle(handler, entry)
    client = office.connection.client
    assert await client.xlen(keys.inbox("expert")) == 1
    ledger = keys.tool_ledger(CONTEXT)
    [mark] = await client.hkeys(ledger)
    await client.hset(ledger, mark, "sending")
    await handle(handler, entry)

    tasks = await client.xrange(keys.inbox("expert"))
    assert len(tasks) == 2
    assert tasks[0][1] == tasks[1][1]
    assert await client.ttl(ledger) > 0
