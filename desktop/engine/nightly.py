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
#: After the start; a log that was found to be wrong is looked at again then.
FIRST_SECONDS: Final = 5.0
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
        self._is_first = True

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(FIRST_SECONDS if self._is_first else LOOK_SECONDS)
            try:
                await self.look()
            except AuditUnavailable:
                continue  # which is told
            except Exception:  # noqa: BLE001 - the door for errors in background work
                _log.exception("verifying the audit log failed")

    async def look(self) -> None:
        """Verify the log if it is time and nobody decides.

        The first look is for what was found to be wrong when the log was last verified: the end
        alone does not show that, and somebody may have mended it.

        Raises:
            AuditUnavailable: it cannot be read, or that it was verified cannot be recorded.
        """
        if not self._recorder.is_open:
            return
        at_ms, outcome = await self._audit.last_verified()
        # Nothing comes into a log that was tampered with, not even that it was verified.
        is_tampered = self._recorder.standing.health is AuditHealth.TAMPERED
        is_first, self._is_first = self._is_first, False
        if is_first:
            is_due = is_tampered or (outcome not in _SOUND and bool(outcome))
        else:
            is_late = not 0 <= self._now() - at_ms / 1000 < EVERY_SECONDS
            is_quiet = self._recorder.quiet_seconds >= QUIET_SECONDS
            is_due = is_late and is_quiet and not is_tampered
        if is_due:
            await self._audit.verify(0.0 if is_first else PAUSE_SECONDS)
