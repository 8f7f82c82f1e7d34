"""The shipped users: all that console and worker do, and nothing beyond, on both kinds of server.

`signoff.acl` is for Redis 6.2 and newer; `signoff-7.acl` for 7 and newer, where permissions know
keys to read and keys to write.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from desktop.audit.entries import AuditKind
from desktop.store.health import Repair, RepairKey
from tests.integration.operations.conftest import Terminal
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.desks import AuditDesk, Running
from tests.support.environment import ROOT
from tests.support.processes import StartProcess
from tests.support.redis_server import RedisServer, free_port, program
from tests.support.shipped_users import (
    COMBINATIONS,
    CONSOLE,
    FILES,
    WORKER,
    binary_of,
    settings_with_users,
    url_of,
)
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.codec import encode_struct
from workers.wire.events import TokenDelta
from workers.wire.streams.audit_transport import months
from workers.wire.streams.connection import Connection
from workers.wire.streams.guard import send_once
from workers.wire.streams.progress import ProgressWriter


@dataclass(frozen=True)
class Guarded:
    """A broker with the shipped users; their password is their name.

    Attributes:
        knows_selectors: it can tell keys to read from keys to write.
    """

    server: RedisServer
    knows_selectors: bool

    def url(self, user: str) -> str:
        return url_of(user, self.server.port)

    def client(self, user: str) -> redis.Redis:
        return redis.Redis(
            port=self.server.port, username=user, password=user, protocol=2, socket_timeout=5
        )


def users_in(name: str) -> set[str]:
    """The users that a shipped file makes."""
    return {line.split()[1] for line in (FILES / name).read_text().splitlines()}


@pytest.fixture(params=COMBINATIONS, ids=" on ".join)
def guarded(request: pytest.FixtureRequest) -> Iterator[Guarded]:
    """A broker as an administrator sets it up: the shipped users, and passwords."""
    name, version = request.param
    with tempfile.TemporaryDirectory(prefix="guarded-") as folder:
        settings = settings_with_users(name, Path(folder))
        server = RedisServer(Path(folder), binary=binary_of(version), settings=settings)
        try:
            with server.client() as client:
                found: Any = client.info("server")
                assert found["redis_version"].startswith(version)
            yield Guarded(server, knows_selectors=name == "signoff-7.acl")
        finally:
            server.stop()


@pytest.mark.parametrize("how", ["aclfile", "include"])
@pytest.mark.parametrize(("name", "version"), COMBINATIONS)
def test_a_server_takes_the_file_as_it_is_shipped(
    start_process: StartProcess, tmp_path: Path, name: str, version: str, how: str
) -> None:
    """As its ACL file or in its configuration; nobody gets in before there are passwords."""
    port = free_port()
    configuration = tmp_path / "redis.conf"
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nsave ""\ndir {tmp_path}\n{how} {FILES / name}\n'
    )
    binary = program(binary_of(version))

    start_process(binary, str(configuration), ready="Ready to accept connections")

    never = Retry(NoBackoff(), 0)  # a wrong password counts as a lost connection
    with redis.Redis(port=port, protocol=2, decode_responses=True, retry=never) as client:
        assert users_in(name) == {CONSOLE, WORKER}
        assert {CONSOLE, WORKER} < set(client.acl_users())
        for user, word in ((WORKER, ""), (WORKER, WORKER), (CONSOLE, "nopass")):
            with pytest.raises(redis.AuthenticationError):
                client.execute_command("AUTH", user, word)


async def test_console_and_worker_do_their_work_as_these_users(
    guarded: Guarded, start_process: StartProcess, stub_model: StubModel
) -> None:
    """Catch up, follow, chat, see tokens, decide; the agent runs what was approved."""
    worker = start_process(
        sys.executable, "-m", "workers", "run", "tests.integration.operations.crew:treasury",
        ready="pid",
        env={
            "SIGNOFF_REDIS_URL": guarded.url(WORKER),
            "OPENAI_BASE_URL": stub_model.url,
            "OPENAI_MODEL": "stub",
            "OPENAI_API_KEY": "not-a-key",
        },
    )  # fmt: skip
    async with Desk() as desk:
        await desk.connect(guarded.url(CONSOLE))
        await await_until(lambda: len(desk.store.agents()) == 1, "the agent to be seen")
        context_id = desk.conversations.start("treasury_agent", "gdp of Oslo")
        await await_until(desk.store.requests, "the request")
        [request] = desk.store.requests()
        desk.approvals.decide(request.key, DecisionKind.APPROVE)
        await await_until(
            lambda: any("500 billion" in text for text in desk.texts(context_id)), "the result"
        )
    async with Desk() as late:
        await late.connect(guarded.url(CONSOLE))
        await late.open(context_id)
        await await_until(
            lambda: any("500 billion" in text for text in late.texts(context_id)), "the transcript"
        )
    assert worker.stop() == 0
    assert "NOPERM" not in worker.errors()
    assert "not permit" not in worker.errors()
    # On 6.2, who may read the index or votes could forge them.
    index = set() if guarded.knows_selectors else {keys.CONTEXTS, keys.WAITING}
    votes = () if guarded.knows_selectors else (":votes:", ":claim:")
    refused = {one for one in refused_to_them(guarded) if not any(part in one for part in votes)}
    assert refused <= {"client|setinfo", "client", *index}, "only the client's greeting"


async def test_the_console_decides_a_foreign_call_and_sees_tokens(guarded: Guarded) -> None:
    """Under the mark that only the first of all consoles sets."""
    async with (
        Connection(guarded.url(CONSOLE)) as console,
        Connection(guarded.url(WORKER)) as worker,
        Desk() as desk,
    ):
        await desk.connect(guarded.url(CONSOLE))
        event = scenes.human_says("hello")
        assert await send_once(console, scenes.AGENT, event, call="c", mark="first")
        assert not await send_once(console, scenes.AGENT, event, call="c", mark="second")

        writer = ProgressWriter(worker)
        await writer.emit(scenes.asks(), "k")
        await await_until(desk.store.requests, "the request")
        delta = TokenDelta(
            context_id=scenes.CONTEXT, agent=scenes.AGENT, message_id="m", delta="One", seq=1
        )
        told = await worker.client.publish(keys.tokens(scenes.CONTEXT), encode_struct(delta))
        assert told == 1, "the console listens"


async def test_the_console_shows_halts_and_says_them(guarded: Guarded) -> None:
    """Also on a server that cannot tell reading from writing."""
    async with Desk() as desk:
        await desk.connect(guarded.url(CONSOLE))
        desk.halts.say("all", "drill")
        await await_until(lambda: desk.store.halts.of("all"), "the halt to be seen")
        desk.halts.say("all", "over", lifted=True)
        await await_until(lambda: desk.store.halts.of("all") is None, "the halt to be lifted")


async def test_consoles_hear_each_others_audit_logs(guarded: Guarded, tmp_path: Path) -> None:
    """They tell theirs on 7, and on 6.2 where the month is granted; nothing else suffers."""
    url = guarded.url(CONSOLE)
    rosa, lee = AuditDesk.at(tmp_path / "rosa"), AuditDesk.at(tmp_path / "lee")
    async with Running(rosa, url) as first, Running(lee, url):
        await first.decide(1)
        if not guarded.knows_selectors:
            await await_until(lambda: AuditKind.SINK_FAILED in rosa.kinds(), "the refusal")
            with guarded.server.client() as admin:
                for month in months(time.time(), 0):
                    key = keys.audit(month)
                    admin.execute_command("ACL", "SETUSER", CONSOLE, f"+xadd|{key}")
        await first.decide(2)
        await first.until_kept_by(lee)
        await first.until_cosigned()
    failures = rosa.kinds().count(AuditKind.SINK_FAILED)
    assert failures == (0 if guarded.knows_selectors else 1), "once, not at each look"


async def test_the_monitor_sees_how_inboxes_are_and_mends_with_the_extra_line(
    guarded: Guarded,
) -> None:
    """Not what lies in them; what the manual grants beyond that is enough, and is needed."""
    agent = scenes.AGENT
    with guarded.server.client() as admin:
        admin.xadd(keys.inbox(agent), {"data": "{}"})
        dead = admin.xadd(keys.dead_letters(agent), {"data": "{}", "reason": "r", "error": "E."})
    async with Desk() as desk:
        await desk.connect(guarded.url(CONSOLE))
        desk.repairs.watch(on=True)
        await await_until(lambda: desk.store.monitor.at_ms > 0, "a look")
        desk.repairs.discard(agent, str(dead))
        key = RepairKey(Repair.DISCARD, agent, str(dead))
        await await_until(lambda: not desk.store.monitor.repairs[key].is_sending, "the refusal")

    inbox = desk.store.monitor.inboxes[agent]
    assert (inbox.length, inbox.lag, inbox.consumers, inbox.letters) == (1, 1, 0, ())
    assert inbox.quarantined == (1 if guarded.knows_selectors else None)
    assert "not permit" in desk.store.monitor.repairs[key].title
    if not guarded.knows_selectors:
        return
    with guarded.server.client() as admin:
        admin.execute_command(*_granted_in_the_manual())
    async with Desk() as desk:
        await desk.connect(guarded.url(CONSOLE))
        desk.repairs.watch(on=True)
        await await_until(lambda: desk.store.troubles().rows, "the quarantined message")
        desk.repairs.discard(agent, str(dead))
        desk.repairs.remove_consumers(agent)
        repairs = desk.store.monitor.repairs
        await await_until(lambda: all(not one.is_sending for one in repairs.values()), "the ends")
        assert all(one.is_done for one in repairs.values()), repairs
    with guarded.server.client() as admin:
        assert admin.xlen(keys.discarded(agent)) == 1


def _granted_in_the_manual() -> list[str]:
    """The command that lets a console mend; its selectors hold blanks."""
    manual = (ROOT / "docs" / "operations.md").read_text()
    [line] = [one for one in manual.splitlines() if one.startswith("ACL SETUSER signoff-console (")]
    words, selectors = line.split(" (", 1)
    return [*words.split(), *(f"({one.rstrip(')')})" for one in selectors.split(" ("))]


async def test_the_doctor_finds_that_the_worker_may_do_all_it_needs(
    guarded: Guarded, redis_url: str
) -> None:
    """Its list of needs and the shipped files say the same."""
    url = guarded.url(WORKER)
    async with Connection(url) as worker:
        await worker.client.xgroup_create(
            keys.inbox("treasury_agent"), keys.inbox_group("treasury_agent"), mkstream=True
        )

    as_worker = await Terminal(url)("doctor", "--json")
    as_console = await Terminal(guarded.url(CONSOLE))("doctor", "--json")

    findings = {one["check"]: one for one in as_worker.json["findings"]}
    assert findings["permissions"]["level"] == "ok"
    assert "unseen" not in findings
    assert "does not permit this user to use transactions" in as_console.text


CONSOLE_MAY_NOT = [
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("KEYS", "*"),
    ("CONFIG", "GET", "*"),
    ("ACL", "LIST"),
    ("SHUTDOWN", "NOSAVE"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("SCRIPT", "FLUSH"),
    ("EVAL", "return 1", "0"),
    ("DEL", "agent_task:c"),
    ("UNLINK", "agent_event:treasury_agent"),
    ("RENAME", "agent_task:c", "agent_task:d"),
    ("EXPIRE", "agent_task:c", "1"),
    ("EXPIRE", "signoff:receipts", "1"),
    ("XDEL", "agent_task:c", "1-1"),
    ("XTRIM", "agent_task:c", "MAXLEN", "0"),
    ("XTRIM", "signoff:receipts", "MAXLEN", "0"),
    ("XADD", "signoff:receipts", "*", "data", "{}"),
    ("XADD", "signoff:receipts", "MAXLEN", "0", "*", "data", "{}"),
    ("XADD", "agent_task:c", "*", "data", "{}"),
    ("XTRIM", "signoff:audit:2026-11", "MAXLEN", "0"),
    ("XDEL", "signoff:audit:2026-11", "1-1"),
    ("DEL", "signoff:audit:2026-11"),
    ("EXPIRE", "signoff:audit:2026-11", "1"),
    ("XGROUP", "CREATE", "agent_task:c", "g", "0"),
    ("XREADGROUP", "GROUP", "consumer_group_a", "c", "STREAMS", "agent_event:a", ">"),
    ("SET", "signoff:worker:signoff:host:1:aa", "{}"),
    ("ZADD", "signoff:workers", "1", "signoff:host:1:aa"),
    ("ZREM", "signoff:workers", "signoff:host:1:aa"),
    ("HSET", "signoff:{agent_task:c}:tool", "r", "done"),
    ("HSET", "signoff:request", "r", "{}"),
    ("HDEL", "signoff:{agent_task:c}:decision", "r"),
    ("HDEL", "signoff:halt", "all"),
    ("SET", "signoff:{agent_event:a}:token", "1"),
    ("PUBLISH", "agent_task:c", "{}"),
    ("PUBLISH", "agent_token:c", "{}"),
    ("GET", "something:else"),
]
WORKER_MAY_NOT = [
    ("FLUSHALL",),
    ("KEYS", "*"),
    ("CONFIG", "SET", "maxmemory", "1"),
    ("ACL", "LIST"),
    ("SHUTDOWN", "NOSAVE"),
    ("MONITOR",),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("SCRIPT", "FLUSH"),
    ("EVAL", "return 1", "0"),
    ("RENAME", "agent_task:c", "agent_task:d"),
    ("XTRIM", "signoff:receipts", "MAXLEN", "0"),
    ("SET", "something:else", "1"),
    ("PUBLISH", "something:else", "1"),
    ("XGROUP", "DESTROY", "agent_event:a", "consumer_group_a"),
]
#: What only permissions that tell reading from writing can refuse.
CONSOLE_MAY_NOT_ON_7 = [
    ("HSET", "agent_task:new", "f", "v"),
    ("HSET", "signoff:worker:x", "f", "v"),
    ("XRANGE", "agent_event:treasury_agent", "-", "+"),
    ("ZADD", "signoff:waiting", "1", "r"),
    ("HSET", "signoff:context", "c", "{}"),
]
WORKER_MAY_NOT_ON_7 = [
    ("DEL", "agent_task:c"),
    ("DEL", "agent_event:a"),
    ("DEL", "signoff:receipts"),
    ("EXPIRE", "signoff:receipts", "1"),
    ("XDEL", "signoff:receipts", "1-1"),
    ("XDEL", "agent_task:c", "1-1"),
    ("XRANGE", "signoff:receipts", "-", "+"),
    ("DEL", "signoff:{agent_task:c}:decision"),
    ("HDEL", "signoff:{agent_task:c}:tool", "r"),
    ("HSET", "signoff:halt", "all", "{}"),
]


def test_neither_may_do_what_is_not_its_business(guarded: Guarded) -> None:
    """Nothing is deleted, no receipt, heartbeat or request forged, no server administered."""
    cases: dict[str, list[tuple[str, ...]]] = {
        CONSOLE: [*CONSOLE_MAY_NOT],
        WORKER: [*WORKER_MAY_NOT],
    }
    if guarded.knows_selectors:
        cases[CONSOLE] += CONSOLE_MAY_NOT_ON_7
        cases[WORKER] += WORKER_MAY_NOT_ON_7
    with guarded.server.client() as client:
        client.xadd("agent_task:c", {"data": "{}"})
        client.xadd("signoff:receipts", {"data": "{}"})

    permitted = [
        (user, *command)
        for user, commands in cases.items()
        for command in commands
        if not is_refused(guarded, user, command)
    ]

    assert permitted == []


def test_a_script_is_no_way_around(guarded: Guarded) -> None:
    """What a script does is checked like what its user does."""
    script = "return redis.call('XADD', KEYS[1], '*', 'data', '{}')"
    with guarded.server.client() as admin, guarded.client(CONSOLE) as console:
        admin.xadd("signoff:receipts", {"data": "{}"})
        sha: Any = console.script_load(script)
        with pytest.raises(redis.ResponseError, match=r"permission|can't run"):
            console.evalsha(sha, 1, "signoff:receipts")
        assert admin.xlen("signoff:receipts") == 1


def refused_to_them(guarded: Guarded) -> set[str]:
    """The commands that the broker has refused to anybody so far."""
    with guarded.server.client() as client:
        entries: Any = client.execute_command("ACL", "LOG")
    return {entry[entry.index("object") + 1] for entry in entries}


def is_refused(guarded: Guarded, user: str, command: tuple[str, ...]) -> bool:
    """Whether the broker says that the user may not."""
    with guarded.client(user) as client:
        try:
            client.execute_command(*command)
        except NoPermissionError:
            return True
        except redis.RedisError:
            return False
    return False
