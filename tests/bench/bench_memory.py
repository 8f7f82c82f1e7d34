"""How much a worker's process grows while it finishes contexts. What grows would end in a restart.

No peer: the base package keeps a task and a queue for each context for ever, but its loop around
redis-py's pool loses contexts at this rate.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure, figure
from tests.support.environment import ROOT
from tests.support.redis_server import RedisServer

CONTEXTS = 100_000
GRAPH_CONTEXTS = 5_000
GOAL_MB = 5.0


def run() -> Iterator[Figure]:
    """Let a worker finish contexts; without LangGraph many, with it some."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            runtime = _growth_mb(server, "runtime", CONTEXTS)
            graph = _growth_mb(server, "graph", GRAPH_CONTEXTS)
        finally:
            server.stop()
    yield figure(
        f"growth over {CONTEXTS:,} finished contexts, runtime alone",
        runtime,
        0,
        "MB",
        goal=f"< {GOAL_MB:g} MB",
        ok=runtime < GOAL_MB,
    )
    per_thousand = graph * 1000 / GRAPH_CONTEXTS
    yield figure(
        "growth over 1,000 finished contexts, with LangGraph and SQLite",
        per_thousand,
        0,
        "MB",
        goal="-",
        ok=True,
    )


def _growth_mb(server: RedisServer, kind: str, contexts: int) -> float:
    server.flush()
    command = [sys.executable, "-m", "tests.bench.memory_worker", server.url, kind, str(contexts)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.splitlines()[-1])
