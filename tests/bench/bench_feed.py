"""How soon an entry is known, in the engine and on the screen, and whether all of them are.

A hundred thousand conversations, written to from another process; writer, broker and console share
the machine. Peers: the base package's `progress_events` on one conversation at the same rate, and
as the limit a loop that reads one stream with XREAD and does nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.crowd import context_id, fill
from tests.bench.figure import Figure, figure, percentile
from tests.bench.followed import Followed
from tests.bench.publishing import outcome, publishing
from tests.bench.watch import watch
from tests.interop.base_env import python_of_base_env
from tests.support.environment import ROOT, isolate
from tests.support.redis_server import RedisServer

RATE = 10_000
SECONDS = 15
#: The base package reads ten entries at a time: it is given fewer to read, not a longer wait.
BASE_SECONDS = 5
MOST_RATE = 30_000
MOST_SECONDS = 30
GOAL_ENGINE_MS = 10.0
GOAL_SCREEN_MS = 60.0


def run() -> Iterator[Figure]:
    """Time ours, then the peers, then the flood."""
    isolate()  # the base package's environment may have to be built
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            fill(server.url)
            engine = _followed(server, "engine", RATE, SECONDS)
            watched = watch("screen", server.url, RATE, SECONDS)
            screen = msgspec.json.decode(watched, type=Followed)
            flood = _followed(server, "engine", MOST_RATE, MOST_SECONDS)
            server.flush()
            bare = _followed(server, "bare", RATE, BASE_SECONDS)
            server.flush()
            base = _base_ms(server)
        finally:
            server.stop()
    about = f"at {RATE:,} entries/s over 100,000 conversations"
    base_p99 = percentile(base, 0.99)
    for where, told, goal in (
        ("the engine", engine, GOAL_ENGINE_MS),
        ("the screen", screen, GOAL_SCREEN_MS),
    ):
        p50 = percentile(base, 0.5)
        name = f"entry to {where} {about}"
        yield figure(f"{name}, p50", told.p50_ms, p50, "ms", goal="-", ok=True)
        yield figure(
            f"{name}, p99, beside progress_events on one",
            told.p99_ms,
            base_p99,
            "ms",
            goal=f"<= {goal:g} ms, none lost",
            ok=told.p99_ms <= goal and told.differing == 0 and _kept_up(told, RATE),
        )
        name = f"entry to {where} {about}, p99, beside a bare XREAD of one"
        yield figure(name, told.p99_ms, bare.p99_ms, "ms", goal="-", ok=True)
    yield figure(
        f"conversations of 100,000 told wrongly after {flood.written:,} entries"
        f" at {flood.written_per_second:,.0f}/s",
        flood.differing,
        0,
        "conversations",
        goal=f"0, at {MOST_RATE:,}/s",
        ok=flood.differing == 0 and _kept_up(flood, MOST_RATE),
    )
    name = f"entry to the engine at {MOST_RATE:,} entries/s, p99"
    yield figure(name, flood.p99_ms, bare.p99_ms, "ms", goal="-", ok=True)


def _kept_up(told: Followed, rate: int) -> bool:
    """Whether the writer wrote as fast as it should; what is slower proves nothing."""
    return told.written_per_second >= 0.97 * rate


def _followed(server: RedisServer, job: str, rate: int, seconds: float) -> Followed:
    command = [sys.executable, "-m", "tests.bench.following", job, server.url]
    done = subprocess.run(
        [*command, str(rate), str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Followed)


def _base_ms(server: RedisServer) -> list[float]:
    """How long the base package takes with the same rate in one conversation."""
    command = [str(python_of_base_env()), "-m", "tests.bench.base_reading", "follow", server.url]
    with subprocess.Popen(
        [*command, context_id(0), str(RATE * BASE_SECONDS)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        outcome(publishing(server.url, RATE, BASE_SECONDS, 1))
        out, _ = reader.communicate()
    taken_ms: list[float] = json.loads(out)
    return taken_ms
