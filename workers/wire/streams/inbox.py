"""The agent's inbox as a stream: its group, reading it, and sending to it.

The only place that uses the inbox's consumer group outside the scripts of `workers.runtime`, which
decide what becomes of an entry once it was delivered.
"""

from __future__ import annotations

from dataclasses import dataclass

from redis.exceptions import ResponseError

from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.scripts import UNFENCED, Script, lua

BLOCK_MILLISECONDS = 1000
#: A broker that answers so much later than it should is gone.
SILENT_SECONDS = 10.0
#: So long the same invocation, sent again by a sender that got no reply, is known (seconds).
SEEN_TTL_SECONDS = 7 * 24 * 3600
#: What the member that holds a response begins with; the digest follows.
_RESPONSE = "response:"


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One entry, as it arrived.

    Attributes:
        entry_id: the stream's id.
        data: the JSON text; empty when the entry has no `data` field.
        starts: how often its handling was started, this time included.
    """

    entry_id: str
    data: bytes
    starts: int = 1


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
        self._reader = connection.blocking(self._key)
        self._first = Script(connection, lua("fence", "first"))

    async def open(self) -> None:
        """Create the stream and its group if they are not there. What waits is not lost."""
        with translated():
            try:
                await self._client.xgroup_create(self._key, self._group, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
        await self._reader.open()

    async def close(self) -> None:
        """Close the reading connection."""
        await self._reader.aclose()

    async def read(self, count: int, *, wait: bool = True) -> list[InboxEntry]:
        """Up to `count` new entries, oldest first.

        Args:
            wait: up to one second for the first.
        """
        waiting = ("BLOCK", BLOCK_MILLISECONDS) if wait else ()
        group = ("GROUP", self._group, self.consumer)
        command = ("XREADGROUP", *group, "COUNT", count, *waiting, "STREAMS", self._key, ">")
        # A route that is lost cuts nothing; the answer is due after the time we let it wait.
        limit = BLOCK_MILLISECONDS / 1000 + SILENT_SECONDS
        answer = await self._reader.execute(*command, within_seconds=limit)
        return [
            InboxEntry(entry_id.decode(), (fields or {}).get(b"data", b""))
            for _key, entries in answer
            for entry_id, fields in entries
        ]

    async def wake(self) -> None:
        """Let a read that waits return now. Without permission for that it returns in a second."""
        await self._reader.unblock()

    async def is_first(self, caller: str, invocation_id: str, digest: str, entry_id: str) -> bool:
        """Whether an invocation was not sent before, in another entry.

        Args:
            digest: of the whole entry: some models use the same tool call ids again and again,
                and with them other invocations come under the same id.
        """
        key = keys.seen(self.agent, caller, invocation_id)
        _, first = await self._first.run((key, key), digest, entry_id, SEEN_TTL_SECONDS, UNFENCED)
        return bool(first.decode() == entry_id)

    async def response(self, caller: str, invocation_id: str, digest: str) -> str | None:
        """What came of an invocation; None while it is open, or when it is forgotten."""
        key = keys.seen(self.agent, caller, invocation_id)
        with translated():
            kept = await self._client.hget(key, _RESPONSE + digest)
        return None if kept is None else str(kept.decode())

    async def leave(self) -> None:
        """Say that we live no longer, and take our name out if nothing is pending with it."""
        with translated():
            await self._client.delete(keys.heartbeat(self.agent, self.consumer))
            consumers = await self._client.xinfo_consumers(self._key, self._group)
            if any(c["name"].decode() == self.consumer and c["pending"] for c in consumers):
                return  # the sweep of another worker takes it over
            await self._client.xgroup_delconsumer(self._key, self._group, self.consumer)
            await self._client.zrem(keys.consumers(self.agent), self.consumer)


async def send(connection: Connection, agent: str, event: Event) -> str:
    """Put an event into an agent's inbox.

    Returns:
        The id of the entry.
    """
    with translated():
        entry_id = await connection.client.xadd(keys.inbox(agent), {"data": encode_event(event)})
    return str(entry_id.decode())


async def keep_response(
    connection: Connection, agent: str, caller: str, invocation_id: str, digest: str, content: str
) -> None:
    """Note what came of an invocation, for who sends it again.

    Args:
        agent: who was asked.
        digest: see `Inbox.is_first`.
    """
    key = keys.seen(agent, caller, invocation_id)
    with translated():
        async with connection.client.pipeline(transaction=True) as batch:
            batch.hset(key, _RESPONSE + digest, content)
            batch.expire(key, SEEN_TTL_SECONDS)
            await batch.execute()


async def send_later(connection: Connection, agent: str, event: Event, at_ms: int) -> None:
    """Have an event put into an agent's inbox later; the same event is put there once.

    A worker of the agent does it, a few seconds after its time at most.

    Args:
        at_ms: by the broker's clock.
    """
    with translated():
        await connection.client.zadd(keys.later(agent), {encode_event(event): at_ms})


async def send_not(connection: Connection, agent: str, event: Event) -> None:
    """Forget what was to be sent later."""
    with translated():
        await connection.client.zrem(keys.later(agent), encode_event(event))
