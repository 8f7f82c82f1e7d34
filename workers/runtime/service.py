"""A process of workers: all its agents served together, its heartbeat, and a stop in good order.

The only place that knows what belongs to one process: one consumer name, and one heartbeat for
each broker.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from workers.runtime.worker import Worker
from workers.wire.approvals import Mode
from workers.wire.errors import BrokerError
from workers.wire.events import WorkerInfo
from workers.wire.halts import HaltStatement, scopes_of
from workers.wire.streams.progress import ProgressWriter

HEARTBEAT_SECONDS = 3.0
HEARTBEAT_TTL_SECONDS = 12.0
#: A heartbeat tells of so many kept halts, the newest.
MAX_HALTS = 20
#: Begins the note of a worker in mode `enforce` without what it would judge decisions by.
UNPREPARED = "Nothing can be approved:"
_MILDEST_FIRST = (Mode.OBSERVE, Mode.BOUND, Mode.ENFORCE)

_log = structlog.get_logger(__name__)


async def serve(
    workers: Sequence[Worker],
    consumer: str,
    stop: asyncio.Event,
    *,
    on_listening: Callable[[], None] | None = None,
    note: str = "",
) -> None:
    """Serve until `stop` is set.

    Args:
        on_listening: called when every inbox is listened to and the first heartbeat is out.
        note: what the heartbeat says about these workers, for people.

    Raises:
        BrokerError: the broker cannot be used; only before `on_listening` is called.
    """
    hearts = [_Heart(group, consumer, note) for group in _by_broker(workers)]
    try:
        for worker in workers:
            await worker.open()
        for heart in hearts:
            await heart.beat()
        async with asyncio.TaskGroup() as tasks:
            beating = [tasks.create_task(heart.run(), name="heartbeat") for heart in hearts]
            serving = [
                tasks.create_task(worker.serve(stop), name=f"inbox of {worker.agent.name}")
                for worker in workers
            ]
            if on_listening is not None:
                on_listening()
            await asyncio.wait(serving)
            for task in beating:
                task.cancel()
    finally:
        for worker in workers:
            await worker.close()
        for heart in hearts:
            await heart.stop()


def _by_broker(workers: Sequence[Worker]) -> list[list[Worker]]:
    groups: dict[str, list[Worker]] = {}
    for worker in workers:
        groups.setdefault(worker.connection.url, []).append(worker)
    return list(groups.values())


class _Heart:
    """Says every few seconds that the workers of one broker live."""

    def __init__(self, workers: Sequence[Worker], consumer: str, note: str) -> None:
        self._workers = workers
        self._consumer = consumer
        self._note = note
        self._started_ms = _now_ms()
        self._writer = ProgressWriter(workers[0].connection)

    async def beat(self) -> None:
        """Say it once.

        Raises:
            BrokerError: it could not be said.
        """
        modes = {worker.agent.name: worker.judge.mode for worker in self._workers}
        await self._look_around()
        info = WorkerInfo(
            consumer=self._consumer,
            agents=[worker.agent.name for worker in self._workers],
            tools={worker.agent.name: list(worker.agent.tools) for worker in self._workers},
            version=importlib.metadata.version("signoff"),
            # A reader that knows one mode only must not think that all of them enforce.
            mode=str(next(mode for mode in _MILDEST_FIRST if mode in modes.values())),
            modes={name: str(mode) for name, mode in modes.items()},
            started_ms=self._started_ms,
            running=sum(worker.running for worker in self._workers),
            note=await self._notes(),
            at_ms=_now_ms(),
            usage={worker.agent.name: worker.usage for worker in self._workers},
            halts=self._kept_halts(),
            lift_roles=self._lift_roles(),
        )
        await self._writer.heartbeat(info, _now_ms(), int(HEARTBEAT_TTL_SECONDS * 1000))

    async def _notes(self) -> str:
        """What people are to know: what was given, and that nothing can be approved."""
        problems = [await worker.judge.problem() for worker in self._workers]
        titles = dict.fromkeys(one.title for one in problems if one is not None)
        told = [self._note] if self._note else []
        return "; ".join((*told, *(f"{UNPREPARED} {title}" for title in titles)))

    async def _look_around(self) -> None:
        """See halts also while no call is to be started, and another policy while calls wait."""
        for worker in self._workers:
            halts = worker.judge.halts
            scopes = {*scopes_of(worker.agent.name), *(one.scope for one in halts.kept)}
            await halts.stop(await self._writer.halts(sorted(scopes)), time.time())
            await worker.policy_news.look()

    def _kept_halts(self) -> list[HaltStatement]:
        kept = [one for worker in self._workers for one in worker.judge.halts.kept]
        by_scope = {one.scope: one for one in sorted(kept, key=_serial)}
        return sorted(by_scope.values(), key=_serial)[-MAX_HALTS:]

    def _lift_roles(self) -> list[str]:
        return sorted({r for worker in self._workers for r in worker.judge.halts.lift_roles()})

    async def run(self) -> None:
        """Go on saying it; a broker that is away hears it again when it is back."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with suppress(BrokerError):
                await self.beat()

    async def stop(self) -> None:
        """Say goodbye."""
        try:
            await self._writer.farewell(self._consumer)
        except BrokerError as error:
            _log.warning("no goodbye", reason=error.title)


def _serial(halt: HaltStatement) -> int:
    return halt.serial


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
