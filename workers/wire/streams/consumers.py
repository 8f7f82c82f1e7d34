"""Who reads an inbox's group, and the removal of readers that other software left behind.

The only place that lists an inbox's consumers for a console and removes foreign ones. The base
package names a new consumer for each read, so that there may be tens of thousands of one agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from workers.wire import keys
from workers.wire.ids import CONSUMER_PREFIX
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.scripts import Script, lua

#: One that was silent for so long, and holds nothing, will not come back (milliseconds).
LEFT_AFTER_MS = 3600 * 1000
#: A foreign worker says nothing of itself; one that asked within this time is at work.
AT_WORK_MS = 60 * 1000
#: More are removed by several calls, so that none keeps the broker busy for long.
_AT_ONCE = 500
#: No such inbox, none of that type, or nobody ever read it.
_NOTHING_THERE = ("no such key", "WRONGTYPE", "NOGROUP")


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


def read_consumers(answer: Iterable[Mapping[str, Any]]) -> list[Consumer]:
    """What the client makes of the answer to `XINFO CONSUMERS`."""
    return [Consumer(told["name"], told["pending"], told["idle"]) for told in answer]


async def remove_leaked(connection: Connection, agent: str) -> int:
    """Remove what other software left of an agent's readers and holds nothing; see `is_leaked`.

    Whether one holds something is looked at again in the step that removes it.

    Returns:
        How many were removed.

    Raises:
        BrokerError: the broker is away, or does not permit it.
    """
    key, group = keys.inbox(agent), keys.inbox_group(agent)
    with translated():
        try:
            answer = await connection.client.xinfo_consumers(key, group)
        except ResponseError as error:
            if not str(error).startswith(_NOTHING_THERE):
                raise
            return 0
    leaked = [one.name for one in read_consumers(answer) if one.is_leaked]
    script, removed = Script(connection, lua("leftover")), 0
    for start in range(0, len(leaked), _AT_ONCE):
        removed += int(await script(key, group, *leaked[start : start + _AT_ONCE]))
    return removed
