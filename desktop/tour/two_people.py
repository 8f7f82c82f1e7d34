"""Two people and the record: a transfer that takes both, its proof on paper, and a locked desk.

The only place that tells this part of the story. The demo's two reviewers sign at one desk, which
only a demo can let them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView

from desktop.store.record import AuditHealth
from desktop.store.records import Execution, RequestKey, RequestState
from desktop.tour.pilot import PilotLost
from desktop.tour.visit import Visit

_LARGE_TASK: Final = "Transfer 25000 EUR to Harbour Street Properties for invoice 4518"
_EXPORT: Final = "audit.pdf"


class TwoPeople:
    """The scenes, in the order in which they are called.

    Attributes:
        exports: names of the files that were left beside the pictures.
    """

    def __init__(self, visit: Visit) -> None:
        self._visit, self._pilot, self._store = visit, visit.pilot, visit.store
        self._key = RequestKey("", "")
        self.exports: list[str] = []

    async def ask(self) -> None:
        """More than one person of the treasury may decide alone."""
        context_id = await self._visit.ask("treasury_agent", _LARGE_TASK)
        self._key = await self._visit.waiting_in(context_id)

    async def sign_first(self) -> None:
        """Nothing runs yet: the signature waits for another."""
        await self._visit.open_request(self._key)
        await self._pilot.click("request.approve")
        await self._visit.becomes(
            self._key,
            lambda r: len(r.votes) == 1 and r.state is RequestState.WAITING,
            "the first signature to wait",
        )
        if self._visit.times_it_ran(self._key):
            raise PilotLost("The call ran with one signature of two.")
        await self._visit.pictures_of("one-of-two")

    async def sign_second(self) -> None:
        """The demo's other reviewer takes the desk, reads, and signs."""
        first = self._store.signing.identity
        await self._pilot.click("request.other_signer")
        await self._pilot.until(
            lambda: self._store.signing.identity != first, "the second reviewer"
        )
        await self._visit.approvable()
        await self._pilot.click("request.approve")
        await self._visit.becomes(
            self._key,
            lambda r: r.execution is Execution.EXECUTED,
            "the worker to take both signatures",
        )
        await self._visit.finished(self._key.context_id)
        await self._visit.pictures_of("two-of-two")

    async def check_ran_once(self) -> None:
        """By the worker's own ledger."""
        times = self._visit.times_it_ran(self._key)
        if times != 1:
            raise PilotLost(f"The worker's ledger holds the call {times} times.")

    async def verify(self) -> None:
        """The log as a whole, from its first entry."""
        await self._pilot.click("rail.audit")
        await self._pilot.until(self._listed, "the entries of the log")
        await self._pilot.click("audit.verify")
        standing = self._store
        await self._pilot.until(
            lambda: standing.audit_standing.verified_ms and not standing.audit_standing.verifying,
            "the log to be verified",
        )
        found = self._store.audit_standing
        if found.health is not AuditHealth.FINE or found.found:
            raise PilotLost(found.title or "The log is not whole.", " ".join(found.found))
        await self._visit.pictures_of("audit")

    async def open_decision(self) -> None:
        """Found by its conversation, and opened as it was seen then."""
        await self._pilot.type_text("audit.search", self._key.context_id)
        await self._pilot.until(
            lambda: (
                self._store.audit_page.query.text == self._key.context_id
                and self._store.audit_page.rows
            ),
            "the entries about the transfer",
        )
        decided = next(r for r in self._store.audit_page.rows if r.kind == "decision")
        await self._pilot.choose("audit.list", decided.number)
        await self._pilot.until(lambda: self._pilot.seen("audit.printed"), "the decision to open")
        await self._visit.pictures_of("audit-entry")

    async def export(self) -> None:
        """What was found, on paper. No picture: it would show where files are on this computer."""
        path = self._visit.directory.resolve() / _EXPORT
        path.unlink(missing_ok=True)
        await self._pilot.click("audit.export")
        await self._pilot.pick("audit.format", "PDF: signature blocks, to read and print")
        await self._pilot.type_text("audit.path", str(path))
        await self._pilot.click("audit.write")
        standing = self._store
        await self._pilot.until(
            lambda: standing.audit_standing.exported or standing.audit_standing.export_failed,
            "the file to be written",
        )
        if not _is_pdf(path):
            raise PilotLost("No PDF was written.", self._store.audit_standing.export_failed)
        self.exports.append(path.name)
        await self._pilot.click("audit.close_export")

    async def lock(self) -> None:
        """Nothing of it is on the screen meanwhile, and everything is back afterwards."""
        self._pilot.press(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
        await self._pilot.until(lambda: self._visit.stage.window.is_locked, "the lock")
        await self._visit.pictures_of("locked")
        await self._pilot.click("lock.click")
        await self._pilot.until(lambda: self._pilot.seen("audit.list"), "the page to be back")

    def _listed(self) -> bool:
        view = self._pilot.seen("audit.list")
        return isinstance(view, QAbstractItemView) and view.model().rowCount() > 0


def _is_pdf(path: Path) -> bool:
    return path.exists() and path.read_bytes().startswith(b"%PDF-")
