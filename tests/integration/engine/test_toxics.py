"""A console behind a bad network: after it, every entry is there once, and every count is right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from desktop.actions.ports import OpenTranscript
from desktop.engine import engine as engine_module
from desktop.store.records import LinkState
from tests.support.desk import Desk
from tests.support.proxy import TcpProxy, Toxic
from tests.support.redis_server import RedisServer
from tests.support.told import Told
from tests.support.waiting import await_until
from workers.wire.streams import news as news_module

OPEN = ("c-open-1", "c-open-2")
CLOSED = ("c-closed-1", "c-closed-2", "c-closed-3")
ROUNDS = 20

Trouble = Callable[[TcpProxy, Desk], Awaitable[None]]


@pytest.fixture
async def desk(
    monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer, redis_proxy: TcpProxy
) -> AsyncIterator[Desk]:
    """A console that notices silence soon, tries again soon, and follows two conversations."""
    monkeypatch.setattr(engine_module, "FIRST_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(engine_module, "LAST_RETRY_SECONDS", 0.1)
    monkeypatch.setattr(news_module, "IDLE_SECONDS", 0.3)
    async with Desk() as desk:
        await desk.connect(redis_server.url_at(redis_proxy.port))
        for context_id in OPEN:
            desk.engine.post(OpenTranscript(context_id))
        yield desk


@pytest.fixture
async def told(redis_server: RedisServer, desk: Desk) -> AsyncIterator[Told]:
    """Who writes, by a way of its own, and has written something."""
    async with Told(redis_server, (*OPEN, *CLOSED)) as told:
        await told.rounds(3)
        await told.until_shown(desk, OPEN)
        yield told


@pytest.mark.parametrize(
    "toxic",
    [
        Toxic(delay_seconds=0.04),
        Toxic(bytes_per_second=60_000),
        Toxic(piece_bytes=3),
        Toxic(delay_seconds=0.002, piece_bytes=700),
    ],
    ids=["latency", "bandwidth", "slicer", "slow pieces"],
)
async def test_a_slow_way_delays_and_loses_nothing(
    desk: Desk, told: Told, redis_proxy: TcpProxy, toxic: Toxic
) -> None:
    """It is no reason to say that the broker is away, either."""
    redis_proxy.suffer(toxic)
    await told.rounds(ROUNDS, pause_seconds=0.01)
    await told.until_shown(desk, OPEN)
    redis_proxy.suffer()
    await told.rounds(ROUNDS)

    await told.until_shown(desk, OPEN)
    assert desk.links[-1] is LinkState.ONLINE


async def down(proxy: TcpProxy, desk: Desk) -> None:
    """The way is gone for a moment, and whoever tries is refused."""
    proxy.down()
    await desk.until_link(LinkState.CONNECTING)


async def resets(proxy: TcpProxy, desk: Desk) -> None:
    """Every connection is reset, again and again, in whatever state it is."""
    for _ in range(5):
        seen = len(desk.links)
        proxy.reset()
        await await_until(lambda seen=seen: len(desk.links) > seen, "the reset to be noticed")


async def half_open(proxy: TcpProxy, desk: Desk) -> None:
    """Orders arrive at the broker, and its answers nowhere."""
    proxy.suffer(Toxic(keeps_replies=True))
    await desk.until_link(LinkState.CONNECTING)


async def silent(proxy: TcpProxy, desk: Desk) -> None:
    """Nothing arrives anywhere, and nothing is cut."""
    proxy.stall()
    await desk.until_link(LinkState.CONNECTING)


async def cut_replies(proxy: TcpProxy, desk: Desk) -> None:
    """Connections end in the midst of an answer."""
    for after_bytes in (1, 40, 400, 900):
        before = proxy.cuts
        proxy.cut_reply(after_bytes)
        await await_until(lambda before=before: proxy.cuts > before, "a reply to be cut")


@pytest.mark.parametrize("trouble", [down, resets, half_open, silent, cut_replies])
async def test_a_cut_is_told_and_nothing_of_it_stays(
    desk: Desk, told: Told, redis_proxy: TcpProxy, trouble: Trouble
) -> None:
    """What was written meanwhile is read when the way is back, once and in its order."""
    writing = asyncio.create_task(told.rounds(ROUNDS, pause_seconds=0.02))
    await trouble(redis_proxy, desk)
    await writing
    await told.rounds(ROUNDS)
    _heal(redis_proxy)
    await told.rounds(3)

    await desk.until_link(LinkState.ONLINE)
    await told.until_shown(desk, OPEN)
    assert LinkState.CONNECTING in desk.links[3:]


async def test_an_open_conversation_that_went_on_for_long_during_a_cut_has_no_hole(
    desk: Desk, told: Told, redis_proxy: TcpProxy
) -> None:
    """More was said than one page holds; and some of it in conversations nobody knew."""
    redis_proxy.down()
    await desk.until_link(LinkState.CONNECTING)
    for _ in range(450):
        await told.say(OPEN[0])
    for context_id in ("c-new-1", "c-new-2"):
        told.ids[context_id], told.waiting[context_id] = [], set()
        for _ in range(7):
            await told.say(context_id)
    redis_proxy.up()

    await desk.until_link(LinkState.ONLINE)
    await told.until_shown(desk, OPEN)


def _heal(proxy: TcpProxy) -> None:
    proxy.reset()  # what was held back belongs to connections that nobody wants any more
    proxy.resume()
    proxy.suffer()
    proxy.up()
