"""What the client's errors mean to a person: whether trying again may help, and what to do."""

from __future__ import annotations

import pytest
from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError

from workers.wire.errors import BrokerError, BrokerRefused, BrokerUnreachable
from workers.wire.streams.translation import translated


@pytest.mark.parametrize(
    ("error", "kind", "title"),
    [
        (exceptions.ReadOnlyError("You can't write"), BrokerUnreachable, "takes no writes now"),
        (
            # Redis 6.2 wraps it when a script meets it.
            exceptions.ResponseError("Error running script: @user_script: -READONLY You can't"),
            BrokerUnreachable,
            "takes no writes now",
        ),
        (
            exceptions.ResponseError("NOREPLICAS Not enough good replicas"),
            BrokerUnreachable,
            "takes no writes now",
        ),
        (
            exceptions.ResponseError("MISCONF Redis is configured to save, and cannot"),
            BrokerUnreachable,
            "takes no writes now",
        ),
        (exceptions.ClusterDownError("The cluster is down"), BrokerUnreachable, "does not serve"),
        (exceptions.MasterDownError("Link is down"), BrokerUnreachable, "does not serve"),
        (exceptions.ClusterError("TTL exhausted."), BrokerUnreachable, "does not serve"),
        (exceptions.TryAgainError("Multiple keys"), BrokerUnreachable, "does not serve"),
        (
            exceptions.SlotNotCoveredError("Slot 1 is not covered"),
            BrokerUnreachable,
            "does not answer",
        ),
        (MasterNotFoundError("No Sentinel names a primary"), BrokerUnreachable, "No Sentinel"),
        (exceptions.MovedError("1 host:7000"), BrokerRefused, "one node of a Cluster"),
        (exceptions.AskError("1 host:7000"), BrokerRefused, "one node of a Cluster"),
        (exceptions.AuthenticationError("wrong"), BrokerRefused, "refused the user name"),
        (exceptions.NoPermissionError("no"), BrokerRefused, "does not permit this"),
        (exceptions.InvalidResponse("HTTP"), BrokerRefused, "not a Redis or Valkey broker"),
        (exceptions.MaxConnectionsError(), BrokerUnreachable, "does not answer"),
    ],
)
def test_each_error_is_told_in_its_own_words(
    error: Exception, kind: type[BrokerError], title: str
) -> None:
    """With a hint; who must not try again is told so by the kind."""
    with pytest.raises(kind, match=title) as caught, translated():
        raise error

    assert caught.value.hint
    assert type(caught.value) is kind


def test_a_command_that_makes_no_sense_is_neither() -> None:
    """Trying it again would not help, and the address is right."""
    with pytest.raises(BrokerError, match="could not do this") as caught, translated():
        raise exceptions.ResponseError("WRONGTYPE")

    assert type(caught.value) is BrokerError
