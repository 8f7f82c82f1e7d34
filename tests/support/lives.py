"""Worker lives without a loop: a test reads, takes and settles by hand, and lets them die.

The only place where tests use the leased inbox step by step.
"""

from __future__ import annotations

import json

from workers.runtime.inbox import LeasedInbox, Reaped, Taken, Verb, Verdict
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import Inbox

AGENT = "bench_agent"
#: A lease that ends only when a test says so.
LONG = Pace(heartbeat_seconds=100, lease_seconds=1000)


class Life:
    """One life of a worker.

    Attributes:
        name: its consumer.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self.name = f"signoff:{name}:1:0"
        self._client = connection.client
        self._inbox = Inbox(connection, AGENT, self.name)
        self._leased = LeasedInbox(connection, AGENT, self.name, LONG)

    async def begin(self) -> None:
        await self._inbox.open()
        await self._leased.renew()

    async def read(self, count: int = 100) -> list[str]:
        """Read what is new, and not queue it yet. Returns the ids."""
        return [entry.entry_id for entry in await self._inbox.read(count, wait=False)]

    async def take(self, newest: str = "", free: int = 100) -> list[Taken]:
        return await self._leased.take(newest, free)

    async def read_and_take(self, count: int = 100, free: int = 100) -> list[Taken]:
        ids = await self.read(count)
        return await self.take(ids[-1] if ids else "", free)

    async def settle(
        self,
        taken: Taken,
        verb: Verb = Verb.DONE,
        *,
        frees: bool = False,
        delay_seconds: float = 0.0,
        reason: str = "",
    ) -> Taken | None:
        verdict = Verdict(verb, frees, delay_seconds, reason, reason and f"It is {reason}.")
        return await self._leased.settle(taken, verdict)

    async def renew(self, *taken: Taken) -> list[tuple[bytes, int]]:
        return await self._leased.renew([(one.context, one.token) for one in taken])

    async def holds(self, taken: Taken) -> bool:
        return await self._leased.holds(taken.context, taken.token)

    async def sweep(self, cursor: str = "-") -> Reaped:
        """Sweep now, whoever did it last."""
        await self._client.delete(keys.sweeper(AGENT))
        return await self._leased.reap(cursor)

    async def die(self) -> None:
        """Be gone, as after `kill -9` and the time of a heartbeat."""
        await self._client.delete(keys.heartbeat(AGENT, self.name))

    async def leave(self) -> None:
        await self._inbox.leave()

    async def close(self) -> None:
        await self._inbox.close()


async def put(connection: Connection, context_id: str, what: object = 0) -> str:
    """Send something to the agent. Returns the id of the entry."""
    data = json.dumps({"context_id": context_id, "event_type": "agent_command", "data": what})
    return await throw(connection, data.encode())


async def throw(connection: Connection, data: bytes) -> str:
    """Send something to the agent, whatever it is."""
    entry_id = await connection.client.xadd(keys.inbox(AGENT), {"data": data})
    return str(entry_id.decode())


async def pending(connection: Connection) -> list[tuple[str, str]]:
    """What is delivered and not acknowledged: id and consumer."""
    found = await connection.client.xpending_range(
        keys.inbox(AGENT), keys.inbox_group(AGENT), "-", "+", 1000
    )
    return [(one["message_id"].decode(), one["consumer"].decode()) for one in found]
