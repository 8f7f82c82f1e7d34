"""Turns with one tool call per second: our worker, the base package's, and the graph alone.

300 contexts at once, a model that answers at once, one process each; all take turns within a run,
and the middle of their rounds counts. A worker's time ends with the last answer it tells.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figure import Figure, figure
from tests.bench.turns_ours import IN_MEMORY
from tests.bench.turns_sent import CONTEXTS, Turns, base_worker, our_worker, turns_of
from tests.interop.base_env import python_of_base_env
from tests.support.environment import ROOT, isolate
from tests.support.redis_server import RedisServer

ROUNDS = 3
GOAL_BASE = {"SQLite": 1.5, "in memory": 2.5}
GOAL_BARE = {"SQLite": 0.85}
_BARE = {
    "the graph alone": ("sync", "as ours"),
    "the graph alone, LangGraph's default durability": ("async", "as ours"),
    "the graph alone, LangGraph's own saver": ("sync", "stock"),
    "the graph alone, collector as ours": ("sync", "spared"),
}


@dataclass(frozen=True, slots=True)
class _Round:
    """Where one round runs."""

    server: RedisServer
    checkpoints: str

    def ours(self) -> Turns:
        return turns_of(self.server, our_worker(self.server, self.checkpoints))

    def base(self) -> Turns:
        python = str(python_of_base_env())
        return turns_of(self.server, base_worker(self.server, self.checkpoints, python))

    def bare(self, durability: str, kind: str) -> float:
        command = [sys.executable, "-m", "tests.bench.turns_bare", self.server.url]
        done = subprocess.run(
            [*command, self.checkpoints, durability, kind],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return float(done.stdout)


def run() -> Iterator[Figure]:
    """Time all of them, for each saver."""
    isolate()  # the base package's environment may have to be built
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = RedisServer(Path(folder))
        try:
            for saver in ("SQLite", "in memory"):
                yield from _figures(server, Path(folder), saver)
        finally:
            server.stop()


def _figures(server: RedisServer, folder: Path, saver: str) -> Iterator[Figure]:
    ours: list[Turns] = []
    base: list[Turns] = []
    bare: dict[str, list[float]] = {name: [] for name in _BARE}
    for number in range(ROUNDS):

        def place(who: str, number: int = number) -> _Round:
            file = folder / f"{who}-{number}.db"
            return _Round(server, str(file) if saver == "SQLite" else IN_MEMORY)

        base.append(place("base").base())
        ours.append(place("ours").ours())
        for index, (name, (durability, kind)) in enumerate(_BARE.items()):
            if saver == "SQLite" or kind != "stock":
                bare[name].append(place(f"bare-{index}").bare(durability, kind))
    rate = statistics.median(one.rate for one in ours)
    yield _beside(saver, "the base package", rate, [one.rate for one in base], GOAL_BASE)
    for index, name in enumerate(name for name, rates in bare.items() if rates):
        yield _beside(saver, name, rate, bare[name], {} if index else GOAL_BARE)
    lost = max(one.lost for one in ours)
    theirs = max(one.lost for one in base)
    name = f"turns of {CONTEXTS} lost, {saver}, beside the base package"
    yield figure(name, lost, theirs, "turns", goal="0", ok=lost == 0)


def _beside(
    saver: str, name: str, ours: float, theirs: list[float], goals: dict[str, float]
) -> Figure:
    peer, goal = statistics.median(theirs), goals.get(saver)
    return figure(
        f"turns with one tool call, {saver}, beside {name}",
        ours,
        peer,
        "turns/s",
        goal=f">= {goal:g}x" if goal else "-",
        ok=goal is None or ours >= goal * peer,
    )
