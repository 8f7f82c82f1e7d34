"""The local workers of one console, for tests: what they run is ended after each test.

The only place that makes them without a window.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from desktop.store.facts import LocalWorkersChanged
from desktop.store.local_workers import LocalWorker, LocalWorkerState
from desktop.system.local_workers import LocalWorkers
from desktop.system.restarts import Restarts
from desktop.system.vault import Vault
from tests.support.own_workers import definition
from tests.support.waiting import await_until

URL = "redis://console:pw-of-broker@127.0.0.1:1/0"
NewDesk = Callable[[], "LocalDesk"]


class LocalDesk:
    """The local workers of one console.

    Attributes:
        shown: the workers as they stand, by name.
    """

    def __init__(self, home: Path) -> None:
        self.shown: dict[str, LocalWorker] = {}
        self.workers = LocalWorkers(
            home,
            self._on_changed,
            Vault(),
            stop_seconds=3,
            restarts=lambda: Restarts(first_pause_seconds=0.01),
        )

    def _on_changed(self, fact: LocalWorkersChanged) -> None:
        self.shown = {worker.definition.name: worker for worker in fact.workers}

    async def until(self, state: LocalWorkerState, name: str = "clerk") -> LocalWorker:
        """Wait until a worker stands so."""
        await await_until(lambda: self.shown[name].state is state, f"{name} to be {state}")
        return self.shown[name]

    async def start(self, **values: object) -> LocalWorker:
        """Keep a worker called clerk, and start it. Returns it as it is then."""
        kept = definition(**values)
        await self.workers.keep(kept, {})
        await self.workers.follow(URL)
        await self.workers.start(kept.id)
        return self.shown["clerk"]

    def log(self, name: str = "clerk") -> str:
        """All that the worker said."""
        return "\n".join(self.workers.log(self.shown[name].definition.id, 0, 1000).lines)


@pytest.fixture
async def new_desk(tmp_path: Path) -> AsyncIterator[NewDesk]:
    """Makes consoles of one home; what they run is ended after the test."""
    desks: list[LocalDesk] = []

    def make() -> LocalDesk:
        desks.append(LocalDesk(tmp_path / "home"))
        return desks[-1]

    yield make
    for desk in desks:
        for worker_id in [worker.definition.id for worker in desk.shown.values()]:
            await desk.workers.remove(worker_id)
