"""A recorder at work on a log, as the engine runs it.

The only place where tests run one without an engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from desktop.audit.keys import Keyring
from desktop.engine.recorder import Recorder
from desktop.engine.upkeep import keep_up
from desktop.store.record import AuditHealth
from tests.support.waiting import await_until


@asynccontextmanager
async def recording(path: Path, keyring: Keyring | None) -> AsyncIterator[Recorder]:
    """A recorder that has opened its log, and closes it at the end of the block."""
    recorder = Recorder(path, keyring, lambda _fact: None)
    task = asyncio.create_task(keep_up(recorder))
    try:
        await await_until(lambda: recorder.standing.health is not AuditHealth.UNKNOWN, "it")
        yield recorder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await recorder.close()
