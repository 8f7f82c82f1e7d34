"""The local workers as the window sees them: asked on its thread, run on the engine's.

The only place where local workers cross between the two, and where the demo is one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from desktop.actions.local_workers import DEMO_ID
from desktop.store.local_workers import LogPage, WorkerDefinition
from desktop.system.demo_desk import DemoOfDesk, Spawn, Submit
from desktop.system.local_workers import LocalWorkers


class LocalWorkersOfDesk:
    """Implements `actions.local_workers.LocalWorkersDesk`.

    Args:
        submit: runs a coroutine on the engine's loop.
        spawn: runs one on the window's loop, and shows what goes wrong in it.
    """

    def __init__(
        self,
        workers: LocalWorkers,
        demo: DemoOfDesk,
        submit: Submit,
        spawn: Spawn,
    ) -> None:
        self._workers = workers
        self._demo = demo
        self._submit, self._spawn = submit, spawn

    def open(self) -> None:
        """See `LocalWorkers.open`."""
        self._do(self._workers.open)

    def follow(self, url: str) -> None:
        """See `LocalWorkers.follow`."""
        self._do(lambda: self._workers.follow(url))

    def only_read(self, *, wanted: bool) -> None:
        """See `LocalWorkers.only_read`."""
        self._do(lambda: self._workers.only_read(wanted=wanted))

    async def close(self) -> None:
        """See `LocalWorkers.close`."""
        await asyncio.wrap_future(self._submit(self._workers.close()))

    def keep(self, definition: WorkerDefinition, secrets: Mapping[str, str]) -> None:
        """See `LocalWorkersDesk`."""
        self._do(lambda: self._workers.keep(definition, secrets))

    def remove(self, worker_id: str) -> None:
        """See `LocalWorkersDesk`."""
        self._do(lambda: self._workers.remove(worker_id))

    def start(self, worker_id: str) -> None:
        """See `LocalWorkersDesk`."""
        if worker_id == DEMO_ID:
            self._demo.start()
        else:
            self._do(lambda: self._workers.start(worker_id))

    def stop(self, worker_id: str) -> None:
        """See `LocalWorkersDesk`."""
        if worker_id == DEMO_ID:
            self._demo.stop()
        else:
            self._do(lambda: self._workers.stop(worker_id))

    def restart(self, worker_id: str) -> None:
        """See `LocalWorkersDesk`."""
        if worker_id == DEMO_ID:
            self._demo.restart()
        else:
            self._do(lambda: self._workers.restart(worker_id))

    def log(self, worker_id: str, after: int, limit: int) -> LogPage:
        """See `LocalWorkersDesk`."""
        if worker_id == DEMO_ID:
            return self._demo.log(after, limit)
        return self._workers.log(worker_id, after, limit)

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def run() -> None:
            await asyncio.wrap_future(self._submit(work()))

        self._spawn(run(), "local workers")
