"""Two worker processes beside one, on work that waits for a model most of the time."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure, figure
from tests.bench.turns_sent import our_worker, turns_of
from tests.support.redis_server import RedisServer

#: A turn asks the model twice. With a quicker one, two processes have two cores to share.
MODEL_SECONDS = 1.0
CONTEXTS = 400
ROUNDS = 3
GOAL_RATIO = 1.8


def run() -> Iterator[Figure]:
    """Time one process and two, in turns."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    lost = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            for number in range(ROUNDS):
                for count, found in rates.items():
                    file = str(Path(folder) / f"{count}-{number}.db")
                    worker = our_worker(server, file, count, MODEL_SECONDS)
                    turns = turns_of(server, worker, CONTEXTS)
                    found.append(turns.rate)
                    lost += turns.lost
        finally:
            server.stop()
    one, two = (statistics.median(found) for found in rates.values())
    yield figure(
        "turns with a model that takes 1 s, two processes beside one",
        two,
        one,
        "turns/s",
        goal=f">= {GOAL_RATIO:g}x, none lost",
        ok=two >= GOAL_RATIO * one and lost == 0,
    )
