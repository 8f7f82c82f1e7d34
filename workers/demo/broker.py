"""The broker of the demo: one that is given, or one of its own.

The only place that starts a Redis or Valkey server. Its own broker listens on 127.0.0.1 on a free
port, wants a random password, keeps nothing on disk and ends with the demo. The password reaches
it through stdin: arguments are for everybody to read in `ps`, and a file outlives a crash.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from workers.demo.parent import ends_with_this_process
from workers.demo.redis_binary import ServerBinary, find_server_binary
from workers.wire.errors import BrokerError

_HOST = "127.0.0.1"
_ATTEMPTS = 5
_READY_TIMEOUT_SECONDS = 15.0
_ANSWER_TIMEOUT_SECONDS = 0.5
_STOP_TIMEOUT_SECONDS = 5.0
_POLL_SECONDS = 0.01


class BrokerDidNotStart(BrokerError):
    """A server program was found and started, but no broker came of it."""


class _PortTaken(Exception):
    """Somebody else took the port between our look at it and the start of the server."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that can be used while the context that gave it is open.

    Attributes:
        url: for clients; holds the password, so it is not part of the repr.
        binary: the program we started, or None when the URL was given.
        pid: process id of our own server, or None.
    """

    url: str = field(repr=False)
    binary: ServerBinary | None = None
    pid: int | None = None

    @staticmethod
    @asynccontextmanager
    async def start(redis_url: str | None = None) -> AsyncIterator[Broker]:
        """Use the broker at `redis_url`, or start one and stop it at the end.

        A given broker is neither contacted nor stopped here.

        Raises:
            NoBroker: no URL was given and no server program is new enough.
            BrokerDidNotStart: the program ended at once or never answered.
        """
        if redis_url:
            yield Broker(redis_url)
            return
        binary = await find_server_binary()
        folder = Path(tempfile.mkdtemp(prefix="signoff-broker-"))
        try:
            async with _running_server(binary, folder) as broker:
                yield broker
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _running_server(binary: ServerBinary, folder: Path) -> AsyncIterator[Broker]:
    process, port, password = await _start_on_a_free_port(binary, folder)
    try:
        yield Broker(f"redis://:{password}@{_HOST}:{port}/0", binary, process.pid)
    finally:
        await _stop(process)


async def _start_on_a_free_port(
    binary: ServerBinary, folder: Path
) -> tuple[asyncio.subprocess.Process, int, str]:
    for _ in range(_ATTEMPTS):
        port, password = free_port(), secrets.token_urlsafe(32)
        process = await _spawn(binary, folder, _configuration(port, password, folder))
        try:
            await _until_ready(process, port, password, folder)
        except _PortTaken:
            continue
        except BaseException:
            await _stop(process)
            raise
        return process, port, password
    raise BrokerDidNotStart(
        f"{binary.path} found its port taken {_ATTEMPTS} times in a row.",
        "Try again, or name a running broker with --redis-url.",
    )


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _configuration(port: int, password: str, folder: Path) -> str:
    return "\n".join(
        (
            f"bind {_HOST}",
            "protected-mode yes",
            f"port {port}",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            f'dir "{folder}"',
            "daemonize no",
            'logfile ""',
            "",
        )
    )


async def _spawn(
    binary: ServerBinary, folder: Path, configuration: str
) -> asyncio.subprocess.Process:
    with _log_of(folder).open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary.path,
            "-",  # read the configuration from stdin
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            # Ctrl+C in a terminal reaches the whole group; the agents need their broker until
            # they have stopped, so it is not in it.
            start_new_session=True,
            # A demo that is killed cannot stop its broker, so the kernel does it where it can.
            preexec_fn=ends_with_this_process(),
        )
    if process.stdin is None:
        raise RuntimeError("asked for a pipe to stdin and got none")
    # Gone already: the reason is in its log and is told by `_until_ready`.
    with suppress(ConnectionError):
        process.stdin.write(configuration.encode())
        await process.stdin.drain()
    process.stdin.close()
    return process


async def _until_ready(
    process: asyncio.subprocess.Process, port: int, password: str, folder: Path
) -> None:
    """Wait until the server takes our password, which also proves that it is ours.

    Raises:
        _PortTaken: it ended because of its port.
        BrokerDidNotStart: it ended for another reason, or did not answer in time.
    """
    try:
        async with asyncio.timeout(_READY_TIMEOUT_SECONDS):
            while not await _answers(port, password):
                if process.returncode is not None:
                    raise _reason_it_ended(folder)
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise BrokerDidNotStart(
            f"The broker did not answer within {_READY_TIMEOUT_SECONDS:g} seconds.",
            f"Its last words: {_last_words(folder)}",
        ) from None


async def _answers(port: int, password: str) -> bool:
    """Whether the server at `port` takes `password` and answers PING, soon."""
    try:
        reader, writer = await asyncio.open_connection(_HOST, port)
    except OSError:
        return False
    try:
        # A stranger on our port may take the connection and never say a word.
        async with asyncio.timeout(_ANSWER_TIMEOUT_SECONDS):
            writer.write(f"AUTH {password}\r\nPING\r\n".encode())
            await writer.drain()
            answers = await reader.readline(), await reader.readline()
    except (OSError, TimeoutError):
        return False
    else:
        return answers == (b"+OK\r\n", b"+PONG\r\n")
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _reason_it_ended(folder: Path) -> Exception:
    words = _last_words(folder)
    if "already in use" in words:
        return _PortTaken()
    return BrokerDidNotStart(
        "The broker ended as soon as it was started.",
        f"Its last words: {words}",
    )


def _log_of(folder: Path) -> Path:
    return folder / "server.log"


def _last_words(folder: Path) -> str:
    text = _log_of(folder).read_text(encoding="utf-8", errors="replace")
    lines = [line.strip()[:200] for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-4:]) or "none"


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the server: politely, then not. Returns when it is gone, even if we are cancelled."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_SECONDS):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
