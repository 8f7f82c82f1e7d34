"""A storm: workers do their work while they are killed, frozen and cut off; then it is counted.

The only place that says what must hold afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import msgspec
from redis import asyncio as redis
from redis import exceptions

from tests.chaos.worker import AGENT, PACE, WORLD_URL
from tests.chaos.world import World
from tests.support.cluster import PRIMARIES, Cluster
from tests.support.environment import ROOT
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import TookTooLong, await_until
from workers.wire import keys
from workers.wire.streams.connection import Client

_FROZEN_SECONDS = PACE.lease_seconds + 1.5
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGTERM}
_ERRORS = (exceptions.RedisError, exceptions.RedisClusterException, OSError)


@dataclass(frozen=True, slots=True)
class Plan:
    """How bad the weather is.

    Attributes:
        kills: with SIGKILL; a quarter as many more are polite (SIGTERM).
        failovers: of a Cluster whose nodes have replicas; each loses nothing by itself.
        cuts: replies of the broker that reach a worker in part; then its connection is closed.
        pause_seconds: between two messages.
        blow_seconds: between two deaths, on average.
        with_base_worker: one more reads from the same group, and never acknowledges.
    """

    messages: int = 3000
    contexts: int = 100
    processes: int = 3
    kills: int = 15
    freezes: int = 4
    restarts: int = 1
    failovers: int = 0
    cuts: int = 0
    blow_seconds: float = 0.6
    with_base_worker: bool = False
    pause_seconds: float = 0.002
    calm_seconds: float = 60.0


class Outcome(msgspec.Struct):
    """What was counted. All but the first few must be 0.

    Attributes:
        unlisted: tools that were started and not finished, of which nobody was told.
        in_doubt: those of which somebody was.
    """

    messages: int = 0
    applied: int = 0
    kills: int = 0
    freezes: int = 0
    restarts: int = 0
    failovers: int = 0
    cuts: int = 0
    effects: int = 0
    in_doubt: int = 0
    read_by_base_worker: int = 0
    seconds: float = 0.0
    lost: int = 0
    out_of_order: int = 0
    applied_twice: int = 0
    started_twice: int = 0
    unlisted: int = 0
    pending: int = 0
    left_in_queues: int = 0

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not any(
            (
                self.lost,
                self.out_of_order,
                self.applied_twice,
                self.started_twice,
                self.unlisted,
                self.pending,
                self.left_in_queues,
            )
        )


@dataclass
class Storm:
    """One storm over one broker.

    Attributes:
        worker_url: as whom its workers connect, when they are not to be its administrator.
        world_url: where the world is, when it is not another database of the broker.
        proxy: what stands between the workers and the broker, to be cut.
    """

    server: RedisServer | Cluster
    plan: Plan
    worker_url: str = ""
    world_url: str = ""
    proxy: TcpProxy | None = None
    outcome: Outcome = field(default_factory=Outcome)

    async def blow(self) -> Outcome:
        """Let it happen, wait until it is over, and count."""
        began = time.monotonic()
        self._alive = [self._spawn() for _ in range(self.plan.processes)]
        self._others: list[subprocess.Popen[bytes]] = []
        self._sent: dict[str, set[int]] = {}
        self._base: set[str] = set()
        tasks = [asyncio.create_task(self._send(), name="sender")]
        if self.plan.with_base_worker:
            tasks.append(asyncio.create_task(self._read_as_base_worker(), name="base worker"))
        try:
            await self._hurt()
            await tasks[0]
            await self._wait_until_quiet()
            for task in tasks[1:]:
                task.cancel()
            await self._count()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for process in [*self._alive, *self._others]:
                process.kill()
                process.wait()
        self.outcome.seconds = round(time.monotonic() - began, 1)
        return self.outcome

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        return f"{self._done} messages sent"

    def _client(self) -> Client:
        if isinstance(self.server, Cluster):
            return self.server.async_client()
        return redis.Redis.from_url(
            self.server.url, protocol=2, decode_responses=True, socket_timeout=5
        )

    def _spawn(self) -> subprocess.Popen[bytes]:
        return self._start(
            [sys.executable, "-m", "tests.chaos.worker", self._url_for_workers()],
            {WORLD_URL: self.world_url or self.server.url},
        )

    def _url_for_workers(self) -> str:
        if self.proxy is not None and isinstance(self.server, RedisServer):
            return self.server.url_at(self.proxy.port)
        return self.worker_url or self.server.url

    def _start(self, command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **env},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    @property
    def log(self) -> Path:
        """Where its processes say what went wrong."""
        return self.server.folder / "workers.log"

    async def _send(self) -> None:
        """Send every message; one whose reply was lost is sent again, and is then two messages."""
        numbers: Counter[str] = Counter()
        async with self._client() as client:
            for _ in range(self.plan.messages):
                context_id = f"c-{random.randrange(self.plan.contexts)}"
                number = numbers[context_id]
                numbers[context_id] += 1
                data = {"context_id": context_id, "data": {"number": number, "pad": "x" * 300}}
                while True:
                    try:
                        await client.xadd(keys.inbox(AGENT), {"data": json.dumps(data)})
                        break
                    except _ERRORS:
                        await asyncio.sleep(0.05)
                self._sent.setdefault(context_id, set()).add(number)
                await asyncio.sleep(self.plan.pause_seconds)

    async def _read_as_base_worker(self) -> None:
        group, key = keys.inbox_group(AGENT), keys.inbox(AGENT)
        async with self._client() as client:
            while True:
                with suppress(*_ERRORS):
                    answer = await client.xreadgroup(
                        group, str(uuid.uuid4()), {key: ">"}, count=3, block=500
                    )
                    for _, entries in answer:
                        self._base |= {entry_id for entry_id, _ in entries}
                await asyncio.sleep(0.01)

    async def _hurt(self) -> None:
        """Kill, freeze and restart, in whatever order."""
        plan, out = self.plan, self.outcome
        blows = ["kill"] * plan.kills + ["freeze"] * plan.freezes + ["restart"] * plan.restarts
        blows += ["stop"] * (plan.kills // 4)
        blows += ["failover"] * plan.failovers + ["cut"] * plan.cuts
        random.shuffle(blows)
        thaws: list[asyncio.Task[None]] = []
        for number, blow in enumerate(blows, 1):
            await self._wait_before(number / (len(blows) + 1))
            if blow in {"restart", "failover", "cut"}:
                await self._hurt_broker(blow)
                continue
            victim = self._alive.pop(random.randrange(len(self._alive)))
            self._others.append(victim)
            if blow in _SIGNALS:
                victim.send_signal(_SIGNALS[blow])
                out.kills += blow == "kill"
            else:
                victim.send_signal(signal.SIGSTOP)
                thaws.append(asyncio.create_task(self._thaw(victim), name="thaw"))
                out.freezes += 1
            self._alive.append(self._spawn())
        await asyncio.gather(*thaws)

    async def _hurt_broker(self, blow: str) -> None:
        out = self.outcome
        if blow == "restart":
            await asyncio.to_thread(self._restart)
            out.restarts += 1
        elif blow == "failover":
            assert isinstance(self.server, Cluster)
            await asyncio.to_thread(self.server.fail_over, out.failovers % PRIMARIES)
            out.failovers += 1
        else:
            await self._cut()

    async def _wait_before(self, part: float) -> None:
        """Wait for the next blow: so that blows are spread over the work, and not only over time.

        Args:
            part: of the work that must have been begun.
        """
        await asyncio.sleep(random.uniform(0.5, 1.5) * self.plan.blow_seconds)
        with suppress(TookTooLong):
            await await_until(
                lambda: self._done >= part * self.plan.messages, "work", self.plan.calm_seconds
            )

    @property
    def _done(self) -> int:
        return sum(map(len, self._sent.values()))

    async def _cut(self) -> None:
        """Let a worker get a part of the next replies, and wait until it has."""
        assert self.proxy is not None
        proxy, before = self.proxy, self.proxy.cuts
        await asyncio.to_thread(proxy.cut_reply, random.randrange(1, 3000))
        with suppress(TookTooLong):  # when all is done, little more is said
            await await_until(lambda: proxy.cuts > before, "a reply to be cut", 5)
        self.outcome.cuts += proxy.cuts - before

    async def _thaw(self, victim: subprocess.Popen[bytes]) -> None:
        await asyncio.sleep(_FROZEN_SECONDS)
        victim.send_signal(signal.SIGCONT)

    def _restart(self) -> None:
        nodes = self.server.nodes if isinstance(self.server, Cluster) else [self.server]
        victim = random.choice(nodes)
        victim.kill()
        victim.start()

    async def _wait_until_quiet(self) -> None:
        """Until the inbox holds nothing but what the base worker has read."""
        deadline = time.monotonic() + self.plan.calm_seconds
        async with self._client() as client:
            while time.monotonic() < deadline:
                with suppress(*_ERRORS):
                    if await client.xlen(keys.inbox(AGENT)) == len(self._base):
                        return
                await asyncio.sleep(0.05)

    async def _count(self) -> None:
        out, world = self.outcome, World(self.world_url or self.server.url)
        async with self._client() as client:
            base = {
                (data["context_id"], data["data"]["number"])
                for entry_id, fields in await client.xrange(keys.inbox(AGENT))
                if entry_id in self._base and (data := json.loads(fields["data"]))
            }
            group, key = keys.inbox_group(AGENT), keys.inbox(AGENT)
            left = (await client.xpending(key, group))["pending"]
            out.pending = left - len(self._base)
            out.left_in_queues = await client.hlen(keys.queued(AGENT))
            for context_id, numbers in self._sent.items():
                out.messages += len(numbers)
                await self._count_one(client, world, context_id, numbers, base)
        out.read_by_base_worker = len(self._base)
        await world.aclose()

    async def _count_one(
        self,
        client: Client,
        world: World,
        context_id: str,
        numbers: set[int],
        base: set[tuple[str, int]],
    ) -> None:
        out = self.outcome
        applied = await world.applied(context_id)
        out.applied += len(applied)
        theirs = {number for context, number in base if context == context_id}
        out.lost += len(numbers - {one.number for one in applied} - theirs)
        ids = [one.entry_id for one in applied]
        out.applied_twice += len(ids) - len(set(ids))
        out.out_of_order += sum(later.order < one.order for one, later in pairwise(applied))
        effects = await world.effects(context_id)
        out.effects += len(effects)
        out.started_twice += len(effects) - len(set(effects))
        doubts = await world.doubts(context_id)
        out.in_doubt += len(doubts)
        ledger = await client.hgetall(keys.tool_ledger(context_id))
        unfinished = {entry_id for entry_id, note in ledger.items() if note == "started"}
        out.unlisted += len(unfinished - doubts)
        unstarted = {one.entry_id for one in applied if one.number % 3 == 0} - set(ledger)
        out.lost += len(unstarted)
