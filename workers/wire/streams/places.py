"""Where a broker's servers are, and what every way to run a broker has in common.

The only place that knows a broker that is one server; one that Sentinels watch is in `sentinels`,
a Cluster in `cluster`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from redis import asyncio as redis
from redis import exceptions
from redis.asyncio.connection import parse_url

from workers.wire.addresses import Address, address_errors
from workers.wire.streams.cancelling import cancellable
from workers.wire.streams.joining import JoiningClient

CONNECT_TIMEOUT_SECONDS = 5.0

#: The client's own types are unions of the replies of every protocol version; we speak one, and
#: read replies by their shape in this package alone.
Client: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Place:
    """One server.

    Attributes:
        name: its host and port, where the broker may have others; else empty.
        kind: the class of connections to it.
        options: what they are made with.
    """

    name: str
    kind: type[Any] = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)

    def wire(self, **options: Any) -> Client:  # noqa: ANN401 - see redis
        """A bare connection to it, not connected yet."""
        return self.kind(**{**self.options, **options})

    def pool(self, kind: type[Any], **options: Any) -> Client:  # noqa: ANN401 - see redis
        """A pool, of this kind, of connections to it."""
        return kind(connection_class=self.kind, **{**self.options, **options})


class Servers(Protocol):
    """The servers of one broker.

    Attributes:
        client: for commands.
    """

    client: Client

    async def check(self) -> None:
        """Make sure that the broker answers."""
        ...

    async def primaries(self) -> Sequence[Place]:
        """Those that take writes, as things stand now."""
        ...

    async def place_of(self, key: str) -> Place:
        """The one that holds a key, as far as is known without asking for each command."""
        ...

    async def shares(self, names: Sequence[str | bytes]) -> Sequence[tuple[Place, Sequence[int]]]:
        """Which servers hold these keys, each with the numbers of its own."""
        ...

    def place_at(self, host: str, port: int) -> Place:
        """The server to which another one sent us on.

        Raises:
            MovedError: this broker has one server only, so it is the wrong kind of address.
        """
        ...

    async def load_script(self, text: str, key: str) -> None:
        """Make a script known to the one that holds a key."""
        ...

    async def unblock(self, key: str, number: int) -> None:
        """Let a client's command that waits, where a key lies, answer now."""
        ...

    def look_again(self) -> None:
        """Find out anew who holds what, before the next command."""
        ...

    async def close(self) -> None:
        """Close the client."""
        ...


class OneServer:
    """A broker that is one server, or one at a time."""

    def __init__(self, address: Address, timeout_seconds: float, max_connections: int) -> None:
        self._place = self._find(address)
        pool = self._place.pool(
            self._pool_kind(),
            protocol=2,
            max_connections=max_connections,
            timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
        )
        self.client: Client = JoiningClient.from_pool(pool)

    async def check(self) -> None:
        """See `Servers`."""
        await self.client.ping()

    async def primaries(self) -> Sequence[Place]:
        """See `Servers`."""
        return (self._place,)

    async def place_of(self, _key: str) -> Place:
        """See `Servers`."""
        return self._place

    async def shares(self, names: Sequence[str | bytes]) -> Sequence[tuple[Place, Sequence[int]]]:
        """See `Servers`."""
        return ((await self.place_of(""), range(len(names))),)

    def place_at(self, host: str, port: int) -> Place:
        """See `Servers`. A single node of a Cluster can send on nobody who cannot follow."""
        raise exceptions.MovedError(f"0 {host}:{port}")

    async def load_script(self, text: str, _key: str) -> None:
        """See `Servers`."""
        await self.client.script_load(text)

    async def unblock(self, _key: str, number: int) -> None:
        """See `Servers`."""
        await self.client.client_unblock(number)

    def look_again(self) -> None:
        """See `Servers`. There is nowhere else to look."""

    async def close(self) -> None:
        """See `Servers`."""
        await self.client.aclose()
        await self.client.connection_pool.disconnect()

    def _find(self, address: Address) -> Place:
        options = wire_options(address)
        kind = options.pop("connection_class", redis.Connection)
        return Place("", cancellable(kind), options)

    def _pool_kind(self) -> type[Any]:
        return redis.BlockingConnectionPool


def wire_options(address: Address) -> dict[str, Any]:
    """What connections to a broker are made with."""
    with address_errors():
        options: dict[str, Any] = dict(parse_url(address.url))
    options["socket_connect_timeout"] = CONNECT_TIMEOUT_SECONDS
    return options
