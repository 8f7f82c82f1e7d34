"""Streams that are trimmed, deleted, restored or replaced: said in words, and read anew."""

from __future__ import annotations

import time

import pytest

from desktop.engine.summaries import BEGUN_ANEW, ENTRIES_MISSED, ENTRIES_REMOVED
from desktop.store import facts
from desktop.store.records import ContextStatus, EntryKind, LinkState, Loss
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.hand_worker import HandWorker
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.streams import news as news_module
from workers.wire.streams.connection import Connection

KEY = keys.progress(scenes.CONTEXT)
DAY_MS = 24 * 3600 * 1000


async def _row_says(desk: Desk, preview: str, entries: int) -> None:
    def says() -> bool:
        row = desk.store.context(scenes.CONTEXT)
        return row is not None and (row.preview, row.entries) == (preview, entries)

    await await_until(says, f"the row to say {preview!r}, of {entries} entries")


def _note(desk: Desk) -> str:
    row = desk.store.context(scenes.CONTEXT)
    assert row is not None
    return row.note


def _gaps(desk: Desk) -> int:
    return sum(one.kind is EntryKind.GAP for one in desk.store.entries(scenes.CONTEXT))


async def _while_cut_off(desk: Desk, proxy: TcpProxy, server: RedisServer, *orders: str) -> None:
    """Let the broker be told something while the console cannot see it."""
    proxy.down()
    await desk.until_link(LinkState.CONNECTING)
    event = encode_event(scenes.agent_says("new", message_id="m-new"))
    with server.client() as client:
        for order in orders:
            words: list[str | bytes] = [
                event if word == "EVENT" else word for word in order.split()
            ]
            client.execute_command(*words)
    proxy.up()
    await desk.until_caught_up()


async def _flush_another(desk: Desk, server: RedisServer) -> None:
    """Empty a database that nobody follows, and let the console find out."""

    def caught_up() -> int:
        return sum(isinstance(fact, facts.CaughtUp) for fact in desk.facts)

    done = caught_up()
    with server.client() as client:
        client.execute_command("SELECT", 5)
        client.flushdb()
    await await_until(lambda: caught_up() > done, "everything to be read again")


@pytest.mark.parametrize("is_open", [False, True], ids=["row", "transcript"])
async def test_entries_that_were_removed_before_they_were_read_are_said_to_be_missing(
    desk: Desk,
    worker: HandWorker,
    redis_server: RedisServer,
    redis_proxy: TcpProxy,
    is_open: bool,
) -> None:
    """In the row; in the transcript between what is there of both sides."""
    await worker.say(scenes.human_says("old"))
    await desk.connect(redis_server.url_at(redis_proxy.port))
    if is_open:
        await desk.open(scenes.CONTEXT)

    adds = [f"XADD {KEY} * data EVENT"] * 3
    await _while_cut_off(desk, redis_proxy, redis_server, *adds, f"XTRIM {KEY} MAXLEN 1")

    await _row_says(desk, "new", 1)
    if not is_open:
        assert _note(desk) == ENTRIES_MISSED
        return
    await await_until(lambda: len(desk.store.entries(scenes.CONTEXT)) == 3, "the new entry")
    old, gap, new = desk.store.entries(scenes.CONTEXT)
    assert (old.text, gap.kind, new.text) == ("old", EntryKind.GAP, "new")


async def test_old_entries_that_are_trimmed_away_are_said_to_be_gone(
    desk: Desk, worker: HandWorker, connection: Connection, redis_url: str
) -> None:
    """They had been read, and are in the list no longer than at the broker."""
    await worker.say(*(scenes.agent_says(f"{n}", message_id=f"m-{n}") for n in range(5)))
    await desk.connect(redis_url)

    await connection.client.xtrim(KEY, maxlen=1, approximate=False)
    await _row_says(desk, "4", 1)
    await worker.say(scenes.agent_says("next", message_id="m-next"))

    await _row_says(desk, "next", 2)
    await await_until(lambda: _note(desk) == ENTRIES_REMOVED, "the row to say so")


@pytest.mark.parametrize("is_cut_off", [False, True], ids=["live", "during-a-cut"])
async def test_a_stream_with_lower_ids_than_before_is_read_anew(
    desk: Desk,
    worker: HandWorker,
    redis_server: RedisServer,
    redis_proxy: TcpProxy,
    is_cut_off: bool,
) -> None:
    """It was restored from an older state: what was known of it is void."""
    await worker.say(scenes.asks(), scenes.tool_answers("Paid."))
    await desk.connect(redis_server.url_at(redis_proxy.port))
    await desk.open(scenes.CONTEXT)

    orders = [f"DEL {KEY}", f"XADD {KEY} 1-1 data EVENT", f"XADD {KEY} 1-2 data EVENT"]
    if is_cut_off:
        await _while_cut_off(desk, redis_proxy, redis_server, *orders)
    else:
        with redis_server.client() as client, client.pipeline() as batch:
            event = encode_event(scenes.agent_says("new", message_id="m-new"))
            batch.delete(KEY)
            batch.xadd(KEY, {"data": event}, "1-1")
            batch.xadd(KEY, {"data": event}, "1-2")
            batch.execute()

    await _row_says(desk, "new", 2)
    await desk.until_texts(scenes.CONTEXT, BEGUN_ANEW, "new")
    assert desk.store.requests() == []
    assert _note(desk) == BEGUN_ANEW


@pytest.mark.parametrize("count", [1, 250])
async def test_what_was_lost_in_a_crash_is_not_on_the_screen_any_more(
    desk: Desk, worker: HandWorker, redis_server: RedisServer, redis_proxy: TcpProxy, count: int
) -> None:
    """A broker that comes back with what it had saved, and is written to at once."""
    await worker.say(scenes.human_says("saved"))
    with redis_server.client() as client:
        saved = client.dump(KEY)
    await worker.say(scenes.asks())
    await desk.connect(redis_server.url_at(redis_proxy.port))
    await desk.open(scenes.CONTEXT)
    await await_until(desk.store.requests, "the call to wait")

    redis_proxy.down()
    await desk.until_link(LinkState.CONNECTING)
    with redis_server.client() as client:
        client.restore(KEY, 0, saved, replace=True)
    await worker.say(*(scenes.agent_says(f"{n}", message_id=f"m-{n}") for n in range(count)))
    redis_proxy.up()
    await desk.until_caught_up()

    await _row_says(desk, f"{count - 1}", count + 1)
    assert desk.store.requests() == []
    assert _note(desk) == BEGUN_ANEW


async def test_many_entries_of_which_the_first_were_removed_unread_leave_a_gap(
    desk: Desk, worker: HandWorker, redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """More than are read at once: what follows on each other was not all there was."""
    await worker.say(scenes.human_says("old"))
    await desk.connect(redis_server.url_at(redis_proxy.port))
    await desk.open(scenes.CONTEXT)

    adds = [f"XADD {KEY} * data EVENT"] * 500
    await _while_cut_off(desk, redis_proxy, redis_server, *adds, f"XTRIM {KEY} MAXLEN 300")

    await _row_says(desk, "new", 300)
    assert _gaps(desk) == 1


async def test_a_conversation_begun_anew_with_many_entries_shows_none_of_the_old(
    desk: Desk, worker: HandWorker, redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """More than are read at once."""
    await worker.say(scenes.human_says("old"))
    await desk.connect(redis_server.url_at(redis_proxy.port))
    await desk.open(scenes.CONTEXT)

    adds = [f"XADD {KEY} * data EVENT"] * 250
    await _while_cut_off(desk, redis_proxy, redis_server, f"DEL {KEY}", *adds)

    await _row_says(desk, "new", 250)
    await await_until(lambda: desk.store.is_read(scenes.CONTEXT), "the transcript to be read")
    assert "old" not in desk.texts(scenes.CONTEXT)
    assert _gaps(desk) == 1


async def test_a_conversation_that_is_deleted_goes(
    desk: Desk, worker: HandWorker, connection: Connection, redis_url: str
) -> None:
    """And can begin again."""
    await worker.say(scenes.asks())
    await desk.connect(redis_url)

    await connection.client.delete(KEY)
    await await_until(lambda: desk.store.contexts() == [], "the row to go")
    assert desk.store.requests() == []
    assert desk.store.loss == Loss(contexts=1)
    await worker.say(scenes.human_says("again"))

    await _row_says(desk, "again", 1)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
async def test_a_key_that_is_no_stream_is_a_row_that_says_so(
    desk: Desk, worker: HandWorker, connection: Connection, redis_url: str, late: bool
) -> None:
    """Its neighbours are read; once it is a stream, it is a conversation like any other."""
    if late:
        await worker.say(scenes.human_says("before it was replaced"))
        await desk.connect(redis_url)
        await connection.client.delete(KEY)
    await connection.client.set(KEY, "nonsense")
    await worker.say(scenes.human_says("fine", context_id="c-neighbour"))
    if not late:
        await desk.connect(redis_url)

    await await_until(lambda: "There is a string" in _note(desk), "the row to say so")
    neighbour = await await_until(lambda: desk.store.context("c-neighbour"), "its neighbour")
    assert (neighbour.preview, neighbour.note) == ("fine", "")

    await connection.client.delete(KEY)
    await worker.say(scenes.human_says("a conversation"))
    await _row_says(desk, "a conversation", 1)
    assert _note(desk) == ""


async def test_an_entry_that_cannot_be_read_is_noted_until_one_that_can_follows(
    desk: Desk, worker: HandWorker, connection: Connection, redis_url: str
) -> None:
    """Sixty-four megabytes are looked at no closer than it takes to say so."""
    await worker.say(scenes.human_says("hi"))
    await desk.connect(redis_url)

    await connection.client.xadd(KEY, {"data": b"x" * 64 * 1024 * 1024})
    await await_until(lambda: "67,108,864 bytes" in _note(desk), "the row to say so")
    row = desk.store.context(scenes.CONTEXT)
    assert row is not None
    assert (row.preview, row.entries, row.status) == ("hi", 2, ContextStatus.RUNNING)

    await worker.say(scenes.agent_says("hello", finish=True))
    await _row_says(desk, "hello", 3)
    assert _note(desk) == ""


async def test_a_broker_whose_clock_is_a_day_ahead_is_followed(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """Its ids are what counts, not our time."""
    ahead_ms = int(time.time() * 1000) + DAY_MS
    for number in range(2):
        event = encode_event(scenes.agent_says(f"{number}", message_id=f"m-{number}"))
        await connection.client.xadd(KEY, {"data": event}, id=f"{ahead_ms}-{number}")
        if not number:
            await desk.connect(redis_url)

    await _row_says(desk, "1", 2)
    row = desk.store.context(scenes.CONTEXT)
    assert row is not None
    assert row.last_activity_ms == ahead_ms


async def test_a_flush_is_followed_by_what_the_broker_holds_then(
    desk: Desk, worker: HandWorker, connection: Connection, redis_url: str
) -> None:
    """Who reads a transcript goes on reading it."""
    await worker.say(scenes.asks())
    await desk.connect(redis_url)
    await desk.open(scenes.CONTEXT)

    await connection.client.flushall()
    # Written to before anybody looked, it would count as begun anew.
    await await_until(lambda: desk.store.loss.emptied == 1, "the flush to be told")
    await worker.say(scenes.human_says("again"))

    await _row_says(desk, "again", 1)
    await await_until(lambda: desk.texts(scenes.CONTEXT) == ["again"], "the transcript")
    assert desk.store.requests() == []
    assert desk.store.loss == Loss(emptied=1, contexts=1)


async def test_a_flush_that_one_conversation_seems_to_survive_says_how_many_did_not(
    desk: Desk, worker: HandWorker, redis_server: RedisServer, redis_url: str
) -> None:
    """It was written to again before anybody could look."""
    names = [f"c-{number}" for number in range(20)]
    await worker.say(*(scenes.human_says("hi", context_id=name) for name in names))
    await desk.connect(redis_url)
    await desk.until_caught_up()

    with redis_server.client() as client, client.pipeline() as batch:
        event = encode_event(scenes.human_says("again", context_id=names[0]))
        batch.flushall()
        batch.xadd(keys.progress(names[0]), {"data": event})
        batch.execute()

    await await_until(lambda: desk.store.context_count == 1, "the others to go")
    assert desk.store.loss == Loss(contexts=19)


async def test_that_a_broker_is_only_looked_at_is_said_whatever_else_happens(
    desk: Desk, worker: HandWorker, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its flush is told apart from that, and takes its place nowhere."""
    monkeypatch.setattr(news_module, "CHECK_SECONDS", 0.05)
    await worker.say(scenes.human_says("hi"))
    rules = ("reset", "on", ">pw", "~*", "&*", "+@all", "-client|tracking")
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "looker", *rules)
    try:
        await desk.connect(redis_server.url_without_password.replace("://", "://looker:pw@"))
        await desk.until_caught_up()
        with redis_server.client() as client:
            client.flushall()
        await await_until(lambda: desk.store.loss.contexts, "the loss to be told")
        link = desk.store.link
    finally:
        with redis_server.client() as client:
            client.execute_command("ACL", "DELUSER", "looker")

    assert (link.title, link.is_checking) == ("Connected, checking every 5 s", True)
    assert "does not tell what changes" in link.hint


async def test_a_flush_of_another_database_empties_no_broker_that_holds_nothing(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """Nobody is told of a loss where nothing was."""
    await desk.connect(redis_url)
    await desk.until_caught_up()
    await _flush_another(desk, redis_server)

    assert not any(isinstance(fact, facts.Forgotten) and fact.title for fact in desk.facts)
    assert desk.store.loss == Loss()


async def test_a_flush_of_another_database_changes_nothing(
    desk: Desk, worker: HandWorker, redis_server: RedisServer, redis_url: str
) -> None:
    """Brokers tell everybody of it; who reads, or decides, goes on."""
    await worker.say(scenes.asks())
    await desk.connect(redis_url)
    await desk.open(scenes.CONTEXT)
    await await_until(desk.store.requests, "the call to wait")
    await _flush_another(desk, redis_server)

    assert not any(isinstance(fact, facts.Forgotten) and fact.title for fact in desk.facts)
    assert len(desk.store.requests()) == len(desk.store.entries(scenes.CONTEXT)) == 1
    assert desk.store.loss == Loss()
