"""Commands that can be cancelled in whatever moment.

The only place that mends how redis-py writes. It does so through `asyncio.wait_for`, which before
Python 3.12 drops a cancellation that arrives when the write has just ended: a console or worker
that was told to stop would follow its broker for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from redis.asyncio.connection import AbstractConnection


class _Cancellable(AbstractConnection):
    """WORKAROUND(https://github.com/python/cpython/issues/86296)."""

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        """Write a command; a cancellation that was dropped meanwhile is raised here."""
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        await super().send_packed_command(command, check_health)
        if task and task.cancelling() > before:
            # Nobody will read the answer, and the next command must not take it for its own.
            await self.disconnect(nowait=True)
            raise asyncio.CancelledError


def cancellable(kind: type[Any]) -> type[Any]:
    """A kind of connection whose commands can be cancelled."""
    return type(f"Cancellable{kind.__name__}", (_Cancellable, kind), {})
