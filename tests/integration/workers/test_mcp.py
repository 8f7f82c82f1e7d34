"""Tools of MCP servers at the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.workers.office import Office
from tests.support.redis_server import free_port
from workers.demo.mcp_server import McpServer
from workers.errors import NotConfigured


@pytest_asyncio.fixture
async def mcp() -> AsyncIterator[McpServer]:
    """A server with a tool that only reads, and says so, and one with an effect."""
    async with McpServer.start() as server:
        yield server


async def test_every_tool_of_a_server_needs_approval(office: Office, mcp: McpServer) -> None:
    """Also one that calls itself read-only: nobody vouches for the server."""
    runner = office.describe("weather_agent")
    await runner.add_mcp_server(mcp.url)
    await office.start(runner)

    context = await office.ask("weather_agent", 'call search_places with {"query": "cafes Oslo"}')
    [call] = await office.requests(context)
    assert (call.action, call.args) == ("search_places", {"query": "cafes Oslo"})
    await office.decide(call)

    assert "Lanternfish" in await office.answer(context, "weather_agent")


async def test_only_the_operator_can_let_a_tool_run_freely(office: Office, mcp: McpServer) -> None:
    """By its name; the others stay gated."""
    runner = office.describe("weather_agent")
    await runner.add_mcp_server(mcp.url, ungated=["search_places"])
    await office.start(runner)

    context = await office.ask(
        "weather_agent",
        'call search_places with {"query": "cafes Oslo"}'
        ' then call set_weather_alert with {"city": "Oslo", "level": "red"}',
    )
    [call] = await office.requests(context)
    assert call.action == "set_weather_alert"
    assert mcp.atlas.alerts == {}
    await office.decide(call)
    await office.answer(context, "weather_agent")

    assert {city: str(level) for city, level in mcp.atlas.alerts.items()} == {"Oslo": "red"}


async def test_a_name_the_server_does_not_have_is_a_mistake(office: Office, mcp: McpServer) -> None:
    """A typing error in the list of free tools must not go unnoticed."""
    runner = office.describe("weather_agent")
    with pytest.raises(NotConfigured, match="no tool named serch_places"):
        await runner.add_mcp_server(mcp.url, ungated=["serch_places"])


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/mcp", "ftp://somewhere/mcp", "mcp"])
async def test_a_server_that_is_not_there_is_said_so(office: Office, address: str) -> None:
    """With what to check, instead of a group of exceptions."""
    runner = office.describe("weather_agent")
    with pytest.raises(NotConfigured) as failure:
        await runner.add_mcp_server(address.format(port=free_port()))
    assert failure.value.hint
