"""The demo's MCP server, used through the clients that agents use."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langchain_mcp_adapters.client import MultiServerMCPClient

from workers.demo.atlas import AlertLevel
from workers.demo.mcp_server import McpServer


@pytest.fixture
async def server() -> AsyncIterator[McpServer]:
    async with McpServer.start() as running:
        yield running


async def tools_of(server: McpServer) -> dict[str, BaseTool]:
    client = MultiServerMCPClient({"places": {"transport": "streamable_http", "url": server.url}})
    return {tool.name: tool for tool in await client.get_tools()}


async def call(tool: BaseTool, **args: object) -> ToolMessage:
    message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": args})
    assert isinstance(message, ToolMessage)
    return message


async def test_the_two_tools_say_what_they_are(server: McpServer) -> None:
    """One reads, one has an effect; both have a schema a form can be made from."""
    tools = await tools_of(server)

    assert sorted(tools) == ["search_places", "set_weather_alert"]
    assert (tools["search_places"].metadata or {})["readOnlyHint"] is True
    assert (tools["set_weather_alert"].metadata or {})["readOnlyHint"] is False
    assert (tools["set_weather_alert"].metadata or {})["destructiveHint"] is True
    assert set(tools["set_weather_alert"].args) == {"city", "level"}


async def test_places_are_found(server: McpServer) -> None:
    """As JSON the model can read."""
    message = await call((await tools_of(server))["search_places"], query="cafes in Bergen")

    assert message.status == "success"
    assert "Cloudberry Yard" in message.text
    assert "cafe" in json.loads(message.text)["places"][0]["kind"]


async def test_an_alert_has_an_effect(server: McpServer) -> None:
    """It can be seen in the data behind the server."""
    tool = (await tools_of(server))["set_weather_alert"]
    await call(tool, city="Bergen", level="orange")

    assert server.atlas.alerts == {"Bergen": AlertLevel.ORANGE}


async def test_a_level_that_does_not_exist_is_refused(server: McpServer) -> None:
    """By the server, as an error the model can read, and without an effect."""
    tool = (await tools_of(server))["set_weather_alert"]
    message = await call(tool, city="Bergen", level="purple")

    assert message.status == "error"
    assert "yellow" in message.text
    assert server.atlas.alerts == {}


async def test_a_page_in_a_browser_cannot_use_it(server: McpServer) -> None:
    """A foreign origin or host name is refused, though it comes from this machine."""
    async with httpx.AsyncClient(headers={"Accept": "application/json"}) as client:
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            answer = await client.post(server.url, json={}, headers=headers)
            assert answer.status_code in {403, 421}


async def test_starting_it_leaves_the_logging_of_the_process_alone() -> None:
    """The SDK would put a handler of its own on the root logger."""
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    kept = list(root.handlers)
    root.handlers.clear()
    try:
        async with McpServer.start():
            assert root.handlers == []
    finally:
        root.handlers.extend(kept)

    assert (root.level, list(root.handlers)) == before


async def test_it_can_be_started_again_and_twice() -> None:
    """Nothing of one run is left for the next."""
    async with McpServer.start() as one, McpServer.start() as other:
        assert one.url != other.url
        assert len(await tools_of(one)) == len(await tools_of(other)) == 2
