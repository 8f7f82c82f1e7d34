"""Listening to a broker: every change is heard, and a connection that is gone is noticed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import pytest

from tests.support import scenes
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.errors import BrokerUnreachable
from workers.wire.events import TokenDelta
from workers.wire.streams import news as news_module
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send
from workers.wire.streams.news import Touched, listen
from workers.wire.streams.progress import ProgressWriter

News = AsyncGenerator[Touched | TokenDelta, None]


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """The broker of the test."""
    async with Connection(redis_url) as connection:
        yield connection


@pytest.fixture
async def news(connection: Connection) -> AsyncIterator[News]:
    """The news, from now on."""
    async with aclosing(listen(connection)) as news:
        assert await anext(news) == Touched()
        yield news


async def test_a_changed_stream_is_named(connection: Connection, news: News) -> None:
    """Whoever changed it and however: a base worker publishes nothing for a human's message."""
    await ProgressWriter(connection).emit(scenes.human_says("pay"), "human:1")
    assert await anext(news) == Touched(frozenset({keys.progress(scenes.CONTEXT)}))

    await connection.client.xadd("agent_task:from-anybody", {"data": "x"})
    assert await anext(news) == Touched(frozenset({"agent_task:from-anybody"}))

    await send(connection, scenes.AGENT, scenes.human_says("pay"))
    assert await anext(news) == Touched(frozenset({keys.inbox(scenes.AGENT)}))

    await ProgressWriter(connection).receipt(scenes.receipt())
    assert await anext(news) == Touched(frozenset({keys.RECEIPTS}))


async def test_keys_of_others_make_no_news(connection: Connection, news: News) -> None:
    """A broker may serve other programs as well."""
    await connection.client.set("cache:page:1", "x", ex=60)
    await connection.client.xadd("agent_task:c-1", {"data": "x"})

    assert await anext(news) == Touched(frozenset({"agent_task:c-1"}))


async def test_tokens_come_as_they_are_written(connection: Connection, news: News) -> None:
    """In order; what is no delta on that channel is passed over."""
    writer = ProgressWriter(connection)
    deltas = [
        TokenDelta(context_id="c-1", agent="a", message_id="m-1", delta=text, seq=number)
        for number, text in enumerate(("Good ", "morning"))
    ]

    await connection.client.publish(keys.tokens("c-1"), "{nope")
    for delta in deltas:
        await writer.publish_tokens(delta)

    assert [await anext(news), await anext(news)] == deltas


async def test_a_flush_touches_everything(connection: Connection, news: News) -> None:
    """Somebody emptied the broker."""
    await connection.client.flushall()

    assert await anext(news) == Touched(everything=True)


async def test_a_key_that_is_no_text_is_named_all_the_same(
    connection: Connection, news: News
) -> None:
    """It is somebody's mistake, and no crash."""
    await connection.client.xadd(b"agent_task:\xff", {"data": "x"})

    assert await anext(news) == Touched(frozenset({"agent_task:\\xff"}))
    await connection.client.flushall()  # the leak check reads keys as text


async def test_a_cut_connection_ends_the_news(
    redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """Who listens learns that it hears nothing any more."""
    async with (
        Connection(redis_server.url_at(redis_proxy.port)) as connection,
        aclosing(listen(connection)) as news,
    ):
        await anext(news)

        redis_proxy.down()

        with pytest.raises(BrokerUnreachable):
            await anext(news)


async def test_a_silent_connection_ends_the_news(
    redis_server: RedisServer, redis_proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost route cuts nothing; the broker is asked whether it is there, and does not answer."""
    monkeypatch.setattr(news_module, "IDLE_SECONDS", 0.2)
    async with (
        Connection(redis_server.url_at(redis_proxy.port)) as connection,
        aclosing(listen(connection)) as news,
    ):
        await anext(news)

        redis_proxy.stall()

        with pytest.raises(BrokerUnreachable, match="silent"):
            await anext(news)
        redis_proxy.resume()


async def test_an_idle_broker_is_not_taken_for_a_lost_one(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers each question, and the next change is heard."""
    monkeypatch.setattr(news_module, "IDLE_SECONDS", 0.05)

    async def questions() -> int:
        stats = await connection.client.info("commandstats")
        return int(stats.get("cmdstat_ping", {"calls": 0})["calls"])

    before = await questions()
    async with aclosing(listen(connection)) as news:
        await anext(news)
        await await_until(lambda: _is_more(questions, before + 2), "three questions")
        await connection.client.xadd("agent_task:c-1", {"data": "x"})

        assert await anext(news) == Touched(frozenset({"agent_task:c-1"}))


async def test_news_wait_for_who_is_busy_and_are_merged(connection: Connection, news: News) -> None:
    """However much happens meanwhile, the broker keeps nothing for us, and each key is told."""
    names = frozenset(f"agent_task:c-{number}" for number in range(500))
    for _ in range(4):
        for name in names:
            await connection.client.xadd(name, {"data": "x"})
    await connection.client.xadd(keys.RECEIPTS, {"data": "{}"})

    heard: set[str] = set()
    while keys.RECEIPTS not in heard:
        item = await anext(news)
        assert isinstance(item, Touched)
        heard |= item.names
        assert len(heard) == len(names) + 1, "all that happened came in one piece"


async def _is_more(count: Callable[[], Awaitable[int]], than: int) -> bool:
    return await count() > than
