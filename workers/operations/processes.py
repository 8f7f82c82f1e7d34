"""Several worker processes of the same agents, kept at work until they are told to stop.

The only place that starts worker processes. One that dies is replaced, after a pause that grows
while it keeps dying; all end with this one, however it ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import structlog

from workers.operations.signals import stopped_by_signals

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
#: One that lived so long did not die of its start; its place begins with the first pause again.
STEADY_SECONDS = 60.0
#: Of a line without an end, so much is kept before it is passed on as it is (bytes).
_LONGEST_LINE = 1024 * 1024
_LAST_WORDS_SECONDS = 1.0
#: As a shell says of a program that it could not start.
_NOT_STARTED = 126

_log = structlog.get_logger(__name__)


class _Ready(msgspec.Struct, frozen=True):
    """The line that a worker process prints when it listens."""

    agents: list[str]
    pid: int


async def run_processes(name: str, count: int, *, verbose: bool = False) -> int:
    """Serve what `MODULE:ATTR` names in several processes, and print a JSON line when all listen.

    The first signal lets what is running finish; the second kills.

    Args:
        name: see `workers.app.run_named`, which each process runs.
        count: how many processes.

    Returns:
        0 after a stop. If the first process ended before it ever listened, what it ended with: it
        has said why, and none can serve with that configuration.
    """
    verbosely = ["--verbose"] if verbose else []
    command = [sys.executable, "-m", "workers", *verbosely, "run", name]
    command += ["--parent", str(os.getpid())]
    with stopped_by_signals() as stop:
        places = [_Place(command, number, stop) for number in range(1, count + 1)]
        try:
            code = await _work(places, stop)
            await _all_left(places)
        except asyncio.CancelledError:
            for place in places:
                place.kill()
            await _all_left(places)
            raise
        return code


async def _work(places: Sequence[_Place], stop: asyncio.Event) -> int:
    first, *others = places
    # One alone to begin with: what is configured wrongly is then said once.
    first.occupy()
    if not await first.listens() and not stop.is_set():
        return first.exit_code
    for place in others:
        place.occupy()
    await asyncio.gather(*(place.listens() for place in others))
    if not stop.is_set():
        _print_ready(places)
        await stop.wait()
    return 0


async def _all_left(places: Sequence[_Place]) -> None:
    await asyncio.gather(*(place.leave() for place in places))


class _Place:
    """A place for one process at a time. Who dies there is replaced.

    Attributes:
        exit_code: of the last process that ended here; a signal's number is 128 higher.
        ready: what the process that works here said when it listened.
    """

    def __init__(self, command: Sequence[str], number: int, stop: asyncio.Event) -> None:
        self.exit_code = 0
        self.ready: _Ready | None = None
        self._command = command
        self._number = number
        self._stop = stop
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._listens = asyncio.Event()

    def occupy(self) -> None:
        """Let a process work here from now on."""
        self._task = asyncio.create_task(self._keep_occupied(), name=f"process {self._number}")

    async def listens(self) -> bool:
        """Wait until a process here listens; False when it will not."""
        listening = asyncio.create_task(self._listens.wait())
        try:
            await asyncio.wait(
                [listening, *filter(None, [self._task])], return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            listening.cancel()
        return self._listens.is_set()

    async def leave(self) -> None:
        """Wait until the process here has ended, and nobody follows it."""
        if self._task is not None:
            # Not awaited itself: when we are cancelled, the process must still be looked after.
            await asyncio.wait([self._task])

    def kill(self) -> None:
        """End the process here at once, and what its tools have started."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)

    async def _keep_occupied(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            began = time.monotonic()
            await self._run_once()
            if self._stop.is_set() or not self._listens.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            _log.warning(
                "worker process ended; another takes its place",
                process=self._number,
                exit_code=self.exit_code,
                pause_seconds=pause,
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _run_once(self) -> None:
        """Run one process until it ends; a stop is handed on to it."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                # Ctrl+C in the terminal is for us alone: a second signal would cut it off.
                start_new_session=True,
            )
        except OSError as error:
            _log.warning("no process could be started", reason=error.strerror)
            self.exit_code = _NOT_STARTED
            return
        self._process = process
        handing_on = asyncio.create_task(self._hand_on_stop(process), name="hand on stop")
        reading = asyncio.create_task(self._read_output(process), name="read output")
        code = await process.wait()
        self.exit_code = code if code >= 0 else 128 - code
        # What a tool has started may hold the pipe open for ever.
        await asyncio.wait([reading], timeout=_LAST_WORDS_SECONDS)
        for task in (handing_on, reading):
            task.cancel()
        await asyncio.gather(handing_on, reading, return_exceptions=True)

    async def _hand_on_stop(self, process: asyncio.subprocess.Process) -> None:
        await self._stop.wait()
        with suppress(ProcessLookupError):
            process.terminate()

    async def _read_output(self, process: asyncio.subprocess.Process) -> None:
        """Pass on what it prints, line by line, but for the line that says that it listens."""
        if process.stdout is None:
            return
        rest = b""
        while chunk := await process.stdout.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._pass_on(line + b"\n", process.pid)
            if len(rest) > _LONGEST_LINE:
                self._pass_on(rest, process.pid)
                rest = b""
        self._pass_on(rest, process.pid)

    def _pass_on(self, line: bytes, pid: int) -> None:
        with suppress(msgspec.DecodeError):
            ready = msgspec.json.decode(line, type=_Ready)
            if ready.pid == pid:
                self.ready = ready
                self._listens.set()
                return
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def _print_ready(places: Sequence[_Place]) -> None:
    """One line of JSON on standard output, for whoever started us."""
    ready = [place.ready for place in places if place.ready is not None]
    line = {
        "agents": ready[0].agents,
        "pid": os.getpid(),
        "processes": [one.pid for one in ready],
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()
