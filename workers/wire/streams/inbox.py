"""The agent's inbox as a worker sees it: take entries, settle them, park and quarantine.

The only place that uses the inbox's consumer group. An entry is acknowledged and deleted after its
effect, in one transaction with what replaces it (a parked or quarantined copy).
"""

from __future__ import annotations

from dataclasses import dataclass

from redis.exceptions import ResponseError

from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event
from workers.wire.streams.connection import Client, Connection, translated

BLOCK_MILLISECONDS = 1000
MAX_DEAD_LETTERS = 10_000


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One entry, as it arrived.

    Attributes:
        entry_id: the stream's id.
        data: the JSON text; empty when the entry has no `data` field.
        parked: it comes from the context's parking list, not from the stream.
    """

    entry_id: str
    data: bytes
    parked: bool = False


class Inbox:
    """One agent's inbox, read by one consumer.

    Attributes:
        agent: whose inbox it is.
        consumer: our name in the group, one per process life.
    """

    def __init__(self, connection: Connection, agent: str, consumer: str) -> None:
        self.agent = agent
        self.consumer = consumer
        self._key = keys.inbox(agent)
        self._group = keys.inbox_group(agent)
        self._client = connection.client
        self._reader = connection.blocking()
        self._reader_id = 0

    async def open(self) -> None:
        """Create the stream and its group if they are not there. What waits is not lost."""
        with translated():
            try:
                await self._client.xgroup_create(self._key, self._group, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            self._reader_id = await self._reader.client_id()

    async def close(self) -> None:
        """Close the reading connection."""
        await self._reader.aclose()

    async def read(self, count: int) -> list[InboxEntry]:
        """Up to `count` new entries; waits up to one second for the first."""
        with translated():
            answer = await self._reader.xreadgroup(
                self._group,
                self.consumer,
                {self._key: ">"},
                count=count,
                block=BLOCK_MILLISECONDS,
            )
        return [
            InboxEntry(entry_id.decode(), (fields or {}).get(b"data", b""))
            for _key, entries in answer
            for entry_id, fields in entries
        ]

    async def wake(self) -> None:
        """Let a read that waits return now. Without permission for that it returns in a second."""
        with translated():
            await self._client.client_unblock(self._reader_id)

    async def read_own(self) -> list[InboxEntry]:
        """Everything delivered to this consumer and not settled, oldest first.

        For the time after a lost connection, when a delivery may have gone out and never arrived.
        """
        with translated():
            answer = await self._client.xreadgroup(self._group, self.consumer, {self._key: "0"})
        return [
            InboxEntry(entry_id.decode(), (fields or {}).get(b"data", b""))
            for _key, entries in answer
            for entry_id, fields in entries
        ]

    async def settle(self, entry: InboxEntry, context_id: str) -> None:
        """The entry had its effect: acknowledge and delete it."""
        with translated():
            if entry.parked:
                await self._client.lpop(keys.parked(self.agent, context_id))
                return
            async with self._client.pipeline(transaction=True) as batch:
                self._remove(batch, entry)
                await batch.execute()

    async def park(self, entry: InboxEntry, context_id: str) -> None:
        """Put an invocation behind the requests that its context waits for."""
        with translated():
            async with self._client.pipeline(transaction=True) as batch:
                batch.rpush(keys.parked(self.agent, context_id), entry.data)
                self._remove(batch, entry)
                await batch.execute()

    async def next_parked(self, context_id: str) -> InboxEntry | None:
        """The oldest parked invocation of a context; it stays parked until settled."""
        with translated():
            data = await self._client.lindex(keys.parked(self.agent, context_id), 0)
        return None if data is None else InboxEntry("parked", data, parked=True)

    async def quarantine(self, entry: InboxEntry, reason: str, error: str) -> None:
        """Keep an entry that cannot be handled, with the reason, and go on without it."""
        fields = {
            "data": entry.data,
            "reason": reason,
            "error": error,
            "entry_id": entry.entry_id,
            "worker": self.consumer,
        }
        with translated():
            async with self._client.pipeline(transaction=True) as batch:
                batch.xadd(keys.dead_letters(self.agent), fields, maxlen=MAX_DEAD_LETTERS)
                self._remove(batch, entry)
                await batch.execute()

    async def leave(self) -> None:
        """Take our name out of the group, if nothing is pending with it."""
        with translated():
            consumers = await self._client.xinfo_consumers(self._key, self._group)
            if any(c["name"].decode() == self.consumer and not c["pending"] for c in consumers):
                await self._client.xgroup_delconsumer(self._key, self._group, self.consumer)

    def _remove(self, batch: Client, entry: InboxEntry) -> None:
        if entry.parked:
            return
        batch.xack(self._key, self._group, entry.entry_id)
        batch.xdel(self._key, entry.entry_id)


async def send(connection: Connection, agent: str, event: Event) -> str:
    """Put an event into an agent's inbox.

    Returns:
        The id of the entry.
    """
    with translated():
        entry_id = await connection.client.xadd(keys.inbox(agent), {"data": encode_event(event)})
    return str(entry_id.decode())
