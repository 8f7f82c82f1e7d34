"""What the window asks of the audit log: notes, searches, verification, exports.

The only place of the engine that reads the log.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop.actions.ports import ExportAudit, FindAudit, Note, VerifyAudit
from desktop.audit.log import AuditUnavailable
from desktop.engine.recorder import Recorder
from desktop.store.facts import AuditChanged, Fact
from desktop.store.record import AuditHealth, AuditStanding


class AuditDesk:
    """Carries out what concerns the audit log."""

    def __init__(self, recorder: Recorder, emit: Callable[[Fact], None]) -> None:
        self._recorder = recorder
        self._emit = emit

    async def carry_out(self, order: Note | FindAudit | VerifyAudit | ExportAudit) -> None:
        """Carry out one order; what came of it is emitted."""
        if isinstance(order, Note):
            try:
                await self._recorder.decided(order.entry)
            except AuditUnavailable as error:
                standing = AuditStanding(AuditHealth.UNWRITABLE, error.title, error.hint)
                self._emit(AuditChanged(standing))
