"""The MCP server of the demo: two tools of somebody else's, over streamable HTTP.

The only place that serves MCP. One tool only reads and one has an effect, and each says so in its
annotations. Those are hints of a server nobody vouches for: a worker must gate the tools by its own
policy.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations

from workers.demo.atlas import AlertLevel, Atlas, JSONObject
from workers.demo.http_server import serving


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server that answers while the context that gave it is open.

    Attributes:
        url: its streamable HTTP endpoint.
        atlas: the data behind its tools.
    """

    url: str
    atlas: Atlas

    @staticmethod
    @asynccontextmanager
    async def start(atlas: Atlas | None = None) -> AsyncIterator[McpServer]:
        """Serve on 127.0.0.1, on a free port.

        Args:
            atlas: data to share with others; default: its own.
        """
        atlas = atlas or Atlas()
        app = _tools(atlas).streamable_http_app()
        async with serving(app, "demo MCP server") as port:
            yield McpServer(f"http://127.0.0.1:{port}/mcp", atlas)


def _tools(atlas: Atlas) -> FastMCP[None]:
    with _logging_untouched():
        # Stateless and with plain JSON answers: an event stream would keep a watcher task of
        # sse-starlette alive in our event loop after the server has stopped.
        server: FastMCP[None] = FastMCP(
            "signoff-demo-places",
            instructions="Invented places and weather alerts for the Signoff demo.",
            stateless_http=True,
            json_response=True,
            log_level="WARNING",
        )

    @server.tool(
        annotations=ToolAnnotations(
            title="Search places", readOnlyHint=True, idempotentHint=True, openWorldHint=False
        )
    )
    def search_places(query: str) -> JSONObject:
        """Find places of interest by name, kind or city."""
        return atlas.search_places(query)

    @server.tool(
        annotations=ToolAnnotations(
            title="Set weather alert",
            readOnlyHint=False,
            destructiveHint=True,
            idempotentHint=True,
            openWorldHint=False,
        )
    )
    def set_weather_alert(city: str, level: AlertLevel) -> JSONObject:
        """Show a weather alert (yellow, orange or red) to everybody in a city."""
        return atlas.set_weather_alert(city, level)

    return server


@contextmanager
def _logging_untouched() -> Iterator[None]:
    """Undo `logging.basicConfig`, which the constructor of FastMCP calls on the whole process."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in list(root.handlers):
            if handler not in handlers:
                root.removeHandler(handler)
                handler.close()
