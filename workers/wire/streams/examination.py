"""What a broker says of itself, and what lies on it: facts for an examination, no judgement.

The only place that reads the broker's own state. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis import asyncio as redis
from redis.exceptions import NoPermissionError

from workers.wire import keys
from workers.wire.errors import BrokerError
from workers.wire.ids import CONSUMER_PREFIX
from workers.wire.streams.clock import skew_of
from workers.wire.streams.connection import (
    COMMAND_TIMEOUT_SECONDS,
    Client,
    Connection,
    translated,
)
from workers.wire.streams.numerals import number
from workers.wire.streams.reader import Reader, values


@dataclass(frozen=True, slots=True)
class BrokerState:
    """What the broker says of itself.

    Attributes:
        software: `Redis` or `Valkey`.
        version: what counts for compatibility, as numbers; `version_text` as it says itself.
        is_appending: it keeps an append-only file.
        saves: it saves snapshots; None when we may not know.
        writes_well: its last write to disk succeeded.
        max_memory: bytes; 0 is no limit.
        skew_seconds: how far its clock is ahead of ours, at least; 0 within the round trip.
        node: host and port, where it is one of the servers of the Cluster we are connected to.
    """

    software: str
    version: tuple[int, ...]
    version_text: str
    is_replica: bool
    is_cluster: bool
    is_appending: bool
    saves: bool | None
    writes_well: bool
    max_memory: int
    used_memory: int
    eviction_policy: str
    skew_seconds: float
    node: str = ""


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """One reader of an inbox's group; `idle_ms`: since it last asked for anything."""

    name: str
    pending: int
    idle_ms: int

    @property
    def is_ours(self) -> bool:
        """Whether it is a Signoff worker."""
        return self.name.startswith(CONSUMER_PREFIX)


@dataclass(frozen=True, slots=True)
class InboxState:
    """One agent's inbox.

    Attributes:
        entries: how many it holds, delivered ones that are not settled included.
        consumers: None when it has no group, so that nobody ever served the agent.
        quarantined: how many entries of it are in quarantine.
    """

    agent: str
    entries: int
    consumers: tuple[ConsumerState, ...] | None
    quarantined: int


async def broker_states(connection: Connection) -> list[BrokerState]:
    """Ask the broker about itself: each primary of a Cluster, else the one server there is.

    Raises:
        BrokerRefused: INFO is not permitted.
        BrokerError: the broker cannot be used.
    """
    states: list[BrokerState] = []
    for place in await connection.primaries():
        pool = place.pool(redis.ConnectionPool, protocol=2, socket_timeout=COMMAND_TIMEOUT_SECONDS)
        async with redis.Redis.from_pool(pool) as client:
            states.append(await _broker_state(client, place.name))
    return states


async def _broker_state(client: Client, node: str) -> BrokerState:
    with translated():
        info: Mapping[str, Any] = await client.info()
        skew_seconds = await skew_of(client)
    return BrokerState(
        software="Valkey" if "valkey_version" in info else "Redis",
        version=_numbers(str(info["redis_version"])),
        version_text=str(info.get("valkey_version") or info["redis_version"]),
        is_replica=info.get("role") != "master",
        is_cluster=bool(info.get("cluster_enabled")),
        is_appending=bool(info.get("aof_enabled")),
        saves=await saves(client),
        writes_well=all(
            info.get(name, "ok") == "ok"
            for name in ("rdb_last_bgsave_status", "aof_last_write_status")
        ),
        max_memory=int(info.get("maxmemory", 0)),
        used_memory=int(info.get("used_memory", 0)),
        eviction_policy=str(info.get("maxmemory_policy", "")),
        skew_seconds=skew_seconds,
        node=node,
    )


async def inbox_states(connection: Connection) -> list[InboxState]:
    """Every agent's inbox, by name.

    Raises:
        BrokerError: the broker cannot be used, or does not permit this.
    """
    return [await _inbox_state(connection, agent) for agent in await Reader(connection).agents()]


async def silent_workers(connection: Connection) -> list[str]:
    """Consumer names of workers that ended without a farewell.

    Raises:
        BrokerError: the broker cannot be used, or does not permit this.
    """
    client = connection.client
    with translated():
        names = [name.decode() for name in await client.zrange(keys.WORKERS, 0, -1)]
        told = await values(client, [keys.worker(name) for name in names])
    return [name for name, info in zip(names, told, strict=True) if info is None]


async def _inbox_state(connection: Connection, agent: str) -> InboxState:
    with translated():
        async with connection.client.pipeline(transaction=False) as batch:
            batch.xlen(keys.inbox(agent))
            batch.xinfo_consumers(keys.inbox(agent), keys.inbox_group(agent))
            batch.xlen(keys.dead_letters(agent))
            entries, consumers, quarantined = await batch.execute(raise_on_error=False)
        for answer in (entries, consumers, quarantined):
            if isinstance(answer, NoPermissionError):
                raise answer
    return InboxState(
        agent=agent,
        entries=entries if isinstance(entries, int) else 0,
        consumers=(
            tuple(
                ConsumerState(
                    one["name"].decode(errors="backslashreplace"), one["pending"], one["idle"]
                )
                for one in consumers
            )
            if isinstance(consumers, list)
            else None  # NOGROUP
        ),
        quarantined=quarantined if isinstance(quarantined, int) else 0,
    )


async def saves(client: Client) -> bool | None:
    """Whether a server saves snapshots; None when we may not know."""
    try:
        with translated():
            found = await client.config_get("save")
    except BrokerError:
        return None  # a managed broker has no CONFIG, and a worker's user needs none
    return bool(found.get("save"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(one for part in version.split(".") if (one := number(part)) is not None)
