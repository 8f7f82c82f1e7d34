"""How regularly the window gets to draw, while somebody types and scrolls under fire.

A hundred thousand conversations, written to from another process; a precise timer on the window's
thread, and the gaps between its ticks. Peer: the same window with a hundred conversations and
nobody writing to them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.crowd import CONTEXTS, fill
from tests.bench.figure import Figure, figure, percentile
from tests.bench.watch import watch
from tests.support.redis_server import RedisServer

RATE = 5000
SECONDS = 20
PEER_CONTEXTS = 100
PEER_SECONDS = 8
GOAL_P99_MS = 25.0
GOAL_MAX_MS = 60.0


def run() -> Iterator[Figure]:
    """Time the crowd, and then the peer."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            fill(server.url)
            ours = _gaps_ms(server, RATE, SECONDS)
            server.flush()
            fill(server.url, PEER_CONTEXTS)
            peer = _gaps_ms(server, 0, PEER_SECONDS)
        finally:
            server.stop()
    about = f"typing and scrolling, {CONTEXTS:,} rows, {RATE:,} entries/s"
    for name, ours_ms, peer_ms, goal in (
        ("p50", percentile(ours, 0.5), percentile(peer, 0.5), None),
        ("p99", percentile(ours, 0.99), percentile(peer, 0.99), GOAL_P99_MS),
        ("longest", max(ours), max(peer), GOAL_MAX_MS),
    ):
        yield figure(
            f"gap between frames, {about}, {name} (peer: {PEER_CONTEXTS} rows, nothing written)",
            ours_ms,
            peer_ms,
            "ms",
            goal=f"<= {goal:g} ms" if goal else "-",
            ok=goal is None or ours_ms <= goal,
        )


def _gaps_ms(server: RedisServer, rate: int, seconds: float) -> list[float]:
    return msgspec.json.decode(watch("frames", server.url, rate, seconds), type=list[float])
