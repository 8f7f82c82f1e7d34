"""Progress streams of very many contexts, read together.

The only place that reads streams in bulk. A key under our prefix that is no stream disturbs none of
its neighbours: it is told, with what is wrong, and the rest is read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from workers.wire import keys
from workers.wire.streams.bulk import Ask
from workers.wire.streams.connection import Client, Connection, translated
from workers.wire.streams.entries import (
    Extent,
    Last,
    Newer,
    StreamEntry,
    read_entries,
    read_entry,
    read_extent,
)

_SCAN_COUNT: Final = 1000


class SurveyReader:
    """Reads many contexts at once."""

    _connection: Connection
    _client: Client

    async def scan_contexts(self) -> AsyncGenerator[list[str], None]:
        """The context IDs of all keys under the progress prefix, each once, in no order.

        Whatever is there is named, also what is no stream: `last_entries` tells what is wrong.

        Raises:
            BrokerError: see `translated`.
        """
        seen: set[bytes] = set()
        for place in await self._connection.primaries():
            cursor: bytes | int = 0
            while True:
                pattern = f"{keys.PROGRESS_PREFIX}*"
                command = ("SCAN", cursor, "MATCH", pattern, "COUNT", _SCAN_COUNT)
                cursor, found = await self._connection.bulk.call(place, command)
                if new := set(found) - seen:
                    seen |= new
                    yield [_context_id(key) for key in new]
                if int(cursor) == 0:
                    break

    async def last_entries(
        self, context_ids: Sequence[str], chunk: int = 1000
    ) -> AsyncGenerator[list[Last], None]:
        """The newest entry of each context and how many there are, as they are answered.

        Args:
            chunk: at most so many are handed on together.

        Raises:
            BrokerError: see `translated`.
        """
        newest = ("+", "-", "COUNT", 1)
        asks = [
            Ask(key, (("XREVRANGE", key, *newest), ("XLEN", key)))
            for key in map(keys.progress, context_ids)
        ]
        told: list[Last] = []
        async with aclosing(self._connection.bulk.ask(asks)) as batches:
            async for answers in batches:
                for number, (entries, length) in answers:
                    if isinstance(entries, Exception) or isinstance(length, Exception):
                        problem = await self._what_it_is(context_ids[number])
                        told.append(Last(context_ids[number], None, 0, problem))
                    else:
                        entry = read_entry(entries[0]) if entries else None
                        told.append(Last(context_ids[number], entry, length))
                while len(told) >= chunk:
                    yield told[:chunk]
                    del told[:chunk]
        if told:
            yield told

    async def tails(
        self, context_ids: Iterable[str], count: int
    ) -> AsyncGenerator[tuple[str, list[StreamEntry]], None]:
        """The last `count` progress entries of each context, oldest first.

        A key under our prefix that is no stream yields nothing; it cannot disturb its neighbours.

        Raises:
            BrokerError: see `translated`.
        """
        wanted = list(context_ids)
        asks = [
            Ask(key, (("XREVRANGE", key, "+", "-", "COUNT", count),))
            for key in map(keys.progress, wanted)
        ]
        async with aclosing(self._connection.bulk.ask(asks)) as batches:
            async for answers in batches:
                for number, [entries] in answers:
                    if not isinstance(entries, Exception):
                        yield wanted[number], read_entries(entries[::-1])

    async def after(
        self, positions: Mapping[str, str], limit: int = 1000
    ) -> dict[str, list[StreamEntry]]:
        """New entries of several streams, oldest first; streams without any are left out.

        Args:
            positions: stream key to the id of the last entry known ("0-0" for none).
            limit: of a stream at most so many; who gets so many asks again.

        Raises:
            BrokerError: see `translated`.
        """
        names = list(positions)
        asks = [
            Ask(key, (("XRANGE", key, f"({last}", "+", "COUNT", limit),))
            for key, last in positions.items()
        ]
        found: dict[str, list[StreamEntry]] = {}
        async with aclosing(self._connection.bulk.ask(asks)) as batches:
            async for answers in batches:
                for number, [entries] in answers:
                    if entries and not isinstance(entries, Exception):
                        found[names[number]] = read_entries(entries)
        return found

    async def newer(self, positions: Mapping[str, str], limit: int) -> AsyncGenerator[Newer, None]:
        """What the streams of several contexts hold after a position, as it is answered.

        Args:
            positions: context ID to the id of the last entry known ("0-0" for none).
            limit: of a stream at most so many entries; who gets so many asks again.

        Raises:
            BrokerError: see `translated`.
        """
        context_ids = list(positions)
        asks = [
            Ask(key, (("XRANGE", key, f"({last}", "+", "COUNT", limit), ("XLEN", key)))
            for key, last in ((keys.progress(one), positions[one]) for one in context_ids)
        ]
        async with aclosing(self._connection.bulk.ask(asks)) as batches:
            async for answers in batches:
                for number, (entries, length) in answers:
                    if isinstance(entries, Exception) or isinstance(length, Exception):
                        problem = await self._what_it_is(context_ids[number])
                        yield Newer(context_ids[number], [], 0, problem)
                    else:
                        yield Newer(context_ids[number], read_entries(entries), length)

    async def extents(self, context_ids: Sequence[str]) -> dict[str, Extent]:
        """From where to where streams reach; a context without a stream is left out.

        The broker sends the first and the last entry along: not for everybody, all the time.

        Raises:
            BrokerError: see `translated`.
        """
        asks = [Ask(key, (("XINFO", "STREAM", key),)) for key in map(keys.progress, context_ids)]
        found: dict[str, Extent] = {}
        async with aclosing(self._connection.bulk.ask(asks)) as batches:
            async for answers in batches:
                for number, [told] in answers:
                    if not isinstance(told, Exception):
                        found[context_ids[number]] = read_extent(told)
        return found

    async def _what_it_is(self, context_id: str) -> str:
        """Why a key cannot be read."""
        with translated():
            kind = (await self._client.type(keys.progress(context_id))).decode()
        return f"There is a {kind} under this name, and no stream of messages."


def _context_id(key: bytes) -> str:
    # A key that is no UTF-8 is somebody's mistake; it is shown, not hidden.
    return key.decode(errors="backslashreplace").removeprefix(keys.PROGRESS_PREFIX)
