"""The monitor on a real broker: it looks while watched, mends by wish, and may be read-only."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from desktop import settings
from desktop.errors import NotAllowedNow
from desktop.store.facts import MonitorSeen, ReadOnlyChanged
from desktop.store.health import Repair, RepairKey, Trouble, TroubleKind
from tests.support import scenes
from tests.support.command_line import signoff
from tests.support.desk import Desk
from tests.support.learning import KEY
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.codec import encode_event
from workers.wire.streams.connection import Connection


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """A worker's way to the broker."""
    async with Connection(redis_url) as connection:
        yield connection


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A console that follows nothing yet."""
    async with Desk() as desk:
        yield desk


async def _quarantine(connection: Connection, data: bytes) -> str:
    """What a worker leaves of a message it started five times."""
    fields = {"data": data, "reason": "failed", "error": "It failed.", "entry_id": "1-0"}
    more = {"context_id": scenes.CONTEXT, "attempts": 5, "worker": "signoff:a:1:b", "at_ms": 1}
    entry_id = await connection.client.xadd(keys.dead_letters(scenes.AGENT), {**fields, **more})
    return str(entry_id.decode())


async def _letters(desk: Desk, count: int) -> list[Trouble]:
    """Wait until the monitor has seen so many messages that poison their conversation."""

    def letters() -> list[Trouble]:
        return [one for one in desk.store.troubles().rows if one.kind is TroubleKind.POISONED]

    await await_until(
        lambda: desk.store.monitor.at_ms > 0 and len(letters()) == count, f"{count} letters"
    )
    return letters()


@pytest.mark.usefixtures("quick_looks")
async def test_a_person_puts_one_message_back_and_discards_another(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """Once each; the discarded one is kept apart with who did it, and nothing is deleted unseen."""
    task = encode_event(scenes.human_says("pay"))
    await connection.client.xadd(keys.inbox(scenes.AGENT), {"data": b"{}"})
    first, second = [await _quarantine(connection, task) for _ in range(2)]
    await desk.connect(redis_url)
    assert not [fact for fact in desk.facts if isinstance(fact, MonitorSeen)], "nobody looks yet"

    desk.repairs.watch(on=True)
    [oldest, _newest] = await _letters(desk, 2)
    desk.repairs.requeue(scenes.AGENT, first)
    with pytest.raises(NotAllowedNow, match="on its way"):
        desk.repairs.requeue(scenes.AGENT, first)
    await _letters(desk, 1)
    desk.repairs.discard(scenes.AGENT, second)
    await _letters(desk, 0)
    desk.repairs.discard(scenes.AGENT, second)
    key = RepairKey(Repair.DISCARD, scenes.AGENT, second)
    repairs = desk.store.monitor.repairs
    await await_until(lambda: not repairs[key].is_sending, "the second discard to come back")

    assert (oldest.context_id, oldest.dead_id, oldest.title) == (
        scenes.CONTEXT,
        first,
        "It failed.",
    )
    assert repairs[key].title == "It is not in quarantine any more."
    waiting = await connection.client.xrange(keys.inbox(scenes.AGENT))
    assert [fields[b"data"] for _, fields in waiting] == [b"{}", task]
    [(_, kept)] = await connection.client.xrange(keys.discarded(scenes.AGENT))
    assert (kept[b"data"], kept[b"discarded_by"]) == (task, b"r.mora")


async def test_a_read_only_console_writes_nothing(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """No decision, no message, no repair; each is refused before anything looks as if sent."""
    dead = await _quarantine(connection, b"{}")
    await connection.client.xadd(
        keys.progress(scenes.CONTEXT), {"data": encode_event(scenes.asks())}
    )
    before = await _held(connection)
    await desk.connect(redis_url)
    desk.repairs.watch(on=True)
    desk.store.apply([ReadOnlyChanged(read_only=True)])

    for forbidden in (
        lambda: desk.approvals.decide(KEY, DecisionKind.APPROVE),
        lambda: desk.conversations.say(scenes.CONTEXT, scenes.AGENT, "go on"),
        lambda: desk.repairs.discard(scenes.AGENT, dead),
        lambda: desk.repairs.remove_consumers(scenes.AGENT),
    ):
        with pytest.raises(NotAllowedNow, match="read-only"):
            forbidden()
    await await_until(lambda: desk.store.monitor.at_ms > 0, "a look at the monitor")

    request = desk.store.request(KEY)
    assert request is not None
    assert request.is_open
    assert not desk.store.is_sending(scenes.CONTEXT)
    assert await _held(connection) == before


async def test_commands_obey_read_only_mode(connection: Connection, redis_url: str) -> None:
    """The mode is the desk's, not the window's."""
    await connection.client.xadd(keys.inbox(scenes.AGENT), {"data": b"{}"})
    before = await _held(connection)
    chosen, _ = settings.load()
    settings.save(msgspec.structs.replace(chosen, read_only=True))

    ended = await signoff("chat", scenes.AGENT, "pay", "--redis-url", redis_url)

    assert ended.code != 0
    assert "read-only" in ended.text + ended.err.decode()
    assert await _held(connection) == before


async def test_a_look_that_fails_ends_nothing(desk: Desk, own_redis: RedisServer) -> None:
    """A broker that is gone for a while is looked at again when it is back."""
    await desk.connect(own_redis.url)
    desk.repairs.watch(on=True)
    await await_until(lambda: desk.store.monitor.at_ms > 0, "a first look")
    own_redis.restart()
    back = desk.store.monitor.at_ms
    await await_until(lambda: desk.store.monitor.at_ms > back, "a look after the cut")


async def _held(connection: Connection) -> list[tuple[bytes, bytes]]:
    names = sorted(await connection.client.keys())
    return [(name, await connection.client.dump(name)) for name in names]
