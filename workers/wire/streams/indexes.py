"""The index that Signoff workers keep: contexts by activity, and requests that wait.

The only place that reads it. It is a help and no truth: what a foreign worker serves is not in it.
What cannot be read, or may not be, is passed over, for the streams tell the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import msgspec
from redis.exceptions import NoPermissionError

from workers.wire import keys
from workers.wire.codec import MAX_INBOX_BYTES
from workers.wire.events import ContextSummary, RequestSummary
from workers.wire.streams.connection import Client, translated
from workers.wire.streams.entries import key_text
from workers.wire.streams.translation import wrong_type_is_nothing

_CHUNK: Final = 2000

S = TypeVar("S", bound=msgspec.Struct)

# Not `decode_struct`: a hundred thousand of these are read before the list is complete.
_CONTEXT: Final = msgspec.json.Decoder(ContextSummary)
_REQUEST: Final = msgspec.json.Decoder(RequestSummary)


class IndexReader:
    """Reads the index."""

    _client: Client

    async def index_pages(
        self, first: int = 100, rest: int = _CHUNK
    ) -> AsyncGenerator[list[tuple[str, ContextSummary]], None]:
        """Contexts and how they stand, those with the newest activity first.

        What moves to the front while pages are read may be missing in them: listen before.

        Args:
            first: so many in the first page, for the screen.
            rest: so many in each other page.

        Raises:
            BrokerError: see `translated`.
        """
        start, count = 0, first
        while names := await self._ranked(keys.CONTEXTS, start, count, newest_first=True):
            found = await self._values(keys.CONTEXT, names)
            page = [
                (key_text(name), summary)
                for name, raw in zip(names, found, strict=True)
                if (summary := _read(_CONTEXT, raw)) is not None
            ]
            yield page
            start, count = start + count, rest

    async def waiting_contexts(self) -> list[str]:
        """Contexts in which a request waits, the one that waits longest first.

        Raises:
            BrokerError: see `translated`.
        """
        context_ids: dict[str, None] = {}
        start = 0
        while names := await self._ranked(keys.WAITING, start, _CHUNK, newest_first=False):
            for raw in await self._values(keys.REQUEST, names):
                if (summary := _read(_REQUEST, raw)) is not None:
                    context_ids.setdefault(summary.context_id)
            start += _CHUNK
        return list(context_ids)

    async def waiting_requests(self) -> AsyncGenerator[tuple[str, RequestSummary], None]:
        """Requests that wait, by their ids, the one that waits longest first.

        Raises:
            BrokerError: see `translated`.
        """
        start = 0
        while names := await self._ranked(keys.WAITING, start, _CHUNK, newest_first=False):
            found = await self._values(keys.REQUEST, names)
            for name, raw in zip(names, found, strict=True):
                if (summary := _read(_REQUEST, raw)) is not None:
                    yield key_text(name), summary
            start += _CHUNK

    async def _ranked(self, key: str, start: int, count: int, *, newest_first: bool) -> list[bytes]:
        names: list[bytes] = []
        with translated(), _no_index_is_nothing():
            # Not the client's `zrange`: it would send ZREVRANGE, another command to be permitted.
            order = ("REV",) if newest_first else ()
            ranks = (start, start + count - 1)
            names += await self._client.execute_command("ZRANGE", key, *ranks, *order)
        return names

    async def _values(self, key: str, names: Sequence[bytes]) -> list[bytes | None]:
        values: list[bytes | None] = []
        with translated(), _no_index_is_nothing():
            values += await self._client.hmget(key, names)
        return values or [None] * len(names)


@contextmanager
def _no_index_is_nothing() -> Iterator[None]:
    """Where this user may not read it: Redis 6.2 could let a console read it or forge it only."""
    try:
        with wrong_type_is_nothing():
            yield
    except NoPermissionError:
        return


def _read(decoder: msgspec.json.Decoder[S], raw: bytes | None) -> S | None:
    """One entry of the index; None if it is missing, or cannot be read."""
    if raw is None or len(raw) > MAX_INBOX_BYTES:
        return None
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
