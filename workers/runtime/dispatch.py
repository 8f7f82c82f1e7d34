"""Contexts side by side, each in order: read, take, handle, settle, until told to stop.

The only place that starts tasks for messages. It decides when, never what: the handler it is given
returns a verdict for each entry. Nothing is kept in memory that the broker does not know.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from workers.runtime.inbox import LeasedInbox, Taken, Verb, Verdict
from workers.runtime.leases import Keeper, Lease, working_under
from workers.runtime.pace import Pace
from workers.wire.errors import BrokerError, BrokerUnreachable, LeaseLost
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import Inbox

READ_AT_ONCE = 50
_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
#: So long a stopping worker tries to hand over what it did not finish.
_HAND_OVER_SECONDS = 2.0

_log = structlog.get_logger(__name__)

Handle = Callable[[Taken], Awaitable[Verdict]]


class Dispatcher:
    """Serves one agent's inbox."""

    def __init__(
        self, connection: Connection, agent: str, consumer: str, pace: Pace, handle: Handle
    ) -> None:
        """Set it up.

        Args:
            handle: handles one entry. It raises nothing but `LeaseLost`, and is cancelled when
                the lease is lost.
        """
        self.inbox = Inbox(connection, agent, consumer)
        self._agent = agent
        self._pace = pace
        self._handle = handle
        self._leased = LeasedInbox(connection, agent, consumer, pace)
        self._keeper = Keeper(self._leased, connection.url, pace, self._on_lost, self._on_stale)
        # Tasks are kept: one that nobody holds may be collected while it runs.
        self._tasks: dict[tuple[bytes, int], asyncio.Task[None]] = {}
        self._working: dict[tuple[bytes, int], Taken] = {}
        self._settling: set[tuple[bytes, int]] = set()
        self._taking = asyncio.Lock()
        self._stop = asyncio.Event()
        self._slot_freed = asyncio.Event()
        self._retry_soon = asyncio.Event()
        self._retry_at = float("inf")
        self._has_more = False
        self._cursor = "-"

    @property
    def running(self) -> int:
        """How many contexts are being worked on now."""
        return len(self._tasks)

    async def open(self) -> None:
        """Make sure that the inbox exists, and begin to say that we live.

        Raises:
            BrokerError: the broker does not answer, or does not permit it.
        """
        await self.inbox.open()
        await self._keeper.start()

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what has been begun, or hand it over."""
        waking = asyncio.create_task(self._wake(stop), name=f"stop of {self._agent}")
        tending = asyncio.create_task(self._tend(), name=f"sweep of {self._agent}")
        try:
            await self._read_on()
            # Not cancelled: what it is just taking would be held by nobody until the lease ends.
            await asyncio.wait({tending}, timeout=_HAND_OVER_SECONDS)
            await self._drain()
        finally:
            for task in (waking, tending):
                task.cancel()
            await asyncio.gather(waking, tending, return_exceptions=True)

    async def close(self) -> None:
        """Leave the group and let the inbox go. What still runs is cancelled."""
        self._stop.set()
        await self._cancel()
        await self._keeper.stop()
        try:
            async with asyncio.timeout(_HAND_OVER_SECONDS):
                await self.inbox.leave()
        except (BrokerError, TimeoutError) as error:
            _log.warning("could not leave", agent=self._agent, reason=str(error))
        await self.inbox.close()

    async def _wake(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stop.set()
        self._slot_freed.set()
        self._retry_soon.set()
        with suppress(BrokerError):
            await self.inbox.wake()

    async def _read_on(self) -> None:
        pause, was_lost = _PAUSE_SECONDS, False
        while not self._stop.is_set():
            try:
                if was_lost:
                    await self.open()
                    _log.info("broker is back", agent=self._agent)
                    was_lost, pause = False, _PAUSE_SECONDS
                await self._read_once()
            except BrokerError as error:
                if not was_lost:
                    _log.warning("broker lost", agent=self._agent, reason=error.title)
                was_lost = True
                await _until(self._stop, pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _read_once(self) -> None:
        """Read what is new, as much as we can run; with a full house, wait for a slot."""
        free = self._pace.slots - self.running
        if free <= 0 or not self._keeper.is_fresh:
            self._slot_freed.clear()
            await _until(self._slot_freed, self._pace.heartbeat_seconds)
            return
        entries = await self.inbox.read(min(free, READ_AT_ONCE), wait=not self._has_more)
        await self._take(entries[-1].entry_id if entries else "")

    async def _take(self, newest: str = "") -> None:
        async with self._taking:
            free = max(self._pace.slots - self.running, 0)
            if not self._keeper.is_fresh:
                return
            for taken in await self._leased.take(newest, free):
                if self._stop.is_set():
                    await self._leased.settle(taken, Verdict(Verb.RELEASE))
                    continue
                self._launch(taken)
                free -= 1
            # As many as we could take: there may be more, so the next read must not wait.
            self._has_more = free == 0

    def _launch(self, taken: Taken) -> None:
        key = taken.context, taken.token
        self._keeper.hold(taken)
        task = asyncio.create_task(self._work(taken), name=f"{self._agent} in a context")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._ended(taken))

    def _ended(self, taken: Taken) -> None:
        key = taken.context, taken.token
        self._keeper.drop(taken)
        del self._tasks[key]
        self._working.pop(key, None)
        self._slot_freed.set()

    async def _work(self, taken: Taken) -> None:
        """Handle the entries of a context while it is ours."""
        key = taken.context, taken.token
        following: Taken | None = taken
        with working_under(Lease(taken, self._keeper)):
            while following is not None:
                self._working[key] = following
                try:
                    verdict = await self._handle(following)
                    following = await self._settle(following, verdict)
                except BrokerError as error:
                    # Whoever finds the lease run out starts the entry again.
                    _log.warning("work given up", agent=self._agent, reason=error.title)
                    following = None

    async def _settle(self, taken: Taken, verdict: Verdict) -> Taken | None:
        """Tell the broker, for as long as the lease may hold."""
        if self._stop.is_set() and verdict.verb is Verb.DONE:
            verdict = Verdict(Verb.LAST, verdict.frees)
        key = taken.context, taken.token
        self._settling.add(key)
        try:
            following = await self._tell(taken, verdict)
        finally:
            self._settling.discard(key)
        if verdict.verb is Verb.RETRY:
            self._retry_at = min(self._retry_at, time.monotonic() + verdict.delay_seconds)
            self._retry_soon.set()
        if following is not None and self._stop.is_set():
            return await self._settle(following, Verdict(Verb.RELEASE))
        return following

    async def _tell(self, taken: Taken, verdict: Verdict) -> Taken | None:
        while True:
            try:
                return await self._leased.settle(taken, verdict)
            except BrokerUnreachable:
                if not self._keeper.is_fresh:
                    raise LeaseLost("The broker is away for too long.") from None
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _tend(self) -> None:
        """Take what became due meanwhile, and sweep, again and again."""
        sweep_at = time.monotonic()
        while not self._stop.is_set():
            # Before the work, not after it: what is set meanwhile must not be forgotten.
            self._retry_soon.clear()
            now = time.monotonic()
            try:
                if now >= self._retry_at:
                    self._retry_at = float("inf")
                await self._take()
                if now >= sweep_at:
                    # Spread, so that the workers of a fleet do not all come at the same moment.
                    sweep_at = now + self._pace.heartbeat_seconds * random.uniform(0.75, 1.25)  # noqa: S311
                    await self._sweep()
            except BrokerError as error:
                _log.debug("not swept", agent=self._agent, reason=error.title)
                sweep_at = now + _PAUSE_SECONDS
            pause = min(sweep_at, self._retry_at) - time.monotonic()
            await _until(self._retry_soon, max(pause, 0.005))

    async def _sweep(self) -> None:
        reaped = await self._leased.reap(self._cursor)
        self._cursor = reaped.cursor
        if reaped.freed or reaped.strays or reaped.removed:
            _log.info(
                "swept",
                agent=self._agent,
                contexts_freed=reaped.freed,
                strays_queued=reaped.strays,
                consumers_removed=reaped.removed,
            )
            await self._take()

    async def _drain(self) -> None:
        """Let what runs come to its end; what does not in time is handed over."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=self._pace.grace_seconds)
        unfinished = list(self._working.values())
        await self._cancel()
        with suppress(BrokerError, TimeoutError):
            async with asyncio.timeout(_HAND_OVER_SECONDS):
                for taken in unfinished:
                    with suppress(LeaseLost):
                        await self._leased.settle(taken, Verdict(Verb.RELEASE))

    async def _cancel(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_lost(self, context: bytes, token: int) -> None:
        task = self._tasks.get((context, token))
        # A lease that is being given back, or just was, is reported too: that is no loss.
        is_over = task is None or task.done() or (context, token) in self._settling
        if task is not None and not is_over and not task.cancelling():
            _log.warning("lease lost, work cancelled", agent=self._agent)
            task.cancel()

    def _on_stale(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not longer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
