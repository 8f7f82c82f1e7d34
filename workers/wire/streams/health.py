"""A console's look at a broker: what it says of itself, its inboxes, and who serves them.

The only place that puts these together. Nothing is written, and what the user may not ask is
unknown, because a monitor must not need more rights than the console.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import asyncio as redis

from workers.wire.errors import BrokerError, BrokerUnreachable
from workers.wire.events import WorkerInfo
from workers.wire.health import BrokerHealth, InboxHealth
from workers.wire.streams.connection import COMMAND_TIMEOUT_SECONDS, Connection, translated
from workers.wire.streams.examination import saves
from workers.wire.streams.inbox_health import InboxReader
from workers.wire.streams.reader import Reader

#: More agents are not looked at: each is asked about at every look.
MOST_AGENTS = 200
#: Who has an inbox, and what the broker says of itself, change seldom.
_SELDOM_SECONDS = 10.0
#: What we note beside what the broker tells: whether it saves snapshots.
_SAVES = "signoff_saves"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen; `at_ms` by the broker's clock."""

    at_ms: int
    broker: BrokerHealth
    inboxes: tuple[InboxHealth, ...]
    workers: tuple[WorkerInfo, ...]


class HealthReader:
    """Looks at one broker, again and again."""

    def __init__(
        self, connection: Connection, on_failure: Callable[[str, Exception], None] | None = None
    ) -> None:
        """Nothing is seen yet; for `on_failure` see `InboxReader`."""
        self._connection = connection
        self._reader = Reader(connection)
        self._inboxes = InboxReader(connection, on_failure)
        self._agents: Sequence[str] = ()
        self._broker = BrokerHealth()
        self._seldom_at = float("-inf")

    async def look(self) -> Look:
        """Look once.

        Raises:
            BrokerError: the broker is away, or shows this user nothing at all.
        """
        now = time.monotonic()
        if now - self._seldom_at > _SELDOM_SECONDS:
            self._agents = (await self._reader.agents())[:MOST_AGENTS]
            self._broker = await broker_health(self._connection)
            self._seldom_at = now
        at_ms = await self._now_ms()
        inboxes = await self._inboxes.read(self._agents, at_ms)
        workers = await self._reader.workers()
        return Look(at_ms, self._broker, tuple(inboxes), tuple(workers))

    async def _now_ms(self) -> int:
        """The broker's time; ours where it does not tell it."""
        try:
            with translated():
                seconds, microseconds = await self._connection.client.time()
        except BrokerUnreachable:
            raise
        except BrokerError:
            return time.time_ns() // 1_000_000
        return int(seconds) * 1000 + int(microseconds) // 1000


async def broker_health(connection: Connection) -> BrokerHealth:
    """What the broker says of itself: each primary of a Cluster, else the one server there is.

    Raises:
        BrokerUnreachable: it is away.
    """
    told: list[Mapping[str, Any]] = []
    places = await connection.primaries()
    try:
        for place in places:
            options = {"protocol": 2, "socket_timeout": COMMAND_TIMEOUT_SECONDS}
            pool = place.pool(redis.ConnectionPool, **options)
            async with redis.Redis.from_pool(pool) as client:
                with translated():
                    info = await client.info()
                told.append({**info, _SAVES: await saves(client)})
    except BrokerUnreachable:
        raise
    except BrokerError as error:
        return BrokerHealth(servers=len(places), note=error.title)
    return _together(told)


def _together(told: Sequence[Mapping[str, Any]]) -> BrokerHealth:
    persistent = [True if info.get("aof_enabled") else info[_SAVES] for info in told]
    return BrokerHealth(
        software="/".join(dict.fromkeys(_software(info) for info in told)),
        used_memory=_sum(told, "used_memory"),
        max_memory=_sum(told, "maxmemory"),
        is_persistent=None if None in persistent else all(persistent),
        clients=_sum(told, "connected_clients"),
        servers=len(told),
    )


def _software(info: Mapping[str, Any]) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}" if "redis_version" in info else "unknown"


def _sum(told: Sequence[Mapping[str, Any]], name: str) -> int | None:
    values = [info.get(name) for info in told]
    return sum(v for v in values if isinstance(v, int)) if None not in values else None
