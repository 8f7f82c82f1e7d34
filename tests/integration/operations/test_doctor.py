"""`signoff-worker doctor`: what is wrong with a broker is found, with what to do about it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.operations.conftest import Terminal
from tests.support.processes import Process
from tests.support.redis_server import RedisServer, free_port
from workers.operations.doctor import examine
from workers.operations.findings import Finding, Level
from workers.wire import keys
from workers.wire.streams.connection import Connection

StartWorker = Callable[..., Process]


@pytest_asyncio.fixture
async def kept(own_redis: RedisServer) -> AsyncIterator[Connection]:
    """A way to a broker that keeps an append-only file."""
    async with Connection(own_redis.url) as connection:
        yield connection


async def _found(connection: Connection) -> dict[str, list[Finding]]:
    """What is found, by check."""
    found: dict[str, list[Finding]] = {}
    async for finding in examine(connection):
        found.setdefault(finding.check, []).append(finding)
    return found


async def _snapshot(connection: Connection) -> list[tuple[bytes, bytes]]:
    names = sorted([key async for key in connection.client.scan_iter()])
    return [(name, await connection.client.dump(name)) for name in names]


async def test_a_broker_as_it_should_be(own_redis: RedisServer, terminal: Terminal) -> None:
    """Each check is told, none is a problem, exit code 0."""
    told = await terminal("doctor", url=own_redis.url)
    as_json = await terminal("doctor", "--json", url=own_redis.url)

    assert told.code == as_json.code == 0
    assert told.text.splitlines()[0].startswith("ok       The broker is Redis ")
    assert as_json.json["ok"] is True
    assert {one["check"] for one in as_json.json["findings"] if one["level"] == "ok"} == {
        "version",
        "persistence",
        "eviction",
        "clock",
        "permissions",
    }
    assert own_redis.password.encode() not in told.out + told.err + as_json.out


async def test_a_broker_that_forgets(connection: Connection, terminal: Terminal) -> None:
    """No file, keys evicted: exit code 1, and each problem comes with a hint."""
    await connection.client.config_set("maxmemory", "100mb")
    await connection.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        told = await terminal("doctor")
        as_json = await terminal("doctor", "--json")
    finally:
        await connection.client.config_set("maxmemory", "0")
        await connection.client.config_set("maxmemory-policy", "noeviction")

    problems = [one for one in as_json.json["findings"] if one["level"] == "problem"]
    assert told.code == as_json.code == 1
    assert [one["check"] for one in problems] == ["persistence", "eviction"]
    assert all(one["hint"] for one in problems)
    assert "problem  The broker keeps nothing on disk" in told.text
    assert "appendonly yes" in told.text


async def test_no_broker_answers(terminal: Terminal, redis_server: RedisServer) -> None:
    """Exit code 2, also for a wrong password; with --json still a document."""
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    wrong = redis_server.url.replace(redis_server.password, "wrong")

    for url, words in ((nobody, "does not answer"), (wrong, "refused the user name")):
        told = await terminal("doctor", url=url)
        as_json = await terminal("doctor", "--json", url=url)
        assert told.code == as_json.code == 2
        assert words in told.text
        assert as_json.json["ok"] is False
        assert words in json.dumps(as_json.json["findings"])


async def test_who_works_and_who_is_gone(
    worker_process: StartWorker, environment: dict[str, str], connection: Connection
) -> None:
    """A worker that was killed is named; what waits for nobody is a problem."""
    worker = worker_process("run", "tests.integration.workers.served:one", env=environment)
    found = await _found(connection)
    assert [one.title for one in found["workers"]] == ["1 Signoff worker is at work."]
    assert "unserved" not in found

    worker.kill()
    [name] = [n.decode() for n in await connection.client.zrange(keys.WORKERS, 0, -1)]
    await connection.client.delete(keys.worker(name))  # as its heartbeat runs out
    await connection.client.xadd(keys.inbox("demo_agent"), {"data": "{}"})
    await connection.client.xadd(keys.inbox("nobody_s_agent"), {"data": "{}"})
    found = await _found(connection)

    assert name in found["workers"][1].title
    assert [(one.level, one.title) for one in found["unserved"]] == [
        (Level.PROBLEM, "Nobody serves demo_agent, and 1 message waits."),
        (Level.PROBLEM, "Nobody has ever served nobody_s_agent, and 1 message waits."),
    ]


async def test_what_other_software_left(connection: Connection) -> None:
    """Consumers of the base package are counted with what is pending there, and left alone."""
    inbox, group = keys.inbox("shared"), keys.inbox_group("shared")
    await connection.client.xgroup_create(inbox, group, id="0", mkstream=True)
    for number in range(3):
        await connection.client.xadd(inbox, {"data": "{}"})
        await connection.client.xreadgroup(group, f"consumer-{number}", {inbox: ">"}, count=1)
    before = await _snapshot(connection)

    found = await _found(connection)

    [foreign] = found["foreign"]
    assert foreign.level is Level.NOTE
    assert foreign.title == (
        "3 consumers of shared belong to other software; 3 messages are pending there."
    )
    assert "unserved" not in found, "they asked a moment ago"
    assert await _snapshot(connection) == before, "an examination changes nothing"


async def test_what_is_in_quarantine(connection: Connection) -> None:
    """With the command that shows it."""
    await connection.client.xgroup_create(
        keys.inbox("payments"), keys.inbox_group("payments"), mkstream=True
    )
    await connection.client.xadd(keys.dead_letters("payments"), {"data": "{"})

    [finding] = (await _found(connection))["quarantine"]

    assert finding.title == "1 message of payments in quarantine."
    assert "signoff-worker dlq list payments" in finding.hint


async def test_names_that_break_hash_tags(connection: Connection) -> None:
    """On one server a context ID with braces does no harm; an agent's name always does."""
    await connection.client.xadd(keys.progress("c-{17}"), {"data": "{}"})
    await connection.client.xadd(keys.inbox("pay{ments}"), {"data": "{}"})

    agent, context = (await _found(connection))["names"]

    assert (agent.level, context.level) == (Level.PROBLEM, Level.NOTE)
    assert "pay{ments}" in agent.title
    assert "c-{17}" in context.title


@pytest.mark.parametrize(
    ("denied", "purpose"),
    [
        (["-xreadgroup"], "read inboxes: XREADGROUP."),
        (["-hsetnx"], "record decisions and what ran: HSETNX."),
        (["-evalsha", "-linsert"], "keep queues and leases: EVALSHA, LINSERT."),
        (["resetkeys", "~agent_event:*", "~signoff:*"], "tell progress: XADD."),
        (["resetkeys", "~agent_event:*", "~agent_task:*"], "write receipts: XADD."),
        (["resetchannels", "&agent_task:*"], "tell progress: PUBLISH."),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
async def test_what_a_user_may_not_do(
    connection: Connection, redis_server: RedisServer, denied: list[str], purpose: str
) -> None:
    """Found without doing it: whatever is missing is named, and nothing is written."""
    allowed: Any = ["on", ">word", "~*", "&*", "+@all", *denied]
    await connection.client.execute_command("ACL", "SETUSER", "tester", "reset", *allowed)
    url = f"redis://tester:word@127.0.0.1:{redis_server.port}/0"
    before = await _snapshot(connection)
    try:
        async with Connection(url) as limited:
            found = await _found(limited)
    finally:
        await connection.client.execute_command("ACL", "DELUSER", "tester")

    titles = [one.title for one in found["permissions"]]
    assert any(purpose in title for title in titles), titles
    assert await _snapshot(connection) == before


async def test_what_may_not_be_looked_at_is_said(
    connection: Connection, redis_server: RedisServer
) -> None:
    """The rest is still examined."""
    rules = ["on", ">word", "~*", "&*", "+@all", "-info", "-scan"]
    await connection.client.execute_command("ACL", "SETUSER", "tester", "reset", *rules)
    url = f"redis://tester:word@127.0.0.1:{redis_server.port}/0"
    try:
        async with Connection(url) as limited:
            found = await _found(limited)
    finally:
        await connection.client.execute_command("ACL", "DELUSER", "tester")

    assert [one.level for one in found["unseen"]] == [Level.NOTE] * 3
    assert [one.level for one in found["permissions"]] == [Level.OK]
