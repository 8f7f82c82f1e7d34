"""The whole log is verified once a day, while nobody decides.

The only place that decides when. At the start of a console only the end of the log is looked at;
what is changed further back shows here, on the audit page and in the status line, and is recorded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from desktop.audit.findings import Verdict
from desktop.audit.log import AuditUnavailable
from desktop.engine.audit_desk import AuditDesk
from desktop.engine.recorder import Recorder
from desktop.store.record import AuditHealth

EVERY_SECONDS: Final = 86_400.0
LOOK_SECONDS: Final = 60.0
#: It begins when nobody has decided anything for so long.
QUIET_SECONDS: Final = 60.0
#: After each step of some milliseconds, so that a window beside it is drawn as ever.
PAUSE_SECONDS: Final = 0.01
_SOUND: Final = frozenset(one.name.lower() for one in (Verdict.INTACT, Verdict.FINDINGS))

_log = structlog.get_logger(__name__)


class Nightly:
    """Looks now and then whether it is time. Used on the engine's loop.

    Args:
        now: seconds since the epoch.
    """

    def __init__(
        self, recorder: Recorder, audit: AuditDesk, now: Callable[[], float] = time.time
    ) -> None:
        self._recorder, self._audit, self._now = recorder, audit, now
        self._has_looked = False

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except AuditUnavailable:
                continue  # which is told
            except Exception:  # noqa: BLE001 - the door for errors in background work
                _log.exception("verifying the audit log failed")

    async def look(self) -> None:
        """Verify the log if it is time and nobody decides.

        Raises:
            AuditUnavailable: it cannot be read, or that it was verified cannot be recorded.
        """
        if not self._recorder.is_open or self._recorder.quiet_seconds < QUIET_SECONDS:
            return
        is_tampered = self._recorder.standing.health is AuditHealth.TAMPERED
        if self._has_looked and is_tampered:
            return  # nothing comes into it any more, not even that it was verified
        at_ms, outcome = await self._audit.last_verified()
        is_late = not 0 <= self._now() - at_ms / 1000 < EVERY_SECONDS
        # What was found to be wrong is looked at anew with each start: somebody may have mended it.
        is_wrong = is_tampered or outcome not in _SOUND
        if is_late or (is_wrong and not self._has_looked):
            await self._audit.verify(PAUSE_SECONDS)
        self._has_looked = True
