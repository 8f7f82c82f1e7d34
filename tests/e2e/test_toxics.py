"""The window behind a bad network: what it shows afterwards is what the broker holds, by ids.

Somebody writes to the broker past the proxy all the while. The long run, with troubles and harms by
chance, is `python -m tests.chaos console`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from desktop.engine import engine as engine_module
from desktop.engine.summaries import BEGUN_ANEW, ENTRIES_MISSED, ENTRIES_REMOVED
from desktop.store.records import DecisionKind, LinkState, RequestKey
from tests.support.console import ConsolePage, running_console
from tests.support.proxy import TcpProxy, Toxic
from tests.support.redis_server import RedisServer
from tests.support.shown import GAP, Shown
from tests.support.told import Told
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.streams import news as news_module

pytestmark = pytest.mark.qt_loop

FIRST, SECOND = "c-open-1", "c-open-2"
CLOSED = ("c-closed-1", "c-closed-2", "c-closed-3")
ROUNDS = 20
_RESETS = 4


@dataclass(frozen=True, slots=True)
class Desk:
    """A console, its way to the broker, and who writes to that."""

    page: ConsolePage
    shown: Shown
    told: Told
    way: TcpProxy
    broker: RedisServer

    async def until_link(self, state: LinkState) -> None:
        await self.page.link(state)

    async def cut_off(self) -> None:
        """Let the window show everything, and then nothing come to it any more."""
        await self.shown.until_true(SECOND, FIRST)
        self.way.down()
        await self.until_link(LinkState.CONNECTING)

    async def open_request(self, context_id: str = FIRST) -> RequestKey:
        """Open what waits in a conversation; it can be decided on, but for time to read it."""
        request = await self.page.approvals.asked(context_id)
        await self.page.approvals.open(request)
        await self.page.pilot.until(self.page.approvals.can_approve, "its button to be live")
        return request.key

    async def cannot_be_decided(self, key: RequestKey) -> None:
        """Nothing in the window decides on it any more, and no key does."""
        await self.page.pilot.click("rail.approvals")
        assert not self.page.approvals.can_approve()
        assert self.page.console.approvals.why_not(key, DecisionKind.APPROVE) is not None

    def says_lost(self, words: str) -> None:
        """The window says so above the page."""
        assert words in self.page.words("loss")

    async def heal(self) -> None:
        """Let the way be as it was, and wait until the broker is read again."""
        self.way.reset()  # what was held back belongs to connections that nobody wants any more
        self.way.resume()
        self.way.suffer()
        self.way.up()
        await self.page.online()
        await self.page.pilot.until(lambda: self.page.store.survey.done, "the survey to end")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RedisServer]:
    """A broker of the test's own, to flush, kill and put back."""
    folder = tmp_path / "broker"
    folder.mkdir()
    server = RedisServer(folder)
    yield server
    server.stop()


@pytest_asyncio.fixture
async def desk(
    broker: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """It notices silence soon and tries again soon; one of its conversations is open."""
    monkeypatch.setattr(engine_module, "FIRST_RETRY_SECONDS", 0.1)
    monkeypatch.setattr(engine_module, "LAST_RETRY_SECONDS", 0.1)
    monkeypatch.setattr(news_module, "IDLE_SECONDS", 0.3)
    with closing(TcpProxy(broker.port)) as way:
        async with Told(broker, (FIRST, SECOND, *CLOSED)) as told:
            await told.rounds(8)
            url = broker.url_at(way.port)
            async with running_console(tmp_path / "desk", monkeypatch, url) as page:
                shown = Shown(page, broker)
                await shown.until_true(FIRST)
                yield Desk(page, shown, told, way, broker)


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
async def test_a_slow_way_delays_and_loses_nothing(desk: Desk, toxic: Toxic) -> None:
    """It is no reason to say that the broker is away, either."""
    desk.way.suffer(toxic)
    writing = asyncio.create_task(desk.told.rounds(ROUNDS, pause_seconds=0.01))
    await desk.shown.open(SECOND)
    await writing
    await desk.shown.until_true(SECOND, FIRST)
    desk.way.suffer()
    await desk.told.rounds(ROUNDS)

    await desk.shown.until_true(FIRST, SECOND)
    assert all("Connected" in words for words in desk.shown.link_said)


async def down(desk: Desk) -> None:
    """The way is gone for a moment, and whoever tries is refused."""
    desk.way.down()
    await desk.until_link(LinkState.CONNECTING)


async def resets(desk: Desk) -> None:
    """Every connection is reset, again and again, in whatever state it is."""
    for _ in range(_RESETS):
        seen = len(desk.shown.link_said)
        desk.way.reset()
        await await_until(
            lambda seen=seen: len(desk.shown.link_said) > seen, "the reset to be told"
        )


async def half_open(desk: Desk) -> None:
    """Orders arrive at the broker, and its answers nowhere."""
    desk.way.suffer(Toxic(keeps_replies=True))
    await desk.until_link(LinkState.CONNECTING)


async def silent(desk: Desk) -> None:
    """Nothing arrives anywhere, and nothing is cut."""
    desk.way.stall()
    await desk.until_link(LinkState.CONNECTING)


async def cut_replies(desk: Desk) -> None:
    """Connections end in the midst of an answer."""
    for after_bytes in (1, 40, 400, 900):
        before = desk.way.cuts
        desk.way.cut_reply(after_bytes)
        await await_until(lambda before=before: desk.way.cuts > before, "a reply to be cut")


Trouble = Callable[[Desk], Awaitable[None]]


@pytest.mark.parametrize("trouble", [down, resets, half_open, silent, cut_replies])
async def test_a_cut_is_told_and_nothing_of_it_stays(desk: Desk, trouble: Trouble) -> None:
    """What was written meanwhile is read when the way is back, once and in its order."""
    writing = asyncio.create_task(desk.told.rounds(ROUNDS, pause_seconds=0.02))
    await trouble(desk)
    await desk.shown.open(SECOND)  # to be read with the next connection
    await writing
    await desk.told.rounds(ROUNDS)
    await desk.heal()
    await desk.told.rounds(3)

    await desk.shown.until_true(FIRST, SECOND)
    said = [words for words in desk.shown.link_said if "The broker" in words]
    assert said
    assert all("does not answer" in words or "is silent" in words for words in said)


async def test_an_open_conversation_that_went_on_for_long_during_a_cut_has_no_hole(
    desk: Desk,
) -> None:
    """More was said than one page holds; and some of it in conversations nobody knew."""
    await desk.cut_off()
    for _ in range(450):
        await desk.told.say(FIRST)
    for context_id in ("c-new-1", "c-new-2"):
        for _ in range(7):
            await desk.told.say(context_id)
    await desk.heal()

    await desk.shown.until_true(SECOND, "c-new-1", FIRST)
    entries = desk.page.store.entries(FIRST)
    assert [entry.entry_id for entry in entries] == desk.told.ids[FIRST]


async def test_streams_that_were_trimmed_during_a_cut_say_that_something_is_missing(
    desk: Desk,
) -> None:
    """Between what is there of both sides, or above it all, and in the row."""
    await desk.cut_off()
    had_read = {name: list(ids) for name, ids in desk.told.ids.items()}
    await desk.told.rounds(ROUNDS)
    with desk.broker.client() as client:
        client.xtrim(keys.progress(FIRST), maxlen=7, approximate=False)
        client.xtrim(keys.progress(CLOSED[0]), maxlen=7, approximate=False)
        # Of these two only what had been read was removed.
        client.xtrim(keys.progress(SECOND), maxlen=ROUNDS, approximate=False)
        client.xtrim(keys.progress(CLOSED[1]), maxlen=ROUNDS + 1, approximate=False)
    desk.shown.before = {FIRST: [*had_read[FIRST], GAP], SECOND: [GAP, *had_read[SECOND]]}
    await desk.heal()

    await desk.shown.until_true(FIRST, SECOND)
    problems = {name: row.problem for name, row in desk.shown.rows().items()}
    assert problems == {
        FIRST: ENTRIES_MISSED,
        CLOSED[0]: ENTRIES_MISSED,
        SECOND: ENTRIES_REMOVED,
        CLOSED[1]: ENTRIES_REMOVED,
        **dict.fromkeys(CLOSED[2:], ""),
    }


async def test_a_broker_that_was_emptied_during_a_cut_is_said_to_have_been(desk: Desk) -> None:
    """What was begun anew says so; what is gone is counted, and can be decided on no longer."""
    asked = await desk.open_request()
    desk.way.stall()
    await desk.until_link(LinkState.CONNECTING)
    with desk.broker.client() as client:
        client.flushall()
    for _ in range(7):
        await desk.told.say(FIRST)
        await desk.told.say("c-new")
    desk.shown.before = {FIRST: [GAP]}
    await desk.heal()

    await desk.shown.until_true("c-new", FIRST)
    assert desk.shown.rows()[FIRST].problem == BEGUN_ANEW
    desk.says_lost("4 conversations are gone from the broker.")
    await desk.cannot_be_decided(asked)


async def test_a_broker_that_is_emptied_before_our_eyes(desk: Desk) -> None:
    """Whoever reads a conversation sees it go, and what was there go with it."""
    asked = await desk.open_request()
    desk.way.suffer(Toxic(delay_seconds=0.005, piece_bytes=300))
    with desk.broker.client() as client:
        client.flushall()
    await await_until(lambda: not desk.page.store.context_count, "everything to go")
    desk.says_lost("The broker was emptied.")
    for _ in range(7):
        await desk.told.say("c-new")

    await desk.shown.until_true("c-new")
    await desk.cannot_be_decided(asked)


async def test_a_broker_that_comes_back_with_an_older_state_is_shown_as_it_is_now(
    desk: Desk,
) -> None:
    """It died, lost what it had not saved, and was written to since."""
    with desk.broker.client() as client:
        client.save()
    await desk.told.rounds(ROUNDS)
    for _ in range(7):
        await desk.told.say("c-lost")
    await desk.shown.until_true("c-lost", SECOND, FIRST)
    asked = await desk.open_request("c-lost")

    desk.broker.kill()
    await desk.until_link(LinkState.CONNECTING)
    desk.broker.start()
    for _ in range(3):
        await desk.told.say(FIRST)
    desk.shown.before = {FIRST: [GAP], SECOND: [GAP]}
    await desk.page.online()

    await desk.shown.until_true(SECOND, FIRST)
    assert {row.problem for row in desk.shown.rows().values()} == {BEGUN_ANEW}
    desk.says_lost("1 conversation is gone from the broker.")
    await desk.cannot_be_decided(asked)


async def test_conversations_that_are_begun_anew_over_a_slow_way(desk: Desk) -> None:
    """One that is read and one that is not, while others go on."""
    asked = await desk.open_request()
    desk.way.suffer(Toxic(delay_seconds=0.005, piece_bytes=300))
    writing = asyncio.create_task(desk.told.rounds(ROUNDS, pause_seconds=0.01))
    await asyncio.sleep(0)
    with desk.broker.client() as client:
        client.delete(*(keys.progress(name) for name in (FIRST, CLOSED[0])))
    await writing
    desk.shown.before = {FIRST: [GAP]}

    await desk.shown.until_true(FIRST, CLOSED[0], SECOND)
    problems = {name: row.problem for name, row in desk.shown.rows().items()}
    assert {name for name, words in problems.items() if words} <= {FIRST, CLOSED[0]}
    await desk.cannot_be_decided(asked)
