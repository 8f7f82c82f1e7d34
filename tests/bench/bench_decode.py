"""Entries a second that a list can look at, on one core.

Peer: the base package's way to read an entry, `json.loads` and its pydantic model, in its own
environment. Both read the same entries: a turn of the base package, each of its kinds as often.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.crowd import TURN, WAITING, context_id, sample, worded
from tests.bench.figure import Figure, figure
from tests.interop.base_env import python_of_base_env
from tests.support.environment import ROOT, isolate
from workers.wire.codec import decode_event
from workers.wire.glances import glance

ENTRIES = 20_000
ROUNDS = 5
GOAL_RATE = 1_000_000
GOAL_RATIO = 5.0


def run() -> Iterator[Figure]:
    """Time both, one after the other."""
    isolate()  # the base package's environment may have to be built
    kinds = [sample(name) for name in (*TURN, WAITING[-1])]
    entries = [
        worded(kinds[number % len(kinds)], context_id(number), str(number))
        for number in range(ENTRIES)
    ]
    looked, read = _rate(glance, entries), _rate(decode_event, entries)
    base = _base_rate(entries)
    mean = sum(map(len, entries)) / len(entries)
    yield figure(
        f"entries looked at for a list, {mean:.0f} bytes on average, beside the base package",
        looked,
        base,
        "entries/s",
        goal=f">= {GOAL_RATE:,}, >= {GOAL_RATIO:g}x",
        ok=looked >= max(GOAL_RATE, GOAL_RATIO * base),
    )
    name = "entries read whole, for an open transcript, beside the base package"
    yield figure(name, read, base, "entries/s", goal="-", ok=True)


def _rate(look: Callable[[bytes], object], entries: list[bytes]) -> float:
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for entry in entries:
            look(entry)
        best = max(best, len(entries) / (time.perf_counter() - began))
    return best


def _base_rate(entries: list[bytes]) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "entries"
        file.write_bytes(b"\n".join(entries))
        command = [str(python_of_base_env()), "-m", "tests.bench.base_reading", "decode", str(file)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)
