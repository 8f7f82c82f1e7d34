"""Progress streams of very many contexts, read together.

The only place that reads streams in bulk. A key under our prefix that is no stream disturbs none of
its neighbours: it is told, with what is wrong, and the rest is read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Final, TypeAlias

from workers.wire import keys
from workers.wire.streams.bulk import Question
from workers.wire.streams.connection import Client, Connection, translated
from workers.wire.streams.entries import (
    Extent,
    Last,
    Newer,
    StreamEntry,
    key_text,
    read_entries,
    read_entry,
    read_extent,
)
from workers.wire.streams.lines import Command

_SCAN_COUNT: Final = 5000
#: Contexts that are asked about at once, when each answers with an entry or two.
_SMALL: Final = 1000
#: Entries that are asked for at once, when each context answers with many.
_LARGE: Final = 10_000
_FEW: Final = 20
_NO_TEXT: Final = "Its name on the broker holds bytes that are no text; nothing can be read."

#: A stream's key, entries and length; no entries at all if it is no stream.
_Found: TypeAlias = tuple[str, list[StreamEntry] | None, int]


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
        async with aclosing(self._scan(keys.PROGRESS_PREFIX)) as found:
            async for names in found:
                yield names

    async def last_entries(
        self, context_ids: Sequence[str], chunk: int = 1000
    ) -> AsyncGenerator[list[Last], None]:
        """The newest entry of each context and how many there are, as they are answered.

        Args:
            chunk: at most so many are handed on together.

        Raises:
            BrokerError: see `translated`.
        """

        def commands_of(key: str) -> Sequence[Command]:
            return ("XREVRANGE", key, "+", "-", "COUNT", 1), ("XLEN", key)

        asked = Question([keys.progress(one) for one in context_ids], commands_of, _SMALL)
        told: list[Last] = []
        async with aclosing(self._connection.bulk.ask(asked)) as batches:
            async for answers in batches:
                for number, (entries, length) in answers:
                    if isinstance(entries, Exception) or isinstance(length, Exception):
                        problem = await self._what_it_is(context_ids[number])
                        told.append(Last(context_ids[number], None, 0, problem))
                    else:
                        entry = read_entry(entries[0]) if entries else None
                        problem = "" if length else _why_nothing(context_ids[number])
                        told.append(Last(context_ids[number], entry, length, problem))
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

        def commands_of(key: str) -> Sequence[Command]:
            return (("XREVRANGE", key, "+", "-", "COUNT", count),)

        ahead = max(_LARGE // count, 1)
        asked = Question([keys.progress(one) for one in wanted], commands_of, ahead)
        async with aclosing(self._connection.bulk.ask(asked)) as batches:
            async for answers in batches:
                for number, [entries] in answers:
                    if not isinstance(entries, Exception):
                        yield wanted[number], read_entries(entries[::-1])

    async def newer(
        self, positions: Mapping[str, str], limit: int
    ) -> AsyncGenerator[list[Newer], None]:
        """What the streams of several contexts hold after a position, as it is answered.

        Args:
            positions: context ID to the id of the last entry known ("0-0" for none).
            limit: of a stream at most so many entries; who gets so many asks again.

        Raises:
            BrokerError: see `translated`.
        """
        by_key = {keys.progress(context_id): last for context_id, last in positions.items()}
        async with aclosing(self._newer(by_key, limit)) as found:
            async for streams in found:
                told: list[Newer] = []
                for key, entries, length in streams:
                    context_id = key.removeprefix(keys.PROGRESS_PREFIX)
                    problem = "" if entries else _why_nothing(context_id)
                    if entries is None:
                        problem = await self._what_it_is(context_id)
                    told.append(Newer(context_id, entries or [], length, problem))
                yield told

    async def after(
        self, positions: Mapping[str, str], limit: int = 1000
    ) -> dict[str, list[StreamEntry]]:
        """New entries of several streams, oldest first; streams without any are left out.

        Args:
            positions: stream key to the id of the last entry known ("0-0" for none).
            limit: as in `newer`.

        Raises:
            BrokerError: see `translated`.
        """
        async with aclosing(self._newer(positions, limit)) as found:
            return {
                key: entries async for streams in found for key, entries, _ in streams if entries
            }

    async def _newer(
        self, positions: Mapping[str, str], limit: int
    ) -> AsyncGenerator[list[_Found], None]:
        # Most have a few. The broker holds replies for us: not hundreds of entries of each.
        few = min(limit, _FEW)
        more: dict[str, list[StreamEntry]] = {}
        async with aclosing(self._ranges(positions, few, _SMALL)) as answers:
            async for streams in answers:
                complete: list[_Found] = []
                for one in streams:
                    key, entries, _ = one
                    if entries is not None and len(entries) == few < limit:
                        more[key] = entries
                    else:
                        complete.append(one)
                yield complete
        if not more:
            return
        reached = {key: entries[-1].entry_id for key, entries in more.items()}
        async with aclosing(self._ranges(reached, limit - few, max(_LARGE // limit, 1))) as answers:
            async for streams in answers:
                yield [(key, more[key] + (rest or []), length) for key, rest, length in streams]

    async def _ranges(
        self, positions: Mapping[str, str], limit: int, ahead: int
    ) -> AsyncGenerator[list[_Found], None]:
        def commands_of(key: str) -> Sequence[Command]:
            return ("XRANGE", key, f"({positions[key]}", "+", "COUNT", limit), ("XLEN", key)

        names = list(positions)
        asked = Question(names, commands_of, ahead)
        async with aclosing(self._connection.bulk.ask(asked)) as batches:
            async for answers in batches:
                streams: list[_Found] = []
                for number, (entries, length) in answers:
                    if isinstance(entries, Exception) or isinstance(length, Exception):
                        streams.append((names[number], None, 0))
                    else:
                        streams.append((names[number], read_entries(entries), length))
                yield streams

    async def extents(self, positions: Mapping[str, str]) -> dict[str, Extent]:
        """From where to where streams reach; a context without a stream is left out.

        The broker sends three entries along: not for everybody, all the time.

        Args:
            positions: context ID to the id of the entry that is asked about.

        Raises:
            BrokerError: see `translated`.
        """
        by_key = {keys.progress(context_id): entry_id for context_id, entry_id in positions.items()}

        def commands_of(key: str) -> Sequence[Command]:
            return ("XINFO", "STREAM", key), ("XRANGE", key, by_key[key], by_key[key])

        context_ids = list(positions)
        asked = Question(list(by_key), commands_of, _SMALL)
        found: dict[str, Extent] = {}
        async with aclosing(self._connection.bulk.ask(asked)) as batches:
            async for answers in batches:
                for number, (told, held) in answers:
                    if not isinstance(told, Exception) and not isinstance(held, Exception):
                        found[context_ids[number]] = read_extent(told, holds=bool(held))
        return found

    async def held(self, context_id: str, entry_ids: Sequence[str]) -> frozenset[str]:
        """Which of these entries the stream of a context still holds.

        Raises:
            BrokerError: see `translated`.
        """

        def commands_of(key: str) -> Sequence[Command]:
            return [("XRANGE", key, entry_id, entry_id) for entry_id in entry_ids]

        asked = Question([keys.progress(context_id)], commands_of, 1)
        found: list[str] = []
        async with aclosing(self._connection.bulk.ask(asked)) as batches:
            async for answers in batches:
                for _, told in answers:
                    pairs = zip(entry_ids, told, strict=True)
                    found += [one for one, entries in pairs if entries]
        return frozenset(found)

    async def _scan(self, prefix: str, *narrower: str) -> AsyncGenerator[list[str], None]:
        """What follows the prefix in all keys that begin with it, each once, on every server."""
        seen: set[bytes] = set()
        for place in await self._connection.primaries():
            cursor: bytes | int = 0
            while True:
                scan = ("SCAN", cursor, "MATCH", f"{prefix}*", "COUNT", _SCAN_COUNT, *narrower)
                cursor, found = await self._connection.bulk.call(place, scan)
                if new := set(found) - seen:
                    seen |= new
                    yield [key_text(key).removeprefix(prefix) for key in new]
                if int(cursor) == 0:
                    break

    async def _what_it_is(self, context_id: str) -> str:
        """Why a key cannot be read."""
        with translated():
            kind = (await self._client.type(keys.progress(context_id))).decode()
        return f"There is a {kind} under this name, and no stream of messages."


def _why_nothing(context_id: str) -> str:
    """Why a context that was found has no entries, as far as its name shows."""
    return _NO_TEXT if "\\x" in context_id else ""
