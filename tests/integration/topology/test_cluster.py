"""Work on a Cluster of three: agents, people, the console and the commands find what they need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support import scenes
from tests.support.cluster import Cluster
from tests.support.command_line import python, signoff
from tests.support.processes import Process
from tests.support.redis_server import RedisServer
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until
from workers import AgentClient
from workers.wire import keys
from workers.wire.addresses import join_password
from workers.wire.errors import BrokerRefused, BrokerUnreachable
from workers.wire.events import AgentCommand, Event
from workers.wire.ids import new_context_id
from workers.wire.streams.connection import Connection
from workers.wire.streams.guard import send_once
from workers.wire.streams.reader import Reader

SERVED = "tests.integration.workers.served"
#: Two of them lie on every one of the three servers.
AGENTS = [f"agent_{number}" for number in range(6)]


async def test_a_gated_call_is_asked_for_approved_and_told(office: Office) -> None:
    """Inbox, progress, marks, index and receipts lie on different servers."""
    book = Book()
    await office.hire("treasury_agent", [book.transfer_funds])

    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    await office.decide(call)

    assert await office.outcomes(2) == ["applied", "executed"]
    assert await office.answer(context, "treasury_agent")
    assert book.payments == [("ACME", 10)]
    await office.inbox_is_empty("treasury_agent")


async def test_agents_on_every_server_work_side_by_side_in_one_process(
    office: Office, cluster: Cluster
) -> None:
    """Each with its inbox elsewhere; one asks another, and gets its answer."""
    book = Book()
    for agent in AGENTS:
        experts = [AGENTS[0]] if agent == AGENTS[1] else []
        await office.hire(agent, [book.get_city_weather], experts=experts)
    assert {cluster.holder(keys.inbox(agent)).port for agent in AGENTS} == {
        node.port for node in cluster.nodes
    }

    contexts = {agent: await office.ask(agent, f"weather in {agent}") for agent in AGENTS}
    asking = await office.ask(AGENTS[1], f"ask {AGENTS[0]}: weather in Oslo")

    for agent, context in contexts.items():
        assert f"sunny in {agent}" in await office.answer(context, agent)
    assert "sunny in Oslo" in await office.answer(asking, AGENTS[1])
    assert sorted(book.lookups) == sorted([*AGENTS, "Oslo"])


async def test_a_killed_worker_s_request_is_decided_and_run_by_another(
    worker_process: Callable[..., Process], cluster: Cluster, stub_model: StubModel
) -> None:
    """`kill -9` while a request waits and a task is parked behind it: neither is lost."""
    environment = {
        "SIGNOFF_REDIS_URL": cluster.url,
        "SIGNOFF_HEARTBEAT_SECONDS": "1",
        "SIGNOFF_LEASE_SECONDS": "3",
        "OPENAI_BASE_URL": stub_model.url,
        "OPENAI_MODEL": "stub",
        "OPENAI_API_KEY": "not-a-key",
    }
    client, context = AgentClient("demo_agent", cluster.url), new_context_id()
    killed = worker_process("run", f"{SERVED}:one", env=environment)
    await client.send_message("gdp of Oslo", context)
    async for _ in client.progress_events(context):
        pass
    await client.send_message("hello", context)
    async with Connection(cluster.url) as connection:
        parked = keys.parked("demo_agent", context)
        await await_until(lambda: connection.client.exists(parked), "the task to be parked")
        killed.kill()

        worker_process("run", f"{SERVED}:one", env=environment)
        await client.accept_tool_invocation(context)

        async def is_done() -> bool:
            entries = await connection.client.xrange(keys.progress(context))
            return sum(b'"is_finish":true' in fields[b"data"] for _, fields in entries) == 2

        await await_until(is_done, "both tasks to be done", 40)
    await client.disconnect()


async def test_a_hundred_commands_at_once_wait_for_each_other(connection: Connection) -> None:
    """The client's own pool would fail instead; none is lost or answered for another."""
    names = [f"signoff:worker:{number}" for number in range(100)]
    client = connection.client

    await asyncio.gather(*(client.set(name, name, ex=60) for name in names))
    found = await asyncio.gather(*(client.get(name) for name in names))

    assert [one.decode() for one in found] == names


async def test_whoever_is_cancelled_leaves_no_answer_behind(connection: Connection) -> None:
    """The next command on the same line would take it for its own."""
    await connection.client.set("signoff:worker:mine", "1", ex=60)
    for turns in range(40):
        cut_off = asyncio.create_task(connection.client.hgetall(keys.CONTEXT))
        for _ in range(turns):
            await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.wait([cut_off])
        assert await connection.client.get("signoff:worker:mine") == b"1"


async def test_slots_that_move_are_followed(connection: Connection, cluster: Cluster) -> None:
    """While a slot moves from one server to another, and after it has moved."""
    key = keys.progress("moving")
    await connection.client.xadd(key, {"data": "1"})
    old = cluster.holder(key)
    new = next(node for node in cluster.nodes if node is not old)

    with cluster.moving(key, old, new):
        await connection.client.xadd(key, {"data": "2"})
        # One that is not there yet is asked for at the new place.
        assert await Reader(connection).tail(key, 10)
    await connection.client.xadd(key, {"data": "3"})

    entries = await Reader(connection).after({key: "0-0"})
    assert [entry.data for entry in entries[key]] == [b"1", b"2", b"3"]


async def test_contexts_of_every_server_are_surveyed(
    connection: Connection, cluster: Cluster
) -> None:
    """Each is found on its server, once; one on its way to another is followed there."""
    names = [f"c-{number}" for number in range(30)]
    for name in names:
        await connection.client.xadd(keys.progress(name), {"data": name}, id="1-1")
    assert len({cluster.holder(keys.progress(name)).port for name in names}) == 3
    moved = names[0]
    old = cluster.holder(keys.progress(moved))
    new = next(node for node in cluster.nodes if node is not old)
    async with Connection(cluster.url) as late:
        reader = Reader(late)

        found = [name async for chunk in reader.scan_contexts() for name in chunk]
        assert sorted(found) == sorted(names)
        assert await _newest(reader, names) == {name: name.encode() for name in names}
        with cluster.moving(keys.progress(moved), old, new):
            # It is there still; another of its slot that is not is asked for at the new place.
            beside = f"beside {{{keys.progress(moved)}}}"
            assert cluster.slot(keys.progress(beside)) == cluster.slot(keys.progress(moved))
            await connection.client.xadd(keys.progress(beside), {"data": "beside"}, id="1-1")
            on_the_way = await _newest(reader, [*names, beside])
        assert on_the_way == {**{name: name.encode() for name in names}, beside: b"beside"}

        # It does not know yet; who is sent on once knows the next time.
        assert await _newest(reader, [moved, beside]) == {moved: b"c-0", beside: b"beside"}
        assert set(await reader.extents(dict.fromkeys(names, "0-0"))) == set(names)


async def _newest(reader: Reader, context_ids: Sequence[str]) -> dict[str, bytes]:
    return {
        last.context_id: last.entry.data
        async for chunk in reader.last_entries(context_ids)
        for last in chunk
        if last.entry is not None
    }


async def test_a_call_of_a_foreign_worker_is_decided_once(connection: Connection) -> None:
    """Mark and message lie on different servers, and are two steps."""
    event = Event(scenes.CONTEXT, AgentCommand(type="resume", tool_call_id="1", payload={}))

    sent = [
        await send_once(connection, scenes.AGENT, event, call="agent#1", mark=str(number))
        for number in range(2)
    ]

    assert sent == [True, False]
    assert await connection.client.xlen(keys.inbox(scenes.AGENT)) == 1


async def test_the_doctor_looks_at_every_server(cluster: Cluster, office: Office) -> None:
    """One that keeps nothing on disk is named by its address."""
    await office.hire("treasury_agent")

    ended = await python(
        "-m", "workers", "doctor", "--json", env={"SIGNOFF_REDIS_URL": cluster.url}
    )

    findings = ended.json["findings"]
    told = [one["title"] for one in findings if one["check"] == "persistence"]
    assert sorted(told) == sorted(
        f"127.0.0.1:{node.port}: The broker keeps nothing on disk: all is lost when it stops."
        for node in cluster.nodes
    )
    checks = {one["check"]: one["level"] for one in findings if one["check"] != "persistence"}
    assert set(checks.values()) <= {"ok", "note"}, findings
    assert checks["permissions"] == "ok"


async def test_commands_for_people_find_everything(
    cluster: Cluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The console's, the quarantine's and the halt."""
    monkeypatch.setenv("SIGNOFF_REDIS_URL", cluster.url)
    book = Book()
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    await office.throw("treasury_agent", b"{no message")
    [call] = await office.requests(context)
    await office.quarantined("treasury_agent", 1)

    [waiting] = (await signoff("inbox", "--json")).json
    assert (waiting["context_id"], waiting["action"]) == (context, "transfer_funds")
    workers = ("-m", "workers")
    [dead] = (await python(*workers, "dlq", "list", "treasury_agent", "--json")).json
    requeued = await python(*workers, "dlq", "requeue", "treasury_agent", dead["id"])
    assert requeued.code == 0
    assert (await python(*workers, "halt", "agent:treasury_agent")).code == 0
    assert (await python(*workers, "resume", "agent:treasury_agent")).code == 0
    decided = await signoff("decide", context, call.tool_call_id, "approve", "--json")

    assert decided.code == 0, decided
    await await_until(lambda: book.payments, "the payment")


async def test_one_node_that_is_addressed_alone_says_what_it_is(cluster: Cluster) -> None:
    """As a single server it would refuse two thirds of all keys."""
    key = keys.progress("elsewhere")
    elsewhere = next(node for node in cluster.nodes if node is not cluster.holder(key))

    async with Connection(elsewhere.url) as connection:
        with pytest.raises(BrokerRefused, match="one node of a Cluster") as caught:
            await Reader(connection).tail(key, 1)

    assert "redis+cluster://" in caught.value.hint


async def test_a_single_server_is_no_cluster(redis_server: RedisServer) -> None:
    """Trying it again would not help."""
    with pytest.raises(BrokerRefused, match="is no Cluster"):
        await Connection(redis_server.url.replace("redis://", "redis+cluster://")).__aenter__()


async def test_a_cluster_asks_for_its_password_too(cluster: Cluster) -> None:
    """No password is told from a wrong one, and from a Cluster that is away."""
    address = cluster.url_without_password

    with pytest.raises(BrokerRefused, match="asks for a password"):
        await Connection(address).__aenter__()
    with pytest.raises(BrokerRefused, match="refused the user name or password"):
        await Connection(join_password(address, "wrong")).__aenter__()
    with pytest.raises(BrokerUnreachable, match="Cluster does not answer"):
        await Connection("redis+cluster://127.0.0.1:1").__aenter__()
