"""The engine's thread: started, spoken to and stopped from another one.

The only place that crosses from the GUI's thread to the engine's. The way back is the sink that
the engine was given.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from desktop.actions.ports import Order
from desktop.audit.keys import Keyring
from desktop.precedence import GivingWay
from desktop.store.facts import Fact

if TYPE_CHECKING:
    from desktop.engine.engine import Engine
    from desktop.engine.signing_people import KeyCustody

T = TypeVar("T")
STOP_SECONDS = 5.0


class EngineThread:
    """Runs an `Engine` on a thread with a loop of its own. Implements `actions.ports.Outbox`."""

    def __init__(
        self,
        sink: Callable[[list[Fact]], None],
        cache_folder: Path | None = None,
        keyring: Keyring | None = None,
        custody: KeyCustody | None = None,
    ) -> None:
        self._sink = sink
        self._custody = custody
        self._cache_folder = cache_folder
        self._keyring = keyring
        self._thread = threading.Thread(target=self._run, name="engine")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._main: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the thread, without waiting for it; what is asked from now on is done in order."""
        self._loop = _new_loop()
        self._loop.call_soon(self._build)
        self._thread.start()

    def stop(self) -> None:
        """End the engine and wait for its thread, at most 5 seconds; fine if it never started."""
        if self._thread.ident is None:
            return
        if self._loop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
                self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(STOP_SECONDS)

    def connect(self, url: str) -> None:
        """See `Engine.connect`."""
        self._call(lambda engine: engine.connect(url))

    def only_read(self, *, wanted: bool) -> None:
        """See `Engine.only_read`."""
        self._call(lambda engine: engine.only_read(wanted=wanted))

    def keep_text(self, key: bytes) -> None:
        """See `Engine.keep_text`."""
        self._call(lambda engine: engine.keep_text(key))

    def post(self, order: Order) -> None:
        """See `actions.ports.Outbox`."""
        self._call(lambda engine: engine.post(order))

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the engine's loop."""
        assert self._loop is not None  # noqa: S101 - only after start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _call(self, order: Callable[[Engine], None]) -> None:
        assert self._loop is not None  # noqa: S101 - only after start()
        self._loop.call_soon_threadsafe(self._do, order)

    def _do(self, order: Callable[[Engine], None]) -> None:
        if self._engine is not None:
            order(self._engine)

    def _build(self) -> None:
        # The broker's client takes 0.1 s to load: here, while the window is painted.
        from desktop.engine.engine import Engine  # noqa: PLC0415

        self._engine = Engine(
            self._sink, self._cache_folder, keyring=self._keyring, custody=self._custody
        )
        self._main = asyncio.get_running_loop().create_task(self._engine.run(), name="engine")

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None  # noqa: S101 - made before the thread was started
        # Stated, because the GUI's thread sets the policy for the whole process to Qt's loop.
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        assert self._main is not None  # noqa: S101 - built before anything else ran here
        try:
            await self._main
        except asyncio.CancelledError:
            return  # that is how it is stopped


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()  # the one that can start child processes there
    return asyncio.SelectorEventLoop(GivingWay())
