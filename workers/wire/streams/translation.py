"""Errors of the redis client, in words for people.

The only place that says what each of them means: whether trying again may help, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError

from workers.wire.errors import BrokerError, BrokerRefused, BrokerUnreachable

_HINT_ADDRESS = "Check the address and port, and that the broker is running."
_HINT_WAIT = "It is tried again; when that does not help, look at the broker's log."
#: Refusals to write that pass by: a replica, too few replicas, a disk that is full.
_NO_WRITES_NOW = ("READONLY", "NOREPLICAS", "MISCONF")


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the redis client into `BrokerError`.

    Raises:
        BrokerRefused: the broker answered and said no.
        BrokerUnreachable: it did not answer, or cannot do it just now.
        BrokerError: it could not do what was asked.
    """
    try:
        yield
    except (exceptions.RedisError, exceptions.RedisClusterException, OSError) as error:
        raise _in_words(error) from error


@contextmanager
def wrong_type_is_nothing() -> Iterator[None]:
    """Somebody put something else under one of our keys: there is nothing to read in it."""
    try:
        yield
    except exceptions.ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise


def _in_words(error: Exception) -> BrokerError:
    match error:
        case exceptions.RedisClusterException():
            return _no_cluster(error)
        case exceptions.AuthenticationError() | exceptions.AuthorizationError():
            return _refused_password(error)
        case exceptions.NoPermissionError():
            title = f"The broker does not permit this: {error}."
            return BrokerRefused(title, "Ask its administrator for the console's permissions.")
        case MasterNotFoundError():
            return BrokerUnreachable(f"{error}.", "Check the Sentinels and the service's name.")
        case exceptions.ConnectionError() | exceptions.TimeoutError() | OSError():
            title = f"The broker does not answer: {str(error).rstrip('.')}."
            return BrokerUnreachable(title, _HINT_ADDRESS)
        case exceptions.InvalidResponse():
            title = "What answers at this address is not a Redis or Valkey broker."
            return BrokerRefused(title, _HINT_ADDRESS)
        case exceptions.ResponseError() | exceptions.ClusterError():
            return _answered(error)
        case _:
            return BrokerError(f"The broker client failed: {error}.")


def _answered(error: Exception) -> BrokerError:
    """What a broker meant that is there and did not do it."""
    match error:
        case exceptions.MovedError() | exceptions.AskError():
            title = "This is one node of a Cluster, and what was asked for lies on another."
            hint = "Use an address like redis+cluster://host-1:6379,host-2:6379."
            return BrokerRefused(title, hint)
        case exceptions.ClusterDownError() | exceptions.ClusterError() | exceptions.TryAgainError():
            return BrokerUnreachable(f"The Cluster does not serve now: {error}.", _HINT_WAIT)
        case exceptions.ReadOnlyError():
            pass
        case _ if not any(word in str(error) for word in _NO_WRITES_NOW):
            return BrokerError(f"The broker could not do this: {error}.")
    title = f"The broker takes no writes now: {error}."
    return BrokerUnreachable(title, "If it is a replica, use the primary's address. " + _HINT_WAIT)


def _no_cluster(error: BaseException) -> BrokerError:
    """Why a Cluster cannot be used; the client hides the cause behind its own words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, exceptions.AuthenticationError | exceptions.NoPermissionError):
            return _in_words(cause)
        if "Cluster mode is not enabled" in str(cause) and cause is not error:
            title = "The broker at this address is no Cluster."
            return BrokerRefused(title, "Use an address that begins with redis:// or rediss://.")
        cause = cause.__cause__ or cause.__context__
    return BrokerUnreachable(f"The Cluster does not answer: {error}.", _HINT_ADDRESS)


def _refused_password(error: Exception) -> BrokerRefused:
    if "Authentication required" in str(error):
        title = "The broker asks for a password."
        return BrokerRefused(title, "Enter the password in the connection settings.")
    return BrokerRefused(
        "The broker refused the user name or password.", "Enter the password again."
    )
