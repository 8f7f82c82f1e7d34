"""What the window asks of the audit log: notes, searches, entries to open, verification, exports.

The only place of the engine that reads the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from msgspec import structs

from desktop.actions.ports import ExportAudit, FindAudit, Note, OpenAudit, VerifyAudit
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.findings import Report, Verdict
from desktop.audit.heads import Head, kept_head
from desktop.audit.keys import Keyring, LogKeys, log_keys
from desktop.audit.known import Known, Mark
from desktop.audit.log import AuditUnavailable, read_secret
from desktop.audit.opening import Secrets
from desktop.audit.outside import known_outside
from desktop.audit.pacing import Pace, VerificationStopped
from desktop.audit.reading import AuditReader
from desktop.audit.verifying import verify
from desktop.audit.witnesses import read_peers
from desktop.engine.recorder import Recorder
from desktop.engine.trust import Trust
from desktop.errors import ConsoleError, VaultUnavailable
from desktop.store.facts import AuditEntryOpened, AuditFound, Fact
from desktop.store.record import AuditHealth, AuditOpened, AuditPage, AuditStanding

T = TypeVar("T")
_log = structlog.get_logger(__name__)

#: Sentences of a verification that a window shows.
_MOST_TOLD: Final = 20
_TAMPERED: Final = (
    "The audit log has been tampered with, or is damaged.",
    "Nothing is approved or recorded here until it is intact. Keep the file: put back a copy and"
    " verify that, or begin a new log with `signoff audit set-aside`.",
)
_UNREADABLE: Final = ("The audit log cannot be read.", "Check who may read the file, and the disk.")


class AuditDesk:
    """Carries out what concerns the audit log, on one event loop; reads on a thread of its own.

    Args:
        log: the file.
        index: where its index is kept; None to make it anew, for this desk alone.
        keyring: holds the key of its encrypted part, and its head; None to do without.
        trust: whom this desk believes; None for nobody.
    """

    def __init__(
        self,
        recorder: Recorder,
        emit: Callable[[Fact], None],
        log: Path,
        index: Path | None = None,
        keyring: Keyring | None = None,
        trust: Trust | None = None,
    ) -> None:
        self._recorder, self._emit = recorder, emit
        self._log, self._keyring, self._trust = log, keyring, trust
        self._reader = AuditReader(log, index, self._secrets())
        self._thread: ThreadPoolExecutor | None = None
        self._asked = 0
        self._pace: Pace | None = None

    async def carry_out(
        self, order: Note | FindAudit | OpenAudit | VerifyAudit | ExportAudit
    ) -> None:
        """Carry out one order; what came of it is emitted."""
        try:
            match order:
                case Note():
                    await self._recorder.note(order.entry, order.secrets)
                case FindAudit():
                    await self._find(order)
                case OpenAudit():
                    await self._open(order.number)
                case VerifyAudit():
                    await self.verify()
                case ExportAudit():
                    await self._export(order)
        except AuditUnavailable:
            return  # the recorder has told it
        except Exception:  # noqa: BLE001 - the door: a page must not wait for ever
            _log.exception("audit order failed", order=type(order).__name__)

    async def known_of(
        self, marks: Iterable[Mark], people: Iterable[str], requests: Iterable[str]
    ) -> Known:
        """What the log holds already; nothing if there is none yet.

        Args:
            marks: of requests and receipts; which of them are in it.
            people: which of them ever decided at this desk.
            requests: ids; the tools they are about.

        Raises:
            AuditUnavailable: it cannot be read.
        """
        if not self._log.exists():
            return Known()
        asked = (tuple(marks), tuple(people), tuple(requests))
        return await self._read(lambda: self._reader.index().known_of(*asked))

    async def last_verified(self) -> tuple[int, str]:
        """When the log was last verified as a whole, ms since the epoch, and what came of it.

        Raises:
            AuditUnavailable: it cannot be read.
        """
        return await self._read(lambda: self._reader.index().last_of(AuditKind.VERIFIED))

    async def verify(self, pause_seconds: float = 0.0) -> None:
        """Verify the log as a whole; how it stands is told, and that it was done is recorded.

        Args:
            pause_seconds: between two steps, where nobody waits for it.

        Raises:
            AuditUnavailable: the log cannot be used.
        """
        if self._pace is not None:
            if not pause_seconds:
                self._pace.hurry()
            return
        pace = self._pace = Pace(pause_seconds)
        self._progress(0)
        try:
            report = await self._verified(pace)
        except VerificationStopped:
            return
        finally:
            pace.stop()  # the thread does not end with the task that waits for it
            self._pace = None
            self._recorder.stand(replace(self._recorder.standing, verifying=False))
        await self._recorder.verified(report)
        self._recorder.stand(_judged(self._recorder, report))
        entry = structs.replace(
            happened(AuditKind.VERIFIED),
            outcome=report.verdict.name.lower(),
            detail=f"{report.size} entries, {len(report.findings)} findings",
        )
        await self._recorder.note_anyway(entry)

    def stop(self) -> None:
        """End a verification that goes on: the console ends."""
        if self._pace is not None:
            self._pace.stop()

    def close(self) -> None:
        """End what runs, and close the index."""
        self.stop()
        if self._thread is not None:
            self._thread.submit(self._reader.close).result()
            self._thread.shutdown()
            self._thread = None

    async def _find(self, order: FindAudit) -> None:
        self._asked = max(self._asked, order.number)

        def find() -> AuditPage | None:
            if order.number < self._asked:
                return None  # a newer one came while this one waited
            return self._reader.page(order.query, order.number, _now_ms())

        try:
            page = await self._read(find)
        except AuditUnavailable as error:
            page = AuditPage(order.number, query=order.query, title=error.title, hint=error.hint)
        if page is not None:
            self._emit(AuditFound(page))

    async def _open(self, number: int) -> None:
        opened = AuditOpened(number)
        if number:
            try:
                detail = await self._read(lambda: self._reader.opened(number, _now_ms()))
                title = "" if detail else f"There is no entry {number:,}."
                opened = AuditOpened(number, detail, title)
            except AuditUnavailable as error:
                opened = AuditOpened(number, None, error.title, error.hint)
        self._emit(AuditEntryOpened(opened))

    async def _verified(self, pace: Pace) -> Report:
        loop = asyncio.get_running_loop()
        registry = self._trust.registry() if self._trust else None

        def on_thread() -> Report:
            keys = self._keys()
            witnesses = read_peers(self._log, keys.install.public if keys else None).witnesses
            known = self._head()
            progress = partial(_call, loop, self._progress)
            return verify(self._log, known, keys, registry, progress, witnesses, pace)

        return await asyncio.to_thread(on_thread)

    def _progress(self, count: int) -> None:
        standing = replace(self._recorder.standing, verifying=True, verified_so_far=count)
        self._recorder.stand(standing)

    async def _export(self, order: ExportAudit) -> None:
        self._exported(exporting=True)
        await self._recorder.checkpoint()  # signs just what is handed out
        loop = asyncio.get_running_loop()

        def record(entry: AuditEntry) -> None:
            asyncio.run_coroutine_threadsafe(self._recorder.note(entry), loop).result()

        try:
            told = await asyncio.to_thread(self._write_export, order, record)
        except ConsoleError as error:
            self._exported(failed=f"{error.title} {error.hint}".strip())
        except BaseException:
            self._exported(failed="The file was not written; the log of the program says more.")
            raise
        else:
            self._exported(told)

    def _write_export(self, order: ExportAudit, record: Callable[[AuditEntry], None]) -> str:
        """On a thread. Returns what was written, in words."""
        # fpdf2 takes its time to load, and most desks never export.
        from desktop.audit.exporting.selecting import Beside, registry_in  # noqa: PLC0415
        from desktop.audit.exporting.writing import write_export  # noqa: PLC0415

        keys = self._keys()
        trusted = self._trust.folder if self._trust else None
        beside = Beside(
            secrets=self._secrets(),
            install=keys.install.public.text if keys else "",
            registry=registry_in(trusted) if trusted else None,
            outside=known_outside(self._log, self._keyring),
        )
        report = write_export(
            self._log,
            order.query,
            order.kind,
            Path(order.path).expanduser(),
            order.made,
            record,
            beside=beside,
        )
        rows = f"{report.rows:,} {'row' if report.rows == 1 else 'rows'}"
        return f"{rows} written to {report.path}. {report.digest}"

    def _exported(self, told: str = "", *, failed: str = "", exporting: bool = False) -> None:
        standing = replace(
            self._recorder.standing, exporting=exporting, exported=told, export_failed=failed
        )
        self._recorder.stand(standing)

    def _head(self) -> Head | None:
        try:
            return kept_head(self._keyring, self._log) if self._keyring else None
        except VaultUnavailable as error:
            _log.warning("head of the audit log not known", error=error.title)
            return None

    def _keys(self) -> LogKeys | None:
        try:
            return log_keys(self._keyring) if self._keyring else None
        except VaultUnavailable as error:
            _log.warning("keys of the audit log not known", error=error.title)
            return None

    def _secrets(self) -> Secrets | None:
        keyring = self._keyring
        if keyring is None:
            return None
        return lambda connection, kept, name: read_secret(connection, log_keys(keyring), kept, name)

    async def _read(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-reader")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _judged(recorder: Recorder, report: Report) -> AuditStanding:
    """How the log stands after a verification."""
    standing = recorder.standing
    told = tuple(
        f"Entry {one.number:,}: {one.title}" if one.number else one.title
        for one in report.findings[:_MOST_TOLD]
    )
    judged = replace(
        standing,
        size=report.size,
        root=report.root.hex(),
        verified_ms=_now_ms(),
        verifying=False,
        found=told,
    )
    match report.verdict:
        case Verdict.TAMPERED:
            health, (title, hint) = AuditHealth.TAMPERED, _TAMPERED
        case Verdict.UNREADABLE:
            health, (title, hint) = AuditHealth.UNWRITABLE, _UNREADABLE
        case _ if standing.health is AuditHealth.UNWRITABLE and not recorder.is_open:
            return judged  # what can be read can still not be written
        case _ if standing.health is AuditHealth.TAMPERED:
            return judged  # by what is known elsewhere, or by a verification that saw more
        case _:
            health, title, hint = AuditHealth.FINE, "", ""
    return replace(judged, health=health, title=title, hint=hint)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[int], None], count: int) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(function, count)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
