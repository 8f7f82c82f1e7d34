"""The core at work: slots, retries, stops in good order, and leases while the loop is busy."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.support.lives import AGENT, pending, put
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.runtime.dispatch import Dispatcher, Handle
from workers.runtime.inbox import Taken, Verb, Verdict
from workers.runtime.leases import confirm_lease
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.errors import LeaseLost
from workers.wire.ids import new_consumer_name
from workers.wire.streams.connection import Connection

QUICK = Pace(heartbeat_seconds=0.1, lease_seconds=0.6, slots=3, grace_seconds=0.3)


class Crew:
    """Dispatchers that work until the test is over.

    Attributes:
        connection: the test's own.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._at_work: dict[Dispatcher, tuple[asyncio.Event, asyncio.Task[None]]] = {}
        self._connections: list[Connection] = []

    async def hire(self, handle: Handle, pace: Pace = QUICK, url: str = "") -> Dispatcher:
        """Start one."""
        connection = Connection(url or self.connection.url)
        self._connections.append(connection)
        dispatcher = Dispatcher(connection, AGENT, new_consumer_name(), pace, handle)
        await dispatcher.open()
        stop = asyncio.Event()
        serving = asyncio.create_task(dispatcher.serve(stop), name="dispatcher")
        self._at_work[dispatcher] = (stop, serving)
        return dispatcher

    async def dismiss(self, dispatcher: Dispatcher) -> None:
        """Stop one in good order."""
        stop, serving = self._at_work.pop(dispatcher)
        stop.set()
        await serving
        await dispatcher.close()

    async def close(self) -> None:
        for dispatcher in list(self._at_work):
            await self.dismiss(dispatcher)
        for connection in self._connections:
            await connection.close()


@pytest_asyncio.fixture
async def crew(redis_url: str) -> AsyncIterator[Crew]:
    """Nobody at work yet."""
    async with Connection(redis_url) as connection:
        crew = Crew(connection)
        yield crew
        await crew.close()


def numbers_into(done: list[int]) -> Callable[[Taken], Awaitable[Verdict]]:
    """A handler that notes the number in each message."""

    async def handle(taken: Taken) -> Verdict:
        done.append(json.loads(taken.entry.data)["data"])
        return Verdict(Verb.DONE)

    return handle


async def test_no_more_contexts_run_than_there_are_slots(crew: Crew) -> None:
    """And those that found none come up as soon as one is free, without waiting for news."""
    running, most, done = 0, 0, 0

    async def handle(_taken: Taken) -> Verdict:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        done += 1
        return Verdict(Verb.DONE)

    for number in range(100):
        await put(crew.connection, f"c-{number}")
    began = time.monotonic()
    dispatcher = await crew.hire(handle)

    await await_until(lambda: done == 100, "all to be done")
    assert most == 3
    assert time.monotonic() - began < 1, "nobody waited for the end of a blocking read"
    await await_until(lambda: dispatcher.running == 0, "nobody to be at work")


async def test_two_processes_keep_the_order_of_a_context(crew: Crew) -> None:
    """Whoever handles a message, the one before it is done."""
    done: list[int] = []
    for _ in range(2):
        await crew.hire(numbers_into(done))

    for number in range(200):
        await put(crew.connection, "c-1", number)

    await await_until(lambda: len(done) == 200, "all to be done")
    assert done == list(range(200))


async def test_what_failed_is_tried_again_before_what_came_after_it(crew: Crew) -> None:
    """On time, though nothing new arrives that would wake anybody."""
    done: list[int] = []
    starts: list[int] = []

    async def handle(taken: Taken) -> Verdict:
        number = json.loads(taken.entry.data)["data"]
        if number == 0:
            starts.append(taken.entry.starts)
            if taken.entry.starts < 3:
                return Verdict(Verb.RETRY, delay_seconds=0.02)
        done.append(number)
        return Verdict(Verb.DONE)

    for number in range(3):
        await put(crew.connection, "c-1", number)
    began = time.monotonic()
    await crew.hire(handle, Pace())

    await await_until(lambda: len(done) == 3, "all to be done")
    assert done == [0, 1, 2]
    assert starts == [1, 2, 3]
    assert time.monotonic() - began < 0.9


async def test_a_lease_lives_while_a_tool_blocks_the_loop(crew: Crew) -> None:
    """A synchronous tool takes longer than the lease; nobody takes the context over."""
    done: list[int] = []

    async def block(taken: Taken) -> Verdict:
        time.sleep(QUICK.lease_seconds * 2)  # noqa: ASYNC251 - that is the point
        await confirm_lease()
        done.append(taken.entry.starts)
        return Verdict(Verb.DONE)

    await crew.hire(block)
    await put(crew.connection, "c-1")

    await await_until(lambda: done, "the tool to end")
    assert done == [1]


async def test_who_cannot_renew_stops_before_others_begin(
    crew: Crew, redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """Cut off from the broker, a worker gives up by itself; another starts the message again."""
    events: list[str] = []

    async def cut_off(_taken: Taken) -> Verdict:
        events.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("gave up")
        raise AssertionError

    async def take_over(taken: Taken) -> Verdict:
        events.append(f"start {taken.entry.starts}")
        return Verdict(Verb.DONE)

    await crew.hire(cut_off, url=redis_server.url_at(redis_proxy.port))
    await put(crew.connection, "c-1")
    await await_until(lambda: events == ["began"], "it to begin")
    redis_proxy.stall()
    await crew.hire(take_over)

    await await_until(lambda: "start 2" in events, "the other to take over")
    assert events == ["began", "gave up", "start 2"]
    redis_proxy.resume()


async def test_work_is_cancelled_when_somebody_else_has_the_context(crew: Crew) -> None:
    """Its writes would be refused anyway; going on would only waste a model's time."""
    events: list[str] = []

    async def handle(_taken: Taken) -> Verdict:
        events.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            with pytest.raises(LeaseLost):
                await confirm_lease()
            events.append("cancelled")
        raise AssertionError

    await crew.hire(handle)
    await put(crew.connection, "c-1")
    await await_until(lambda: events, "it to begin")

    other = "signoff:other:1:1"
    await crew.connection.client.set(keys.heartbeat(AGENT, other), "1", px=60_000)
    await crew.connection.client.hset(keys.run(AGENT), "c-1", f"{other}|9")
    await crew.connection.client.zadd(keys.due(AGENT), {"c-1": 9e15})

    await await_until(lambda: events == ["began", "cancelled"], "it to be cancelled")
    await crew.connection.client.hdel(keys.run(AGENT), "c-1")
    await crew.connection.client.delete(keys.due(AGENT))


async def test_a_stop_finishes_what_runs_and_leaves_the_rest(crew: Crew) -> None:
    """Nothing is pending with us afterwards, and our name is gone."""
    gate, began, done = asyncio.Event(), asyncio.Event(), []

    async def handle(taken: Taken) -> Verdict:
        began.set()
        await gate.wait()
        done.append(json.loads(taken.entry.data)["data"])
        return Verdict(Verb.DONE)

    dispatcher = await crew.hire(handle, Pace())
    for number in range(2):
        await put(crew.connection, "c-1", number)
    await began.wait()
    stopping = asyncio.create_task(crew.dismiss(dispatcher))
    gate.set()
    await stopping

    assert done == [0]
    later: list[int] = []
    await crew.hire(numbers_into(later))
    await await_until(lambda: later == [1], "the other to do the rest")


async def test_what_does_not_end_in_time_is_handed_over_at_once(crew: Crew) -> None:
    """The next worker does not wait for a lease to run out, and the start does not count."""

    async def hang(_taken: Taken) -> Verdict:
        await asyncio.Event().wait()
        raise AssertionError

    starts: list[int] = []

    async def note(taken: Taken) -> Verdict:
        starts.append(taken.entry.starts)
        return Verdict(Verb.DONE)

    slow = Pace(heartbeat_seconds=20, lease_seconds=60, grace_seconds=0.05)
    dispatcher = await crew.hire(hang, slow)
    await put(crew.connection, "c-1")
    await await_until(lambda: dispatcher.running == 1, "it to begin")
    await crew.dismiss(dispatcher)

    await crew.hire(note)

    await await_until(lambda: starts == [1], "the other to begin", 3)
    await await_until(lambda: _is_quiet(crew), "nothing to be pending")


async def test_a_flushed_broker_is_gone_on_with(crew: Crew, redis_server: RedisServer) -> None:
    """Everything it knew is gone, also the group; what comes later is done."""
    done: list[int] = []
    await crew.hire(numbers_into(done))
    await put(crew.connection, "c-1", 1)
    await await_until(lambda: done == [1], "the first")

    redis_server.flush()
    await put(crew.connection, "c-1", 2)

    await await_until(lambda: done == [1, 2], "the second")


async def _is_quiet(crew: Crew) -> bool:
    return await pending(crew.connection) == []
