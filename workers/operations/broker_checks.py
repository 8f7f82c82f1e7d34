"""Is this broker fit for work? Version, memory, disk, clock.

The only place that judges what a broker says of itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from workers.operations.findings import Finding, Level
from workers.wire.streams.examination import BrokerState

#: Below this there is no XAUTOCLAIM and no GETDEL, and ACLs know no channels.
MINIMUM_VERSION = (6, 2)
#: Times in requests and receipts are told by people's and workers' clocks.
SKEW_NOTED_SECONDS = 2.0
SKEW_HARMFUL_SECONDS = 30.0
#: Of its memory; beyond that it soon refuses what is sent.
NEARLY_FULL = 0.9


def check_broker(state: BrokerState) -> Iterator[Finding]:
    """Judge a broker."""
    yield _version(state)
    if state.is_replica:
        yield Finding(
            Level.PROBLEM,
            "role",
            "This is a replica: it takes no messages.",
            "Use the address of the primary.",
        )
    if state.is_cluster and not state.node:
        yield Finding(
            Level.NOTE,
            "role",
            "This is one node of a Cluster; only what lies on it was looked at.",
            "Use an address like redis+cluster://host-1:6379,host-2:6379.",
        )
    yield _persistence(state)
    if not state.writes_well:
        yield Finding(
            Level.PROBLEM,
            "disk",
            "The broker's last write to disk failed.",
            "Look at its log, and at the free space where it keeps its data.",
        )
    yield _eviction(state)
    if state.max_memory and state.used_memory > NEARLY_FULL * state.max_memory:
        share = state.used_memory * 100 // state.max_memory
        yield Finding(
            Level.PROBLEM,
            "memory",
            f"The broker has used {share} % of its memory; when it is full it refuses messages.",
            "Raise maxmemory, or delete old agent_task:* streams.",
        )
    yield _clock(state)


def _version(state: BrokerState) -> Finding:
    name = f"{state.software} {state.version_text}"
    if state.version < MINIMUM_VERSION:
        return Finding(
            Level.PROBLEM,
            "version",
            f"The broker is {name}, which is too old.",
            "Use Redis 6.2 or newer, or Valkey.",
        )
    return Finding(Level.OK, "version", f"The broker is {name}.")


def _persistence(state: BrokerState) -> Finding:
    if state.is_appending:
        return Finding(Level.OK, "persistence", "The broker keeps an append-only file.")
    kept = {
        True: "only saves snapshots: what came since the last one is lost when it crashes.",
        False: "keeps nothing on disk: all is lost when it stops.",
        None: "keeps no append-only file: what was sent last is lost when it crashes.",
    }[state.saves]
    return Finding(
        Level.PROBLEM,
        "persistence",
        f"The broker {kept}",
        "Set `appendonly yes` (and `appendfsync everysec` or `always`).",
    )


def _eviction(state: BrokerState) -> Finding:
    policy = state.eviction_policy
    if policy == "noeviction":
        return Finding(Level.OK, "eviction", "The broker never deletes keys to make room.")
    return Finding(
        Level.PROBLEM if state.max_memory else Level.NOTE,
        "eviction",
        f"When its memory is full, the broker deletes keys (maxmemory-policy {policy})."
        + ("" if state.max_memory else " It has no limit now."),
        "Set `maxmemory-policy noeviction`: a deleted mark lets a decided call run again.",
    )


def _clock(state: BrokerState) -> Finding:
    skew = abs(state.skew_seconds)
    if skew < SKEW_NOTED_SECONDS:
        return Finding(Level.OK, "clock", "The broker's clock and ours agree.")
    direction = "ahead of" if state.skew_seconds > 0 else "behind"
    return Finding(
        Level.PROBLEM if skew >= SKEW_HARMFUL_SECONDS else Level.NOTE,
        "clock",
        f"The broker's clock is {skew:.1f} s {direction} ours.",
        "Let both follow the same time service (NTP).",
    )
