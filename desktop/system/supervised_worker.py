"""One local worker under supervision: started, watched, started again, told to end.

The only place that decides what a worker's state is. What is run, and with which environment, is
given by whoever makes it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from desktop.store.local_workers import (
    LIVING_STATES,
    LocalWorker,
    LocalWorkerState,
    WorkerDefinition,
)
from desktop.system.exit_reasons import Reason, reason_of
from desktop.system.restarts import MOST_RESTARTS, WITHIN_SECONDS, Restarts
from desktop.system.worker_log import WorkerLog
from desktop.system.worker_process import WorkerProcess, find, forget
from workers.wire.errors import SignoffError

#: Between two looks at a process and at what it said.
LOOK_SECONDS = 0.1
#: What a worker said last is looked at for the reason of its end.
_LAST_LINES = 40
_READY = '{"agents"'
_STARTS = "It is starting."
_FINISHES = "It finishes what runs, and ends."

Launch = Callable[[WorkerDefinition, WorkerLog], Awaitable[WorkerProcess]]


class _Ready(msgspec.Struct, frozen=True):
    """The line that a worker prints when it listens."""

    agents: list[str]
    pid: int


class SupervisedWorker:
    """One worker. Used on one event loop; every change of `shown` is told.

    Attributes:
        definition: what is started the next time.
        log: what it says.
        shown: how it stands.
    """

    def __init__(
        self,
        definition: WorkerDefinition,
        folder: Path,
        launch: Launch,
        tell: Callable[[], None],
        restarts: Restarts | None = None,
    ) -> None:
        self.definition = definition
        self.place = folder / definition.id
        self.log = WorkerLog(self.place.with_suffix(".log"))
        self.shown = LocalWorker(definition=definition)
        self._launch, self._tell = launch, tell
        self._restarts = restarts or Restarts()
        self._process: WorkerProcess | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._again = False

    @property
    def goes_on(self) -> bool:
        """Whether its process stays when the console ends.

        It was started for that, a person wants it now, and nobody has told it to stop.
        """
        kept = self._process is not None and self._process.record.kept
        return kept and self.definition.keep_running and not self._stop.is_set()

    def change(self, definition: WorkerDefinition) -> None:
        """Take another definition; what runs goes on as it was started, but for `goes_on`."""
        self.definition = definition
        self._show(definition=definition)

    def take_over(self) -> bool:
        """Look for a process of an earlier console. Returns whether one goes on here.

        One that should have ended with its console, or shall by now, is told to end.
        """
        found = find(self.place)
        if found is None or self._task is not None:
            return False
        self._begin(found)
        if not self.goes_on:
            self.stop()
        return self.goes_on

    def start(self) -> None:
        """Start it, unless it runs; after it has ended, if it is about to."""
        if self._task is None:
            self._restarts.begin_anew()
            self._begin(None)
        elif self._stop.is_set():
            self._again = True

    def stop(self) -> None:
        """Let it finish what runs, and end; asked again, end it at once."""
        if self._task is None:
            return
        self._again = False
        insists = self._stop.is_set()
        self._stop.set()
        if self._process is None:
            return
        if insists:
            self._process.kill()
            return
        self._show(LocalWorkerState.STOPPING, _FINISHES)
        self._process.ask_to_end()

    def restart(self) -> None:
        """Stop it, if it runs, and start it when it is gone."""
        if self._task is not None and not self._stop.is_set():
            self.stop()
        self.start()

    async def end(self, seconds: float) -> None:
        """Stop it, and kill it if it takes longer than so many seconds."""
        if self._task is None:
            return
        if not self._stop.is_set():
            self.stop()
        self._again = False
        task = self._task
        done, _ = await asyncio.wait([task], timeout=seconds)
        if not done:
            self.stop()
            await asyncio.wait([task], timeout=seconds)

    async def let_go(self) -> None:
        """Watch it no more, and leave it running."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process is not None:
            self._process.let_go()

    def _begin(self, process: WorkerProcess | None) -> None:
        self._stop.clear()
        self._again = False
        self._process = process
        if process is None:
            self._show(LocalWorkerState.STARTING, _STARTS, restarts=0)
        name = f"local worker {self.definition.id}"
        self._task = asyncio.create_task(self._live(), name=name)

    async def _live(self) -> None:
        try:
            while await self._live_once():
                pass
        finally:
            self._task = None
        if self._again:
            self.start()

    async def _live_once(self) -> bool:
        """One process from its start to its end. Returns whether there shall be another."""
        adopted = self._process
        try:
            process = adopted or await self._launched()
        except SignoffError as error:
            self._show(LocalWorkerState.FAILED, error.title, error.hint)
            self.log.note(error.title, "error")
            self.log.look()
            return False
        begun, lives_since = self.log.end, time.monotonic()
        self._show_process(process, adopted=adopted is not None)
        await self._watch(process)
        self._process = None
        forget(self.place)
        if self._stop.is_set():
            self._ended(LocalWorkerState.STOPPED, Reason("It was stopped.", failed=False))
            return False
        reason = reason_of(process.exit_code, self.log.since(begun, _LAST_LINES))
        return await self._pause(reason, time.monotonic() - lives_since)

    async def _launched(self) -> WorkerProcess:
        self._show(LocalWorkerState.STARTING, _STARTS, restarts=self._restarts.count)
        process = await self._launch(self.definition, self.log)
        self._process = process
        if self._stop.is_set():  # meanwhile somebody thought better of it
            process.ask_to_end()
        return process

    async def _watch(self, process: WorkerProcess) -> None:
        """Follow a process until it is gone."""
        while process.runs():
            self._listen(process)
            await asyncio.sleep(LOOK_SECONDS)
        process.end_rest()
        self._listen(process, whole=True)
        self.log.note(f"process {process.record.pid} ended")

    def _show_process(self, process: WorkerProcess, *, adopted: bool) -> None:
        state, title = LocalWorkerState.STARTING, _STARTS
        if self._stop.is_set():
            state, title = LocalWorkerState.STOPPING, _FINISHES
        elif adopted:
            state, title = LocalWorkerState.RUNNING, "It went on while no console was open."
        record = process.record
        self._show(state, title, pid=record.pid, broker=record.broker)

    def _listen(self, process: WorkerProcess, *, whole: bool = False) -> None:
        starts = self.shown.state is LocalWorkerState.STARTING
        for line in self.log.look(whole=whole, never_miss=_READY if starts else ""):
            if not line.startswith(_READY) or self._stop.is_set():
                continue
            with suppress(msgspec.DecodeError):
                ready = msgspec.json.decode(line, type=_Ready)
                self._show(
                    LocalWorkerState.RUNNING,
                    "",
                    pid=process.record.pid,
                    broker=process.record.broker,
                    agents=tuple(ready.agents),
                )

    async def _pause(self, reason: Reason, lived_seconds: float) -> bool:
        """Wait until it is time for the next start. Returns whether there is one."""
        failed = LocalWorkerState.FAILED if reason.failed else LocalWorkerState.STOPPED
        if not self._restarts.wanted(self.definition.restart, failed=reason.failed):
            self._ended(failed, reason)
            return False
        seconds = self._restarts.next_pause(lived_seconds)
        if seconds is None:
            often = f"It was started again {MOST_RESTARTS} times within "
            often += f"{WITHIN_SECONDS / 60:.0f} minutes, and is left alone now."
            self._ended(
                LocalWorkerState.FAILED, Reason(reason.title, f"{reason.hint}\n{often}".strip())
            )
            return False
        title = f"{reason.title} It is started again in {seconds:g} s."
        self._ended(LocalWorkerState.PAUSING, Reason(title, reason.hint))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        if self._stop.is_set():
            self._show(LocalWorkerState.STOPPED, reason.title, reason.hint)
            return False
        return True

    def _ended(self, state: LocalWorkerState, reason: Reason) -> None:
        self.log.note(reason.title, "error" if reason.failed else "info")
        self.log.look()
        self._show(state, reason.title, reason.hint)

    def _show(
        self,
        state: LocalWorkerState | None = None,
        title: str = "",
        hint: str = "",
        **facts: object,
    ) -> None:
        """Show another state; without one, only other facts."""
        if state is None:
            self.shown = msgspec.structs.replace(self.shown, **facts)
        else:
            before = self.shown
            lives = state in LIVING_STATES
            self.shown = LocalWorker(
                definition=self.definition,
                state=state,
                title=title,
                hint=hint,
                since_ms=int(time.time() * 1000),
                pid=before.pid if lives else 0,
                broker=before.broker if lives else "",
                agents=before.agents if lives else (),
                restarts=before.restarts,
            )
            self.shown = msgspec.structs.replace(self.shown, **facts)
        self._tell()
