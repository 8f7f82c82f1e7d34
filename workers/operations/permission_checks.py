"""May this user do what a worker does?

The only place that lists what a worker asks of the broker; `resources/redis/*.acl` grant it.
"""

from __future__ import annotations

from collections.abc import Sequence

from workers.operations.findings import Finding, Level
from workers.wire import keys
from workers.wire.errors import BrokerRefused
from workers.wire.streams.connection import Connection
from workers.wire.streams.permissions import Command, not_permitted

#: A context and a consumer that nobody has; nothing is written under their names.
_CONTEXT = "signoff-doctor"
_CONSUMER = "signoff:doctor"
_SHA = "0" * 40


async def check_permissions(connection: Connection, agents: Sequence[str]) -> list[Finding]:
    """Ask the broker for every command a worker of these agents needs. None has an effect.

    Args:
        agents: a user may be permitted some agents only; without any, a name nobody has is asked.

    Raises:
        BrokerUnreachable: the broker went away.
    """
    findings: list[Finding] = []
    needs = _needs(list(agents) or [_CONTEXT])
    if connection.is_cluster:
        needs["follow a Cluster"] = [("CLUSTER", "SLOTS"), ("ASKING",)]
    for purpose, commands in needs.items():
        try:
            refused = await not_permitted(connection, commands)
        except BrokerRefused:
            # Everything is asked within one; what else is missing is found when it is granted.
            return [_missing("use transactions: MULTI, DISCARD")]
        if refused:
            findings.append(_missing(f"{purpose}: {_named(refused)}"))
    if not findings:
        title = "The broker permits this user all that a worker does."
        findings.append(Finding(Level.OK, "permissions", title))
    return findings


def _missing(what: str) -> Finding:
    return Finding(
        Level.PROBLEM,
        "permissions",
        f"The broker does not permit this user to {what}.",
        "A worker needs it; resources/redis/signoff.acl grants it to signoff-worker.",
    )


def _needs(agents: Sequence[str]) -> dict[str, list[Command]]:
    """What a worker does, each with the commands it takes."""
    return {
        "read inboxes": [command for agent in agents for command in _inbox(agent)],
        "keep queues and leases": [command for agent in agents for command in _queues(agent)],
        "give tasks to agents": [("XADD", keys.inbox(agents[0]), "*", "data", "")],
        "tell progress": [
            ("XADD", keys.progress(_CONTEXT), "*", "data", ""),
            ("PUBLISH", keys.progress(_CONTEXT), ""),
            ("PUBLISH", keys.tokens(_CONTEXT), ""),
            ("SADD", keys.emitted(_CONTEXT), ""),
            ("EXPIRE", keys.emitted(_CONTEXT), "1"),
        ],
        "record decisions and what ran": [
            ("HSETNX", keys.decisions(_CONTEXT), "", ""),
            ("HGETALL", keys.decisions(_CONTEXT)),
            ("HSETNX", keys.tool_ledger(_CONTEXT), "", ""),
            ("HSET", keys.tool_ledger(_CONTEXT), "", ""),
        ],
        "look for a halt": [("HMGET", keys.HALT, "all")],
        "write receipts": [("XADD", keys.RECEIPTS, "*", "data", "")],
        "keep the index": [
            ("ZADD", keys.CONTEXTS, "0", ""),
            ("HSET", keys.CONTEXT, "", ""),
            ("ZADD", keys.WAITING, "0", ""),
            ("ZREM", keys.WAITING, ""),
            ("HSET", keys.REQUEST, "", ""),
            ("HDEL", keys.REQUEST, ""),
            ("ZRANGE", keys.WAITING, "0", "0"),
            ("HMGET", keys.REQUEST, ""),
        ],
        "say that it lives": [
            ("SET", keys.worker(_CONSUMER), "", "PX", "1"),
            ("DEL", keys.worker(_CONSUMER)),
            ("ZADD", keys.WORKERS, "0", ""),
            ("ZREM", keys.WORKERS, ""),
            ("ZREMRANGEBYSCORE", keys.WORKERS, "0", "0"),
        ],
    }


def _inbox(agent: str) -> list[Command]:
    inbox, group = keys.inbox(agent), keys.inbox_group(agent)
    return [
        ("XGROUP", "CREATE", inbox, group, "0", "MKSTREAM"),
        ("XGROUP", "DELCONSUMER", inbox, group, _CONSUMER),
        ("XREADGROUP", "GROUP", group, _CONSUMER, "STREAMS", inbox, ">"),
        ("XINFO", "CONSUMERS", inbox, group),
        ("XPENDING", inbox, group),
        ("XCLAIM", inbox, group, _CONSUMER, "0", "0-1"),
        ("XRANGE", inbox, "-", "+"),
        ("XACK", inbox, group, "0-1"),
        ("XDEL", inbox, "0-1"),
    ]


def _queues(agent: str) -> list[Command]:
    # All keys about an inbox begin alike, and are permitted together; this is one of them.
    key = keys.parked(agent, _CONTEXT)
    dead_letters = keys.dead_letters(agent)
    return [
        ("EVALSHA", _SHA, "2", keys.inbox(agent), key),
        ("SET", key, "", "PX", "1"),
        ("GET", key),
        ("EXISTS", key),
        ("HSET", key, "", ""),
        ("HGET", key, ""),
        ("HGETALL", key),
        ("HDEL", key, ""),
        ("HINCRBY", key, "", "1"),
        ("RPUSH", key, ""),
        ("LPUSH", key, ""),
        ("LPOP", key),
        ("LINDEX", key, "0"),
        ("LRANGE", key, "0", "0"),
        ("LINSERT", key, "BEFORE", "", ""),
        ("ZADD", key, "0", ""),
        ("ZREM", key, ""),
        ("ZRANGEBYSCORE", key, "0", "0"),
        ("XADD", dead_letters, "*", "data", ""),
        ("TIME",),
    ]


def _named(commands: Sequence[Command]) -> str:
    return ", ".join(dict.fromkeys(command[0] for command in commands))
