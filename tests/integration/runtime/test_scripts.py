"""Take, settle, renew and reap, step by step: what each does, and what it refuses."""

from __future__ import annotations

import time

import pytest

from tests.integration.runtime.conftest import BeginLife
from tests.support.lives import AGENT, pending, put, throw
from tests.support.waiting import await_until
from workers.runtime.inbox import Verb
from workers.wire import keys
from workers.wire.errors import LeaseLost
from workers.wire.streams.connection import Connection


async def test_a_context_is_given_to_one_and_its_next_message_follows(
    connection: Connection, begin_life: BeginLife
) -> None:
    """The second message of a context waits for the first; nothing is left at the end."""
    life = await begin_life("a")
    first, second = await put(connection, "c-1"), await put(connection, "c-1")

    [taken] = await life.read_and_take()
    assert (taken.context, taken.entry.entry_id, taken.entry.starts) == (b"c-1", first, 1)
    following = await life.settle(taken)
    assert following is not None
    assert (following.entry.entry_id, following.token) == (second, taken.token)
    assert await life.settle(following) is None

    assert await connection.client.xlen(keys.inbox(AGENT)) == 0
    assert await pending(connection) == []
    for key in (keys.queued, keys.attempts, keys.run, keys.due):
        assert await connection.client.exists(key(AGENT)) == 0


async def test_two_that_read_at_the_same_time_cannot_swap_messages(
    connection: Connection, begin_life: BeginLife
) -> None:
    """One read the first message and is slow; the other, with the second, starts the first."""
    slow, quick = await begin_life("slow"), await begin_life("quick")
    first, second = await put(connection, "c-1"), await put(connection, "c-1")
    assert await slow.read(1) == [first]
    assert await quick.read(1) == [second]

    [taken] = await quick.take(second)
    assert taken.entry.entry_id == first
    assert await slow.take(first) == []
    following = await quick.settle(taken)

    assert following is not None
    assert following.entry.entry_id == second


async def test_no_more_contexts_are_taken_than_asked_for(
    connection: Connection, begin_life: BeginLife
) -> None:
    """The rest is for whoever has room, in the order in which it came."""
    one, other = await begin_life("one"), await begin_life("other")
    for number in range(5):
        await put(connection, f"c-{number}")

    assert len(await one.read_and_take(free=2)) == 2
    assert await other.take(free=0) == []
    assert len(await other.take(free=10)) == 3


async def test_tokens_only_grow_even_when_the_broker_forgot_the_last_one(
    connection: Connection, begin_life: BeginLife
) -> None:
    """A replica that became the broker may have missed the newest of them."""
    life = await begin_life("a")
    tokens = []
    for number in range(3):
        await put(connection, f"c-{number}")
        [taken] = await life.read_and_take()
        tokens.append(taken.token)
        await connection.client.delete(keys.token(AGENT))
        # Nobody becomes the broker within a millisecond.
        await await_until(lambda: time.time() * 1e6 > tokens[-1], "the clock to go on")

    assert tokens == sorted(set(tokens))
    assert tokens[0] > 1_700_000_000_000_000, "it begins with the clock, in microseconds"


async def test_tokens_do_not_outrun_the_clock_however_many_leases_there_are(
    connection: Connection, begin_life: BeginLife
) -> None:
    """Or a broker that lost its last second would give out some of them again."""
    life = await begin_life("a")
    for number in range(500):
        await put(connection, f"c-{number}")

    taken = await life.read_and_take(500, 500)

    assert len({one.token for one in taken}) == 500
    seconds, microseconds = await connection.client.time()
    ahead = max(one.token for one in taken) - (seconds * 1_000_000 + microseconds)
    assert ahead < 1000, "microseconds; no broker loses so little"


async def test_who_lost_the_lease_settles_nothing(
    connection: Connection, begin_life: BeginLife
) -> None:
    """A worker that was frozen comes back when another has its context."""
    frozen, other = await begin_life("frozen"), await begin_life("other")
    sent = await put(connection, "c-1")
    [old] = await frozen.read_and_take()

    await connection.client.zadd(keys.due(AGENT), {"c-1": 0})
    [new] = await other.take()
    assert (new.entry.entry_id, new.entry.starts) == (sent, 2)
    assert new.token > old.token
    for verb in Verb:
        with pytest.raises(LeaseLost):
            await frozen.settle(old, verb)

    assert await frozen.renew(old) == [(b"c-1", old.token)]
    assert not await frozen.holds(old)
    assert await other.renew(new) == []
    assert await other.holds(new)
    assert await connection.client.xlen(keys.inbox(AGENT)) == 1


async def test_a_settle_whose_reply_was_lost_may_be_sent_again(
    connection: Connection, begin_life: BeginLife
) -> None:
    """The second one removes nothing more, and finds the same next message."""
    life = await begin_life("a")
    ids = [await put(connection, "c-1") for _ in range(3)]
    [taken] = await life.read_and_take()

    for verb in (Verb.DONE, Verb.PARK, Verb.DEAD):
        following = await life.settle(taken, verb)
        again = await life.settle(taken, verb)
        assert following is not None
        assert again is not None
        assert following.entry.entry_id == again.entry.entry_id == ids[1]
        assert await connection.client.xlen(keys.dead_letters(AGENT)) == 0
        assert await connection.client.llen(keys.parked(AGENT, "c-1")) == 0
    assert await connection.client.lrange(keys.queue(AGENT, "c-1"), 0, -1) == [
        one.encode() for one in ids[1:]
    ]


async def test_a_retry_keeps_the_order_and_waits(
    connection: Connection, begin_life: BeginLife
) -> None:
    """What failed stays before what came after it."""
    life = await begin_life("a")
    first, _ = await put(connection, "c-1"), await put(connection, "c-1")
    [taken] = await life.read_and_take()

    assert await life.settle(taken, Verb.RETRY, delay_seconds=1000) is None
    assert await life.take() == []
    await connection.client.zadd(keys.due(AGENT), {"c-1": 0})
    [again] = await life.take()

    assert (again.entry.entry_id, again.entry.starts) == (first, 2)


async def test_what_is_handed_over_is_taken_at_once_and_its_start_does_not_count(
    connection: Connection, begin_life: BeginLife
) -> None:
    """A worker that is stopped six times is no reason to put a message in quarantine."""
    leaving, staying = await begin_life("leaving"), await begin_life("staying")
    await put(connection, "c-1")
    [taken] = await leaving.read_and_take()

    assert await leaving.settle(taken, Verb.RELEASE) is None

    [again] = await staying.take()
    assert again.entry.starts == 1


async def test_the_last_message_of_a_stopping_worker_leaves_the_next_to_others(
    connection: Connection, begin_life: BeginLife
) -> None:
    """It is done with the first, and does not begin another."""
    leaving, staying = await begin_life("leaving"), await begin_life("staying")
    _, second = await put(connection, "c-1"), await put(connection, "c-1")
    [taken] = await leaving.read_and_take()

    assert await leaving.settle(taken, Verb.LAST) is None

    [again] = await staying.take()
    assert again.entry.entry_id == second


async def test_quarantine_keeps_the_entry_with_everything_known(
    connection: Connection, begin_life: BeginLife
) -> None:
    """The context goes on without it."""
    life = await begin_life("a")
    bad, good = await put(connection, "c-1", "bad"), await put(connection, "c-1", "good")
    [taken] = await life.read_and_take()

    following = await life.settle(taken, Verb.DEAD, reason="spoiled")

    assert following is not None
    assert following.entry.entry_id == good
    [(_, kept)] = await connection.client.xrange(keys.dead_letters(AGENT))
    assert int(kept.pop(b"at_ms")) > 1_700_000_000_000
    assert kept == {
        b"data": taken.entry.data,
        b"reason": b"spoiled",
        b"error": b"It is spoiled.",
        b"entry_id": bad.encode(),
        b"context_id": b"c-1",
        b"worker": life.name.encode(),
        b"attempts": b"1",
    }


async def test_what_is_parked_waits_and_then_comes_before_everything_else(
    connection: Connection, begin_life: BeginLife
) -> None:
    """The decision that frees the context is not behind it, and younger tasks are."""
    life = await begin_life("a")
    first, second = await put(connection, "c-1"), await put(connection, "c-1")
    [taken] = await life.read_and_take()
    taken = await life.settle(taken, Verb.PARK)
    assert taken is not None
    assert taken.entry.entry_id == second
    assert await life.settle(taken, Verb.PARK) is None
    assert await life.take() == []
    assert len(await pending(connection)) == 2, "parked is not lost: it is still to be done"

    decision, third = await put(connection, "c-1"), await put(connection, "c-1")
    [taken] = await life.read_and_take()
    assert taken.entry.entry_id == decision
    order = []
    following = await life.settle(taken, frees=True)
    while following is not None:
        order.append(following.entry.entry_id)
        following = await life.settle(following, frees=True)

    assert order == [first, second, third]


async def test_a_parked_one_that_meets_a_waiting_context_again_keeps_its_place(
    connection: Connection, begin_life: BeginLife
) -> None:
    """It was brought up too early; it is not sent behind the others for that."""
    life = await begin_life("a")
    ids = [await put(connection, "c-1") for _ in range(3)]
    [taken] = await life.read_and_take()
    following = await life.settle(taken, Verb.PARK)
    assert following is not None
    following = await life.settle(following, Verb.PARK)
    assert following is not None
    following = await life.settle(following, frees=True)
    assert following is not None
    assert following.entry.entry_id == ids[0]

    await life.settle(following, Verb.PARK)

    parked = await connection.client.lrange(keys.parked(AGENT, "c-1"), 0, -1)
    assert [one.decode() for one in parked] == ids[:2]


@pytest.mark.parametrize(
    "data",
    [b"", b"{half", b"[1]", b'{"context_id": 7}', b"[" * 5000, b"{\xff", b"x" * 300_000],
    ids=["empty", "half", "list", "number", "deep", "bytes", "large"],
)
async def test_what_names_no_context_is_handed_to_the_worker(
    connection: Connection, begin_life: BeginLife, data: bytes
) -> None:
    """The worker says what is wrong with it, and puts it in quarantine."""
    life = await begin_life("a")
    await throw(connection, data)

    [taken] = await life.read_and_take()
    assert (taken.context, taken.entry.data) == (b"", data)
    await life.settle(taken, Verb.DEAD, reason="not_json")

    assert await connection.client.xlen(keys.dead_letters(AGENT)) == 1


async def test_rubbish_in_our_own_lists_stops_nobody(
    connection: Connection, begin_life: BeginLife
) -> None:
    """Everybody who reaches the broker can write there."""
    life = await begin_life("a")
    await connection.client.rpush(keys.queue(AGENT, "c-1"), "rubbish", "9-9")
    sent = await put(connection, "c-1")

    [taken] = await life.read_and_take()

    assert taken.entry.entry_id == sent


async def test_an_entry_that_somebody_deleted_is_forgotten(
    connection: Connection, begin_life: BeginLife
) -> None:
    """There is nothing left to do, and the next one of the context comes up."""
    life = await begin_life("a")
    first, second = await put(connection, "c-1"), await put(connection, "c-1")
    assert await life.read_and_take(free=0) == []

    await connection.client.xdel(keys.inbox(AGENT), first)

    [taken] = await life.take()
    assert taken.entry.entry_id == second
    assert [one for one, _ in await pending(connection)] == [second]
