"""How soon the engine knows the conversations that a broker holds, from the order to connect on.

Peer: the method of the base package's web UI: KEYS, then XREVRANGE and XLEN of each conversation,
one round trip each, and its last entry decoded. Two brokers in turn: one whose conversations our
workers have listed in their index, and one without an index.
"""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from desktop.engine.engine import Engine
from desktop.store.facts import CaughtUp, ContextsSeen, Fact, LinkChanged
from desktop.store.records import LinkState, Source
from tests.bench.crowd import CONTEXTS, fill
from tests.bench.figure import Figure, figure
from tests.support.redis_server import RedisServer

FIRST = 100
ROUNDS = 3
GOAL_FIRST_SECONDS = 0.05
GOAL_INDEXED_SECONDS = 1.0
GOAL_FOREIGN_SECONDS = 2.0
GOAL_RATIO = 10.0
_WAIT_SECONDS = 120


@dataclass(slots=True)
class Found:
    """What the engine has told, and when: seconds since it was told to connect.

    Attributes:
        first: a hundred conversations are known.
        all_known: all of them are, from wherever.
        confirmed: all of them are, from their own streams.
        caught_up: everything was read once, requests and all.
    """

    began: float = field(default_factory=time.perf_counter)
    first: float = 0.0
    all_known: float = 0.0
    confirmed: float = 0.0
    caught_up: float = 0.0
    online: float = 0.0
    _known: set[str] = field(default_factory=set)
    _read: set[str] = field(default_factory=set)

    def take(self, facts: list[Fact]) -> None:
        """Take in a batch as the store would get it."""
        now = time.perf_counter() - self.began
        for fact in facts:
            if isinstance(fact, ContextsSeen):
                self._known.update(told.context_id for told in fact.summaries)
                self._read.update(
                    told.context_id for told in fact.summaries if told.source is Source.STREAM
                )
            elif isinstance(fact, CaughtUp):
                self.caught_up = now
            elif isinstance(fact, LinkChanged) and fact.link.state is LinkState.ONLINE:
                self.online = self.online or now
        self.first = self.first or (now if len(self._known) >= FIRST else 0.0)
        self.all_known = self.all_known or (now if len(self._known) >= CONTEXTS else 0.0)
        self.confirmed = self.confirmed or (now if len(self._read) >= CONTEXTS else 0.0)


def run() -> Iterator[Figure]:
    """Time both brokers, and the peer on the second."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            fill(server.url, indexed=True)
            indexed = [_discovered(server.url) for _ in range(ROUNDS)]
            server.flush()
            fill(server.url)
            foreign = [_discovered(server.url) for _ in range(ROUNDS)]
            peer_first, peer = _web_ui(server)
        finally:
            server.stop()
    listed, read = (_middle(found) for found in (indexed, foreign))
    for kind, found in (("indexed", listed), ("foreign", read)):
        yield _figure(
            f"first {FIRST} of {CONTEXTS:,} conversations known, {kind}",
            found.first,
            peer_first,
            GOAL_FIRST_SECONDS if kind == "indexed" else None,
        )
    yield _figure(f"all {CONTEXTS:,} known, indexed", listed.all_known, peer, GOAL_INDEXED_SECONDS)
    yield _figure(f"all {CONTEXTS:,} known, foreign", read.all_known, peer, GOAL_FOREIGN_SECONDS)
    yield _figure(f"all {CONTEXTS:,} confirmed by stream, indexed", listed.confirmed, peer, None)
    yield _figure("every tail read for requests, foreign", read.caught_up, peer, None)


def _figure(name: str, ours: float, peer: float, limit: float | None) -> Figure:
    goal = "-" if limit is None else f"<= {limit:g} s, <= 1/{GOAL_RATIO:g} of the peer"
    ok = limit is None or (ours <= limit and ours * GOAL_RATIO <= peer)
    return figure(f"{name}, beside the web UI's method", ours, peer, "s", goal=goal, ok=ok)


def _middle(found: list[Found]) -> Found:
    return sorted(found, key=lambda one: one.all_known)[len(found) // 2]


def _discovered(url: str) -> Found:
    """One discovery. Garbage is left alone: in the product another thread looks for it."""
    gc.collect()
    gc.disable()
    try:
        return asyncio.run(_discover(url))
    finally:
        gc.enable()


async def _discover(url: str) -> Found:
    found = Found()
    engine = Engine(found.take)
    task = asyncio.create_task(engine.run(), name="engine")
    await asyncio.sleep(0)
    found.began = time.perf_counter()
    engine.connect(url)
    async with asyncio.timeout(_WAIT_SECONDS):
        while not found.caught_up or not found.confirmed:  # noqa: ASYNC110 - the engine's facts
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return found


def _web_ui(server: RedisServer) -> tuple[float, float]:
    """Seconds until a hundred are known to it, and until all are; it sorts before it shows any."""
    began = time.perf_counter()
    rows: list[tuple[int, int, str]] = []
    with server.client() as client:
        for key in client.keys("agent_task:*"):
            [(entry_id, fields)] = client.xrevrange(key, count=1)
            event = json.loads(fields["data"])
            length = client.xlen(key)
            rows.append((int(entry_id.partition("-")[0]), length, event["context_id"]))
    rows.sort(reverse=True)
    taken = time.perf_counter() - began
    return taken, taken
