"""Who reads an inbox's group, and the removal of readers that other software left behind.

The only place that lists an inbox's consumers for a console and removes foreign ones. The base
package names a new consumer for each read, so that there may be tens of thousands of one agent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from workers.wire import keys
from workers.wire.ids import CONSUMER_PREFIX
from workers.wire.streams.bulk import Question
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.scripts import Script, lua

#: One that was silent for so long, and holds nothing, will not come back (milliseconds).
LEFT_AFTER_MS = 3600 * 1000
#: A foreign worker says nothing of itself; one that asked within this time is at work.
AT_WORK_MS = 60 * 1000
#: More are removed by several calls, so that none keeps the broker busy for long.
_AT_ONCE = 500
#: So many are looked at before others get their turn: a list may hold a hundred thousand.
_SLICE = 2000


@dataclass(frozen=True, slots=True)
class Consumer:
    """One reader of a group; `idle_ms`: since it last asked for anything."""

    name: bytes
    pending: int
    idle_ms: int

    @property
    def is_ours(self) -> bool:
        """Whether it is a Signoff worker."""
        return self.name.startswith(CONSUMER_PREFIX.encode())

    @property
    def is_leaked(self) -> bool:
        """Whether other software left it, and nothing would be lost with it."""
        return not self.is_ours and not self.pending and self.idle_ms > LEFT_AFTER_MS


@dataclass(slots=True)
class Tally:
    """How many readers of an inbox are other software's.

    Attributes:
        leaked: those it left; see `Consumer.is_leaked`.
        is_read: one of them asked for messages within the last minute.
    """

    foreign: int = 0
    leaked: int = 0
    is_read: bool = False


async def tally(connection: Connection, agent: str) -> Tally:
    """Count the readers of an agent's inbox, however many there are.

    Raises:
        BrokerError: the broker is away, or does not permit it.
    """
    counted = Tally()
    async with aclosing(_slices(connection, agent)) as slices:
        async for several in slices:
            foreign = [one for one in several if not one.is_ours]
            counted.foreign += len(foreign)
            counted.leaked += sum(one.is_leaked for one in foreign)
            counted.is_read = counted.is_read or any(one.idle_ms < AT_WORK_MS for one in foreign)
    return counted


async def remove_leaked(connection: Connection, agent: str) -> int:
    """Remove what other software left of an agent's readers and holds nothing; see `is_leaked`.

    Whether one holds something is looked at again in the step that removes it.

    Returns:
        How many were removed.

    Raises:
        BrokerError: the broker is away, or does not permit it.
    """
    key, group = keys.inbox(agent), keys.inbox_group(agent)
    if not await _has_group(connection, agent):
        return 0
    leaked: list[bytes] = []
    async with aclosing(_slices(connection, agent)) as slices:
        async for several in slices:
            leaked += [one.name for one in several if one.is_leaked]
    script, removed = Script(connection, lua("leftover")), 0
    for start in range(0, len(leaked), _AT_ONCE):
        removed += int(await script(key, group, *leaked[start : start + _AT_ONCE]))
    return removed


async def _has_group(connection: Connection, agent: str) -> bool:
    """Whether anybody ever read an agent's inbox."""
    with translated():
        try:
            groups = await connection.client.xinfo_groups(keys.inbox(agent))
        except NoPermissionError:
            raise
        except ResponseError:
            return False  # there is no such inbox, or something else in its place
    return any(group["name"] == keys.inbox_group(agent).encode() for group in groups)


async def _slices(connection: Connection, agent: str) -> AsyncGenerator[list[Consumer], None]:
    """The readers of an agent's inbox, some at a time; none where there is no such inbox."""
    group = keys.inbox_group(agent)
    question = Question((keys.inbox(agent),), lambda key: [("XINFO", "CONSUMERS", key, group)], 1)
    told: list[Any] = []
    async with aclosing(connection.bulk.ask(question)) as batches:
        async for answers in batches:
            for _, [reply] in answers:
                told = [] if isinstance(reply, ResponseError) else reply
    for start in range(0, len(told), _SLICE):
        yield [_consumer(one) for one in told[start : start + _SLICE]]
        await asyncio.sleep(0)


def _consumer(told: list[Any]) -> Consumer:
    fields = dict(zip(told[::2], told[1::2], strict=True))
    return Consumer(fields[b"name"], fields[b"pending"], fields[b"idle"])
