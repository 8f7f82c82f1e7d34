"""Servers that are not brokers: what a person reaches with a wrong address.

The only place where tests speak another protocol than the broker's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer like a web server that does not understand."""
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await _close(writer)


async def speak_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet like a mail server."""
    writer.write(b"220 mail.example ESMTP\r\n")
    await reader.read(100)
    await _close(writer)


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close at once, like a firewall that lets the connection through and nothing else."""
    await _close(writer)


@asynccontextmanager
async def stranger(serve: Serve) -> AsyncIterator[str]:
    """A server on 127.0.0.1; gives its address in the form of a broker's."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"redis://127.0.0.1:{port}/0"


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        return  # the other side was faster
