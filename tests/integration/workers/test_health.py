"""What a console can know of inboxes and their broker, of our agents and of other software's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.integration.workers.office import Office
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.health import InboxHealth
from workers.wire.ids import new_context_id
from workers.wire.streams import consumers, inbox_facts
from workers.wire.streams.connection import Connection
from workers.wire.streams.consumers import remove_leaked
from workers.wire.streams.health import HealthReader, Look

FOREIGN = "their_agent"


@pytest.fixture
async def connection(any_url: str) -> AsyncIterator[Connection]:
    """A broker of each kind."""
    async with Connection(any_url) as connection:
        yield connection


async def seen(connection: Connection, agent: str) -> InboxHealth:
    """One agent's inbox as a fresh look finds it."""
    look = await HealthReader(connection).look()
    return next(inbox for inbox in look.inboxes if inbox.agent == agent)


async def read_as_the_base_package(connection: Connection, agent: str, times: int) -> None:
    """A new consumer for each read, and nothing is ever acknowledged."""
    key, group = keys.inbox(agent), keys.inbox_group(agent)
    await connection.client.xgroup_create(key, group, id="0", mkstream=True)
    for number in range(times):
        await connection.client.xgroup_createconsumer(key, group, f"reader-{number}")
        await connection.client.xreadgroup(group, f"reader-{number}", {key: ">"}, count=1)


async def test_what_runs_waits_and_failed_is_seen(office: Office) -> None:
    """Which context, by whom, since when; what is parked behind it; what is in quarantine."""
    await office.hire("demo_agent")
    before = (await HealthReader(office.connection).look()).at_ms
    context = await office.ask("demo_agent", "dawdle")
    await office.throw("demo_agent", b"{")
    await office.quarantined("demo_agent", 1)

    async def runs() -> InboxHealth | None:
        inbox = await seen(office.connection, "demo_agent")
        return inbox if inbox.runs else None

    inbox = await await_until(runs, "the context to run")
    look = await HealthReader(office.connection).look()
    office.model.patience.set()
    await office.answer(context, "demo_agent")

    [run], [letter] = inbox.runs, inbox.letters
    [worker] = look.workers
    assert (run.context_id, run.consumer) == (context, worker.consumer)
    assert before <= run.since_ms <= look.at_ms < run.lease_ends_ms
    assert (inbox.length, inbox.lag, inbox.pending, inbox.backlog) == (1, 0, 1, 1)
    assert inbox.oldest_pending_ms is not None
    assert (inbox.consumers, inbox.foreign, inbox.leaked) == (1, 0, 0)
    assert (inbox.quarantined, letter.reason, letter.is_empty) == (1, "not_json", False)
    assert (inbox.parked, inbox.untaken) == (0, ())


async def test_a_message_for_nobody_is_seen_with_its_context(connection: Connection) -> None:
    """Nobody ever served the agent, so all that waits is lag."""
    context = new_context_id()
    await connection.client.xadd(
        keys.inbox(FOREIGN), {"data": f'{{"context_id": "{context}"}}'.encode()}
    )

    inbox = await seen(connection, FOREIGN)

    assert (inbox.length, inbox.lag, inbox.pending, inbox.consumers) == (1, 1, 0, 0)
    assert [one.context_id for one in inbox.untaken] == [context]
    assert inbox.is_read is False


async def test_readers_that_other_software_left_are_counted_and_removed_by_wish(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those that hold nothing; a message somebody was given is not lost with its reader."""
    assert await remove_leaked(connection, FOREIGN) == 0, "there is no inbox"
    for _ in range(2):
        await connection.client.xadd(keys.inbox(FOREIGN), {"data": b"{}"})
    assert await remove_leaked(connection, FOREIGN) == 0, "nobody ever read it"
    await read_as_the_base_package(connection, FOREIGN, 5)
    busy = await seen(connection, FOREIGN)
    monkeypatch.setattr(consumers, "LEFT_AFTER_MS", -1)

    left = await seen(connection, FOREIGN)
    removed = await remove_leaked(connection, FOREIGN)
    after = await seen(connection, FOREIGN)

    assert (busy.foreign, busy.leaked, busy.is_read) == (5, 0, True)
    assert (left.leaked, removed) == (3, 3)
    assert (after.consumers, after.leaked, after.pending) == (2, 0, 2)
    assert after.taken in {2, None}, "a broker before Redis 7 does not count them"


async def test_other_things_under_our_names_are_unknown_and_nothing_more(
    connection: Connection,
) -> None:
    """A string where a stream should be, a list where a hash should be: the rest is still told."""
    await connection.client.xadd(keys.inbox(FOREIGN), {"data": b"{}"})
    for key in (keys.dead_letters(FOREIGN), keys.run(FOREIGN), keys.due(FOREIGN)):
        await connection.client.set(key, "mine")
    await connection.client.rpush(keys.queued(FOREIGN), "mine")

    inbox = await seen(connection, FOREIGN)

    assert (inbox.length, inbox.lag) == (1, 1)
    assert (inbox.quarantined, inbox.parked, inbox.runs, inbox.letters) == (None, None, (), ())


@pytest.mark.parametrize("far", [b"inf", b"-inf", b"1e300"])
async def test_an_odd_number_of_one_agent_hides_nothing_of_anybody(
    connection: Connection, far: bytes
) -> None:
    """Whoever may write to a broker may write that; what is no number is unknown."""
    client = connection.client
    for agent in (FOREIGN, "their_neighbour"):
        await client.xadd(keys.inbox(agent), {"data": b"{}"})
    await client.execute_command("ZADD", keys.due(FOREIGN), far, "c-far", 1000, "c-due")
    tokens = ("²", "9" * 5000, "-1", "", "1_000")
    await client.hset(keys.run(FOREIGN), mapping={f"c-{t[:3]}": f"signoff:a|{t}" for t in tokens})
    for attempts in ("²", "9" * 5000, "-1"):
        await client.xadd(keys.dead_letters(FOREIGN), {"data": b"{}", "attempts": attempts})
    await client.hset(keys.queued(FOREIGN), "inv-1", "c-parked")
    await client.rpush(keys.parked(FOREIGN, "c-parked"), f"{'9' * 3000}-0")

    look = await HealthReader(connection).look()

    odd, neighbour = look.inboxes
    assert (odd.note, odd.length, odd.quarantined, odd.parked) == ("", 1, 3, 1)
    assert {run.since_ms for run in odd.runs} == {0}
    assert {letter.attempts for letter in odd.letters} == {0}
    assert {(one.context_id, one.since_ms) for one in odd.untaken if one.context_id} == {
        ("c-due", 1000),
        ("c-parked", 0),
    }
    assert (neighbour.agent, neighbour.length, neighbour.note) == ("their_neighbour", 1, "")


async def test_a_heartbeat_with_a_number_of_400_digits_is_passed_over(
    connection: Connection,
) -> None:
    """No rate can be made of it, and the figures of the others must not suffer."""
    client = connection.client
    beat = {"agents": [FOREIGN], "tools": {}, "version": "1", "mode": "enforce", "started_ms": 0}
    for consumer, finished in (("w-odd", 10**400), ("w-well", 1)):
        told = {**beat, "consumer": consumer, "usage": {FOREIGN: {"finished": finished}}}
        await client.set(keys.worker(consumer), json.dumps(told), ex=60)
        await client.zadd(keys.WORKERS, {consumer: 1})

    look = await HealthReader(connection).look()

    assert [worker.consumer for worker in look.workers] == ["w-well"]


async def test_an_inbox_that_cannot_be_read_costs_its_neighbours_nothing(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should what it holds ever be too odd for us, that is said of it, once in the log."""
    for agent in ("a_agent", FOREIGN, "z_agent"):
        await connection.client.xadd(keys.inbox(agent), {"data": b"{}"})
    await connection.client.zadd(keys.due(FOREIGN), {"c-far": "inf"})
    monkeypatch.setattr(inbox_facts, "number", int)  # a reader that is not tolerant
    failures: list[str] = []
    reader = HealthReader(connection, lambda agent, _error: failures.append(agent))

    looks = [await reader.look() for _ in range(2)]

    for look in looks:
        assert [inbox.length for inbox in look.inboxes] == [1, None, 1]
        first, odd, last = (inbox.note for inbox in look.inboxes)
        assert (first, last) == ("", "")
        assert odd == "Signoff stumbled over what the inbox holds (OverflowError)."
    assert failures == [FOREIGN]


async def test_what_may_not_be_asked_is_unknown(own_redis: RedisServer) -> None:
    """A user without INFO and XINFO sees what it may, and is told why the rest is missing."""
    async with Connection(own_redis.url) as admin:
        await admin.client.xadd(keys.inbox(FOREIGN), {"data": b"{}"})
        whole = await HealthReader(admin).look()
        rules = ("on", ">half", "~*", "&*", "+@all", "-info", "-xinfo", "-time", "-config")
        await admin.client.execute_command("ACL", "SETUSER", "half", *rules)
    url = own_redis.url.replace(own_redis.url.split("@")[0], "redis://half:half")
    async with Connection(url) as connection:
        look = await HealthReader(connection).look()

    assert whole.broker.software.startswith(("Redis ", "Valkey "))
    assert whole.broker.used_memory
    assert whole.broker.clients
    assert (whole.broker.is_persistent, whole.broker.servers) == (True, 1)
    assert look.broker.software == ""
    assert "info" in look.broker.note
    [inbox] = look.inboxes
    assert (inbox.length, inbox.lag, inbox.consumers) == (1, None, None)
    assert abs(look.at_ms - whole.at_ms) < 60_000


async def test_a_look_writes_nothing(office: Office) -> None:
    """Not a group, not a consumer, not a key."""
    await office.throw(FOREIGN, b"{}")
    client = office.connection.client

    async def held() -> list[tuple[bytes, bytes]]:
        return [(name, await client.dump(name)) for name in sorted(await client.keys())]

    before = await held()
    looked: Look = await HealthReader(office.connection).look()

    assert [replace(one, untaken=()) for one in looked.inboxes] == [
        InboxHealth(
            FOREIGN,
            length=1,
            lag=1,
            pending=0,
            consumers=0,
            foreign=0,
            leaked=0,
            is_read=False,
            parked=0,
            quarantined=0,
        )
    ]
    assert await held() == before
