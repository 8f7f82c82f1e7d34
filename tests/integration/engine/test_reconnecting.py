"""A broker that goes away and comes back: said at once, and nothing missed or doubled after."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from desktop.engine import engine as engine_module
from desktop.store.facts import LinkChanged
from desktop.store.records import LinkState
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.strangers import speak_http, stranger
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.addresses import join_password
from workers.wire.codec import encode_event
from workers.wire.streams import news as news_module
from workers.wire.streams.reader import Reader

ONLINE, CONNECTING, CATCHING_UP, OFFLINE, REFUSED = (
    LinkState.ONLINE,
    LinkState.CONNECTING,
    LinkState.CATCHING_UP,
    LinkState.OFFLINE,
    LinkState.REFUSED,
)


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A console that tries again soon."""
    monkeypatch.setattr(engine_module, "FIRST_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(engine_module, "LAST_RETRY_SECONDS", 0.1)
    async with Desk() as desk:
        yield desk


def _tell(server: RedisServer, text: str) -> None:
    """What a worker says, by a way of its own."""
    event = encode_event(scenes.agent_says(text, message_id=text))
    with server.client() as client:
        client.xadd(keys.progress(scenes.CONTEXT), {"data": event})


async def test_a_broker_that_restarts_is_followed_again(desk: Desk, own_redis: RedisServer) -> None:
    """By itself, from where it was."""
    _tell(own_redis, "before")
    await desk.connect(own_redis.url)
    await desk.until_texts(scenes.CONTEXT, "before")

    own_redis.stop()
    await desk.until_link(CONNECTING)
    assert "Check the address" in desk.store.link.hint
    assert desk.texts(scenes.CONTEXT) == ["before"]
    own_redis.start()
    await desk.until_link(ONLINE)
    _tell(own_redis, "after")

    await desk.until_texts(scenes.CONTEXT, "before", "after")
    assert desk.links[-6:] == [CONNECTING, CATCHING_UP, ONLINE, CONNECTING, CATCHING_UP, ONLINE]


async def test_what_was_said_during_a_cut_is_read_after_it_once(
    desk: Desk, redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """The way to the broker was gone, not the broker."""
    _tell(redis_server, "before")
    await desk.connect(redis_server.url_at(redis_proxy.port))
    await desk.until_texts(scenes.CONTEXT, "before")

    redis_proxy.down()
    await desk.until_link(CONNECTING)
    _tell(redis_server, "meanwhile")
    redis_proxy.up()
    await desk.until_link(ONLINE)
    _tell(redis_server, "after")

    await desk.until_texts(scenes.CONTEXT, "before", "meanwhile", "after")
    assert len(desk.told()) == len(set(desk.told())) == 3


async def test_a_connection_that_went_silent_is_renewed(
    desk: Desk,
    redis_server: RedisServer,
    redis_proxy: TcpProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lost route cuts nothing by itself."""
    monkeypatch.setattr(news_module, "IDLE_SECONDS", 0.2)
    await desk.connect(redis_server.url_at(redis_proxy.port))

    redis_proxy.stall()
    await desk.until_link(CONNECTING)
    redis_proxy.down()
    redis_proxy.resume()
    redis_proxy.up()

    await desk.until_link(ONLINE)


async def test_silence_is_told_within_three_seconds_while_much_is_read(
    desk: Desk, redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """Whatever was asked and is not answered holds nobody up: it is told, and then read again."""
    await desk.connect(redis_server.url_at(redis_proxy.port))
    writing = asyncio.create_task(_tell_without_end(redis_server))
    await await_until(desk.store.contexts, "something to be read")

    redis_proxy.stall()
    await await_until(lambda: desk.links[-1] is CONNECTING, "the silence to be told", 3)
    writing.cancel()
    redis_proxy.down()
    redis_proxy.resume()
    redis_proxy.up()

    await desk.until_link(ONLINE)


async def _tell_without_end(server: RedisServer) -> None:
    for number in itertools.count():
        _tell(server, f"{number}")
        await asyncio.sleep(0.002)


async def test_a_broker_that_is_not_there_yet_is_waited_for(
    desk: Desk, own_redis: RedisServer
) -> None:
    """The console may be started first."""
    own_redis.stop()
    desk.engine.connect(own_redis.url)
    await await_until(lambda: desk.store.link.hint, "the first try to fail")
    assert desk.store.link.state is CONNECTING

    own_redis.start()

    await desk.until_link(ONLINE)


async def test_a_wrong_password_is_refused_and_not_tried_again(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """Tried again and again it would lock a person out; asked again, it is tried again."""
    wrong = join_password(redis_server.url_without_password, "wrong")
    desk.engine.connect(wrong)
    await desk.until_link(REFUSED)
    assert desk.store.link.title == "The broker refused the user name or password."

    with redis_server.client() as client:
        tries = _refusals(redis_server)
        for _ in range(200):  # many times the longest pause between two tries
            client.ping()
            await asyncio.sleep(0)
        assert _refusals(redis_server) == tries

    desk.engine.connect(wrong)
    await await_until(lambda: _refusals(redis_server) > tries, "another try")
    await desk.connect(redis_url)


async def test_something_else_at_the_address_is_refused(desk: Desk) -> None:
    """A web server will not become a broker."""
    async with stranger(speak_http) as address:
        desk.engine.connect(address)
        await desk.until_link(REFUSED)

    assert "not a Redis or Valkey broker" in desk.store.link.title


@pytest.mark.parametrize("url", ["http://broker", "redis://h:port/0", "redis://h/0?foo=1", "x"])
async def test_what_is_no_address_is_refused(desk: Desk, url: str, redis_url: str) -> None:
    """And the right one can be given next."""
    desk.engine.connect(url)
    await desk.until_link(REFUSED)
    assert "not a broker address" in desk.store.link.title

    await desk.connect(redis_url)


async def test_no_broker_is_a_state_too(desk: Desk, redis_url: str) -> None:
    """A person may disconnect; what was known stays on the screen."""
    await desk.connect(redis_url)

    desk.engine.connect("")
    await desk.until_link(OFFLINE)

    await desk.connect(redis_url)


async def test_what_nobody_expected_is_a_state_and_tried_again(
    desk: Desk, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of our own does not leave a window that looks connected and hears nothing."""
    stumbles = [RuntimeError("a bug")]
    real = Reader.waiting_contexts

    async def waiting_contexts(reader: Reader) -> list[str]:
        if stumbles:
            raise stumbles.pop()
        return await real(reader)

    monkeypatch.setattr(Reader, "waiting_contexts", waiting_contexts)

    await desk.connect(redis_url)

    titles = [fact.link.title for fact in desk.facts if isinstance(fact, LinkChanged)]
    assert any("stumbled" in title for title in titles)


def _refusals(server: RedisServer) -> int:
    with server.client() as client:
        entries = client.acl_log()
    return sum(int(entry["count"]) for entry in entries if entry["reason"] == "auth")


async def test_cuts_under_fire_lose_nothing_and_double_nothing(
    desk: Desk, redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """Two open transcripts and many rows, written to while the way to the broker comes and goes."""
    contexts = [f"c-{number}" for number in range(60)]
    watched = contexts[:2]
    await desk.connect(redis_server.url_at(redis_proxy.port))
    for context_id in watched:
        await desk.open(context_id)

    written: dict[str, list[str]] = {context_id: [] for context_id in contexts}
    with redis_server.client() as client:
        for number in range(120):
            if number % 40 == 20:
                redis_proxy.down()
                await desk.until_link(CONNECTING)
            if number % 40 == 30:
                redis_proxy.up()
                await desk.until_link(ONLINE)
            with client.pipeline(transaction=False) as batch:
                for context_id in contexts:
                    said = scenes.agent_says("...", context_id=context_id, message_id=f"{number}")
                    batch.xadd(keys.progress(context_id), {"data": encode_event(said)})
                for context_id, entry_id in zip(contexts, batch.execute(), strict=True):
                    written[context_id].append(entry_id)
            await asyncio.sleep(0)

    def rows() -> set[int]:
        return {row.entries for row in desk.store.contexts()}

    await await_until(lambda: rows() == {120}, "every row to count every entry")
    for context_id in watched:
        last = written[context_id][-1]
        await await_until(
            lambda context_id=context_id, last=last: (context_id, last) in desk.told(context_id),
            "the last entry",
        )
        told = [entry_id for _, entry_id in desk.told(context_id)]
        assert told == written[context_id]
