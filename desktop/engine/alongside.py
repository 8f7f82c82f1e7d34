"""Work that goes on beside a block and ends with it. The only place where it is begun so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def alongside(
    work: Callable[[], Coroutine[Any, Any, None]], name: str
) -> AsyncIterator[None]:
    """Do it until the block is left; when that is done, nothing of it goes on.

    Args:
        work: is called when the block is entered; tells its own failures, what it raises is lost.
        name: of its task.
    """
    task = asyncio.create_task(work(), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
