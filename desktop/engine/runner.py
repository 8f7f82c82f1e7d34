"""The engine's thread: started, spoken to and stopped from another one.

The only place that crosses from the GUI's thread to the engine's. The way back is the sink that
the engine was given.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from desktop.actions.ports import Order
from desktop.engine.engine import Engine, Sink

T = TypeVar("T")
STOP_SECONDS = 5.0


class EngineThread:
    """Runs an `Engine` on a thread with a loop of its own. Implements `actions.ports.Outbox`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._thread = threading.Thread(target=self._run, name="engine")
        self._started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._main: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the thread; returns when its loop runs."""
        self._thread.start()
        self._started.result(STOP_SECONDS)

    def stop(self) -> None:
        """End the engine and wait for its thread, at most 5 seconds; fine if it never started."""
        if self._thread.ident is None:
            return
        if self._loop is not None and self._main is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(STOP_SECONDS)

    def connect(self, url: str) -> None:
        """See `Engine.connect`."""
        self._call(lambda engine: engine.connect(url))

    def post(self, order: Order) -> None:
        """See `actions.ports.Outbox`."""
        self._call(lambda engine: engine.post(order))

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the engine's loop."""
        assert self._loop is not None  # noqa: S101 - only after start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _call(self, order: Callable[[Engine], None]) -> None:
        engine, loop = self._engine, self._loop
        assert engine is not None and loop is not None  # noqa: S101, PT018 - only after start()
        loop.call_soon_threadsafe(lambda: order(engine))

    def _run(self) -> None:
        # Stated, because the GUI's thread sets the policy for the whole process to Qt's loop.
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._engine = Engine(self._sink)
        self._main = asyncio.create_task(self._engine.run(), name="engine")
        self._started.set_result(None)
        try:
            await self._main
        except asyncio.CancelledError:
            return  # that is how it is stopped


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()  # the one that can start child processes there
    return asyncio.SelectorEventLoop()
