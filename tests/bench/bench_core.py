"""The core of a worker with nothing to do: messages per second, time to start one, and takeover.

Peers in the same run, where their environment can be built: docket, taskiq-redis and dramatiq,
each with its own defaults and a task that does nothing (`peers_core.py`). The time to start one is
compared with a bare loop of XREADGROUP, which promises nothing.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure, figure, percentile
from tests.bench.peers_env import peer_rates
from tests.support.environment import ROOT
from tests.support.redis_server import RedisServer
from workers.runtime.dispatch import Dispatcher
from workers.runtime.inbox import Taken, Verb, Verdict
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.ids import new_consumer_name
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import Inbox

AGENT = "bench_agent"
MESSAGES = 20_000
CONTEXTS = 1000
ROUNDS = 3
DISPATCHED = 2000
GOAL_RATE = 5000
GOAL_DISPATCH_MS = 2.0
GOAL_TAKEOVER_SECONDS = 5.0
#: What others were built to wait before they take over, with their defaults (seconds).
DOCKET_TAKEOVER_SECONDS = 300.0


def run() -> Iterator[Figure]:
    """Time ours and the peers, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            rate = max(asyncio.run(_rate(server)) for _ in range(ROUNDS))
            peers = peer_rates(server.url, server.flush)
            waits = asyncio.run(_dispatch_ms(server))
            bare = asyncio.run(_bare_ms(server))
            takeover = _takeover_seconds(server)
        finally:
            server.stop()
    best = max(peers.values(), default=0.0)
    goal = f">= {GOAL_RATE}"
    yield figure("core, no-op", rate, best, "messages/s", goal=goal, ok=rate >= GOAL_RATE)
    for name, peer in peers.items():
        yield figure(f"core, no-op, beside {name}", rate, peer, "messages/s", goal="-", ok=True)
    p50, p99 = percentile(waits, 0.5), percentile(waits, 0.99)
    yield figure("sent to started, p50", p50, percentile(bare, 0.5), "ms", goal="-", ok=True)
    yield figure(
        "sent to started, p99",
        p99,
        percentile(bare, 0.99),
        "ms",
        goal=f"<= {GOAL_DISPATCH_MS:g} ms",
        ok=p99 <= GOAL_DISPATCH_MS,
    )
    yield figure(
        "takeover after kill -9 (peer: docket's default)",
        takeover,
        DOCKET_TAKEOVER_SECONDS,
        "s",
        goal=f"<= {GOAL_TAKEOVER_SECONDS:g} s",
        ok=takeover <= GOAL_TAKEOVER_SECONDS,
    )


async def _rate(server: RedisServer) -> float:
    """Messages per second in one process, from a full inbox."""
    server.flush()
    async with Connection(server.url) as connection:
        await _fill(connection, MESSAGES)
        done = 0
        stop = asyncio.Event()

        async def handle(_taken: Taken) -> Verdict:
            nonlocal done
            done += 1
            if done == MESSAGES:
                stop.set()
            return Verdict(Verb.DONE)

        dispatcher = Dispatcher(connection, AGENT, new_consumer_name(), Pace(), handle)
        await dispatcher.open()
        began = time.perf_counter()
        await dispatcher.serve(stop)
        taken = time.perf_counter() - began
        await dispatcher.close()
    return MESSAGES / taken


async def _dispatch_ms(server: RedisServer) -> list[float]:
    """From the moment a message is sent to an idle worker until its handler begins."""
    server.flush()
    clock = _Clock()

    async def handle(_taken: Taken) -> Verdict:
        clock.began()
        return Verdict(Verb.DONE)

    stop = asyncio.Event()
    async with Connection(server.url) as connection:
        dispatcher = Dispatcher(connection, AGENT, new_consumer_name(), Pace(), handle)
        await dispatcher.open()
        serving = asyncio.create_task(dispatcher.serve(stop))
        await _send_slowly(server, clock)
        stop.set()
        await serving
        await dispatcher.close()
    return clock.waits_ms


async def _bare_ms(server: RedisServer) -> list[float]:
    """The same for a loop that reads, and does nothing else."""
    server.flush()
    clock = _Clock()
    async with Connection(server.url) as connection:
        inbox = Inbox(connection, AGENT, "bare")
        await inbox.open()

        async def loop() -> None:
            while True:
                if await inbox.read(1):
                    clock.began()

        looping = asyncio.create_task(loop())
        await _send_slowly(server, clock)
        looping.cancel()
        await asyncio.gather(looping, return_exceptions=True)
        await inbox.close()
    return clock.waits_ms


class _Clock:
    """Times one message after the other."""

    def __init__(self) -> None:
        self.waits_ms: list[float] = []
        self.has_begun = asyncio.Event()
        self.sent_at = 0.0

    def began(self) -> None:
        self.waits_ms.append((time.perf_counter() - self.sent_at) * 1000)
        self.has_begun.set()


async def _send_slowly(server: RedisServer, clock: _Clock) -> None:
    async with Connection(server.url) as sender:
        for number in range(DISPATCHED):
            await asyncio.sleep(0.002)
            clock.has_begun.clear()
            data = json.dumps({"context_id": f"c-{number}"})
            clock.sent_at = time.perf_counter()
            await sender.client.xadd(keys.inbox(AGENT), {"data": data})
            await clock.has_begun.wait()
    del clock.waits_ms[:100]  # while everything was still cold


def _takeover_seconds(server: RedisServer) -> float:
    """From `kill -9` until another worker has begun; a heartbeat a second, leases of three."""
    server.flush()
    command = [sys.executable, "-m", "tests.bench.holding", server.url]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as first,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as second,
    ):
        both = {process: process.stdout for process in (first, second)}
        for out in both.values():
            assert out is not None
            out.readline()
        asyncio.run(_send_one(server))
        # Whoever got it says so; the other says so when it has taken it over.
        with server.client() as client:
            while not (holders := client.hgetall(keys.run(AGENT))):
                time.sleep(0.01)
        pid = int(str(next(iter(holders.values()))).split(":")[2])
        holder, heir = (first, second) if first.pid == pid else (second, first)
        holder.kill()
        died_at = time.perf_counter()
        assert heir.stdout is not None
        heir.stdout.readline()
        taken = time.perf_counter() - died_at
        heir.kill()
    return taken


async def _send_one(server: RedisServer) -> None:
    async with Connection(server.url) as connection:
        await _fill(connection, 1)


async def _fill(connection: Connection, count: int) -> None:
    for start in range(0, count, 1000):
        async with connection.client.pipeline(transaction=False) as batch:
            for number in range(start, min(start + 1000, count)):
                data = {"context_id": f"c-{number % CONTEXTS}", "data": {"pad": "x" * 300}}
                batch.xadd(keys.inbox(AGENT), {"data": json.dumps(data)})
            await batch.execute()
