"""Where a broker's servers are: one server, or the one that Sentinels call the primary.

The only place that asks Sentinels. A Cluster's servers are found in `cluster`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from redis import asyncio as redis
from redis import exceptions
from redis.asyncio.connection import parse_url
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from workers.wire.addresses import Address, Topology, address_errors
from workers.wire.streams.cancelling import cancellable

CONNECT_TIMEOUT_SECONDS = 5.0
#: One Sentinel that does not answer must not keep us from asking the next.
_SENTINEL_TIMEOUT_SECONDS = 2.0

#: The client's own types are unions of the replies of every protocol version; we speak one, and
#: read replies by their shape in this package alone.
Client: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Place:
    """One server.

    Attributes:
        name: host and port of a Cluster's node; empty where the broker is one server.
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
        """The one that holds a key."""
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
    """One server; with Sentinels, the one that they call the primary whenever we connect."""

    def __init__(self, address: Address, timeout_seconds: float, max_connections: int) -> None:
        options = wire_options(address)
        kind = options.pop("connection_class", redis.Connection)
        if address.topology is Topology.SENTINEL:
            options.pop("host"), options.pop("port", None)
            options["connection_pool"] = _Primary(address, options)
            is_encrypted = issubclass(kind, redis.SSLConnection)
            kind = SentinelManagedSSLConnection if is_encrypted else SentinelManagedConnection
        self._place = Place("", cancellable(kind), options)
        pool = self._place.pool(
            redis.BlockingConnectionPool,
            protocol=2,
            max_connections=max_connections,
            timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
        )
        self.client: Client = redis.Redis.from_pool(pool)

    async def check(self) -> None:
        """See `Servers`."""
        await self.client.ping()

    async def primaries(self) -> Sequence[Place]:
        """See `Servers`."""
        return (self._place,)

    async def place_of(self, _key: str) -> Place:
        """See `Servers`."""
        return self._place

    async def load_script(self, text: str, _key: str) -> None:
        """See `Servers`."""
        await self.client.script_load(text)

    async def unblock(self, _key: str, number: int) -> None:
        """See `Servers`."""
        await self.client.client_unblock(number)

    def look_again(self) -> None:
        """See `Servers`. Each new connection does."""

    async def close(self) -> None:
        """See `Servers`."""
        await self.client.aclose()
        await self.client.connection_pool.disconnect()


def wire_options(address: Address) -> dict[str, Any]:
    """What connections to a broker are made with."""
    with address_errors():
        options: dict[str, Any] = dict(parse_url(address.url))
    options["socket_connect_timeout"] = CONNECT_TIMEOUT_SECONDS
    return options


class _Primary:
    """Finds the primary; what the client's connections expect of a pool that Sentinels manage."""

    is_master = True
    check_connection = False

    def __init__(self, address: Address, options: Mapping[str, Any]) -> None:
        self._address = address
        self._secured = {k: v for k, v in options.items() if k.startswith("ssl_")}
        login = {k: options[k] for k in ("username", "password") if k in options}
        # Sentinels often have no password where their servers do, and refuse one then.
        self._logins = ({}, login) if login else ({},)
        is_encrypted = address.url.startswith("rediss")
        self._kind = cancellable(redis.SSLConnection if is_encrypted else redis.Connection)

    async def get_master_address(self) -> tuple[str, int]:
        """Ask one Sentinel after the other.

        Raises:
            MasterNotFoundError: none knows the primary.
        """
        problems: list[str] = []
        for host, port in self._address.hosts:
            try:
                found = await self._ask(host, port)
            except (exceptions.RedisError, OSError) as error:
                problems.append(f"{host}:{port}: {str(error).rstrip('.')}")
                continue
            if found:
                return found[0].decode(), int(found[1])
            problems.append(f"{host}:{port} does not know it")
        told = f"No Sentinel names a primary of {self._address.service!r} ({'; '.join(problems)})"
        raise MasterNotFoundError(told)

    async def _ask(self, host: str, port: int) -> Sequence[bytes] | None:
        refused: exceptions.AuthenticationError | None = None
        for login in self._logins:
            wire: Client = self._kind(
                host=host,
                port=port,
                protocol=2,
                socket_timeout=_SENTINEL_TIMEOUT_SECONDS,
                socket_connect_timeout=_SENTINEL_TIMEOUT_SECONDS,
                **login,
                **self._secured,
            )
            try:
                await wire.connect()
                service = self._address.service
                await wire.send_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service)
                found: Sequence[bytes] | None = await wire.read_response()
            except exceptions.AuthenticationError as error:
                refused = error
            else:
                return found
            finally:
                await wire.disconnect()
        assert refused is not None  # noqa: S101 - there is one login at least
        raise refused
