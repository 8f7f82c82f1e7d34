"""The audit log, as the engine writes it: a decision is on the disk before it leaves.

The only place that decides what may happen without a record: what stops a call may, what lets one
run may not.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from msgspec import structs

from desktop.audit.emergency import keep_outside
from desktop.audit.entries import AuditEntry, AuditKind, BadEntry, followed, happened, write_entry
from desktop.audit.findings import Report
from desktop.audit.keys import Keyring
from desktop.audit.log import AuditLog, AuditUnavailable, OutboxState, Outgoing, Record
from desktop.audit.logbook import Logbook, Unsent
from desktop.engine.jotting import Jottings
from desktop.errors import VaultUnavailable
from desktop.store.facts import AuditChanged
from desktop.store.record import AuditHealth, AuditStanding
from workers.wire.approvals import DecisionKind

#: So many make a checkpoint due.
CHECKPOINT_ENTRIES: Final = 100

#: What makes a call run, or run on.
_LETS_RUN: Final = frozenset(DecisionKind) - {DecisionKind.REJECT}

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class Recorder:
    """Writes on a thread of its own, because a disk takes its time.

    Used on one event loop. The file is opened with the first entry, or by `begin`; `upkeep` does
    what is due now and then.

    Attributes:
        clock_skew_ms: what each entry says of the clock; see `AuditEntry`.
        checkpoint_due: set when one should be made before its time.
        was_used: set with each use of the log; see `upkeep`.
    """

    def __init__(
        self,
        path: Path,
        keyring: Keyring | None = None,
        emit: Callable[[AuditChanged], None] = lambda _fact: None,
    ) -> None:
        """Set it up.

        Args:
            keyring: holds the keys and the head of the log; None to do without.
            emit: takes how the log stands, whenever that changes.
        """
        self._book = Logbook(path, keyring)
        self._path = path
        self._emit = emit
        self.clock_skew_ms: int | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._standing = AuditStanding()
        self._jottings = Jottings(path, self._book.append, self._use)
        self._left: list[Unsent] | None = None
        self.checkpoint_due = asyncio.Event()
        self.was_used = asyncio.Event()
        self._decided_at = -math.inf
        self._signing = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._closed = False

    @property
    def quiet_seconds(self) -> float:
        """How long nobody has decided anything here."""
        return time.monotonic() - self._decided_at

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._book.is_open

    @property
    def standing(self) -> AuditStanding:
        """How the log stands, as far as is known."""
        return self._standing

    def stand(self, standing: AuditStanding) -> None:
        """Take in how the log was found to stand, and tell it."""
        if standing != self._standing:
            self._standing = standing
            self._emit(AuditChanged(standing))

    async def begin(self) -> None:
        """Open the log and judge its end, unless it is open; how it stands is told.

        A log that failed is open again once something was written to it.

        Raises:
            AuditUnavailable: it cannot be used.
        """
        async with self._opening:  # two who come at once open one file
            if self._book.is_open:
                return
            try:
                failure = self._standing.health is AuditHealth.UNWRITABLE and self._standing.title
                standing = await self._on_thread(lambda: self._open(failure or ""))
                if self._left is None and standing.health is AuditHealth.FINE:
                    self._left = list(await self._on_thread(self._book.unsent))
                self.stand(standing)
            except AuditUnavailable as error:
                self._failed(error)
                raise

    async def check(self, entry: AuditEntry) -> None:
        """See to it that a decision could be recorded, before it is signed.

        Raises:
            AuditUnavailable: it must not leave: the log cannot be written, or is not the one that
                was left.
        """
        self._decided_at = time.monotonic()
        await self.begin()
        if self._standing.health is not AuditHealth.FINE and entry.decision in _LETS_RUN:
            raise AuditUnavailable(self._standing.title, self._standing.hint)

    async def decided(
        self,
        entry: AuditEntry,
        secrets: Mapping[str, str] | None = None,
        outbox: Outgoing | None = None,
    ) -> int:
        """Record a decision that is about to leave.

        Args:
            secrets: what only the encrypted part may hold, by name.
            outbox: what leaves; it is in the same transaction.

        Returns:
            The number of the entry, for `sent` and `not_sent`; 0 for a rejection that leaves
            without one.

        Raises:
            AuditUnavailable: it is not recorded, and must not leave.
        """
        try:
            await self.check(entry)
            return await self._append(Record(entry, secrets or {}, outbox))
        except AuditUnavailable as error:
            if entry.decision != DecisionKind.REJECT:
                raise
            where = await asyncio.to_thread(keep_outside, self._path, entry)
            _log.error(
                "audit log failed; a rejection leaves without a record",
                error=error.title,
                kept=str(where),
            )
            return 0

    async def sent(self, entry: AuditEntry, number: int, entry_id: str) -> None:
        """Record that a recorded decision left.

        Args:
            number: what `decided` returned.
            entry_id: the broker's.
        """
        kind = AuditKind.DECISION_SENT
        await self._settle(entry, number, OutboxState.SENT, kind, entry_id)

    async def not_sent(self, entry: AuditEntry, why: str, number: int = 0) -> None:
        """Record that a recorded decision did not leave.

        Args:
            why: as the person was told.
            number: what `decided` returned.
        """
        kind = AuditKind.DECISION_NOT_SENT
        await self._settle(entry, number, OutboxState.NOT_SENT, kind, why[:200])

    async def note(self, entry: AuditEntry, secrets: Mapping[str, str] | None = None) -> None:
        """Record something that happened.

        Raises:
            AuditUnavailable: it is not recorded.
        """
        await self._append(Record(entry, secrets or {}))
        if entry.kind is AuditKind.SESSION_LOCKED:
            self.checkpoint_due.set()  # nobody watches the file from now on

    async def note_all(self, entries: Sequence[AuditEntry]) -> None:
        """Record several things that happened, all or none.

        Raises:
            AuditUnavailable: they are not recorded.
        """
        if entries:
            await self._use(partial(self._book.append, [Record(entry) for entry in entries]))

    async def note_anyway(self, entry: AuditEntry) -> None:
        """Record something that happened, or keep it beside the log, which takes it in later."""
        try:
            await self.note(entry)
        except AuditUnavailable:  # which shows in how the log stands
            await asyncio.to_thread(keep_outside, self._path, entry)

    def jot(self, entry: AuditEntry, secrets: Mapping[str, str] | None = None) -> None:
        """Record something soon, together with what else comes meanwhile, such as receipts.

        That it fails shows in how the log stands, and nowhere else.
        """
        try:
            write_entry(entry)
        except BadEntry as error:
            _log.error("this cannot be recorded", kind=str(entry.kind), error=error.title)
            return
        self._jottings.add(self._stamped(Record(entry, secrets or {})))

    async def last_hash(self, person: str) -> str:
        """The hash of a person's last entry, hex; empty if they have none.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        return await self._use(lambda: self._book.last_hash(person))

    async def change(self, work: Callable[[AuditLog], T]) -> T:
        """See `Logbook.change`. Raises AuditUnavailable, and whatever `work` does."""
        return await self._use(partial(self._book.change, work))

    def left_behind(self) -> tuple[Unsent, ...]:
        """What waited to leave when the log was first opened, and nobody has taken up since."""
        return tuple(self._left or ())

    def taken_up(self, one: Unsent) -> None:
        """Take in that something left behind was seen to."""
        if self._left is not None:
            self._left.remove(one)

    async def verified(self, report: Report) -> None:
        """Take in what a verification of all of it found. Raises AuditUnavailable: see `begin`."""
        try:
            await self._on_thread(partial(self._book.verified, report))
        except VaultUnavailable as error:
            _log.warning("finding not kept", error=error.title)
        await self.begin()
        if self._book.is_sealed:
            self.stand(await self._on_thread(self._book.open))

    async def checkpoint(self) -> None:
        """Sign what the log is now, and keep its head elsewhere: at a lock, and now and then."""
        async with self._signing:
            try:
                head = await self._on_thread(self._book.checkpoint)
                if head is not None:
                    # Not on the log's own thread: a keyring may take its time, a decision may not.
                    await asyncio.to_thread(self._book.keep_head, head)
            except AuditUnavailable as error:
                await self._give_up(error)
            except VaultUnavailable as error:
                _log.warning("head of the audit log not kept", error=error.title)

    async def tidy(self) -> None:
        """Do what the disk has to do for the log, and nobody waits for."""
        try:
            await self._on_thread(self._book.tidy)
        except AuditUnavailable as error:
            _log.warning("audit log not tidied", error=error.title)

    async def close(self) -> None:
        """Write what was jotted down, sign what there is, and close the file.

        Afterwards nothing of it goes on, and what is jotted down lies beside the log.
        """
        self._closed = True
        self._jottings.end()
        if self._thread is not None or self._jottings.are_waiting:
            thread = self._own_thread()
            # It comes last there, and is done even if nobody waits for it any more.
            await asyncio.get_running_loop().run_in_executor(thread, self._end)
            thread.shutdown()
            self._thread = None
        await self._jottings.ended()

    def _end(self) -> None:
        try:
            if self._jottings.are_waiting:
                self._open("")  # the console may have ended before anything else was recorded
                self._jottings.append()
            head = self._book.checkpoint()
            if head is not None:
                self._book.keep_head(head)
        except (AuditUnavailable, VaultUnavailable) as error:
            _log.error("audit log not finished", error=error.title)
            self._jottings.keep_outside()
        finally:
            self._book.close()

    def _open(self, failure: str) -> AuditStanding:
        """On the log's thread: open the log, and after a failure prove that it can be written.

        Args:
            failure: what it was that failed; empty if nothing did.
        """
        standing = self._book.open()
        if failure and standing.health is AuditHealth.FINE:
            entry = structs.replace(happened(AuditKind.WRITABLE_AGAIN), detail=failure[:200])
            try:
                self._book.append([self._stamped(Record(entry))])
            except AuditUnavailable:
                self._book.close()
                raise
        return standing

    async def _settle(
        self, entry: AuditEntry, number: int, state: OutboxState, kind: AuditKind, outcome: str
    ) -> None:
        entry = structs.replace(followed(entry, kind, outcome), clock_skew_ms=self.clock_skew_ms)
        try:
            await self._use(lambda: self._book.settle(number, state, entry))
        except AuditUnavailable:
            # The decision is recorded and has no receipt: that shows in every review.
            return

    async def _append(self, record: Record) -> int:
        stamped = self._stamped(record)
        [kept] = await self._use(lambda: self._book.append([stamped]))
        return kept.number

    def _stamped(self, record: Record) -> Record:
        """A record that says how far off the clock is now."""
        entry = structs.replace(record.entry, clock_skew_ms=self.clock_skew_ms)
        return replace(record, entry=entry)

    async def _use(self, work: Callable[[], T]) -> T:
        """Do something with the open log; how that went is told."""
        await self.begin()
        try:
            done = await self._on_thread(work)
        except AuditUnavailable as error:
            await self._give_up(error)
            raise
        self.was_used.set()
        if self._book.new_entries >= CHECKPOINT_ENTRIES:
            self.checkpoint_due.set()
        return done

    async def _give_up(self, error: AuditUnavailable) -> None:
        """Close a log that failed; with its next use it is opened anew, unless it is sealed."""
        if not self._closed and not self._book.is_sealed:
            await self._on_thread(self._book.close)
        self._failed(error)

    def _failed(self, error: AuditUnavailable) -> None:
        if self._closed or self._standing.health is AuditHealth.TAMPERED:
            return
        standing = AuditStanding(AuditHealth.UNWRITABLE, error.title, error.hint)
        if standing != self._standing:  # tried again every few seconds, and told once
            _log.error("audit log failed", error=error.title)
        self.stand(standing)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise AuditUnavailable("The audit log is closed: the console ends.")
        return await asyncio.get_running_loop().run_in_executor(self._own_thread(), work)

    def _own_thread(self) -> ThreadPoolExecutor:
        """The log's thread, from its first use on."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit")
        return self._thread
