"""What a console reads: which contexts exist, who serves them, and what is new in them.

The only place that reads progress streams and receipts. It never creates a consumer group: a base
client would lose events to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing

from workers.wire import keys
from workers.wire.codec import decode_struct
from workers.wire.errors import DecodeError
from workers.wire.events import WorkerInfo
from workers.wire.streams.bulk import Question
from workers.wire.streams.connection import Client, Connection, translated
from workers.wire.streams.entries import Extent as Extent
from workers.wire.streams.entries import Last as Last
from workers.wire.streams.entries import Newer as Newer
from workers.wire.streams.entries import StreamEntry as StreamEntry
from workers.wire.streams.entries import key_text, read_entries
from workers.wire.streams.indexes import IndexReader
from workers.wire.streams.surveys import SurveyReader
from workers.wire.streams.translation import wrong_type_is_nothing


class Reader(SurveyReader, IndexReader):
    """A broker seen by a console: reads, and writes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = connection.client

    async def agents(self) -> list[str]:
        """The agents that have an inbox. People have one too, on the base package's wire."""
        async with aclosing(self._scan(keys.INBOX_PREFIX, "TYPE", "stream")) as found:
            return sorted([name async for names in found for name in names])

    async def workers(self) -> list[WorkerInfo]:
        """What living Signoff workers say of themselves."""
        found: list[bytes | None] = []
        with translated(), wrong_type_is_nothing():
            names = await self._client.zrange(keys.WORKERS, 0, -1)
            found = await values(self._client, [keys.worker(key_text(name)) for name in names])
        infos: list[WorkerInfo] = []
        for raw in found:
            try:
                if raw is not None:
                    infos.append(decode_struct(raw, WorkerInfo))
            except DecodeError:
                continue  # a heartbeat of another version; its worker is shown as foreign
        return infos

    async def before(self, key: str, entry_id: str, count: int) -> list[StreamEntry]:
        """The `count` entries of one stream that come before one, oldest first.

        Args:
            entry_id: of the entry that is not wanted any more; "+" for the end of the stream.

        Raises:
            BrokerError: see `translated`.
        """
        last = entry_id if entry_id == "+" else f"({entry_id}"
        question = Question((key,), lambda _: (("XREVRANGE", key, last, "-", "COUNT", count),), 1)
        found: list[StreamEntry] = []
        async with aclosing(self._connection.bulk.ask(question)) as told:
            async for answers in told:
                for _, [entries] in answers:
                    if not isinstance(entries, Exception):
                        found = read_entries(entries[::-1])
        return found

    async def tail(self, key: str, count: int) -> list[StreamEntry]:
        """The last `count` entries of one stream, oldest first."""
        return await self.before(key, "+", count)

    async def is_decided(self, context_id: str, request_id: str) -> bool:
        """Whether a decision on a Signoff worker's request has counted.

        Raises:
            BrokerError: see `translated`.
        """
        marks = 0
        with translated(), wrong_type_is_nothing():
            marks += await self._client.hexists(keys.decisions(context_id), request_id)
        return bool(marks)


async def values(client: Client, names: Iterable[str]) -> list[bytes | None]:
    """The values of several keys, wherever they lie. Raises what the client raises."""
    async with client.pipeline(transaction=False) as batch:
        for name in names:
            batch.execute_command("MGET", name)
        return [value for [value] in await batch.execute()]
