"""Inbox, progress and reader against a real broker: each message has its effect once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support import scenes
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from workers.wire import keys
from workers.wire.codec import decode_event
from workers.wire.errors import BrokerError, BrokerUnreachable, LeaseLost
from workers.wire.events import AgentCommand, ContextStatus, ContextSummary, Event, WorkerInfo
from workers.wire.streams import inbox as inbox_module
from workers.wire.streams.connection import Connection
from workers.wire.streams.guard import send_once
from workers.wire.streams.inbox import Inbox, send
from workers.wire.streams.progress import FORGOTTEN_AFTER_MS, Fence, ProgressWriter
from workers.wire.streams.reader import Reader

CONSUMER = "signoff:desk:1:2"
ACCEPT = Event(scenes.CONTEXT, AgentCommand(type="resume", payload={"type": "accept"}))


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """The broker of the test."""
    async with Connection(redis_url) as connection:
        yield connection


@pytest.fixture
async def inbox(connection: Connection) -> AsyncIterator[Inbox]:
    """The treasury agent's inbox, open."""
    inbox = Inbox(connection, scenes.AGENT, CONSUMER)
    await inbox.open()
    yield inbox
    await inbox.close()


@pytest.fixture
def writer(connection: Connection) -> ProgressWriter:
    """What a worker writes with."""
    return ProgressWriter(connection)


@pytest.fixture
def reader(connection: Connection) -> Reader:
    """What a console reads with."""
    return Reader(connection)


async def test_an_entry_that_is_not_settled_stays(connection: Connection, inbox: Inbox) -> None:
    """A worker that dies now has lost nothing; and its name stays while something hangs on it."""
    sent = await send(connection, scenes.AGENT, ACCEPT)

    [entry] = await inbox.read(10)
    assert (entry.entry_id, decode_event(entry.data)) == (sent, ACCEPT)
    await inbox.leave()

    assert (await _pending(connection))["pending"] == 1
    assert await connection.client.xlen(keys.inbox(scenes.AGENT)) == 1


async def test_what_waits_before_the_first_worker_starts_is_read(connection: Connection) -> None:
    """The group begins at the start of the stream."""
    await send(connection, scenes.AGENT, ACCEPT)
    late = Inbox(connection, scenes.AGENT, CONSUMER)

    await late.open()
    await late.open()  # a second worker of the agent opens it, too
    entries = await late.read(10)
    await late.close()

    assert len(entries) == 1


async def test_a_worker_that_leaves_takes_its_name_along(
    connection: Connection, inbox: Inbox
) -> None:
    """Consumers do not pile up with each start."""
    await inbox.read(1)
    await inbox.leave()

    assert await connection.client.xinfo_consumers(
        keys.inbox(scenes.AGENT), keys.inbox_group(scenes.AGENT)
    ) == []  # fmt: skip


async def test_an_entry_without_data_is_an_entry(connection: Connection, inbox: Inbox) -> None:
    """Somebody's XADD with other fields arrives as empty text, for the codec to refuse."""
    await connection.client.xadd(keys.inbox(scenes.AGENT), {"payload": "x"})

    [entry] = await inbox.read(10)

    assert entry.data == b""


async def test_an_event_is_emitted_once(
    connection: Connection, writer: ProgressWriter, reader: Reader
) -> None:
    """A node that runs again says nothing twice; listeners hear it once, too."""
    async with connection.client.pubsub() as channel:
        await channel.subscribe(keys.progress(scenes.CONTEXT))
        await channel.get_message(timeout=5)

        first = await writer.emit(scenes.human_says("pay"), "human:1")
        second = await writer.emit(scenes.human_says("pay"), "human:1")
        other = await writer.emit(scenes.human_says("pay"), "human:2")
        heard = [await channel.get_message(timeout=5) for _ in range(2)]
        silence = await channel.get_message(timeout=0)

    assert [first, second, other] == [True, False, True]
    assert len(await reader.tail(keys.progress(scenes.CONTEXT), 10)) == 2
    assert all(message and decode_event(message["data"]) for message in heard)
    assert silence is None


async def test_who_lost_its_lease_says_and_marks_nothing(
    connection: Connection, writer: ProgressWriter, reader: Reader
) -> None:
    """A worker that was frozen speaks up when another has spoken for the agent already."""
    old, new = Fence(scenes.AGENT, 7), Fence(scenes.AGENT, 8)
    assert await writer.emit(scenes.human_says("pay"), "human:1", old)
    assert await writer.emit(scenes.human_says("pay"), "human:2", new)

    with pytest.raises(LeaseLost):
        await writer.emit(scenes.human_says("pay"), "human:3", old)
    with pytest.raises(LeaseLost):
        await writer.tool_started(scenes.CONTEXT, "request-1", "started", old)
    with pytest.raises(LeaseLost):
        await writer.consume_decision(scenes.CONTEXT, "request-1", "mark", old)

    assert await writer.tool_started(scenes.CONTEXT, "request-1", "started", new) is None
    assert await writer.emit(scenes.human_says("pay"), "human:4", Fence("another_agent", 1))
    assert len(await reader.tail(keys.progress(scenes.CONTEXT), 10)) == 3
    assert await connection.client.ttl(keys.fence(scenes.CONTEXT, scenes.AGENT)) > 0


async def test_the_same_invocation_in_another_entry_is_known(
    connection: Connection, inbox: Inbox
) -> None:
    """For a week; the entry itself may come again, and so may other bytes under the same id."""
    assert await inbox.is_first("human", "i-1", "digest", "1-0")
    assert await inbox.is_first("human", "i-1", "digest", "1-0")
    assert not await inbox.is_first("human", "i-1", "digest", "2-0")
    assert await inbox.is_first("human", "i-1", "other digest", "3-0")
    assert await connection.client.ttl(keys.seen(scenes.AGENT, "human", "i-1")) > 0


async def test_of_many_decisions_at_once_the_first_wins(
    connection: Connection, writer: ProgressWriter
) -> None:
    """Twenty desks decide in the same moment; all learn whose decision counted."""
    marks = [f"desk-{number}" for number in range(20)]

    answers = await asyncio.gather(
        *(writer.consume_decision(scenes.CONTEXT, "request-1", mark) for mark in marks)
    )

    winners = [mark for mark, earlier in zip(marks, answers, strict=True) if earlier is None]
    assert len(winners) == 1
    assert {earlier for earlier in answers if earlier is not None} == set(winners)
    assert await connection.client.ttl(keys.decisions(scenes.CONTEXT)) > 0


async def test_the_ledger_remembers_the_first_start(writer: ProgressWriter) -> None:
    """A call that started once is not started again, whatever was noted since."""
    assert await writer.tool_started(scenes.CONTEXT, "request-1", "started") is None
    assert await writer.tool_started(scenes.CONTEXT, "request-1", "again") == "started"

    await writer.tool_done(scenes.CONTEXT, "request-1", "done")

    assert await writer.tool_started(scenes.CONTEXT, "request-1", "again") == "done"


async def test_of_many_decisions_for_a_foreign_call_one_is_sent(connection: Connection) -> None:
    """A base worker would take the second for an answer to the call after."""
    sent = await asyncio.gather(
        *(
            send_once(connection, scenes.AGENT, ACCEPT, call="call_1", mark=f"desk-{number}")
            for number in range(20)
        )
    )

    assert sent.count(True) == 1
    assert await connection.client.xlen(keys.inbox(scenes.AGENT)) == 1
    assert await send_once(connection, scenes.AGENT, ACCEPT, call="call_2", mark="desk-1")


async def test_a_decision_that_could_not_be_sent_leaves_no_mark(connection: Connection) -> None:
    """Else the call could never be decided by anybody."""
    await connection.client.set(keys.inbox(scenes.AGENT), "not a stream")

    with pytest.raises(BrokerError):
        await send_once(connection, scenes.AGENT, ACCEPT, call="call_1", mark="desk-1")
    await connection.client.delete(keys.inbox(scenes.AGENT))

    assert await send_once(connection, scenes.AGENT, ACCEPT, call="call_1", mark="desk-2")


async def test_agents_are_found_by_their_inboxes(connection: Connection, reader: Reader) -> None:
    """Foreign ones as well; a key of another type under our prefix is none."""
    await send(connection, scenes.AGENT, ACCEPT)
    await connection.client.set("agent_event:stray", "x")

    assert await reader.agents() == [scenes.AGENT]


async def test_new_entries_are_those_after_the_last_one_known(
    writer: ProgressWriter, reader: Reader
) -> None:
    """Nothing twice, nothing left out; a stream that does not exist has nothing."""
    stream = keys.progress(scenes.CONTEXT)
    for number in range(3):
        await writer.emit(scenes.human_says(str(number)), f"human:{number}")
    everything = (await reader.after({stream: "0-0"}))[stream]

    later = await reader.after({stream: everything[0].entry_id, keys.progress("none"): "0-0"})

    assert later == {stream: everything[1:]}
    assert await reader.after({stream: everything[-1].entry_id}) == {}
    assert await reader.after({}) == {}


async def test_a_stream_is_read_backwards_page_by_page(
    writer: ProgressWriter, reader: Reader
) -> None:
    """Each page oldest first, and none of it twice."""
    stream = keys.progress(scenes.CONTEXT)
    for number in range(5):
        await writer.emit(scenes.human_says(str(number)), f"human:{number}")
    everything = (await reader.after({stream: "0-0"}))[stream]

    newest = await reader.tail(stream, 2)
    older = await reader.before(stream, newest[0].entry_id, 2)
    oldest = await reader.before(stream, older[0].entry_id, 2)

    assert [*oldest, *older, *newest] == everything
    assert await reader.before(stream, oldest[0].entry_id, 2) == []


async def test_the_tails_of_many_contexts_come_in_one_go(
    connection: Connection, writer: ProgressWriter, reader: Reader
) -> None:
    """A key that is no stream disturbs none of its neighbours."""
    for number in range(3):
        await writer.emit(scenes.human_says("x", context_id=f"c-{number}"), "human:1")
    await connection.client.set("agent_task:stray", "x")

    tails = {c: entries async for c, entries in reader.tails(["c-0", "stray", "c-1", "c-2"], 5)}

    assert {context_id: len(entries) for context_id, entries in tails.items()} == {
        "c-0": 1,
        "c-1": 1,
        "c-2": 1,
    }


async def test_living_workers_are_listed_until_they_say_goodbye(
    connection: Connection, writer: ProgressWriter, reader: Reader
) -> None:
    """One that died is not listed once its heartbeat is over, and forgotten after a day."""
    now_ms = 1_772_442_905_000
    await writer.heartbeat(_info("signoff:a:1:1"), now_ms, 60_000)
    await writer.heartbeat(_info("signoff:b:1:1"), now_ms, 60_000)
    await connection.client.delete(keys.worker("signoff:b:1:1"))
    assert [info.consumer for info in await reader.workers()] == ["signoff:a:1:1"]

    await writer.heartbeat(_info("signoff:a:1:1"), now_ms + FORGOTTEN_AFTER_MS + 1, 60_000)
    assert await connection.client.zrange(keys.WORKERS, 0, -1) == [b"signoff:a:1:1"]

    await writer.farewell("signoff:a:1:1")
    assert await reader.workers() == []


async def test_garbage_under_our_own_keys_is_nothing(
    connection: Connection, reader: Reader
) -> None:
    """Who can write to the broker cannot keep a console from starting."""
    await connection.client.zadd(keys.WORKERS, {b"\xff\xfe": 1, b"signoff:x": 2})
    await connection.client.set(keys.worker("signoff:x"), "{nope", px=60_000)
    assert await reader.workers() == []

    await connection.client.delete(keys.WORKERS)
    await connection.client.set(keys.WORKERS, "not a set")
    await connection.client.set(keys.RECEIPTS, "not a stream")

    assert await reader.workers() == []
    assert await reader.tail(keys.RECEIPTS, 10) == []


async def test_the_index_holds_no_text_and_no_arguments(
    connection: Connection, writer: ProgressWriter
) -> None:
    """It says how a conversation stands, and nothing of what was said."""
    summary = ContextSummary(agent=scenes.AGENT, status=ContextStatus.RUNNING, last_activity_ms=17)

    await writer.index_context(scenes.CONTEXT, summary)

    assert await connection.client.hget(keys.CONTEXT, scenes.CONTEXT) == (
        b'{"agent":"treasury_agent","status":"running","last_activity_ms":17,"waiting":0}'
    )
    assert await connection.client.zscore(keys.CONTEXTS, scenes.CONTEXT) == 17


def _info(consumer: str) -> WorkerInfo:
    return WorkerInfo(
        consumer=consumer,
        agents=[scenes.AGENT],
        tools={scenes.AGENT: [scenes.ACTION]},
        version="0.1.0",
        mode="enforce",
        started_ms=1,
    )


async def _pending(connection: Connection) -> dict[str, int]:
    summary: dict[str, int] = await connection.client.xpending(
        keys.inbox(scenes.AGENT), keys.inbox_group(scenes.AGENT)
    )
    return summary


async def test_a_line_that_went_silent_is_given_up_and_opened_again(
    connection: Connection,
    redis_server: RedisServer,
    redis_proxy: TcpProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lost route cuts nothing; without this a worker would wait on it for ever."""
    monkeypatch.setattr(inbox_module, "BLOCK_MILLISECONDS", 50)
    monkeypatch.setattr(inbox_module, "SILENT_SECONDS", 0.2)
    async with Connection(redis_server.url_at(redis_proxy.port)) as stalling:
        inbox = Inbox(stalling, scenes.AGENT, CONSUMER)
        await inbox.open()
        redis_proxy.stall()

        with pytest.raises(BrokerUnreachable, match="silent"):
            await inbox.read(10)

        redis_proxy.down()
        redis_proxy.resume()
        redis_proxy.up()
        sent = await send(connection, scenes.AGENT, ACCEPT)
        assert [entry.entry_id for entry in await inbox.read(10)] == [sent]
        await inbox.close()
