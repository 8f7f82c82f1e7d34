"""What a console reads: which contexts exist, who serves them, and what is new in them.

The only place that reads progress streams and receipts. It never creates a consumer group: a base
client would lose events to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from redis.exceptions import ResponseError

from workers.wire import keys
from workers.wire.codec import decode_struct
from workers.wire.errors import DecodeError
from workers.wire.events import WorkerInfo
from workers.wire.streams.connection import Client, Connection, translated

_SCAN_COUNT = 1000
_PIPELINE = 200


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """One entry of a stream: its id and the JSON text (empty when there is no `data` field)."""

    entry_id: str
    data: bytes


class Reader:
    """A broker seen by a console: reads, and writes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = connection.client

    async def contexts(self) -> list[str]:
        """The context IDs that have a progress stream, in no order."""
        return await self._names(keys.PROGRESS_PREFIX)

    async def agents(self) -> list[str]:
        """The agents that have an inbox. People have one too, on the base package's wire."""
        return sorted(await self._names(keys.INBOX_PREFIX))

    async def workers(self) -> list[WorkerInfo]:
        """What living Signoff workers say of themselves."""
        found: list[bytes | None] = []
        with translated(), _wrong_type_is_nothing():
            names = [_text(name) for name in await self._client.zrange(keys.WORKERS, 0, -1)]
            found = await values(self._client, [keys.worker(name) for name in names])
        infos: list[WorkerInfo] = []
        for raw in found:
            try:
                if raw is not None:
                    infos.append(decode_struct(raw, WorkerInfo))
            except DecodeError:
                continue  # a heartbeat of another version; its worker is shown as foreign
        return infos

    async def tail(self, key: str, count: int) -> list[StreamEntry]:
        """The last `count` entries of one stream, oldest first."""
        return await self.before(key, "+", count)

    async def before(self, key: str, entry_id: str, count: int) -> list[StreamEntry]:
        """The `count` entries of one stream that come before one, oldest first.

        Args:
            entry_id: of the entry that is not wanted any more; "+" for the end of the stream.
        """
        last = entry_id if entry_id == "+" else f"({entry_id}"
        entries: list[tuple[bytes, dict[bytes, bytes]]] = []
        with translated(), _wrong_type_is_nothing():
            entries = await self._client.xrevrange(key, max=last, count=count)
        return [_entry(entry) for entry in reversed(entries)]

    async def tails(
        self, context_ids: Iterable[str], count: int
    ) -> AsyncIterator[tuple[str, list[StreamEntry]]]:
        """The last `count` progress entries of each context, oldest first.

        A key under our prefix that is no stream yields nothing; it cannot disturb its neighbours.
        """
        wanted = list(context_ids)
        for start in range(0, len(wanted), _PIPELINE):
            chunk = wanted[start : start + _PIPELINE]
            with translated():
                async with self._client.pipeline(transaction=False) as batch:
                    for context_id in chunk:
                        batch.xrevrange(keys.progress(context_id), count=count)
                    answers = await batch.execute(raise_on_error=False)
            for context_id, entries in zip(chunk, answers, strict=True):
                if isinstance(entries, list):
                    yield context_id, [_entry(entry) for entry in reversed(entries)]

    async def after(self, positions: Mapping[str, str]) -> dict[str, list[StreamEntry]]:
        """New entries of several streams.

        Args:
            positions: stream key to the id of the last entry known ("0-0" for none).
        """
        if not positions:
            return {}
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                for key, last in positions.items():
                    batch.xrange(key, min=f"({last}")
                answers = await batch.execute(raise_on_error=False)
        return {
            key: [_entry(entry) for entry in entries]
            for key, entries in zip(positions, answers, strict=True)
            if isinstance(entries, list) and entries
        }

    async def _names(self, prefix: str) -> list[str]:
        with translated():
            scan = self._client.scan_iter(match=f"{prefix}*", count=_SCAN_COUNT, _type="stream")
            return list({_text(key).removeprefix(prefix) async for key in scan})


async def values(client: Client, names: Iterable[str]) -> list[bytes | None]:
    """The values of several keys, wherever they lie. Raises what the client raises."""
    async with client.pipeline(transaction=False) as batch:
        for name in names:
            batch.execute_command("MGET", name)
        return [value for [value] in await batch.execute()]


@contextmanager
def _wrong_type_is_nothing() -> Iterator[None]:
    """Somebody put something else under one of our keys: there is nothing to read in it."""
    try:
        yield
    except ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise


def _entry(entry: tuple[bytes, dict[bytes, bytes]]) -> StreamEntry:
    entry_id, fields = entry
    return StreamEntry(entry_id.decode(), fields.get(b"data", b""))


def _text(key: bytes) -> str:
    # A key that is no UTF-8 is somebody's mistake; it is shown, not hidden.
    return key.decode(errors="backslashreplace")
