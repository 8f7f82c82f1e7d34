"""A broker that goes away and comes back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.redis_server import RedisServer
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until
from workers.runtime.pace import Pace
from workers.wire.errors import BrokerError
from workers.wire.streams.connection import Connection


@pytest_asyncio.fixture
async def shaky_office(own_redis: RedisServer, stub_model: StubModel) -> AsyncIterator[Office]:
    """An office whose broker can be restarted."""
    async with Connection(own_redis.url) as connection:
        office = Office(connection, stub_model)
        yield office
        await office.close()


async def test_a_worker_goes_on_when_the_broker_is_back(
    shaky_office: Office, own_redis: RedisServer, book: Book
) -> None:
    """The request that waited before can be decided after."""
    office = shaky_office
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    own_redis.restart()

    async def decided() -> bool:
        try:
            await office.decide(call)
        except BrokerError:
            return False  # our own old connections notice the restart too
        return True

    await await_until(decided, "the decision to be sent")
    assert await office.answer(context, "treasury_agent") == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]


async def test_a_worker_survives_a_broker_that_forgot_everything(
    shaky_office: Office, own_redis: RedisServer
) -> None:
    """Its group is gone; it makes it again."""
    office = shaky_office
    await office.hire("demo_agent")
    own_redis.flush()

    context = await office.ask("demo_agent", "hello")

    assert await office.answer(context, "demo_agent") == "You said: hello"


async def test_a_tool_that_ran_while_the_broker_was_away_is_not_in_doubt(
    shaky_office: Office, own_redis: RedisServer
) -> None:
    """The worker knows what the tool did, and waits until it can say so, also past its lease."""
    from langchain_core.tools import tool

    from workers import human_approval_required

    office = shaky_office
    ran: list[str] = []

    @tool
    @human_approval_required
    def get_city_gdp(city: str) -> str:
        """Get city gdp."""
        own_redis.stop()
        ran.append(city)
        return f"{city}: 500 billion"

    pace = Pace(heartbeat_seconds=0.1, lease_seconds=0.6)
    await office.hire("economics_agent", [get_city_gdp], pace=pace)
    context = await office.ask("economics_agent", "gdp of Oslo")
    [call] = await office.requests(context)
    await office.decide(call)
    await await_until(lambda: ran, "the tool to run")
    back_at = time.monotonic() + 2 * pace.lease_seconds
    await await_until(lambda: time.monotonic() > back_at, "the lease to run out")

    own_redis.start()

    assert "500 billion" in await office.answer(context, "economics_agent")
    assert ran == ["Oslo"]
    # The decision is delivered again, because the lease was lost, and is known.
    assert set(await office.outcomes(3)) == {"applied", "executed"}
