"""The monitor's look at the broker, every two seconds for as long as somebody looks at it.

The only place that asks for the health of inboxes and of the broker. What cannot be read is
unknown and said so; a look that fails ends nothing, because the next one may succeed.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial

import structlog

from desktop.engine.alongside import alongside
from desktop.engine.outbox import Emit
from desktop.store.facts import MonitorSeen
from workers.wire.errors import BrokerError
from workers.wire.streams.connection import Connection
from workers.wire.streams.health import HealthReader

LOOK_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class MonitorPoll:
    """Looks while it is watched. `watch` may be called at any time, also without a broker."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._watched = asyncio.Event()

    def watch(self, *, on: bool) -> None:
        """Look from now on, or no longer."""
        if on:
            self._watched.set()
        else:
            self._watched.clear()

    def looking_at(self, connection: Connection) -> AbstractAsyncContextManager[None]:
        """Look at this broker within the block, for as long as somebody wants it."""
        return alongside(partial(self._run, connection), "engine:monitor")

    async def _run(self, connection: Connection) -> None:
        reader = HealthReader(connection, _note_failure)
        while True:
            await self._watched.wait()
            try:
                await self._look(reader)
            except BrokerError as error:
                # The listening connection notices a cut, too, and says so.
                _log.debug("monitor saw nothing", reason=error.title)
            except Exception:  # noqa: BLE001 - the door for errors in background work
                _log.exception("the monitor's look failed")
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, reader: HealthReader) -> None:
        seen = await reader.look()
        self._emit(MonitorSeen(seen.at_ms, seen.broker, seen.inboxes, seen.workers))


def _note_failure(agent: str, error: Exception) -> None:
    _log.error("an inbox could not be read", agent=agent, exc_info=error)
