"""The bundled demo as a child process.

The only place that starts the demo. The child prints one line of JSON when it is ready and stops
when its standard input closes, so it cannot outlive the console.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence

import msgspec

from desktop.errors import LocalWorkersFailed
from desktop.store.facts import DemoChanged
from desktop.store.local_records import Demo, DemoState
from desktop.system.log_ring import LogRing, line_of

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
_LAST_LINES = 20
_LAST_WORDS_SECONDS = 1.0
_CHUNK_BYTES = 16 * 1024


class DemoReady(msgspec.Struct, frozen=True):
    """What the demo says when every agent listens.

    Attributes:
        trust: the folder with its registry, and with the keys of its reviewers.
    """

    redis_url: str
    model_url: str
    mcp_url: str
    trust: str
    agents: list[str]
    pid: int


def demo_command(*arguments: str) -> list[str]:
    """The command that starts the bundled demo on this Python."""
    return [sys.executable, "-m", "workers", "demo", *arguments]


class DemoProcess:
    """One demo process at most.

    Used on one event loop. Every change of state is told through `emit`.

    Attributes:
        log: what it says; may be read on any thread.
    """

    def __init__(
        self,
        emit: Callable[[DemoChanged], None],
        command: Sequence[str] | None = None,
        *,
        ready_seconds: float = READY_SECONDS,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._emit = emit
        self._command = list(command or demo_command())
        self._ready_seconds = ready_seconds
        self._stop_seconds = stop_seconds
        self._process: asyncio.subprocess.Process | None = None
        self.log = LogRing()
        self._log_begins = 0
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> DemoReady:
        """Start the demo and wait until it is ready.

        Raises:
            LocalWorkersFailed: it ended, said something else, or took longer than a minute.
        """
        if self._process is not None:
            raise LocalWorkersFailed("The demo is already running.")
        self._stopping = False
        self._tell(DemoState.STARTING, "The demo is starting")
        try:
            ready = await self._launch()
        except LocalWorkersFailed as error:
            await self._end()
            failure = LocalWorkersFailed(error.title, self._last_words())
            self._tell(DemoState.FAILED, failure.title, failure.hint)
            raise failure from error
        except asyncio.CancelledError:
            await self._end()
            self._tell(DemoState.STOPPED)
            raise
        self._tell(DemoState.RUNNING, f"{len(ready.agents)} demo agents are running")
        return ready

    async def stop(self) -> None:
        """Stop the demo, if it runs, and wait until it is gone."""
        if self._process is None:
            return
        self._stopping = True
        self._tell(DemoState.STOPPING, "The demo is stopping")
        await self._end()
        self._tell(DemoState.STOPPED)

    async def _launch(self) -> DemoReady:
        pipe = asyncio.subprocess.PIPE
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(os.environ)
            )
        except OSError as error:
            raise LocalWorkersFailed(f"The demo could not be started: {error}.") from error
        self._log_begins = self.log.end
        self._watchers = [asyncio.create_task(self._read_log(self._process), name="demo:log")]
        line = await self._first_line(self._process)
        try:
            ready = msgspec.json.decode(line, type=DemoReady)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LocalWorkersFailed("The demo did not start.") from error
        watch = asyncio.create_task(self._watch(self._process), name="demo:watch")
        self._watchers.append(watch)
        return ready

    async def _first_line(self, process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None  # noqa: S101 - asked for at the start
        try:
            async with asyncio.timeout(self._ready_seconds):
                return await process.stdout.readline()
        except TimeoutError as error:
            raise LocalWorkersFailed("The demo took too long to start.") from error
        except ValueError as error:  # a line longer than any buffer
            raise LocalWorkersFailed("The demo did not start.") from error
        finally:
            # Read on: a child must not wait for a reader, nor its end for what it still had to say.
            drain = asyncio.create_task(_drain(process.stdout), name="demo:output")
            self._watchers.append(drain)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        readers, self._watchers = self._watchers[:-1], self._watchers[-1:]
        await _finish(readers)
        if self._stopping:
            return
        self._process = None
        _close(process)
        self._tell(DemoState.FAILED, f"The demo ended by itself (code {code}).", self._last_words())

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None  # noqa: S101 - asked for at the start
        unfinished = b""
        while chunk := await process.stderr.read(_CHUNK_BYTES):
            *lines, unfinished = (unfinished + chunk).split(b"\n")
            self.log.add([line_of(line) for line in lines])
            unfinished = unfinished[-_CHUNK_BYTES:]  # nobody reads a line of megabytes
        if unfinished:
            self.log.add([line_of(unfinished)])

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(self._stop_seconds):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        watchers, self._watchers = self._watchers, []
        await _finish(watchers)
        if process is not None:
            _close(process)

    def _last_words(self) -> str:
        return "\n".join(self.log.since(self._log_begins, _LAST_LINES))

    def _tell(self, state: DemoState, title: str = "", hint: str = "") -> None:
        self._emit(DemoChanged(Demo(state, title, hint)))


async def _finish(tasks: list[asyncio.Task[None]]) -> None:
    """Let tasks come to their end; what a child said last may still be on its way."""
    if tasks:
        await asyncio.wait(tasks, timeout=_LAST_WORDS_SECONDS)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _drain(output: asyncio.StreamReader) -> None:
    """Read on, so that the child never waits for a reader."""
    while await output.read(_CHUNK_BYTES):
        pass


def _close(process: asyncio.subprocess.Process) -> None:
    # Else the transport is collected later, on a loop that is closed by then.
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001
