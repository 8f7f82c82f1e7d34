"""A TCP proxy on 127.0.0.1 that can go away, come back, go silent, be slow, and cut a reply in two.

The only place where tests break a network. It stands between the code under test and a real
server, so that the server keeps its state while the way to it is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.redis_server import RedisServer

_ORDER_SECONDS = 10
#: Passes of the loop from an accepted socket to the first line of what serves it, and some more.
_PASSES_TO_SERVE = 10
#: SO_LINGER with zero seconds: closing sends a reset, as a vanished host or a firewall does.
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Toxic:
    """What the way does to the bytes that take it, in both directions; by default nothing.

    Attributes:
        delay_seconds: before each piece is handed on.
        bytes_per_second: no more than these; 0 for no limit.
        piece_bytes: no piece is larger; 0 for as they come.
        keeps_replies: half open: what is asked arrives, and no answer comes back.
    """

    delay_seconds: float = 0.0
    bytes_per_second: int = 0
    piece_bytes: int = 0
    keeps_replies: bool = False


_HEALTHY = Toxic()


class TcpProxy:
    """Hands bytes on to one target, from a thread of its own, so it serves sync tests as well.

    Attributes:
        port: where it listens; the same for its whole life.
        cuts: how many replies were cut so far.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy")
        self._thread.start()
        # Bound once here, and again by each `up`, so that nobody else gets the port meanwhile.
        self._reservation = socket.socket()
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reservation.bind(("127.0.0.1", 0))
        self.port: int = self._reservation.getsockname()[1]
        self.cuts = 0
        self._until_cut: int | None = None
        self._toxic = _HEALTHY
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._replying = asyncio.Event()
        self._replying.set()
        self.up()

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return len(self._writers) // 2

    def up(self) -> None:
        """Accept connections (again)."""
        self._do(self._up)

    def down(self) -> None:
        """Go away: reset what is connected, refuse what comes."""
        self._do(self._down)

    def stall(self) -> None:
        """Go silent: stay connected, accept, and hand nothing on, as a lost route does."""
        self._do(self._set_flowing, False)

    def resume(self) -> None:
        """Hand on again, first what was held back."""
        self._do(self._set_flowing, True)

    def reset(self) -> None:
        """Reset what is connected, and accept what comes, as a firewall that was restarted."""
        self._do(self._reset_all)

    def suffer(self, toxic: Toxic = _HEALTHY) -> None:
        """Treat bytes like this from now on, also on connections that stand; or well again."""
        self._do(self._set_toxic, toxic)

    def cut_reply(self, after_bytes: int) -> None:
        """Close the connection on which the target sends the byte after so many more, there.

        The target has done what it was asked; whoever asked gets a part of the answer.
        """
        self._do(self._set_cut, max(after_bytes, 1))

    def close(self) -> None:
        """Go away for good and end the thread."""
        self.down()
        self._do(self._end_tasks)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reservation.close()

    def _do(self, order: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Run a coroutine in the proxy's thread and wait for it."""
        asyncio.run_coroutine_threadsafe(order(*arguments), self._loop).result(_ORDER_SECONDS)

    async def _up(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, reuse_port=True
            )

    async def _down(self) -> None:
        if self._server is not None:
            # Accept no more, and see through what was accepted: a server that closes in between
            # leaves such a socket to nobody (asyncio attaches it to the server only afterwards).
            for listening in self._server.sockets:
                self._loop.remove_reader(listening.fileno())
            for _ in range(_PASSES_TO_SERVE):
                await asyncio.sleep(0)
            self._server.close()
            self._server = None
        await self._reset_all()

    async def _reset_all(self) -> None:
        for writer in self._writers:
            _reset(writer)
        self._writers.clear()

    async def _set_flowing(self, flowing: bool) -> None:
        _set(self._flowing, flowing)

    async def _set_toxic(self, toxic: Toxic) -> None:
        self._toxic = toxic
        _set(self._replying, not toxic.keeps_replies)

    async def _set_cut(self, after_bytes: int) -> None:
        self._until_cut = after_bytes

    async def _end_tasks(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client. Ends quietly when cancelled: asyncio 3.11 stumbles over the other."""
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(
                    self._hand_on(reader, back), self._hand_on(there, writer, are_replies=True)
                )
        finally:
            self._writers -= {writer, back}
            writer.transport.abort()
            back.transport.abort()

    async def _hand_on(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, are_replies: bool = False
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                await self._flowing.wait()
                if are_replies:
                    await self._replying.wait()
                if are_replies and self._until_cut is not None:
                    if self._until_cut < len(data):
                        to.write(data[: self._until_cut])
                        self._until_cut = None
                        self.cuts += 1
                        to.close()  # after what was written; the rest never comes
                        return
                    self._until_cut -= len(data)
                await self._pass(data, to)
        if not to.transport.is_closing() and to.can_write_eof():
            with contextlib.suppress(OSError):
                to.write_eof()

    async def _pass(self, data: bytes, to: asyncio.StreamWriter) -> None:
        """Write it as the way is just now; that may change in the midst of it."""
        rest = memoryview(data)
        while rest:
            toxic = self._toxic
            size = toxic.piece_bytes or len(rest)
            piece, rest = rest[:size], rest[size:]
            seconds = toxic.delay_seconds
            if toxic.bytes_per_second:
                seconds += len(piece) / toxic.bytes_per_second
            if seconds:
                await asyncio.sleep(seconds)
            to.write(piece)
            await to.drain()


def _set(event: asyncio.Event, value: bool) -> None:
    if value:
        event.set()
    else:
        event.clear()


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # its peer was quicker and has ended it
        writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _RESET
        )
    writer.transport.abort()


@pytest.fixture
def redis_proxy(redis_server: RedisServer, redis_url: str) -> Iterator[TcpProxy]:
    """A proxy before the (emptied) broker; its address is `redis_server.url_at(proxy.port)`."""
    proxy = TcpProxy(redis_server.port)
    yield proxy
    proxy.close()
