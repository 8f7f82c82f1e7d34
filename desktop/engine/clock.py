"""This computer's clock beside the broker's: at each connection, every minute, and after a jump.

The only place of the console that asks the broker what time it is for the sake of signatures. A
broker that does not tell it, or lies, lets nothing run by that: workers judge by their own clocks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

import structlog
from msgspec import structs

from desktop.audit.entries import AuditKind, happened
from desktop.engine.alongside import alongside
from desktop.engine.recorder import Recorder
from desktop.errors import NotAllowedNow
from desktop.store.clock import WARN_MS, Clock, ClockState
from desktop.store.facts import ClockSeen, Fact
from workers.wire.errors import BrokerError
from workers.wire.streams.clock import skew
from workers.wire.streams.connection import Connection

LOOK_SECONDS: Final = 60.0
#: In these states somebody has to do something about it.
_TOLD: Final = frozenset((ClockState.OFF, ClockState.WRONG))

_log = structlog.get_logger(__name__)


class ClockWatch:
    """Compares the two clocks. Used on the engine's loop."""

    def __init__(
        self, emit: Callable[[Fact], None], recorder: Recorder, now: Callable[[], float] = time.time
    ) -> None:
        """Set it up; nothing is known yet.

        Args:
            recorder: is told, too: each entry says how far off the clock was.
            now: this computer's clock, in seconds since the epoch.
        """
        self._emit, self._recorder, self._now = emit, recorder, now
        self._clock = Clock()
        self._recorded = ClockState.UNKNOWN
        self._set_to = self._setting()

    async def look(self, connection: Connection) -> None:
        """Compare them now. Where the broker does not tell its time, nothing is known."""
        self._set_to = self._setting()
        try:
            seen = Clock(round(-1000 * await skew(connection, self._now)))
        except BrokerError as error:
            _log.warning("the broker does not say what time it is", reason=error.title)
            seen = Clock()
        self._recorder.clock_skew_ms = seen.skew_ms
        if seen != self._clock:
            self._clock = seen
            self._emit(ClockSeen(seen))
        if seen.state in _TOLD and seen.state is not self._recorded:
            _log.warning("clock wrong", skew_ms=seen.skew_ms)
            self._recorder.jot(structs.replace(happened(AuditKind.CLOCK_WRONG), detail=seen.title))
        if seen.state is not ClockState.UNKNOWN:
            self._recorded = seen.state

    async def check(self, connection: Connection) -> None:
        """Raise unless something that lets a call run may be signed by this clock.

        Raises:
            NotAllowedNow: it is too far off.
        """
        if abs(self._setting() - self._set_to) * 1000 > WARN_MS:
            await self.look(connection)  # it was set since, or the computer has slept
        if self._clock.state is ClockState.WRONG:
            raise NotAllowedNow(self._clock.title, self._clock.hint)

    def looking_at(self, connection: Connection) -> AbstractAsyncContextManager[None]:
        """Look again every minute within the block."""
        return alongside(partial(self._run, connection), "engine:clock")

    async def _run(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look(connection)
            except Exception:  # noqa: BLE001 - the door for errors in background work
                _log.exception("looking at the clock failed")

    def _setting(self) -> float:
        """What only changes when somebody sets the clock, or the computer sleeps."""
        return self._now() - time.monotonic()
