"""Looking at the audit log: searching, opening an entry, verifying, exporting.

The only place that asks the engine for any of it. Looking changes nothing in the log, but for what
a person asks to see that was hidden from the reviewer: that is written down.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from desktop.actions.ports import (
    ExportAudit,
    ExportFormat,
    FindAudit,
    Note,
    OpenAudit,
    Outbox,
    VerifyAudit,
)
from desktop.audit.entries import AuditKind, happened
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store.record import AuditQuery, AuditRow
from desktop.store.store import Store


class Audit:
    """What the person at this desk asks of the log."""

    def __init__(self, store: Store, outbox: Outbox, person: Callable[[], Person]) -> None:
        self._store = store
        self._outbox = outbox
        self._person = person
        self._asked = 0

    def find(self, query: AuditQuery) -> int:
        """Search. Returns the number of the search, which the page that answers it has, too."""
        self._asked += 1
        self._outbox.post(FindAudit(query, self._asked))
        return self._asked

    def open(self, number: int) -> None:
        """Open an entry as a whole; 0 closes the one that is open."""
        self._outbox.post(OpenAudit(number))

    def verify(self) -> None:
        """Verify the log as a whole; nothing happens while that is going on."""
        if not self._store.audit_standing.verifying:
            self._outbox.post(VerifyAudit())

    def export(self, query: AuditQuery, kind: ExportFormat, path: str) -> None:
        """Write what a query finds to a file.

        Raises:
            NotAllowedNow: there is no path, or an export is being written.
        """
        if not path.strip():
            raise NotAllowedNow("There is no file to write to.", "Name one.")
        if self._store.audit_standing.exporting:
            raise NotAllowedNow("An export is being written.", "Wait until it is done.")
        person = self._looker()
        made = happened(AuditKind.EXPORTED, person=person.id, name=person.name)
        self._outbox.post(ExportAudit(query, kind, path.strip(), made))

    def revealed(self, row: AuditRow, *pointers: str) -> None:
        """A recorded value that was hidden is shown."""
        self._note(row, AuditKind.VALUE_REVEALED, *pointers)

    def hidden(self, row: AuditRow, *pointers: str) -> None:
        """It is hidden again."""
        self._note(row, AuditKind.VALUE_HIDDEN, *pointers)

    def copied(self, row: AuditRow, pointer: str) -> None:
        """A recorded value went to the clipboard."""
        self._note(row, AuditKind.VALUE_COPIED, pointer)

    def _looker(self) -> Person:
        """Who looks, by the name under which they sign if they can."""
        identity = self._store.signing.identity
        return Person(identity.id, identity.name) if identity else self._person()

    def _note(self, row: AuditRow, kind: AuditKind, *pointers: str) -> None:
        person = self._looker()
        entry = structs.replace(
            happened(kind, person=person.id, name=person.name),
            context_id=row.context_id,
            request_id=row.request_id,
            agent=row.agent,
            action=row.tool,
            revealed=() if kind is AuditKind.VALUE_HIDDEN else pointers,
            masked=pointers if kind is AuditKind.VALUE_HIDDEN else (),
            detail=f"in entry {row.number} of the log",
        )
        self._outbox.post(Note(entry))
