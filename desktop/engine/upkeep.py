"""What an audit log wants done while nobody waits for it: checkpoints, tidying, another try.

The only place that decides when. None of it is on the way of a decision.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from desktop.audit.log import AuditUnavailable
from desktop.engine.recorder import Recorder

#: While there is something new.
CHECKPOINT_SECONDS: Final = 60.0
#: So often a log that cannot be written is tried again.
RETRY_SECONDS: Final = 5.0
#: The file is tidied when the log was not used for so long, and at last after so many times that.
IDLE_SECONDS: Final = 0.25
_MOST_PAUSES: Final = 20


async def keep_up(recorder: Recorder) -> None:
    """Open the log, look at its end, and do what is due from then on; until cancelled."""
    await _begin(recorder)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_try_again(recorder), name="audit:again")
        tasks.create_task(_sign_now_and_then(recorder), name="audit:checkpoints")
        tasks.create_task(_tidy_when_idle(recorder), name="audit:tidy")


async def _begin(recorder: Recorder) -> None:
    with contextlib.suppress(AuditUnavailable):  # which is told
        await recorder.begin()


async def _try_again(recorder: Recorder) -> None:
    while True:
        await asyncio.sleep(RETRY_SECONDS)
        if not recorder.is_open:
            await _begin(recorder)


async def _sign_now_and_then(recorder: Recorder) -> None:
    while True:
        recorder.checkpoint_due.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECKPOINT_SECONDS):
                await recorder.checkpoint_due.wait()
        await recorder.checkpoint()


async def _tidy_when_idle(recorder: Recorder) -> None:
    while True:
        await recorder.was_used.wait()
        for _ in range(_MOST_PAUSES):
            recorder.was_used.clear()
            await asyncio.sleep(IDLE_SECONDS)
            if not recorder.was_used.is_set():
                break
        await recorder.tidy()
