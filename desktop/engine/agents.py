"""Who is on the broker: agents by their inboxes, workers by what they say of themselves.

The only place that decides how often to look. Finding inboxes means walking through all keys of the
broker, so that is done when a new one is heard of, and else seldom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet

from desktop.engine.batch import Batch
from desktop.store import facts
from workers.wire import keys
from workers.wire.errors import BrokerError
from workers.wire.streams.reader import Reader

AGENTS_SECONDS = 3.0
#: Inboxes that went away are noticed after so many looks at the workers.
LOOKS_PER_WALK = 10


class Agents:
    """Watches who is on one broker."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._names: tuple[str, ...] = ()

    async def tell(self, reader: Reader) -> None:
        """Tell who is there."""
        self._names = tuple(await reader.agents())
        await self._tell_workers(reader)

    async def hear(self, reader: Reader, names: AbstractSet[str]) -> None:
        """Look again if an inbox that is not known is among the keys that changed."""
        prefix = keys.INBOX_PREFIX
        inboxes = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        if not inboxes <= set(self._names):
            await self.tell(reader)

    async def watch(self, reader: Reader) -> None:
        """Look again and again."""
        looks = 0
        while True:
            await asyncio.sleep(AGENTS_SECONDS)
            looks += 1
            try:
                if looks % LOOKS_PER_WALK:
                    await self._tell_workers(reader)
                else:
                    await self.tell(reader)
            except BrokerError:
                return  # the listening connection notices too, and says so

    async def _tell_workers(self, reader: Reader) -> None:
        workers = tuple(await reader.workers())
        self._batch.emit(facts.AgentsSeen(self._names, workers))
