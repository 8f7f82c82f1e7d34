"""What the dead leave behind: found, taken over in its order, and nothing else touched."""

from __future__ import annotations

from tests.integration.runtime.conftest import BeginLife
from tests.support.lives import AGENT, pending, put
from workers.runtime.inbox import Verb
from workers.wire import keys
from workers.wire.streams.connection import Connection


async def test_the_dead_are_found_and_what_they_held_is_taken(
    connection: Connection, begin_life: BeginLife
) -> None:
    """One died while it ran a message, one after it had read and before it had queued."""
    runner, reader, heir = [await begin_life(name) for name in ("runner", "reader", "heir")]
    first = await put(connection, "c-1")
    await runner.read_and_take()
    second = await put(connection, "c-2")
    await reader.read()
    await runner.die()
    await reader.die()
    await connection.client.zadd(keys.consumers(AGENT), {runner.name: 1, reader.name: 1})

    reaped = await heir.sweep()
    taken = await heir.take()

    assert (reaped.freed, reaped.removed) == (1, 2)
    assert {one.entry.entry_id for one in taken} == {first, second}
    assert {consumer for _, consumer in await pending(connection)} == {heir.name}
    names = await connection.client.xinfo_consumers(keys.inbox(AGENT), keys.inbox_group(AGENT))
    assert [one["name"].decode() for one in names] == [heir.name]


async def test_the_living_keep_what_they_hold(
    connection: Connection, begin_life: BeginLife
) -> None:
    """Also when a sweep comes; and one sweep at a time is enough."""
    life, other = await begin_life("a"), await begin_life("b")
    await put(connection, "c-1")
    [taken] = await life.read_and_take()

    reaped = await other.sweep()

    assert (reaped.freed, reaped.strays, reaped.removed) == (0, 0, 0)
    assert await other.take() == []
    assert await life.holds(taken)


async def test_a_stray_comes_back_in_its_place(
    connection: Connection, begin_life: BeginLife
) -> None:
    """Somebody moved an entry over to us by hand, long after it was delivered."""
    life = await begin_life("a")
    group = keys.inbox_group(AGENT)
    stray = await put(connection, "c-1")
    await connection.client.xreadgroup(group, "somebody", {keys.inbox(AGENT): ">"})
    later = await put(connection, "c-1")
    await put(connection, "c-2")
    taken = await life.read_and_take(free=0)
    assert taken == []

    await connection.client.xclaim(keys.inbox(AGENT), group, "signoff:adopted", 0, [stray])
    reaped = await life.sweep()

    assert reaped.strays == 1
    queue = await connection.client.lrange(keys.queue(AGENT, "c-1"), 0, -1)
    assert [one.decode() for one in queue] == [stray, later]


async def test_what_others_read_is_never_touched(
    connection: Connection, begin_life: BeginLife
) -> None:
    """A base worker never acknowledges; to take its entries over would run its whole past again."""
    group, key = keys.inbox_group(AGENT), keys.inbox(AGENT)
    await connection.client.xgroup_create(key, group, id="0", mkstream=True)
    old = [await put(connection, "c-1") for _ in range(3)]
    await connection.client.xreadgroup(group, "f3b0-base", {key: ">"})
    life = await begin_life("a")
    new = await put(connection, "c-1")
    await connection.client.xreadgroup(group, "77aa-base", {key: ">"})
    ours = await put(connection, "c-1")

    taken = await life.read_and_take()
    reaped = await life.sweep()

    assert [one.entry.entry_id for one in taken] == [ours]
    assert (reaped.strays, reaped.removed) == (0, 0)
    assert await life.settle(taken[0]) is None
    assert [one for one, _ in await pending(connection)] == [*old, new]
    names = await connection.client.xinfo_consumers(key, group)
    assert {one["name"] for one in names} >= {b"f3b0-base", b"77aa-base"}


async def test_who_leaves_with_something_pending_leaves_it_to_the_next(
    connection: Connection, begin_life: BeginLife
) -> None:
    """Its name goes when nothing hangs on it any more."""
    leaving, staying = await begin_life("leaving"), await begin_life("staying")
    sent = await put(connection, "c-1")
    [taken] = await leaving.read_and_take()
    await leaving.settle(taken, Verb.PARK)

    await leaving.leave()
    assert await pending(connection) == [(sent, leaving.name)]
    await connection.client.zadd(keys.consumers(AGENT), {leaving.name: 1})
    reaped = await staying.sweep()

    assert reaped.removed == 1
    assert await pending(connection) == [(sent, staying.name)]
