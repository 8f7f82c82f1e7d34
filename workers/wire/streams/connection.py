"""Connections to the broker, and its errors in words for people.

The only place that makes redis clients. redis-py 8 cuts blocking reads after 5 s unless told
otherwise, and its plain pool fails under load instead of waiting; both are set right here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeAlias

from redis import asyncio as redis
from redis import exceptions
from redis.asyncio.connection import parse_url

from workers.wire.addresses import address_errors, address_parts
from workers.wire.errors import BrokerError, BrokerRefused, BrokerUnreachable
from workers.wire.streams.cancelling import make_cancellable
from workers.wire.streams.joining import JoiningClient

CONNECT_TIMEOUT_SECONDS = 5.0
COMMAND_TIMEOUT_SECONDS = 10.0
MAX_CONNECTIONS = 20

#: The client's own types are unions of the replies of every protocol version; we speak one, and
#: read replies by their shape in this package alone.
Client: TypeAlias = Any

_HINT_ADDRESS = "Check the address and port, and that the broker is running."


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the redis client into `BrokerError`.

    Raises:
        BrokerRefused: the broker answered and said no.
        BrokerUnreachable: it did not answer.
        BrokerError: it could not do what was asked.
    """
    try:
        yield
    except (exceptions.AuthenticationError, exceptions.AuthorizationError) as error:
        raise _refused_password(error) from error
    except exceptions.NoPermissionError as error:
        title = f"The broker does not permit this: {error}."
        raise BrokerRefused(
            title, "Ask its administrator for the console's permissions."
        ) from error
    except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
        raise BrokerUnreachable(
            f"The broker does not answer: {str(error).rstrip('.')}.", _HINT_ADDRESS
        ) from error
    except exceptions.InvalidResponse as error:
        title = "What answers at this address is not a Redis or Valkey broker."
        raise BrokerRefused(title, _HINT_ADDRESS) from error
    except exceptions.ResponseError as error:
        raise BrokerError(f"The broker could not do this: {error}.") from error
    except exceptions.RedisError as error:
        raise BrokerError(f"The broker client failed: {error}.") from error


def _refused_password(error: Exception) -> BrokerRefused:
    if "Authentication required" in str(error):
        title = "The broker asks for a password."
        return BrokerRefused(title, "Enter the password in the connection settings.")
    return BrokerRefused(
        "The broker refused the user name or password.", "Enter the password again."
    )


class Connection:
    """One broker, with a pool for commands and single connections for blocking reads.

    An async context manager: entering it proves that the broker answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        with address_errors():
            address_parts(url)
            pool = redis.BlockingConnectionPool.from_url(
                url,
                protocol=2,
                max_connections=MAX_CONNECTIONS,
                timeout=COMMAND_TIMEOUT_SECONDS,
                socket_timeout=COMMAND_TIMEOUT_SECONDS,
                socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
            )
            make_cancellable(pool)
            self.client: Client = JoiningClient.from_pool(pool)

    async def __aenter__(self) -> Self:
        try:
            with translated():
                await self.client.ping()
        except BrokerError:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    def blocking(self) -> Client:
        """A client of its own for reads that wait longer than any command may. Close it."""
        with address_errors():
            return redis.Redis.from_url(
                self.url,
                protocol=2,
                single_connection_client=True,
                socket_timeout=None,
                socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
                # A lost half-open connection must not be read for ever.
                socket_keepalive=True,
                health_check_interval=0,
            )

    def listener(self) -> Client:
        """A bare connection that speaks RESP3, for `news.listen`. Disconnect it."""
        with address_errors():
            options: dict[str, Any] = dict(parse_url(self.url))
            kind = options.pop("connection_class", redis.Connection)
            return kind(
                **options,
                protocol=3,
                socket_timeout=None,
                socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
            )

    async def close(self) -> None:
        """Close every connection."""
        await self.client.aclose()
        await self.client.connection_pool.disconnect()
