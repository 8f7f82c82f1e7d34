"""Two workers of one agent: what one leaves, the other does; what one lost, it cannot write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.base import empty_checkpoint

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.waiting import await_until
from workers import human_approval_required
from workers.agents.checkpoints import open_checkpoints
from workers.agents.fencing import FencedSaver
from workers.runtime.inbox import LeasedInbox, Taken
from workers.runtime.leases import Keeper, Lease, working_under
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.errors import LeaseLost
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import InboxEntry

AGENT = "treasury_agent"
CONFIG: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


async def test_a_request_of_one_worker_is_decided_at_another(
    office: Office, book: Book, tmp_path: Path
) -> None:
    """They share threads and inbox; the one that asked has gone home meanwhile."""
    file = str(tmp_path / "checkpoints.sqlite")
    first = await office.start(office.describe(AGENT, [book.transfer_funds], checkpoint_url=file))
    context = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context)
    await office.ask(AGENT, "hello", context)
    await office.outcomes(1)
    await office.send_home(first)
    await office.hire(AGENT, [book.transfer_funds], checkpoint_url=file)

    await office.decide(call)

    assert await office.answer(context, AGENT, 1) == "Done: paid 10 to ACME"
    assert await office.answer(context, AGENT, 2) == "You said: hello"
    assert book.payments == [("ACME", 10.0)]
    await office.inbox_is_empty(AGENT)


async def test_a_model_that_is_ill_for_a_moment_is_asked_again(office: Office) -> None:
    """The person who asked learns nothing of it."""
    await office.hire("demo_agent")
    office.model.failures = 2

    context = await office.ask("demo_agent", "hello")

    assert await office.answer(context, "demo_agent") == "You said: hello"
    assert len(office.model.asked) >= 2


async def test_a_model_that_stays_ill_is_told_of_and_the_task_is_kept(office: Office) -> None:
    """After five starts; an operator may send it again when the model is well."""
    await office.hire("demo_agent")

    context = await office.ask("demo_agent", "break")

    assert "500" in await office.error(context)
    [kept] = await office.quarantined("demo_agent", 1)
    assert (kept["reason"], kept["attempts"]) == ("failed", "5")
    assert len(office.model.asked) == 5


async def test_a_message_that_kills_its_worker_is_put_aside(office: Office) -> None:
    """It was started five times and never came to an end; the next one of the context is done."""
    context = await office.ask("demo_agent", "the one that kills")
    inbox = keys.inbox("demo_agent")
    [(entry_id, _)] = await office.connection.client.xrange(inbox)
    await office.connection.client.hset(keys.attempts("demo_agent"), entry_id, 5)

    await office.hire("demo_agent")
    await office.ask("demo_agent", "hello", context)

    [kept] = await office.quarantined("demo_agent", 1)
    assert kept["reason"] == "too_many_starts"
    assert kept["attempts"] == "6"
    assert "never came to an end" in await office.error(context)
    assert await office.answer(context, "demo_agent") == "You said: hello"


async def test_an_entry_that_two_parsers_read_differently_is_not_run(office: Office) -> None:
    """It would run out of turn, beside another message of its context."""
    await office.hire("demo_agent")
    task = '{"task": "hello", "caller_agent": "human", "invocation_id": "i-1"}'
    twice = f'{{"context_id": "c-1", "event_type": "agent_invocation", "data": {task}'

    await office.throw("demo_agent", (twice + ', "context_id": "c-2\\u0000"}').encode())

    [kept] = await office.quarantined("demo_agent", 1)
    assert kept["reason"] in {"ambiguous", "bad_name"}


async def test_a_worker_that_lost_its_context_during_a_call_writes_nothing(
    office: Office, tmp_path: Path
) -> None:
    """Its tool comes back too late: another worker has the context, and asks what became of it."""
    file = str(tmp_path / "checkpoints.sqlite")
    starts: list[str] = []

    @tool
    @human_approval_required
    async def get_city_gdp(city: str) -> str:
        """Get city gdp."""
        starts.append(city)
        await asyncio.Event().wait()
        return city

    await office.hire(AGENT, [get_city_gdp], checkpoint_url=file)
    context = await office.ask(AGENT, "gdp of Oslo")
    [call] = await office.requests(context)
    await office.decide(call)
    await await_until(lambda: starts, "the tool to start")

    # As if it had been frozen past its lease: the broker thinks that nobody has the context.
    await office.connection.client.hdel(keys.run(AGENT), context)
    await office.connection.client.zadd(keys.due(AGENT), {context: 0})

    [_, again] = await office.requests(context, 2)
    assert "outcome is unknown" in again.description
    assert starts == ["Oslo"]
    assert "in_doubt" in await office.outcomes(3)


@pytest.fixture
async def lease(redis_url: str) -> AsyncIterator[Lease]:
    """A lease that holds on the broker."""
    async with Connection(redis_url) as connection:
        inbox = LeasedInbox(connection, AGENT, "signoff:a:1:0", Pace())
        keeper = Keeper(inbox, redis_url, Pace(), lambda *_: None, lambda: None)
        await keeper.start()
        await connection.client.hset(keys.run(AGENT), "c-1", "signoff:a:1:0|7")
        yield Lease(Taken(b"c-1", 7, InboxEntry("1-0", b"")), keeper)
        await connection.client.delete(keys.run(AGENT))
        await keeper.stop()


async def test_a_checkpoint_is_written_only_under_a_lease_that_holds(
    lease: Lease, redis_url: str
) -> None:
    """Reading is always allowed."""
    async with open_checkpoints(":memory:") as store, Connection(redis_url) as connection:
        saver = FencedSaver(store)
        checkpoint = empty_checkpoint()
        with working_under(lease):
            saved = await saver.aput(CONFIG, checkpoint, {}, {})
            await saver.aput_writes(saved, [("messages", "hello")], "task")

            await connection.client.hset(keys.run(AGENT), "c-1", "signoff:b:1:0|8")
            with pytest.raises(LeaseLost):
                await saver.aput(saved, empty_checkpoint(), {}, {})
            with pytest.raises(LeaseLost):
                await saver.aput_writes(saved, [("messages", "late")], "task")

        found = await saver.aget_tuple(CONFIG)
        assert found is not None
        assert found.checkpoint["id"] == checkpoint["id"]
        assert found.pending_writes == [("task", "messages", "hello")]
        assert [one.checkpoint["id"] async for one in saver.alist(CONFIG)] == [checkpoint["id"]]
