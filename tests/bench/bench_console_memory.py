"""What the console holds of conversations that rest, and whether it grows while others go on.

Resident memory of the whole process, with a hundred thousand conversations less that with a
thousand, on the page that lists them; then its growth under an even load. BENCH_SECONDS sets how
long that lasts: ten minutes unless told otherwise, an hour for the real proof. No peer: the web UI
keeps its rows in a browser.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.crowd import CONTEXTS, fill
from tests.bench.figure import Figure, figure
from tests.bench.watch import watch
from tests.support.redis_server import RedisServer

FEW = 1000
RATE = 1000
SECONDS = float(os.environ.get("BENCH_SECONDS", "600"))
GOAL_BYTES = 1024
#: Of the second half of the load against the first: what is warm grows no more.
GOAL_GROWTH_MB = 5.0


def run() -> Iterator[Figure]:
    """Weigh few, then many; and go on with the many."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            fill(server.url, FEW)
            few = _resident_mb(server)
            server.flush()
            fill(server.url)
            many = _resident_mb(server)
            loaded = _resident_mb(server, RATE, SECONDS)
        finally:
            server.stop()
    each = (many[0] - few[0]) * 1e6 / (CONTEXTS - FEW)
    yield figure(
        f"memory for each of {CONTEXTS:,} conversations that rest ({many[0]:.0f} MB in all)",
        each,
        0,
        "bytes",
        goal=f"<= {GOAL_BYTES} bytes",
        ok=each <= GOAL_BYTES,
    )
    half = len(loaded) // 2
    growth = statistics.mean(loaded[-max(half // 4, 1) :]) - statistics.mean(
        loaded[half : half + max(half // 4, 1)]
    )
    yield figure(
        f"growth in the second half of {SECONDS:g} s at {RATE:,} entries/s"
        f" ({growth / (SECONDS * 3 / 8) * 3600:.0f} MB/h; {loaded[-1]:.0f} MB at the end)",
        growth,
        0,
        "MB",
        goal=f"<= {GOAL_GROWTH_MB:g} MB",
        ok=growth <= GOAL_GROWTH_MB,
    )


def _resident_mb(server: RedisServer, rate: int = 0, seconds: float = 0) -> list[float]:
    return msgspec.json.decode(watch("memory", server.url, rate, seconds), type=list[float])
