"""What the console holds of conversations that rest, and whether it grows while others go on.

Resident memory of the whole process, with a hundred thousand conversations less that with a
thousand, on the page that lists them; then its growth under an even load, as a slope over all that
comes after the warm-up. BENCH_SECONDS sets how long that lasts: `make bench` sets ten minutes, an
hour is the real proof, and by itself it is a look of two minutes. No peer: the web UI keeps its
rows in a browser.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tests.bench.crowd import CONTEXTS, fill
from tests.bench.figure import Figure, figure
from tests.bench.watch import LIVE, SAMPLE_SECONDS, watch
from tests.support.redis_server import RedisServer

FEW = 1000
RATE = 1000
SECONDS = float(os.environ.get("BENCH_SECONDS", "120"))
GOAL_BYTES = 1024
#: By then each conversation that goes on has gone on; who rests takes less room.
WARM_PART = 0.25
#: Six bytes for each entry, and the pages that a table takes when it grows. What is kept of each
#: entry, and be it one number in a list, makes a hundred and more.
GOAL_MB_PER_HOUR = 20.0


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
    slope = mb_per_hour(loaded[round(len(loaded) * WARM_PART) :])
    print(f"MB every {SAMPLE_SECONDS:g} s: {[round(one, 1) for one in loaded]}", file=sys.stderr)
    yield figure(
        f"growth after the warm-up, over {SECONDS:g} s at {RATE:,} entries/s to"
        f" {LIVE:,} of {CONTEXTS:,} ({loaded[-1]:.0f} MB at the end)",
        slope,
        0,
        "MB/h",
        goal=f"<= {GOAL_MB_PER_HOUR:g} MB/h",
        ok=slope <= GOAL_MB_PER_HOUR,
    )


def mb_per_hour(loaded: Sequence[float]) -> float:
    """The slope of a straight line through samples, by least squares."""
    hours = [number * SAMPLE_SECONDS / 3600 for number in range(len(loaded))]
    return statistics.linear_regression(hours, loaded).slope


def _resident_mb(server: RedisServer, rate: int = 0, seconds: float = 0) -> list[float]:
    return msgspec.json.decode(watch("memory", server.url, rate, seconds), type=list[float])
