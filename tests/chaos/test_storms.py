"""Storms short enough for every run of the tests; `make chaos` has the long ones."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from contextlib import aclosing

import pytest

from tests.chaos.storm import Plan, Storm
from tests.chaos.worker import AGENT, POINTS
from tests.chaos.world import World
from tests.support.cluster import running_cluster
from tests.support.processes import Process, StartProcess
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.streams.connection import Connection


@pytest.mark.parametrize("with_base_worker", [False, True], ids=["alone", "with a base worker"])
async def test_nothing_is_lost_in_a_storm(own_redis: RedisServer, with_base_worker: bool) -> None:
    """Killed, frozen past their lease, and the broker too: every promise is kept."""
    plan = Plan(messages=2000, kills=10, freezes=3, with_base_worker=with_base_worker)

    outcome = await Storm(own_redis, plan).blow()

    assert outcome.is_good, outcome
    assert outcome.applied >= plan.messages - outcome.read_by_base_worker
    assert (outcome.read_by_base_worker > 0) is with_base_worker


async def test_nothing_is_lost_in_a_storm_over_a_cluster(own_redis: RedisServer) -> None:
    """The same, with inbox, marks and progress on three servers, of which one dies and returns."""
    plan = Plan(messages=1200, kills=6, freezes=2, restarts=2)

    with running_cluster() as cluster:
        outcome = await Storm(cluster, plan, world_url=own_redis.url).blow()

    assert outcome.is_good, outcome
    assert outcome.applied >= plan.messages


async def test_nothing_is_lost_while_servers_take_each_other_s_place(
    own_redis: RedisServer,
) -> None:
    """Slots move under the workers' hands again and again."""
    plan = Plan(messages=1200, kills=3, freezes=0, restarts=0, failovers=6)

    with running_cluster(replicas=3, node_timeout_ms=3000) as cluster:
        outcome = await Storm(cluster, plan, world_url=own_redis.url).blow()

    assert outcome.is_good, outcome
    assert outcome.applied >= plan.messages


async def test_nothing_is_lost_when_replies_are_cut_in_two(own_redis: RedisServer) -> None:
    """The broker did what it was asked, and the worker cannot know: it must ask again, or stop."""
    plan = Plan(
        messages=2000,
        kills=2,
        freezes=0,
        restarts=0,
        cuts=50,
        blow_seconds=0.15,
        pause_seconds=0.006,
    )

    with contextlib.closing(TcpProxy(own_redis.port)) as proxy:
        outcome = await Storm(own_redis, plan, proxy=proxy).blow()

    assert outcome.is_good, outcome
    assert outcome.cuts >= 30
    assert outcome.applied >= plan.messages


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_that_dies_at_this_point_loses_nothing(
    own_redis: RedisServer, start_process: StartProcess, point: str
) -> None:
    """Another takes over within five seconds; only a tool that may have run is in doubt."""
    async with Connection(own_redis.url) as connection, aclosing(World(own_redis.url)) as world:
        dying = _worker(start_process, own_redis, point)
        for number in range(4):
            await _put(connection, number)
        await await_until(lambda: dying.exit_code is not None, "the worker to die")
        died_at = time.monotonic()
        _worker(start_process, own_redis)

        async def is_done() -> bool:
            return len(await world.applied("c-1")) == 4

        await await_until(is_done, "all messages to be applied")
        took = time.monotonic() - died_at

        assert [one.number for one in await world.applied("c-1")] == [0, 1, 2, 3]
        effects, doubts = await world.effects("c-1"), await world.doubts("c-1")
        is_doubtful = point in {"after_reserve", "after_effect"}
        assert len(doubts) == is_doubtful
        assert len(effects) == (1 if point == "after_reserve" else 2)
        assert took <= 5, "takeover"
        await await_until(lambda: _is_quiet(connection), "nothing to be pending")


async def test_a_frozen_worker_wakes_up_and_does_no_harm(
    own_redis: RedisServer, start_process: StartProcess
) -> None:
    """Frozen past its lease; another does its work, and its own writes are refused."""
    async with Connection(own_redis.url) as connection, aclosing(World(own_redis.url)) as world:
        frozen = _worker(start_process, own_redis)
        for number in range(300):
            await _put(connection, number)
        await await_until(lambda: world.applied("c-1"), "the first message")
        frozen.send_signal(signal.SIGSTOP)
        _worker(start_process, own_redis)

        async def is_done() -> bool:
            return len(await world.applied("c-1")) >= 300

        await await_until(is_done, "all messages to be applied", 20)
        frozen.send_signal(signal.SIGCONT)
        noticed = ("lease lost", "leases given up", "work given up")
        await await_until(
            lambda: any(words in frozen.errors() for words in noticed), "it to notice"
        )

        assert [one.number for one in await world.applied("c-1")] == list(range(300))
        effects = await world.effects("c-1")
        assert len(effects) == len(set(effects))


def _worker(start_process: StartProcess, server: RedisServer, point: str = "") -> Process:
    command = [sys.executable, "-m", "tests.chaos.worker", server.url, point]
    return start_process(*command, name=point or "worker", ready=r"^\{\}$")


async def _put(connection: Connection, number: int) -> None:
    data = f'{{"context_id": "c-1", "data": {{"number": {number}}}}}'
    await connection.client.xadd(keys.inbox(AGENT), {"data": data})


async def _is_quiet(connection: Connection) -> bool:
    found = await connection.client.xpending(keys.inbox(AGENT), keys.inbox_group(AGENT))
    return bool(found["pending"] == 0)
