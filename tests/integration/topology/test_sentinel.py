"""A broker watched by Sentinels: its primary is found, and found again after a failover."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from desktop.engine import engine as engine_module
from desktop.store.records import LinkState, RequestKey, RequestState
from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.desk import Desk
from tests.support.redis_server import free_port
from tests.support.sentinel import SERVICE, Watched
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until, wait_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.errors import BrokerRefused, BrokerUnreachable
from workers.wire.streams.connection import Connection
from workers.wire.streams.reader import Reader
from workers.wire.streams.scripts import ThreadLine

AGENT = "treasury_agent"


@pytest_asyncio.fixture
async def office(watched: Watched, stub_model: StubModel) -> AsyncIterator[Office]:
    """An office that knows the Sentinels only."""
    async with Connection(watched.url) as connection:
        office = Office(connection, stub_model)
        yield office
        await office.close()


@pytest_asyncio.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A console that tries again soon."""
    monkeypatch.setattr(engine_module, "FIRST_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(engine_module, "LAST_RETRY_SECONDS", 0.2)
    async with Desk() as desk:
        yield desk


async def test_a_call_that_waited_over_a_failover_is_approved_and_runs_once(
    office: Office, watched: Watched, desk: Desk
) -> None:
    """The primary dies; worker and console find the replica, which knows everything."""
    book = Book()
    await office.hire(AGENT, [book.transfer_funds])
    await desk.connect(office.connection.url)
    context = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context)
    await office.inbox_is_empty(AGENT)
    key = RequestKey(context, call.tool_call_id)
    await desk.until_state(key, RequestState.WAITING)

    primary = watched.primary
    watched.wait_for_replica()
    primary.kill()
    await desk.until_link(LinkState.CONNECTING)
    watched.wait_for_failover(primary)
    await desk.until_link(LinkState.ONLINE)
    desk.approvals.decide(key, DecisionKind.APPROVE)

    await desk.until_state(key, RequestState.APPROVED)
    await await_until(lambda: book.payments, "the payment")
    assert await office.answer(context, AGENT)
    assert book.payments == [("ACME", 10)]


async def test_the_old_primary_takes_nothing_any_more(watched: Watched) -> None:
    """A failover by hand, with everybody alive: who was connected to it goes to the new one."""
    old = watched.primary
    async with Connection(watched.url) as connection:
        reader = Reader(connection)
        await connection.client.set("signoff:worker:a", "1", ex=60)
        assert await reader.extents({"c-1": "0-0"}) == {}
        watched.wait_for_replica()
        with watched.sentinel.client() as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE)
        watched.wait_for_failover(old)

        async def has_moved() -> bool:
            await connection.client.set("signoff:worker:b", "2", ex=60)
            with watched.primary.client() as client:
                return bool(client.exists("signoff:worker:b"))

        # Sooner than a Sentinel tells the old one, which is after eight seconds.
        await await_until(has_moved, "writes to go to the new primary", 6)
        await connection.client.set("signoff:worker:c", "3", ex=60)
        with watched.primary.client() as client:
            assert client.get("signoff:worker:c") == "3"
            client.xadd(keys.progress("c-1"), {"data": "x"})
        # The old one may have it a moment later; it is not asked any more.
        assert list(await reader.extents({"c-1": "0-0"})) == ["c-1"]


def test_a_thread_s_own_line_follows_too(watched: Watched) -> None:
    """Leases are renewed over it while the event loop is busy."""
    script = "return redis.call('SET', KEYS[1], ARGV[1], 'EX', 60)"
    with ThreadLine(watched.url, 1.0) as line:
        assert line.run(script, "signoff:worker:a", "1") == b"OK"
        primary = watched.primary
        watched.wait_for_replica()
        primary.kill()
        with pytest.raises(BrokerUnreachable):
            line.run(script, "signoff:worker:a", "2")
        watched.wait_for_failover(primary)

        wait_until(lambda: line.run(script, "signoff:worker:a", "3") == b"OK", "the new primary")

        with watched.primary.client() as client:
            assert client.get("signoff:worker:a") == "3"


async def test_sentinels_without_a_password_are_asked_without_one(watched: Watched) -> None:
    """The password of the address is that of the servers; Sentinels often have none."""
    with watched.sentinel.client() as sentinel:
        sentinel.execute_command("ACL", "SETUSER", "default", "nopass")

    async with Connection(watched.url) as connection:
        assert await connection.client.ping()


async def test_what_the_sentinels_do_not_know_is_told(watched: Watched) -> None:
    """Each Sentinel's answer is named; it may be a slip, or a broker that is just failing over."""
    url = watched.url.replace(f"/{SERVICE}/", "/payroll/")

    with pytest.raises(BrokerUnreachable, match="primary of 'payroll'") as caught:
        await Connection(url).__aenter__()

    assert f"127.0.0.1:{watched.sentinel.port} does not know it" in caught.value.title
    assert caught.value.hint == "Check the Sentinels and the service's name."


async def test_no_sentinel_at_all_is_worth_another_try() -> None:
    """As any broker that is not there."""
    with pytest.raises(BrokerUnreachable, match="No Sentinel names a primary"):
        await Connection(f"redis+sentinel://127.0.0.1:{free_port()}/signoff").__aenter__()


async def test_a_wrong_password_is_told_from_a_broker_that_is_away(watched: Watched) -> None:
    """Trying it again would lock out."""
    with watched.sentinel.client() as sentinel:
        sentinel.execute_command("ACL", "SETUSER", "default", "nopass")
    url = watched.url.partition("@")[2]

    with pytest.raises(BrokerRefused, match="refused the user name or password"):
        await Connection(f"redis+sentinel://:wrong@{url}").__aenter__()
