"""Connections to the broker, whether it is one server, watched by Sentinels, or a Cluster.

The only place that makes redis clients for this package. redis-py 8 cuts blocking reads after 5 s
unless told otherwise, and its plain pool fails under load instead of waiting; both are set right.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

from redis import asyncio as redis
from redis import exceptions

from workers.wire.addresses import Topology, read_address
from workers.wire.errors import BrokerError
from workers.wire.streams.bulk import Bulk
from workers.wire.streams.cluster import ClusterServers
from workers.wire.streams.places import Client as Client
from workers.wire.streams.places import OneServer, Place, Servers
from workers.wire.streams.sentinels import SentinelServers
from workers.wire.streams.translation import translated as translated

COMMAND_TIMEOUT_SECONDS = 10.0
MAX_CONNECTIONS = 20

_SERVERS: dict[Topology, type[OneServer | ClusterServers]] = {
    Topology.SINGLE: OneServer,
    Topology.SENTINEL: SentinelServers,
    Topology.CLUSTER: ClusterServers,
}


class Connection:
    """One broker, with a pool for commands and single connections for blocking reads.

    An async context manager: entering it proves that the broker answers.

    Attributes:
        url: its address, with the password.
        client: for commands, on whichever server they belong.
        bulk: for reads of very many keys.
        is_cluster: what a script or transaction touches must lie in one slot.
        may_move: the broker may be served by other servers later.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = COMMAND_TIMEOUT_SECONDS,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        """Set it up; nothing is connected before it is used.

        Args:
            timeout_seconds: for one command, and for waiting until it may be sent.
            max_connections: more commands at once wait for each other.

        Raises:
            BrokerRefused: not a broker's address.
        """
        self.url = url
        address = read_address(url)
        kind = _SERVERS[address.topology]
        self._servers: Servers = kind(address, timeout_seconds, max_connections)
        self.client: Client = self._servers.client
        self.bulk = Bulk(self._servers, timeout_seconds)
        self.is_cluster = address.topology is Topology.CLUSTER
        self.may_move = address.topology is not Topology.SINGLE

    async def __aenter__(self) -> Self:
        try:
            with translated():
                await self._servers.check()
        except BrokerError:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def primaries(self) -> list[Place]:
        """The servers that take writes, as things stand now; one unless it is a Cluster.

        Raises:
            BrokerError: nobody can say.
        """
        with translated():
            return list(await self._servers.primaries())

    async def load_script(self, text: str, key: str) -> None:
        """Make a script known where a key lies. Raises what the client raises."""
        await self._servers.load_script(text, key)

    def blocking(self, key: str) -> BlockingLine:
        """A line of its own for reads of one key that wait longer than any command may."""
        return BlockingLine(self._servers, key)

    async def close(self) -> None:
        """Close every connection."""
        await self.bulk.close()
        await self._servers.close()


class BlockingLine:
    """A line to the server that holds a key, whichever that is. Close it."""

    def __init__(self, servers: Servers, key: str) -> None:
        self._servers = servers
        self._key = key
        self._client: Client | None = None
        self._number = 0
        self._where = ""

    async def open(self) -> None:
        """Connect, and learn by what name `unblock` can call us.

        Raises:
            BrokerError: see `execute`.
        """
        self._number = await self.execute("CLIENT ID")

    async def unblock(self) -> None:
        """Let a command that waits answer now.

        Raises:
            BrokerError: the broker is away, or does not permit it.
        """
        with translated():
            await self._servers.unblock(self._key, self._number)

    async def execute(
        self,
        *command: Any,  # noqa: ANN401 - see redis
        within_seconds: float | None = None,
    ) -> Any:  # noqa: ANN401 - as it answers
        """Send a command and wait for its answer.

        Args:
            within_seconds: after so long the server counts as gone; never unless given.

        Raises:
            BrokerUnreachable: the server went away, or holds the key no longer; the next try
                asks for the one that does.
            BrokerError: see `translated`.
        """
        with translated():
            try:
                async with asyncio.timeout(within_seconds):
                    client = await self._connected()
                    return await client.execute_command(*command)
            except TimeoutError as error:
                await self.aclose()
                self._servers.look_again()
                raise exceptions.TimeoutError("it is silent") from error
            except exceptions.MovedError as error:
                await self.aclose()
                self._servers.look_again()
                raise exceptions.ConnectionError("the key has moved to another server") from error
            except (exceptions.ConnectionError, exceptions.TimeoutError):
                await self.aclose()
                self._servers.look_again()
                raise

    async def aclose(self) -> None:
        """Close it; the next command opens it again."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _connected(self) -> Client:
        place = await self._servers.place_of(self._key)
        if place.name != self._where:
            await self.aclose()
        if self._client is None:
            self._where = place.name
            pool = place.pool(
                redis.ConnectionPool,
                protocol=2,
                max_connections=1,
                socket_timeout=None,
                # A lost half-open connection must not be read for ever.
                socket_keepalive=True,
                health_check_interval=0,
            )
            self._client = redis.Redis.from_pool(pool)
        return self._client
