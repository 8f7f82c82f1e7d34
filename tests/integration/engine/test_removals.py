"""Entries that are taken out of streams: rows, transcripts and requests say what is left."""

from __future__ import annotations

import json

import pytest

from desktop.engine.summaries import CALL_REMOVED, ENTRIES_REMOVED
from desktop.store.evidence import REMOVED
from desktop.store.records import Context, EntryKind, RequestState
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event

KEY = keys.progress(scenes.CONTEXT)


def _put(server: RedisServer, *events: Event) -> list[str]:
    with server.client() as client, client.pipeline() as batch:
        for event in events:
            batch.xadd(KEY, {"data": encode_event(event)})
        return [str(entry_id) for entry_id in batch.execute()]


def _index(server: RedisServer) -> None:
    """Let the workers' index name the call of `scenes.asks`."""
    request = scenes.request()
    told = {
        "request_id": request.request_id,
        "agent": request.agent,
        "context_id": scenes.CONTEXT,
        "action": request.action,
        "since_ms": 1,
        "tool_call_id": request.tool_call_id,
        "risk": "high",
    }
    with server.client() as client:
        client.zadd(keys.WAITING, {request.request_id: 1})
        client.hset(keys.REQUEST, request.request_id, json.dumps(told))


def _row(desk: Desk) -> Context:
    row = desk.store.context(scenes.CONTEXT)
    assert row is not None
    return row


async def _row_says(desk: Desk, entries: int, note: str) -> None:
    def says() -> bool:
        return (_row(desk).entries, _row(desk).note) == (entries, note)

    await await_until(says, f"the row to tell of {entries} entries, and {note!r}")


@pytest.mark.parametrize("is_trimmed", [True, False], ids=["trimmed", "deleted"])
async def test_a_call_whose_entry_was_removed_cannot_be_decided(
    desk: Desk, redis_server: RedisServer, redis_url: str, is_trimmed: bool
) -> None:
    """Nobody can tell any more what a decision would answer; told again, it waits again."""
    await desk.connect(redis_url)
    await desk.open(scenes.CONTEXT)
    first, asked, _ = _put(
        redis_server, scenes.human_says("pay"), scenes.base_asks(), scenes.agent_says("later")
    )
    await await_until(lambda: desk.store.open_count, "the call to wait")

    with redis_server.client() as client:
        if is_trimmed:
            client.xtrim(KEY, maxlen=1, approximate=False)
        else:
            client.xdel(KEY, first)
            client.xdel(KEY, asked)

    await _row_says(desk, 1, ENTRIES_REMOVED)
    await await_until(lambda: not desk.store.open_count, "the call to wait no longer")
    [request] = desk.store.requests()
    assert (request.state, request.notice) == (RequestState.WITHDRAWN, REMOVED)
    top = desk.store.entries(scenes.CONTEXT)[0]
    assert (top.kind, top.text) == (EntryKind.GAP, ENTRIES_REMOVED)

    _put(redis_server, scenes.base_asks())
    await await_until(lambda: desk.store.open_count, "the call to wait again")


async def test_a_call_that_its_worker_still_tells_of_can_be_decided(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """What it waits for is not in the stream alone."""
    await desk.connect(redis_url)
    _index(redis_server)
    _put(redis_server, scenes.asks(), scenes.agent_says("later"))
    await await_until(lambda: desk.store.open_count, "the call to wait")

    with redis_server.client() as client:
        client.xtrim(KEY, maxlen=1, approximate=False)

    await _row_says(desk, 1, ENTRIES_REMOVED)
    assert [request.state for request in desk.store.requests()] == [RequestState.WAITING]


async def test_removing_what_asked_nothing_takes_no_call_away(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """Before it or after it."""
    await desk.connect(redis_url)
    first, _, last, _ = _put(
        redis_server,
        scenes.human_says("pay"),
        scenes.base_asks(),
        scenes.agent_says("later"),
        scenes.agent_says("last", message_id="m-last"),
    )
    await await_until(lambda: desk.store.open_count, "the call to wait")

    with redis_server.client() as client:
        client.xdel(KEY, first)
        client.xdel(KEY, last)

    await _row_says(desk, 2, ENTRIES_REMOVED)
    assert desk.store.waiting_count == 1


async def test_a_waiting_call_that_was_removed_before_anybody_looked_is_told_of(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """The index names it; what it is about nobody can read. The transcript begins with a gap."""
    later = [scenes.agent_says(f"{n}", message_id=f"m-{n}") for n in range(5)]
    _put(redis_server, scenes.human_says("pay"), scenes.asks(), *later)
    _index(redis_server)
    with redis_server.client() as client:
        client.xtrim(KEY, maxlen=3, approximate=False)

    await desk.connect(redis_url)
    await desk.until_caught_up()
    await _row_says(desk, 3, CALL_REMOVED)
    assert desk.store.requests() == []

    await desk.open(scenes.CONTEXT)
    await await_until(lambda: len(desk.store.entries(scenes.CONTEXT)) == 4, "the gap")
    assert [entry.text for entry in desk.store.entries(scenes.CONTEXT)] == [
        ENTRIES_REMOVED,
        *"234",
    ]


async def test_what_the_index_names_too_early_or_too_late_makes_no_note(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """Nothing was removed from this stream: it will ask, or was answered."""
    _put(redis_server, scenes.human_says("pay"))
    _index(redis_server)

    await desk.connect(redis_url)
    await desk.until_caught_up()
    await _row_says(desk, 1, "")
