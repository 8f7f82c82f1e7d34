"""A Cluster: which server holds what, and a client that waits instead of failing.

The only place that mends the client's Cluster part, which fails at once when its connections are
all in use, tries a command again by itself when the reply was lost (a second message), hides a
lost connection among the answers of a pipeline, and needs COMMAND to find a command's key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis import exceptions
from redis._parsers import AsyncCommandsParser
from redis.asyncio.cluster import ClusterNode, ClusterPipeline, RedisCluster
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.event import EventDispatcher

from workers.wire.addresses import Address
from workers.wire.streams.cancelling import cancellable
from workers.wire.streams.places import Client, Place, wire_options

#: Pipelines beside commands; a redirected answer of one asks for a command's turn.
_PIPELINES = 10
#: Sorting a hundred thousand keys must not keep the loop from others.
_SORTED_AT_ONCE = 5000
#: The connection goes, or went, to a server that is gone or has another part now.
_LOST = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ClusterDownError,
    exceptions.SlotNotCoveredError,
)


class ClusterServers:
    """The servers of a Cluster."""

    def __init__(self, address: Address, timeout_seconds: float, max_connections: int) -> None:
        options = wire_options(address)
        kind = cancellable(options.pop("connection_class", Connection))
        for name in ("host", "port", "db"):
            options.pop(name, None)
        self._options = options
        self._kind = kind
        self._client = _PatientCluster(address, kind, options, timeout_seconds, max_connections)
        self.client: Client = self._client

    async def check(self) -> None:
        """See `Servers`."""
        await self._client.initialize()
        await self.client.ping(target_nodes=self._client.get_random_primary_node())

    async def primaries(self) -> Sequence[Place]:
        """See `Servers`. Asks one of them; what the client itself knows is left as it is."""
        await self._client.initialize()
        node = self._client.get_random_primary_node()
        slots = await self.client.cluster_slots(target_nodes=node)
        # A server that knows no name of its own is the one we asked.
        found = {(one["primary"][0] or node.host, one["primary"][1]) for one in slots.values()}
        return [self._place(host, port) for host, port in sorted(found)]

    async def place_of(self, key: str) -> Place:
        """See `Servers`."""
        await self._client.initialize()
        node = self._node_of(key)
        return self._place(node.host, node.port)

    async def shares(self, names: Sequence[str | bytes]) -> Sequence[tuple[Place, Sequence[int]]]:
        """See `Servers`."""
        await self._client.initialize()
        numbers: dict[tuple[str, int], list[int]] = {}
        for number, name in enumerate(names):
            node = self._node_of(name)
            numbers.setdefault((node.host, int(node.port)), []).append(number)
            if number % _SORTED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return [(self._place(*where), own) for where, own in numbers.items()]

    def place_at(self, host: str, port: int) -> Place:
        """See `Servers`."""
        return self._place(host, port)

    async def load_script(self, text: str, key: str) -> None:
        """See `Servers`. Not on all: one that is away would fail it for the others."""
        await self._client.execute_command("SCRIPT LOAD", text, target_nodes=self._node_of(key))

    async def unblock(self, key: str, number: int) -> None:
        """See `Servers`."""
        node = self._node_of(key)
        await self._client.execute_command("CLIENT UNBLOCK", number, target_nodes=node)

    def look_again(self) -> None:
        """See `Servers`."""
        self._client.look_again()

    async def close(self) -> None:
        """See `Servers`."""
        await self._client.close_all()

    def _node_of(self, key: Any) -> ClusterNode:  # noqa: ANN401 - bytes, which its type forgets
        node = self._client.get_node_from_key(key)
        assert node is not None  # noqa: S101 - only a replica may be missing
        return node

    def _place(self, host: str, port: str | int) -> Place:
        options = {**self._options, "host": host, "port": int(port)}
        return Place(f"{host}:{port}", self._kind, options)


class _PatientCluster(RedisCluster):
    """Waits for a free connection, and sends each command once."""

    def __init__(
        self,
        address: Address,
        kind: type[Any],
        options: dict[str, Any],
        timeout_seconds: float,
        max_connections: int,
    ) -> None:
        hosts = [ClusterNode(host, port) for host, port in address.hosts]
        super().__init__(
            startup_nodes=hosts,
            protocol=2,
            socket_timeout=timeout_seconds,
            # Turns are counted below; a connection that is just being closed has none.
            max_connections=2 * (max_connections + _PIPELINES),
            retry=Retry(NoBackoff(), 0),
            # Otherwise each fifth redirection closes all connections, those in use too.
            reinitialize_steps=0,
            ssl=issubclass(kind, SSLConnection),
            **options,
        )
        self.connection_kwargs["connection_class"] = kind
        for node in self.nodes_manager.startup_nodes.values():
            node.connection_class = kind
        self.commands_parser = _Keys()
        self._timeout_seconds = timeout_seconds
        self._commands = asyncio.Semaphore(max_connections)
        self._pipelines = asyncio.Semaphore(_PIPELINES)

    def pipeline(self, transaction: Any = None, _shard_hint: Any = None) -> _Batch:  # noqa: ANN401
        """Commands to any servers, sent together; no transaction goes over several."""
        return _Batch(self, transaction)

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - see redis
        """Send one command, to the server that holds its key."""
        await self.initialize()
        try:
            return await super().execute_command(*args, **kwargs)
        except _LOST as error:
            self.look_again_after(error)
            raise

    async def _execute_command(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - see redis
        async with self.turn(self._commands):
            return await super()._execute_command(*args, **kwargs)

    @asynccontextmanager
    async def turn(self, turns: asyncio.Semaphore | None = None) -> AsyncIterator[None]:
        """Wait until there is a connection for us, as long as a command may take."""
        turns = turns or self._pipelines
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await turns.acquire()
        except TimeoutError as error:
            raise exceptions.MaxConnectionsError("No connection available.") from error
        try:
            yield
        finally:
            turns.release()

    def look_again(self) -> None:
        """Find out anew who holds what, before the next command."""
        self._initialize = True

    def look_again_after(self, error: BaseException) -> None:
        """`look_again`, unless it was us who had too much to do."""
        if not isinstance(error, exceptions.MaxConnectionsError):
            self.look_again()

    async def aclose(self) -> None:
        """What the client does when a server is down: it would close what others are using."""
        self.look_again()

    async def close_all(self) -> None:
        """Close every connection, also when it is just being found out who holds what."""
        self._initialize = True
        manager = self.nodes_manager
        for node in (*manager.nodes_cache.values(), *manager.startup_nodes.values()):
            await node.disconnect()


class _Batch(ClusterPipeline):
    """A pipeline in which a lost connection is no answer."""

    _event_dispatcher = EventDispatcher()  # declared by its base, which makes none

    async def execute(
        self, raise_on_error: bool = True, allow_redirections: bool = True
    ) -> list[Any]:
        """Send what was put in, and return the answers in its order."""
        cluster = self.cluster_client
        assert isinstance(cluster, _PatientCluster)  # noqa: S101 - it made us
        try:
            await cluster.initialize()
            async with cluster.turn():
                answers = await super().execute(False, allow_redirections)
            for answer in answers:
                if isinstance(answer, _LOST) or (raise_on_error and isinstance(answer, Exception)):
                    raise answer
        except _LOST as error:
            cluster.look_again_after(error)
            raise
        return answers


class _Keys(AsyncCommandsParser):
    """Where the keys of our commands are, known without asking the broker."""

    async def initialize(self, node: ClusterNode | None = None) -> None:
        """Nothing has to be asked."""

    async def get_keys(self, *args: Any) -> tuple[str, ...]:  # noqa: ANN401 - see redis
        """The keys of a command: the first argument, but for reads and those that take several."""
        command, *arguments = args
        if b"STREAMS" in arguments:
            streams = arguments[arguments.index(b"STREAMS") + 1 :]
            return tuple(streams[: len(streams) // 2])
        several = command in {"MGET", "DEL", "EXISTS", "UNLINK"}
        return tuple(arguments if several else arguments[:1])
