"""A worker's side of several conversations: writes entries past the console, and keeps their ids.

The only place where tests note what a broker was given, to compare it with what a console shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.support import scenes
from tests.support.desk import Desk
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event
from workers.wire.streams.connection import Connection

#: Every so many entries of a context one asks for a decision.
ASKS_EVERY = 10


class Told:
    """An async context manager that writes to one broker, straight.

    Attributes:
        ids: of the entries of each context, in order.
        waiting: calls that nobody has answered, by context.
    """

    def __init__(self, server: RedisServer, contexts: Sequence[str]) -> None:
        self.ids: dict[str, list[str]] = {context_id: [] for context_id in contexts}
        self.waiting: dict[str, set[str]] = {context_id: set() for context_id in contexts}
        self._connection = Connection(server.url)

    async def __aenter__(self) -> Self:
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
        """The next entry of a context."""
        number = len(self.ids[context_id])
        call = f"call-{number // (2 * ASKS_EVERY)}"
        if number % (2 * ASKS_EVERY) == ASKS_EVERY // 2:
            self.waiting[context_id].add(call)
            event = scenes.base_asks(call=call, context_id=context_id)
        elif number % (4 * ASKS_EVERY) == ASKS_EVERY + 1:
            self.waiting[context_id].discard(call)
            event = scenes.tool_answers("Paid.", call=call, context_id=context_id)
        else:
            event = scenes.agent_says(f"{number}", message_id=f"m-{number}", context_id=context_id)
        await self.write(context_id, event)

    async def write(self, context_id: str, event: Event) -> None:
        """Exactly this entry."""
        key = keys.progress(context_id)
        entry_id = await self._connection.client.xadd(key, {"data": encode_event(event)})
        self.ids[context_id].append(entry_id.decode())

    async def until_shown(self, desk: Desk, open_ones: Sequence[str], seconds: float = 10) -> None:
        """Wait until a console shows what was written: whole transcripts, counts and requests."""

        def shown() -> bool:
            return self.differences(desk, open_ones) == []

        try:
            await await_until(shown, "the console to show what was written", seconds)
        except AssertionError as error:
            error.add_note("\n".join(self.differences(desk, open_ones)))
            raise

    def differences(self, desk: Desk, open_ones: Sequence[str]) -> list[str]:
        """What a console shows otherwise than it was written."""
        found: list[str] = []
        for context_id, ids in self.ids.items():
            row = desk.store.context(context_id)
            entries = row.entries if row else 0
            if entries != len(ids):
                found.append(f"{context_id}: {entries} entries instead of {len(ids)}")
            requests = desk.store.requests_in(context_id)
            waiting = {request.call.tool_call_id for request in requests if request.is_open}
            if waiting != self.waiting[context_id]:
                found.append(f"{context_id}: waiting {waiting} not {self.waiting[context_id]}")
        for context_id in open_ones:
            shown = [entry.entry_id for entry in desk.store.entries(context_id)]
            if shown != self.ids[context_id]:
                lost = sorted(set(self.ids[context_id]) - set(shown))
                found.append(
                    f"{context_id}: transcript of {len(shown)}, not {len(self.ids[context_id])};"
                    f" {len(lost)} lost, from {lost[:1]} to {lost[-1:]}"
                )
        return found
