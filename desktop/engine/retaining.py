"""Texts of the audit log that were kept long enough are shredded: soon after a start, then daily.

The only place that decides when. Never by a clock that nobody has compared: one that is years ahead
would shred what has to be kept, and what is shredded can be read by nobody.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from desktop import settings
from desktop.audit.entries import AuditKind, happened
from desktop.audit.log import AuditUnavailable
from desktop.audit.retention import Retention, shred_expired
from desktop.engine.recorder import Recorder
from desktop.errors import ConsoleError

#: After so long it is looked again whether the clock was compared.
LOOK_SECONDS: Final = 60.0
EVERY_SECONDS: Final = 86_400.0
_MOST_SKEW_MS: Final = 120_000

_log = structlog.get_logger(__name__)


def chosen_retention() -> Retention:
    """How long things are kept at this desk, by its settings.

    Raises:
        ConsoleError: nobody knows, or it makes no sense; nothing may be shredded.
    """
    chosen, trouble = settings.load()
    if trouble is not None or settings.damaged().exists():
        hint = f"See that the times in it are right, and remove {settings.damaged().name}."
        raise ConsoleError("The settings were damaged, and with them what is to be kept.", hint)
    return Retention.of_years(chosen.kept_years, chosen.kept_years_of)


async def keep_no_longer(
    recorder: Recorder,
    choose: Callable[[], Retention] = chosen_retention,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Work until cancelled."""
    done_at = -math.inf
    while True:
        if time.monotonic() - done_at >= EVERY_SECONDS and await _shred(recorder, choose, now):
            done_at = time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)


async def _shred(
    recorder: Recorder, choose: Callable[[], Retention], now: Callable[[], datetime]
) -> bool:
    """Shred what is due. Returns whether that is done for today."""
    skew = recorder.clock_skew_ms
    if skew is None or abs(skew) > _MOST_SKEW_MS:
        return False
    by = happened(AuditKind.SHREDDED).actor
    try:
        retention = await asyncio.to_thread(choose)
        if short := retention.too_short():
            _log.warning("kept for less than six years", kinds=[str(kind) for kind in short])
        count = await recorder.change(lambda log: shred_expired(log, now(), by, retention))
    except AuditUnavailable:  # which is told
        return False
    except ConsoleError as error:
        _log.warning("nothing is shredded", reason=error.title)
    else:
        _log.info("texts of the audit log shredded", entries=count)
    return True
