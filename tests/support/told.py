"""A worker's side of several conversations: writes entries past the console, and keeps their ids.

The only place where tests write to a broker while a console's way to it is broken.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.support import scenes
from tests.support.redis_server import RedisServer
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event
from workers.wire.streams.connection import Connection

#: Every so many entries of a context one asks for a decision; every other of those is answered.
ASKS_EVERY = 10


class Told:
    """An async context manager that writes to one broker, straight.

    Attributes:
        ids: of the entries that were written to each context, in order.
    """

    def __init__(self, server: RedisServer, contexts: Sequence[str]) -> None:
        self.ids: dict[str, list[str]] = {context_id: [] for context_id in contexts}
        self._numbers: Counter[str] = Counter()
        self._server = server

    async def __aenter__(self) -> Self:
        self._connection = Connection(self._server.url)
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._connection.close()

    async def rounds(self, count: int, pause_seconds: float = 0.0) -> None:
        """One entry in each context, so many times; some ask, and some of those are answered."""
        for _ in range(count):
            for context_id in self.ids:
                await self.say(context_id)
            await asyncio.sleep(pause_seconds)

    async def say(self, context_id: str) -> None:
        """The next entry of a context; no two say the same."""
        number = self._numbers[context_id]
        self._numbers[context_id] += 1
        call = f"call-{number // (2 * ASKS_EVERY)}"
        if number % (2 * ASKS_EVERY) == ASKS_EVERY // 2:
            event = scenes.base_asks(call=call, context_id=context_id)
        elif number % (4 * ASKS_EVERY) == ASKS_EVERY + 1:
            event = scenes.tool_answers(f"said-{number}.", call=call, context_id=context_id)
        else:
            words = f"said-{number}."
            event = scenes.agent_says(words, message_id=f"m-{number}", context_id=context_id)
        await self.write(context_id, event)

    async def write(self, context_id: str, event: Event) -> None:
        """Exactly this entry."""
        key = keys.progress(context_id)
        entry_id = await self._connection.client.xadd(key, {"data": encode_event(event)})
        self.ids.setdefault(context_id, []).append(entry_id.decode())
