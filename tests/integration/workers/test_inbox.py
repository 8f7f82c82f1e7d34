"""What an inbox may hold: tasks in order, tasks that wait, and rubbish that stops nobody."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from langchain_core.tools import tool

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.waiting import await_until
from workers import human_approval_required
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.codec import encode_event
from workers.wire.events import AgentInvocation, Event
from workers.wire.messages import Role


def entry(**changes: object) -> bytes:
    """A task, changed."""
    task = {"task": "hello", "caller_agent": "human", "invocation_id": "i-1", "context": {}}
    event = {"context_id": "c-1", "event_type": "agent_invocation", "data": task}
    return json.dumps(event | changes).encode()


DEEP = "[" * 10_000 + "]" * 10_000
RUBBISH = {
    "not JSON": (b"{half", "not_json"),
    "no object": (b"[1, 2]", "not_an_event"),
    "nothing": (b"", "not_json"),
    "bytes": (b"\xff\xfe\x00", "not_json"),
    "no context": (b'{"event_type": "agent_invocation", "data": {}}', "no_context_id"),
    "empty context": (entry(context_id=""), "no_context_id"),
    "no kind": (b'{"context_id": "c-1", "data": {}}', "no_event_type"),
    "another shape": (entry(data={"task": ["a", "list"]}), "wrong_shape"),
    "an unknown kind": (entry(event_type="agent_surprise"), "wrong_kind"),
    "a kind for readers": (entry(event_type="agent_progress", data={}), "wrong_shape"),
    "hidden characters": (entry(context_id="c\u202e-1"), "bad_name"),
    "a caller with braces": (
        entry(data={"task": "x", "caller_agent": "a{b}", "invocation_id": "i"}),
        "bad_name",
    ),
    "depth 10,000": (b'{"context_id": "c", "x": ' + DEEP.encode() + b"}", "too_deep"),
    "5 MB": (entry(data={"task": "x" * 5_000_000}), "too_large"),
    "NaN": (b'{"context_id": "c", "event_type": "agent_command", "data": NaN}', "not_json"),
}


@pytest.mark.parametrize(("data", "reason"), RUBBISH.values(), ids=RUBBISH)
async def test_rubbish_goes_to_quarantine_and_the_next_task_runs(
    office: Office, data: bytes, reason: str
) -> None:
    """It is kept with the reason; nothing else is disturbed, and nothing stays in the inbox."""
    await office.hire("demo_agent")

    await office.throw("demo_agent", data)
    context = await office.ask("demo_agent", "hello")

    [kept] = await office.quarantined("demo_agent", 1)
    assert kept["reason"] == reason
    assert kept["error"]
    assert await office.answer(context, "demo_agent") == "You said: hello"
    await office.inbox_is_empty("demo_agent")


async def test_an_entry_without_data_goes_to_quarantine(office: Office) -> None:
    """Somebody wrote into the stream by hand."""
    await office.hire("demo_agent")

    await office.connection.client.xadd(keys.inbox("demo_agent"), {"something": "else"})

    [kept] = await office.quarantined("demo_agent", 1)
    assert kept["reason"] == "not_json"


async def test_a_task_for_a_context_that_waits_is_parked_until_it_is_free(
    office: Office, book: Book
) -> None:
    """The decision that frees the context is not stuck behind it, and the sender is told."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    await office.ask("treasury_agent", "hello", context)
    await office.ask("treasury_agent", "pay 20 to Globex", context)
    assert await office.outcomes(2) == ["parked", "parked"]
    assert [message.text for message in await office.said(context, Role.HUMAN)] == [
        "pay 10 to ACME"
    ], "nothing is told after a request that waits"
    await office.last_is_interrupt(context, call)

    await office.decide(call)
    assert await office.answer(context, "treasury_agent", 1) == "Done: paid 10 to ACME"
    assert await office.answer(context, "treasury_agent", 2) == "You said: hello"
    [second] = await office.requests(context)
    await office.decide(second)
    assert await office.answer(context, "treasury_agent", 3) == "Done: paid 20 to Globex"
    assert book.payments == [("ACME", 10.0), ("Globex", 20.0)]
    assert await office.connection.client.exists(keys.parked("treasury_agent", context)) == 0


async def test_a_parked_task_somebody_spoiled_does_not_hold_up_the_rest(
    office: Office, book: Book
) -> None:
    """Everybody who reaches the broker can write there."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    parked = keys.parked("treasury_agent", context)
    await office.connection.client.rpush(parked, b"{half")
    await office.ask("treasury_agent", "hello", context)
    await office.outcomes(1)

    await office.decide(call, DecisionKind.REJECT)

    assert await office.answer(context, "treasury_agent", 2) == "You said: hello"
    [kept] = await office.quarantined("treasury_agent", 1)
    assert kept["reason"] == "parked"


async def test_contexts_run_side_by_side_and_each_in_order(office: Office, book: Book) -> None:
    """One context that waits for a person does not stop the others."""
    await office.hire("treasury_agent", [book.transfer_funds])
    waiting = await office.ask("treasury_agent", "pay 10 to ACME")
    await office.requests(waiting)

    busy = [await office.ask("treasury_agent", f"first {n}") for n in range(5)]
    for number, context in enumerate(busy):
        await office.ask("treasury_agent", f"second {number}", context)

    for number, context in enumerate(busy):
        assert await office.answer(context, "treasury_agent", 1) == f"You said: first {number}"
        assert await office.answer(context, "treasury_agent", 2) == f"You said: second {number}"


async def test_what_waited_in_the_inbox_before_the_worker_came_is_done(office: Office) -> None:
    """A task sent while nobody was there is not lost."""
    context = await office.ask("demo_agent", "hello")

    await office.hire("demo_agent")

    assert await office.answer(context, "demo_agent") == "You said: hello"


async def test_a_worker_that_goes_home_leaves_nothing_behind(office: Office) -> None:
    """No consumer, no heartbeat, nothing pending."""
    task = await office.start(office.describe("demo_agent"))
    context = await office.ask("demo_agent", "hello")
    await office.answer(context, "demo_agent")

    await office.send_home(task)

    group = keys.inbox_group("demo_agent")
    assert await office.connection.client.xinfo_consumers(keys.inbox("demo_agent"), group) == []
    assert await office.connection.client.zcard(keys.WORKERS) == 0


async def test_what_runs_when_the_worker_is_stopped_goes_on_at_another(
    office: Office, tmp_path: Path
) -> None:
    """The call that was begun is finished, so it is not in doubt; the next step is handed over."""
    file = str(tmp_path / "checkpoints.sqlite")
    began, may_end = asyncio.Event(), asyncio.Event()
    starts: list[str] = []

    @tool
    @human_approval_required
    async def get_city_gdp(city: str) -> str:
        """Get city gdp."""
        starts.append(city)
        began.set()
        await may_end.wait()
        return f"{city}: 500 billion"

    runner = office.describe("demo_agent", [get_city_gdp], checkpoint_url=file)
    running = await office.start(runner)
    agent = runner._agent
    assert agent is not None
    context = await office.ask("demo_agent", "gdp of Oslo")
    [call] = await office.requests(context)
    await office.decide(call)
    await began.wait()
    leaving = asyncio.create_task(office.send_home(running))
    await await_until(lambda: agent._control.drain_requested, "the stop to be heard")
    may_end.set()
    await leaving
    assert len(office.model.asked) == 1, "the model's next turn is not begun any more"

    await office.hire("demo_agent", [get_city_gdp], checkpoint_url=file)

    assert "500 billion" in await office.answer(context, "demo_agent")
    assert (starts, len(office.model.asked)) == (["Oslo"], 2)
    assert "in_doubt" not in await office.outcomes(2)


async def test_a_task_that_was_sent_twice_is_done_once(office: Office) -> None:
    """Its sender got no reply to the first, so it sent the very same bytes again."""
    await office.hire("demo_agent")
    again = task_of("hello")
    await office.throw("demo_agent", again)
    await office.throw("demo_agent", again)

    await office.throw("demo_agent", task_of("something else"))

    assert await office.answer("c-1", "demo_agent", 2) == "You said: something else"
    assert len(office.model.asked) == 2


def task_of(text: str) -> bytes:
    """A task whose sender gives all of them the same id, as some models do."""
    body = AgentInvocation(task=text, caller_agent="human", invocation_id="i-1", context={})
    return encode_event(Event("c-1", body))


async def test_a_thread_that_cannot_be_read_stops_nobody_else(
    office: Office, tmp_path: Path
) -> None:
    """The task is kept aside, the person is told, other contexts go on."""
    file = tmp_path / "checkpoints.sqlite"
    await office.hire("demo_agent", checkpoint_url=str(file))
    context = await office.ask("demo_agent", "hello")
    await office.answer(context, "demo_agent")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("update checkpoints set checkpoint = x'c1c1c1'")

    await office.ask("demo_agent", "again", context)
    other = await office.ask("demo_agent", "hello")

    assert "The worker failed" in await office.error(context)
    assert await office.answer(other, "demo_agent") == "You said: hello"
    [kept] = await office.quarantined("demo_agent", 1)
    assert kept["reason"] == "failed"
    await office.stands(context, "failed")
    await office.inbox_is_empty("demo_agent")
