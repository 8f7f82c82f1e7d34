"""Bare lines to a server: many commands in one write, many replies from one read.

The only place that reads a socket past redis-py, whose pipeline costs three times what the broker
needs for the same replies. Connecting, passwords, encryption and the way to a primary stay
redis-py's; a line takes over when that is done. A read is bounded, and what it does with a reply
too, so a value of 64 MB comes in pieces between which others get their turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import hiredis
from redis import exceptions
from redis._parsers.base import BaseParser

from workers.wire.streams.places import Client, Place

Command: TypeAlias = tuple[Any, ...]

#: A connection that is being made must not be waited for for ever: redis-py has no limit for it.
_OPEN_SECONDS: Final = 10.0
_READ_BYTES: Final = 1 << 18
_MORE: Final = object()


class Line:
    """One connection to one server. Close it.

    Attributes:
        name: host and port it leads to; the primary's, where Sentinels know it.
        awaited: replies that are still to come.
    """

    def __init__(self, place: Place, *, protocol: int = 2) -> None:
        self._wire: Client = place.wire(protocol=protocol, socket_timeout=None)
        self._parser = hiredis.Reader(
            protocolError=exceptions.InvalidResponse,
            replyError=BaseParser.parse_error,
            notEnoughData=_MORE,
        )
        self.name = ""
        self.awaited = 0

    async def open(self) -> None:
        """Connect. Raises what the client raises."""
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await self._wire.connect()
        except TimeoutError as error:
            raise exceptions.TimeoutError("it is silent") from error
        self.name = f"{self._wire.host}:{self._wire.port}"

    @property
    def is_usable(self) -> bool:
        """Whether it can be lent to somebody else, as far as can be seen from here."""
        stream = self._wire._reader  # noqa: SLF001 - redis-py has no public door for that
        return self.awaited == 0 and stream is not None and not stream.at_eof()

    def send(self, commands: Iterable[Command]) -> None:
        """Send commands in one write, which waits for nobody."""
        packed = [hiredis.pack_command(command) for command in commands]
        self.awaited += len(packed)
        self._wire._writer.write(b"".join(packed))  # noqa: SLF001 - see above

    async def receive(self, within_seconds: float) -> list[Any]:
        """Wait for bytes, and return the replies and pushes that they complete, maybe none.

        Args:
            within_seconds: for the bytes; a reply that is long in coming may take longer.

        Raises:
            TimeoutError: not a byte came.
            ConnectionError: of redis, like whatever else it raises.
        """
        async with asyncio.timeout(within_seconds):
            data = await self._wire._reader.read(_READ_BYTES)  # noqa: SLF001 - see above
        if not data:
            raise exceptions.ConnectionError("it closed the connection")
        parser = self._parser
        parser.feed(data)
        replies: list[Any] = []
        while (reply := parser.gets()) is not _MORE:
            replies.append(reply)
        return replies

    async def close(self) -> None:
        """Close it, whatever is under way."""
        await self._wire.disconnect()
