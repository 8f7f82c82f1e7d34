"""A broker that does not tell what changed: it is looked for, and nothing is missed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.support import scenes
from tests.support.redis_server import RedisServer
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.errors import BrokerRefused
from workers.wire.streams import news as news_module
from workers.wire.streams.connection import Connection
from workers.wire.streams.news import Method, News, Touched, listen
from workers.wire.streams.progress import ProgressWriter

CHECKED = Touched(method=Method.CHECKING)


def _user(server: RedisServer, *refused: str, channels: Sequence[str] = ("*",)) -> str:
    """The address for a user who may not use some commands."""
    with server.client() as client:
        client.acl_setuser(
            "reader",
            enabled=True,
            passwords=["+pw"],
            commands=["+@all", *refused],
            keys=["*"],
            reset_channels=True,
            channels=channels,
        )
    return f"redis://reader:pw@127.0.0.1:{server.port}/0"


@pytest.fixture
async def writer(own_redis: RedisServer) -> AsyncIterator[Connection]:
    """Somebody else, who may do everything."""
    async with Connection(own_redis.url) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news_module, "CHECK_SECONDS", 0.02)


async def test_what_nobody_published_is_found(own_redis: RedisServer, writer: Connection) -> None:
    """A base worker writes what a person says, and publishes nothing of it."""
    await writer.client.xadd("agent_task:old", {"data": "before"})
    url = _user(own_redis, "-client|tracking")
    async with Connection(url) as connection, aclosing(listen(connection)) as news:
        assert await anext(news) == CHECKED

        await writer.client.xadd("agent_task:new", {"data": "x"})
        assert await _names(news, 1) == {"agent_task:new"}

        await writer.client.xadd("agent_task:old", {"data": "x"}, maxlen=1, approximate=False)
        assert await _names(news, 1) == {"agent_task:old"}

        await ProgressWriter(writer).receipt(scenes.receipt())
        assert await _names(news, 1) == {keys.RECEIPTS}

        await writer.client.delete("agent_task:old")
        assert await _names(news, 1) == {"agent_task:old"}


async def test_what_is_published_is_heard_at_once(
    own_redis: RedisServer, writer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to wait for the next look at what an agent says."""
    monkeypatch.setattr(news_module, "CHECK_SECONDS", 3600)
    url = _user(own_redis, "-client|tracking")
    async with Connection(url) as connection, aclosing(listen(connection)) as news:
        assert await anext(news) == CHECKED

        await ProgressWriter(writer).emit(scenes.human_says("pay"), "human:1")

        assert await _names(news, 1) == {keys.progress(scenes.CONTEXT)}


async def test_a_user_who_may_hear_tokens_alone_misses_nothing(
    own_redis: RedisServer, writer: Connection
) -> None:
    """The permissions that are shipped for a console know no other channel."""
    url = _user(own_redis, "-client|tracking", channels=("agent_token:*",))
    async with Connection(url) as connection, aclosing(listen(connection)) as news:
        assert await anext(news) == CHECKED

        data = encode_event(scenes.human_says("pay"))
        await writer.client.xadd("agent_task:c-1", {"data": data})
        await writer.client.set("agent_task:odd", "no stream")

        assert await _names(news, 2) == {"agent_task:c-1", "agent_task:odd"}


@pytest.mark.parametrize(
    ("refused", "channels"), [((), ()), (("-psubscribe",), ("*",)), ((), ("agent_task:*",))]
)
async def test_a_user_without_channels_hears_every_change(
    own_redis: RedisServer, writer: Connection, refused: tuple[str, ...], channels: tuple[str, ...]
) -> None:
    """Redis 7 gives a new user none; words that are being typed are a comfort, and that is said."""
    url = _user(own_redis, *refused, channels=channels)
    async with Connection(url) as connection, aclosing(listen(connection)) as news:
        assert await anext(news) == Touched(hears_tokens=False)

        await writer.client.xadd("agent_task:c-1", {"data": "x"})

        assert await anext(news) == Touched(frozenset({"agent_task:c-1"}), hears_tokens=False)


async def test_a_user_with_neither_is_looked_for(
    own_redis: RedisServer, writer: Connection
) -> None:
    """No tracking and no channel: slower, and nothing is missed."""
    url = _user(own_redis, "-client|tracking", channels=())
    async with Connection(url) as connection, aclosing(listen(connection)) as news:
        first = await anext(news)
        assert first == Touched(method=Method.CHECKING, hears_tokens=False)

        await writer.client.xadd("agent_task:c-1", {"data": "x"})

        assert await _names(news, 1) == {"agent_task:c-1"}


async def test_a_server_of_the_old_protocol_is_listened_to(tmp_path: Path) -> None:
    """It knows no RESP3, and so no tracking."""
    server = RedisServer(tmp_path, settings=['rename-command HELLO ""'])
    try:
        async with Connection(server.url) as connection, aclosing(listen(connection)) as news:
            assert await anext(news) == CHECKED

            await ProgressWriter(connection).emit(scenes.human_says("pay"), "human:1")
            await connection.client.xadd("agent_task:c-2", {"data": "x"})

            assert await _names(news, 2) == {keys.progress(scenes.CONTEXT), "agent_task:c-2"}
    finally:
        server.stop()


async def test_an_emptied_broker_is_noticed(own_redis: RedisServer, writer: Connection) -> None:
    """It tells nobody; all of a sudden there is nothing."""
    await writer.client.xadd("agent_task:c-1", {"data": "x"})
    url = _user(own_redis, "-client|tracking")
    async with Connection(url) as connection, aclosing(listen(connection)) as news:
        assert await anext(news) == CHECKED

        await writer.client.flushall()

        assert await anext(news) == Touched(everything=True, method=Method.CHECKING)


async def test_a_broker_that_lets_nobody_look_says_so(own_redis: RedisServer) -> None:
    """Without either the console would miss what happens, so it does not pretend."""
    url = _user(own_redis, "-client|tracking", "-scan")
    async with Connection(url) as connection:
        with pytest.raises(BrokerRefused, match="does not permit this"):
            await anext(listen(connection))


async def _names(news: News, count: int) -> set[str]:
    """The keys that are told next, until there are so many."""
    names: set[str] = set()
    while len(names) < count:
        item = await anext(news)
        assert isinstance(item, Touched)
        assert item.method is Method.CHECKING
        names |= item.names
    return names
