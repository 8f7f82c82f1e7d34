"""Tools of MCP servers.

The only place that talks to them. Their tools need approval unless the operator of the worker
says otherwise; what a server says of its own tools (`readOnlyHint`) is no permission.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from langchain_core.tools import BaseTool
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.sessions import StreamableHttpConnection
from mcp import McpError

from workers.agents.http import direct_mcp_client, is_loopback
from workers.errors import NotConfigured


async def load_tools(url: str) -> list[BaseTool]:
    """The tools of an MCP server, over streamable HTTP.

    Raises:
        NotConfigured: the server does not answer as one.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotConfigured(
            "This is no address of an MCP server.", "Example: http://127.0.0.1:8000/mcp"
        )
    server: StreamableHttpConnection = {"url": url, "transport": "streamable_http"}
    if is_loopback(url):
        server["httpx_client_factory"] = direct_mcp_client
    client = MultiServerMCPClient({"server": server})
    try:
        return await client.get_tools()
    except (httpx.HTTPError, McpError, OSError, ExceptionGroup) as error:
        raise NotConfigured(
            f"The MCP server at {parts.hostname}:{parts.port or parts.scheme} does not answer.",
            "Check its address, and that it is running.",
        ) from error
