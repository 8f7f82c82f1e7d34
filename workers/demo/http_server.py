"""A web application served from this process, on 127.0.0.1, for as long as a context is open.

The only place that runs uvicorn. It takes a port of its own choice, leaves the signals of the
process alone (the demo has its own way to stop) and is gone, with its tasks, when the context ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator

import uvicorn
from starlette.types import ASGIApp

_HOST = "127.0.0.1"
# Answers under way may finish; a stream that takes longer is cut, and its client sees that.
_STOP_TIMEOUT_SECONDS = 1
# uvicorn's own limit cancels the application and logs a traceback for each request; the cut above
# comes first, so this is for an application that does not even notice that its client is gone.
_GIVE_UP_SECONDS = 5


class _Server(uvicorn.Server):
    """uvicorn, without signal handlers, and with an event for "is up"."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        cut = asyncio.get_running_loop().call_later(_STOP_TIMEOUT_SECONDS, self._cut_connections)
        try:
            await super().shutdown(sockets)
        finally:
            cut.cancel()

    def _cut_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, name: str) -> AsyncIterator[int]:
    """Serve `app` and give its port.

    Args:
        app: ASGI application; its lifespan runs around the service.
        name: of the task, for debugging.
    """
    listener = socket.socket()
    try:
        listener.bind((_HOST, 0))
        port: int = listener.getsockname()[1]
        server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,
                http="h11",
                ws="none",
                timeout_graceful_shutdown=_GIVE_UP_SECONDS,
            )
        )
        # No TaskGroup: it would wrap what goes wrong in the caller's block in an ExceptionGroup.
        task = asyncio.create_task(server.serve(sockets=[listener]), name=name)
        task.add_done_callback(lambda _: server.up.set())
        try:
            await server.up.wait()
            if task.done():
                raise RuntimeError(f"{name} ended before it was up") from task.exception()
            yield port
        finally:
            server.should_exit = True
            await task
    finally:
        listener.close()
