"""A broker that Sentinels watch: its primary, found, and left when it is the primary no more.

The only place that asks Sentinels. An old primary is told of a failover ten seconds later than
everybody else, and takes writes until then that it will forget; its connections stay open. So the
Sentinels are asked while we work, not only when a connection is made.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from redis import asyncio as redis
from redis import exceptions
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from workers.wire.addresses import Address
from workers.wire.streams.cancelling import cancellable
from workers.wire.streams.places import Client, OneServer, Place, wire_options

#: One Sentinel that does not answer must not keep us from asking the next.
_SENTINEL_TIMEOUT_SECONDS = 2.0
#: While we work, Sentinels are asked so often, and for so long; without an answer, less often.
LOOK_SECONDS = 1.0
_LOOK_TIMEOUT_SECONDS = 0.5
_LOOK_AFTER_FAILURE_SECONDS = 5.0

_HostPort: TypeAlias = tuple[str, int]


class SentinelServers(OneServer):
    """The server that Sentinels call the primary."""

    _primary: _Primary

    async def primaries(self) -> Sequence[Place]:
        """See `Servers`. Named by its address, so that another one is told from it."""
        host, port = await self._primary.get_master_address()
        return (replace(self._place, name=f"{host}:{port}"),)

    async def place_of(self, _key: str) -> Place:
        """See `Servers`."""
        host, port = await self._primary.look()
        return replace(self._place, name=f"{host}:{port}")

    def _find(self, address: Address) -> Place:
        options = wire_options(address)
        kind = options.pop("connection_class", redis.Connection)
        for name in ("host", "port"):
            options.pop(name, None)
        options["connection_pool"] = self._primary = _Primary(address, options)
        is_encrypted = issubclass(kind, redis.SSLConnection)
        managed = SentinelManagedSSLConnection if is_encrypted else SentinelManagedConnection
        return Place("", cancellable(managed), options)

    def _pool_kind(self) -> type[Any]:
        return _FollowingPool


class _FollowingPool(redis.BlockingConnectionPool):
    """Gives no connection to a server that is the primary no more."""

    async def get_connection(self, *_arguments: Any, **_options: Any) -> Any:  # noqa: ANN401
        connection: Any = await super().get_connection()  # type: ignore[no-untyped-call]
        try:
            primary: _Primary = self.connection_kwargs["connection_pool"]
            if await primary.look() != (connection.host, int(connection.port)):
                await connection.disconnect()
                await connection.connect()
        except BaseException:
            await self.release(connection)
            raise
        return connection


class _Primary:
    """Finds the primary; what the client's connections expect of a pool that Sentinels manage."""

    is_master = True
    check_connection = False

    def __init__(self, address: Address, options: dict[str, Any]) -> None:
        self._address = address
        self._secured = {k: v for k, v in options.items() if k.startswith("ssl_")}
        login = {k: options[k] for k in ("username", "password") if k in options}
        # Sentinels often have no password where their servers do, and refuse one then.
        self._logins = ({}, login) if login else ({},)
        is_encrypted = address.url.startswith("rediss")
        self._kind = cancellable(redis.SSLConnection if is_encrypted else redis.Connection)
        self._known: _HostPort | None = None
        self._look_at = 0.0

    async def look(self) -> _HostPort:
        """Where the primary is, as it was known a second ago at the latest, if one can know.

        Raises:
            MasterNotFoundError: it never was.
        """
        if self._known is None:
            return await self.get_master_address()
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_AFTER_FAILURE_SECONDS
            try:
                async with asyncio.timeout(_LOOK_TIMEOUT_SECONDS):
                    return await self.get_master_address()
            except (MasterNotFoundError, TimeoutError):
                return self._known
        return self._known

    async def get_master_address(self) -> _HostPort:
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
                self._known = found[0].decode(), int(found[1])
                self._look_at = time.monotonic() + LOOK_SECONDS
                return self._known
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
