"""The audit log, as the engine writes it: a decision is on the disk before it leaves.

The only place that decides what may happen without a record: what stops a call may, what lets one
run may not.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog
from msgspec import structs

from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.log import AuditLog, AuditUnavailable
from workers.wire.approvals import DecisionKind

_log = structlog.get_logger(__name__)


class Recorder:
    """Writes on a thread of its own, because a disk takes its time.

    Used on one event loop. The file is opened with the first entry.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._audit: AuditLog | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def decided(self, entry: AuditEntry) -> None:
        """Record a decision that is about to leave.

        Raises:
            AuditUnavailable: it is not recorded, and must not leave.
        """
        try:
            await self._append(entry)
        except AuditUnavailable as error:
            if entry.decision != DecisionKind.REJECT:
                raise
            _log.error("audit log failed; a rejection leaves without a record", error=error.title)

    async def not_sent(self, entry: AuditEntry, why: str) -> None:
        """Record that a recorded decision did not leave.

        Args:
            why: as the person was told.
        """
        try:
            await self._append(
                structs.replace(entry, kind=AuditKind.DECISION_NOT_SENT, outcome=why[:200])
            )
        except AuditUnavailable as error:
            # The decision is recorded and has no receipt: that shows in every review.
            _log.error("audit log failed", error=error.title)

    def close(self) -> None:
        """Close the file."""
        if self._thread is not None:
            if self._audit is not None:
                self._thread.submit(self._audit.close).result()
            self._thread.shutdown()
            self._thread = self._audit = None

    async def _append(self, entry: AuditEntry) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit")
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, entry)

    def _write(self, entry: AuditEntry) -> None:
        if self._audit is None:
            self._audit = AuditLog(self._path)
        self._audit.append(entry)
