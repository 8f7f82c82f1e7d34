"""How far the broker's clock is from ours.

The only place that compares the two. The broker is nobody's authority on time; it is what all desks
and workers can see.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from redis import asyncio as redis

from workers.wire.streams.connection import (
    COMMAND_TIMEOUT_SECONDS,
    Client,
    Connection,
    translated,
)


async def skew(connection: Connection, now: Callable[[], float] = time.time) -> float:
    """Seconds by which the broker's clock is ahead of ours, at least; negative: ours is.

    Of a Cluster it is the middle one of its primaries.

    Args:
        now: our clock, in seconds since the epoch.

    Raises:
        BrokerRefused: TIME is not permitted.
        BrokerError: the broker cannot be used.
    """
    skews: list[float] = []
    for place in await connection.primaries():
        pool = place.pool(redis.ConnectionPool, protocol=2, socket_timeout=COMMAND_TIMEOUT_SECONDS)
        async with redis.Redis.from_pool(pool) as client:
            with translated():
                skews.append(await skew_of(client, now))
    return statistics.median_low(skews)


async def skew_of(client: Client, now: Callable[[], float] = time.time) -> float:
    """The same of one server; 0 within the round trip. Raises what the client raises."""
    # Asked twice: the first may pay for a new connection.
    await client.time()
    before = now()
    seconds, microseconds = await client.time()
    after = now()
    there: float = seconds + microseconds / 1e6
    return min(there - before, 0.0) or max(there - after, 0.0)
