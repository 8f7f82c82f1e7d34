"""The demo as the window sees it: asked on its thread, run on the engine's, its broker followed.

The only place that starts and stops the demo for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

import structlog

from desktop.store.local_records import DemoState
from desktop.store.local_workers import LogPage
from desktop.system.demo_process import DemoProcess

T = TypeVar("T")
Spawn = Callable[[Coroutine[object, object, None], str], None]
log = structlog.get_logger(__name__)


class Submit(Protocol):
    """Runs a coroutine on the engine's loop."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> Future[T]:
        """Return at once; the future ends with the coroutine."""
        ...


class DemoOfDesk:
    """The one demo of this console.

    Args:
        state: how the demo stands, as the window shows it.
        submit: runs a coroutine on the engine's loop.
        spawn: runs one on the window's loop, and shows what goes wrong in it.
        follow: lets the console follow a broker and believe a trust folder; an empty address,
            none; an empty folder, the usual one.
    """

    def __init__(
        self,
        process: DemoProcess,
        state: Callable[[], DemoState],
        submit: Submit,
        spawn: Spawn,
        follow: Callable[[str, str], None],
    ) -> None:
        self._process, self._state = process, state
        self._submit, self._spawn, self._follow = submit, spawn, follow

    def start(self) -> None:
        """Start it, unless it runs, and follow its broker."""
        if self._state() not in {DemoState.STARTING, DemoState.RUNNING}:
            self._spawn(self._run(), "start demo")

    def stop(self) -> None:
        """Stop it, and follow nothing."""
        self._spawn(self._end(), "stop demo")

    def restart(self) -> None:
        """Stop it, and start it when it is gone."""
        self._spawn(self._rerun(), "restart demo")

    async def close(self) -> None:
        """Stop it, and wait until it is gone."""
        await asyncio.wrap_future(self._submit(self._process.stop()))

    def log(self, after: int, limit: int) -> LogPage:
        """Lines of its log from number `after` on, at most `limit`."""
        return self._process.log.read(after, limit)

    async def _run(self) -> None:
        ready = await asyncio.wrap_future(self._submit(self._process.start()))
        log.info("demo running", agents=ready.agents)
        self._follow(ready.redis_url, ready.trust)

    async def _end(self) -> None:
        await self.close()
        self._follow("", "")

    async def _rerun(self) -> None:
        await self.close()
        await self._run()
