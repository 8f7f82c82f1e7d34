"""Reading very many contexts at once: all of them, what is wrong with some, and no error lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.support import scenes
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.errors import BrokerRefused, BrokerUnreachable
from workers.wire.events import ContextStatus, ContextSummary, RequestSummary
from workers.wire.ids import StreamId
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter
from workers.wire.streams.reader import Extent, Last, Reader, StreamEntry


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """The broker of the test."""
    async with Connection(redis_url) as connection:
        yield connection


@pytest.fixture
def reader(connection: Connection) -> Reader:
    """What a console reads with."""
    return Reader(connection)


async def _fill(connection: Connection, count: int) -> list[str]:
    """Contexts with two entries each, 1-1 and 1-2."""
    names = [f"c-{number}" for number in range(count)]
    for name in names:
        for sequence in (1, 2):
            entry = {"data": f"{name}:{sequence}"}
            await connection.client.xadd(keys.progress(name), entry, id=f"1-{sequence}")
    return names


async def _last(reader: Reader, context_ids: Sequence[str]) -> dict[str, Last]:
    return {
        one.context_id: one
        async for chunk in reader.last_entries(context_ids, 100)
        for one in chunk
    }


async def test_every_context_is_found_with_its_newest_entry(
    connection: Connection, reader: Reader
) -> None:
    """More than fit in one write, and each once."""
    names = await _fill(connection, 2500)

    found = [name async for chunk in reader.scan_contexts() for name in chunk]
    last = await _last(reader, found)

    assert sorted(found) == sorted(names)
    assert last == {name: Last(name, StreamEntry("1-2", f"{name}:2".encode()), 2) for name in names}
    assert await _last(reader, []) == {}


async def test_a_key_that_is_no_stream_is_told_with_what_it_is(
    connection: Connection, reader: Reader
) -> None:
    """Its neighbours are read; an emptied stream and a name that is no text are told apart."""
    await _fill(connection, 2)
    await connection.client.hset("agent_task:odd", "a", "b")
    await connection.client.xtrim("agent_task:c-1", 0, approximate=False)
    await connection.client.xadd(b"agent_task:\xff", {"data": "x"})

    found = [name async for chunk in reader.scan_contexts() for name in chunk]
    last = await _last(reader, found)

    assert sorted(found) == ["\\xff", "c-0", "c-1", "odd"]
    assert last["c-0"].length == 2
    assert last["c-1"] == Last("c-1", None, 0)
    assert last["odd"] == Last(
        "odd", None, 0, "There is a hash under this name, and no stream of messages."
    )
    assert "no text" in last["\\xff"].problem
    await connection.client.flushall()  # the leak check reads keys as text


async def test_the_newest_contexts_of_the_index_come_first(
    connection: Connection, reader: Reader
) -> None:
    """In pages, the first of them small; what cannot be read is passed over."""
    writer = ProgressWriter(connection)
    for number in range(25):
        await writer.index_context(f"c-{number}", _summary(number))
    await connection.client.hset(keys.CONTEXT, "c-23", "{nope")
    await connection.client.hset(keys.CONTEXT, "c-22", '{"agent":' * 100_000)
    await connection.client.hdel(keys.CONTEXT, "c-21")

    pages = [page async for page in reader.index_pages(first=5, rest=10)]

    assert [len(page) for page in pages] == [2, 10, 10]
    assert pages[0] == [("c-24", _summary(24)), ("c-20", _summary(20))]
    assert [name for page in pages[1:] for name, _ in page] == [
        f"c-{number}" for number in range(19, -1, -1)
    ]


async def test_contexts_that_wait_longest_come_first(
    connection: Connection, reader: Reader
) -> None:
    """Each once, however much waits in it."""
    writer = ProgressWriter(connection)
    for request_id, context_id, since_ms in (("r-1", "b", 3), ("r-2", "a", 1), ("r-3", "b", 2)):
        await writer.index_request(request_id, _request(context_id, since_ms))
    await connection.client.zadd(keys.WAITING, {"gone": 0})

    assert await reader.waiting_contexts() == ["a", "b"]


async def test_an_index_of_another_type_is_none(connection: Connection, reader: Reader) -> None:
    """Somebody's mistake keeps no console from starting: the streams tell the same."""
    await connection.client.zadd(keys.CONTEXTS, {"c-1": 1})
    await connection.client.set(keys.CONTEXT, "no hash")
    await connection.client.set(keys.WAITING, "no set")

    assert [page async for page in reader.index_pages()] == [[]]
    assert await reader.waiting_contexts() == []


async def test_no_stream_gives_more_new_entries_than_asked_for(
    connection: Connection, reader: Reader
) -> None:
    """Who gets so many asks again; nothing is left out between."""
    key = keys.progress("busy")
    for number in range(1, 101):
        await connection.client.xadd(key, {"data": str(number)}, id=f"1-{number}")
    [quiet] = await _fill(connection, 1)

    found = await reader.after({key: "1-10", keys.progress(quiet): "0-0"}, limit=50)
    rest = await reader.after({key: found[key][-1].entry_id}, limit=50)

    assert [entry.entry_id for entry in found[key]] == [f"1-{n}" for n in range(11, 61)]
    assert [entry.entry_id for entry in rest[key]] == [f"1-{n}" for n in range(61, 101)]
    assert len(found[keys.progress(quiet)]) == 2


async def test_the_extent_of_a_stream_shows_what_was_trimmed(
    connection: Connection, reader: Reader
) -> None:
    """So that a gap is told and not passed over; a stream that is gone has no extent."""
    await _fill(connection, 2)
    await connection.client.xtrim(keys.progress("c-0"), 1, approximate=False)
    await connection.client.xdel(keys.progress("c-1"), "1-1", "1-2")
    await connection.client.set("agent_task:odd", "x")

    extents = await reader.extents(dict.fromkeys(("c-0", "c-1", "gone", "odd"), "1-2"))

    ends = StreamId(1, 2)
    assert extents == {
        "c-0": Extent(1, ends, ends, holds=True, added=2, deleted=StreamId(0, 0)),
        "c-1": Extent(0, None, ends, holds=False, added=2, deleted=ends),
    }


async def test_an_entry_of_many_megabytes_is_read_among_others(
    connection: Connection, reader: Reader
) -> None:
    """It comes in many pieces, and so do those after it."""
    names = await _fill(connection, 3)
    huge = b"x" * 16 * 1024 * 1024
    await connection.client.xadd(keys.progress("c-1"), {"data": huge}, id="1-3")

    last = await _last(reader, names)

    assert last["c-1"] == Last("c-1", StreamEntry("1-3", huge), 3)
    assert last["c-2"].length == 2


async def test_a_cut_in_the_middle_is_an_error_and_then_forgotten(
    redis_server: RedisServer, redis_url: str, redis_proxy: TcpProxy
) -> None:
    """Half of the contexts are never taken for all; the next read opens a line of its own."""
    async with Connection(redis_url) as direct:
        names = await _fill(direct, 300)
    async with Connection(redis_server.url_at(redis_proxy.port)) as connection:
        reader = Reader(connection)
        assert len(await _last(reader, names)) == len(names)

        redis_proxy.down()
        with pytest.raises(BrokerUnreachable):
            await _last(reader, names)

        redis_proxy.up()
        assert len(await _last(reader, names)) == len(names)


async def test_a_broker_that_goes_silent_is_given_up(
    redis_server: RedisServer, redis_url: str, redis_proxy: TcpProxy
) -> None:
    """A lost route cuts nothing; nobody waits for ever."""
    async with Connection(redis_url) as direct:
        names = await _fill(direct, 2)
    url = redis_server.url_at(redis_proxy.port)
    async with Connection(url, timeout_seconds=0.2) as connection:
        reader = Reader(connection)
        await _last(reader, names)

        redis_proxy.stall()

        with pytest.raises(BrokerUnreachable, match="silent"):
            await _last(reader, names)
        redis_proxy.resume()


async def test_who_stops_in_the_middle_leaves_no_answer_for_the_next(
    connection: Connection, reader: Reader
) -> None:
    """A line with answers on the way is used by nobody else."""
    names = await _fill(connection, 2500)

    async for chunk in reader.last_entries(names, 10):
        assert chunk
        break
    extents = await reader.extents(dict.fromkeys(names[:5], "0-0"))

    assert list(extents) == names[:5]


async def test_a_read_that_is_not_permitted_says_so(own_redis: RedisServer) -> None:
    """It is not taken for a broker without conversations."""
    with own_redis.client() as client:
        client.acl_setuser(
            "reader", enabled=True, passwords=["+pw"], commands=["+@all", "-xlen"], keys=["*"]
        )
    async with Connection(f"redis://reader:pw@127.0.0.1:{own_redis.port}/0") as connection:
        with pytest.raises(BrokerRefused, match="does not permit this"):
            await _last(Reader(connection), ["c-1"])


def _summary(activity_ms: int) -> ContextSummary:
    return ContextSummary(
        agent=scenes.AGENT, status=ContextStatus.DONE, last_activity_ms=activity_ms
    )


def _request(context_id: str, since_ms: int) -> RequestSummary:
    return RequestSummary(
        context_id=context_id,
        agent=scenes.AGENT,
        action=scenes.ACTION,
        risk="high",
        since_ms=since_ms,
    )


async def test_a_line_that_is_lent_while_all_are_closed_is_closed_by_who_has_it(
    redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """A page of a transcript may be on its way while the console leaves its broker."""
    async with Connection(redis_server.url_at(redis_proxy.port)) as connection:
        names = await _fill(connection, 1)
        reader = Reader(connection)
        await reader.tail(keys.progress(names[0]), 1)
        redis_proxy.stall()
        reading = asyncio.create_task(reader.tail(keys.progress(names[0]), 2), name="reading")
        await asyncio.sleep(0)  # it has taken its line
    redis_proxy.resume()

    assert len(await reading) == 2
    await await_until(lambda: redis_proxy.connections == 0, "every line to be closed")


async def test_many_who_ask_at_once_get_on_with_lines_that_were_lost(
    connection: Connection, reader: Reader
) -> None:
    """Each closes what it finds lost, while the others look for a line of their own."""
    names = await _fill(connection, 2)

    async def ask() -> None:
        await reader.after({keys.progress(name): "0-0" for name in names})

    for _ in range(20):
        await asyncio.gather(*(ask() for _ in range(6)))
        await connection.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        ends = await asyncio.gather(*(ask() for _ in range(6)), return_exceptions=True)
        assert {type(end) for end in ends} <= {type(None), BrokerUnreachable}
