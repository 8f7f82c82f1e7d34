"""Leases on contexts: kept alive from a thread, given up in time, asked for before each write.

The only place that renews leases and that says whether one still holds. A tool may block the event
loop for minutes, so the renewing is done by a thread with a connection of its own. Whoever could
not renew for two thirds of the lease time stops by itself, before anybody else may begin.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import structlog

from workers.runtime.inbox import LeasedInbox, Taken
from workers.runtime.pace import Pace
from workers.wire.errors import BrokerError, LeaseLost
from workers.wire.streams.progress import Fence
from workers.wire.streams.scripts import ThreadLine

#: More are renewed by several calls, so that none keeps the broker busy for long.
_AT_ONCE = 500

_log = structlog.get_logger(__name__)


class Keeper:
    """Keeps the leases of one worker alive.

    Attributes:
        inbox: where they were taken.
    """

    def __init__(
        self,
        inbox: LeasedInbox,
        url: str,
        pace: Pace,
        on_lost: Callable[[bytes, int], None],
        on_stale: Callable[[], None],
    ) -> None:
        """Set it up; nothing runs before `start`.

        Args:
            on_lost: called in the event loop for a lease that somebody else has taken.
            on_stale: called there once when renewing has failed for too long.
        """
        self.inbox = inbox
        self._url = url
        self._pace = pace
        self._on_lost = on_lost
        self._on_stale = on_stale
        self._lock = threading.Lock()
        self._held: set[tuple[bytes, int]] = set()
        self._fresh_until = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether we may act: our leases cannot have run out on the broker."""
        return time.monotonic() < self._fresh_until

    async def start(self) -> None:
        """Say once that we live, then go on from the thread.

        Raises:
            BrokerError: it could not be said.
        """
        self._loop = asyncio.get_running_loop()
        began = time.monotonic()
        await self.inbox.renew()
        self._fresh_until = began + self._pace.safe_seconds
        if self._thread is None:
            name = f"leases of {self.inbox.agent}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    async def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    def hold(self, taken: Taken) -> None:
        """Renew this lease from now on."""
        with self._lock:
            self._held.add((taken.context, taken.token))

    def drop(self, taken: Taken) -> None:
        """Renew it no longer."""
        with self._lock:
            self._held.discard((taken.context, taken.token))

    def _run(self) -> None:
        """What the thread does."""
        timeout = max(self._pace.lease_seconds / 6, 0.1)
        with ThreadLine(self._url, timeout) as line:
            was_fresh = True
            while not self._stop.is_set():
                is_renewed = self._renew(line)
                if was_fresh and not self.is_fresh:
                    _log.warning("leases given up: the broker is away", agent=self.inbox.agent)
                    self._call(self._on_stale)
                was_fresh = self.is_fresh
                pause = self._pace.heartbeat_seconds
                # While it fails, it is tried again soon: there are two thirds of a lease for it.
                self._stop.wait(pause if is_renewed else min(pause / 4, 0.5))

    def _renew(self, line: ThreadLine) -> bool:
        with self._lock:
            held = list(self._held)
        began = time.monotonic()
        try:
            for start in range(0, max(len(held), 1), _AT_ONCE):
                for context, token in self.inbox.renew_in_thread(
                    line, held[start : start + _AT_ONCE]
                ):
                    self._call(self._on_lost, context, token)
        except BrokerError as error:
            _log.debug("not renewed", agent=self.inbox.agent, reason=error.title)
            return False
        self._fresh_until = began + self._pace.safe_seconds
        return True

    def _call(self, what: Callable[..., None], *arguments: object) -> None:
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(what, *arguments)
        except RuntimeError:
            self._stop.set()  # the loop is closed: there is nobody left to tell


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease under which a message is being handled."""

    taken: Taken
    keeper: Keeper

    async def confirm(self) -> None:
        """Make sure that it still holds.

        Raises:
            LeaseLost: it does not.
            BrokerError: nobody can say.
        """
        taken = self.taken
        if not self.keeper.is_fresh or not await self.keeper.inbox.holds(
            taken.context, taken.token
        ):
            raise LeaseLost("The context was taken over by another worker.")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who writes, for a store that compares tokens itself.

    Attributes:
        scope: names the agent and the context; 64 hexadecimal digits, the same in every process.
        token: higher than that of anybody who held the context before.
        is_contested: the message was started before; whoever did that may still be at work on it.
    """

    scope: str
    token: int
    is_contested: bool


_current: ContextVar[Lease | None] = ContextVar("signoff_lease", default=None)


@contextmanager
def working_under(lease: Lease) -> Iterator[None]:
    """Inside the block, in this task and those it starts, everything is written under it."""
    before = _current.set(lease)
    try:
        yield
    finally:
        _current.reset(before)


async def confirm_lease() -> None:
    """Make sure that the lease we work under still holds; without one there is nothing to lose.

    Raises:
        LeaseLost: it does not.
        BrokerError: nobody can say.
    """
    lease = _current.get()
    if lease is not None:
        await lease.confirm()


def fence(agent: str) -> Fence:
    """What to write with, for an agent, under the lease we work under."""
    lease = _current.get()
    return Fence(agent, lease.taken.token if lease is not None else 0)


def current_claim() -> Claim | None:
    """Who writes under the lease we work under; None without one."""
    lease = _current.get()
    if lease is None:
        return None
    taken = lease.taken
    scope = lease.keeper.inbox.agent.encode() + b"#" + taken.context
    return Claim(hashlib.sha256(scope).hexdigest(), taken.token, taken.entry.starts > 1)
