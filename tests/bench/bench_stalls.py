"""How long the window's thread stands still while a broker is fed what should not be there.

The real window over a hundred thousand conversations, one of them open. Peer: the gap between its
frames while nothing happens. The engine's thread shares Python with the window's, so what holds the
one up shows in the other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.crowd import fill
from tests.bench.figure import Figure, figure
from tests.bench.watch import watch
from tests.support.redis_server import RedisServer

GOAL_MS = 100.0


def run() -> Iterator[Figure]:
    """Feed it one thing after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            fill(server.url)
            stalls = msgspec.json.decode(watch("stalls", server.url), type=dict[str, float])
        finally:
            server.stop()
    rest = stalls.pop("rest")
    for name, longest in stalls.items():
        yield figure(
            f"the window stands still: {name} (peer: at rest)",
            longest,
            rest,
            "ms",
            goal=f"<= {GOAL_MS:g} ms",
            ok=longest <= GOAL_MS,
        )
