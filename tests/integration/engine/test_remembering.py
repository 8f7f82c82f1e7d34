"""A console that was here before: its list is there before the broker is, and then is confirmed."""

from __future__ import annotations

from pathlib import Path

from desktop.store.records import LinkState
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event

GONE = "c-gone"


def _tell(server: RedisServer, *context_ids: str) -> None:
    """What a worker says in some contexts."""
    with server.client() as client:
        for context_id in context_ids:
            said = scenes.human_says("Pay ACME.", context_id=context_id)
            client.xadd(keys.progress(context_id), {"data": encode_event(said)})


def _confirmed(desk: Desk) -> dict[str, bool]:
    return {row.context_id: row.confirmed for row in desk.store.contexts()}


async def test_the_list_is_there_without_the_broker_and_confirmed_with_it(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    """Rows that are only remembered say so; those of contexts that went are gone at the end."""
    _tell(own_redis, scenes.CONTEXT, GONE)
    async with Desk(cache_folder=tmp_path) as desk:
        await desk.connect(own_redis.url)
        assert _confirmed(desk) == {scenes.CONTEXT: True, GONE: True}
    with own_redis.client() as client:
        client.delete(keys.progress(GONE))
    own_redis.stop()

    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.connect(own_redis.url)
        await await_until(lambda: len(_confirmed(desk)) == 2, "the remembered list")
        assert _confirmed(desk) == {scenes.CONTEXT: False, GONE: False}
        assert desk.store.link.state is not LinkState.ONLINE

        own_redis.start()
        await desk.until_caught_up()
        await await_until(lambda: _confirmed(desk) == {scenes.CONTEXT: True}, "the broker's word")
        assert [row.preview for row in desk.store.contexts()] == ["Pay ACME."]


async def test_another_broker_begins_with_nothing_of_the_one_before(
    own_redis: RedisServer, redis_server: RedisServer, redis_url: str, tmp_path: Path
) -> None:
    """And the first one is shown at once when the person comes back to it."""
    _tell(own_redis, scenes.CONTEXT)
    _tell(redis_server, GONE)
    async with Desk(cache_folder=tmp_path) as desk:
        await desk.connect(own_redis.url)
        desk.engine.connect(redis_url)
        await await_until(lambda: _confirmed(desk) == {GONE: True}, "the other broker's list")
        await desk.until_caught_up()
        own_redis.stop()
        desk.engine.connect(own_redis.url)
        await await_until(lambda: _confirmed(desk) == {scenes.CONTEXT: False}, "the first list")


async def test_what_is_remembered_can_be_searched(own_redis: RedisServer, tmp_path: Path) -> None:
    """By its ID and its agent, before the broker answers."""
    _tell(own_redis, scenes.CONTEXT, GONE)
    async with Desk(cache_folder=tmp_path) as desk:
        await desk.connect(own_redis.url)
        number = desk.conversations.search("acme gone")
        await await_until(lambda: desk.store.found.number == number, "the answer")
        assert desk.store.found.context_ids == {GONE}
    own_redis.stop()

    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.connect(own_redis.url)
        await await_until(lambda: len(_confirmed(desk)) == 2, "the remembered list")
        number = desk.conversations.search("gone")
        await await_until(lambda: desk.store.found.number == number, "the answer")
        assert desk.store.found.context_ids == {GONE}
