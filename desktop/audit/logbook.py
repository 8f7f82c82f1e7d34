"""The log of this desk: its file, its keys and its head together, as one thread keeps them.

The only place that opens the file with what the keyring holds, and that judges at the start whether
it still is the log that was left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from desktop.audit.emergency import take_in
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.failing import translated
from desktop.audit.findings import Report, Verdict
from desktop.audit.heads import Head, keep_head, kept_head
from desktop.audit.keys import Keyring, LogKeys, log_keys
from desktop.audit.log import (
    AuditLog,
    AuditUnavailable,
    Kept,
    OutboxState,
    Outgoing,
    Record,
)
from desktop.audit.marks import mark, marked
from desktop.audit.places import WAIT_SECONDS
from desktop.audit.schema import was_signed
from desktop.audit.secrets import RecordKey, SecretUnreadable
from desktop.audit.verifying import check_end
from desktop.errors import VaultUnavailable
from desktop.store.record import AuditHealth, AuditStanding

T = TypeVar("T")

_TAMPERED_HINT = (
    "Nothing is approved here, and nothing is written into it, until `signoff audit verify` finds"
    " it intact, or somebody begins a new one: `signoff audit set-aside`."
)


@dataclass(frozen=True, slots=True)
class Unsent:
    """A decision that is recorded, and of which nothing says that it left.

    Attributes:
        number: of its entry.
        outgoing: what was to leave; None if it was not kept, as where no keyring answers.
    """

    number: int
    entry: AuditEntry
    outgoing: Outgoing | None = field(default=None, repr=False)


class Logbook:
    """Opens the log when it is first used, and again after it failed. Blocking; for one thread.

    One that has been tampered with is evidence: nothing is appended to it or signed of it, and what
    the keyring knows of it stays as it is.
    """

    def __init__(self, path: Path, keyring: Keyring | None) -> None:
        self.path = path
        self._keyring = keyring
        self._log: AuditLog | None = None
        self._keys: LogKeys | None = None
        self._last: dict[str, str] = {}
        self._new = 0
        self._found = AuditStanding()
        # What is held against the log that is open, and what a verification of all of it found.
        self._held = self._found_in_all = ""
        # Once: whoever tries again has been told that another process writes.
        self._wait_seconds = WAIT_SECONDS

    @property
    def new_entries(self) -> int:
        """How many were written since the last checkpoint."""
        return self._new

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._log is not None

    @property
    def is_sealed(self) -> bool:
        """Whether the file is open, and takes nothing because it has been tampered with."""
        return self._log is not None and bool(self._held)

    def open(self) -> AuditStanding:
        """Open the file, unless it is open, and judge its end.

        Raises:
            AuditUnavailable: it cannot be used.
        """
        if self._log is not None:
            return self._found
        hint, head, marked_as = self._unlock()
        wait, self._wait_seconds = self._wait_seconds, 0.0
        log = AuditLog(self.path, self._keys, wait)
        try:
            install = self._keys.install.public if self._keys else None
            with translated():
                findings = check_end(log.connection, head, install)
            self._held = findings[0].title if findings else marked_as or self._found_in_all
            if self._held:
                log.seal(_title(self._held), _TAMPERED_HINT)
            else:
                self._new = take_in(log)
                if head is None and not hint and self._keys and was_signed(log.connection):
                    # Soon there is one again, and then only this tells.
                    log.append(happened(AuditKind.HEAD_GONE))
                    self._new += 1
            last = log.head()
        except BaseException:
            log.close()
            raise
        self._log, self._wait_seconds = log, WAIT_SECONDS
        self._found = _judged(hint, last.number if last else 0, self._held)
        return self._found

    def verified(self, report: Report) -> None:
        """Take in what a verification of all of it found.

        If it has been tampered with, it stays so from one start to the next. If it has not, and
        that had been held against it, it is judged anew when it is used next.

        Raises:
            VaultUnavailable: the keyring does not answer; the next start may not know of it.
        """
        if report.verdict is Verdict.UNREADABLE:
            return
        self._found_in_all = report.tampering
        if report.tampering:
            self._held = report.tampering
            self._found = _judged(self._found.hint, report.size, self._held)
            if self._log is not None:
                self._log.seal(self._found.title, self._found.hint)
        elif self.is_sealed:
            self.close()
        if self._keyring is not None:
            mark(self._keyring, self.path, report)

    def append(self, records: Sequence[Record]) -> list[Kept]:
        """Append; see `AuditLog.append_all`."""
        return self._took(self._opened().append_all(records))

    def settle(self, number: int, state: OutboxState, entry: AuditEntry) -> None:
        """See `AuditLog.settle`."""
        self._took([self._opened().settle(number, state, entry)])

    def change(self, work: Callable[[AuditLog], T]) -> T:
        """Do what `retention` does with a log, and records itself."""
        done = work(self._opened())
        self._new += 1
        self._last.clear()
        return done

    def last_hash(self, person: str) -> str:
        """The hash of a person's last entry, hex; empty if they have none."""
        if person not in self._last:
            query = """SELECT lower(hex(hash)) FROM entry
                       WHERE json_extract(CAST(body AS TEXT), '$.actor.id') = ?
                       ORDER BY number DESC LIMIT 1"""
            row = self._opened().read(query, person)
            self._last[person] = row[0][0] if row else ""
        return self._last[person]

    def unsent(self) -> tuple[Unsent, ...]:
        """What waits to leave."""
        query = """SELECT number, body, before, hash, stream, payload, wrapped
                   FROM outbox JOIN entry USING (number) LEFT JOIN record_key USING (number)
                   WHERE state = 'waiting' ORDER BY number"""
        return tuple(
            Unsent(row[0], Kept(*row[:4]).entry, self._outgoing(row[0], *row[4:]))
            for row in self._opened().read(query)
        )

    def checkpoint(self) -> Head | None:
        """Sign what the log is; None if there is nothing new, or nothing to sign it with."""
        if self._log is None or not self._new or self._held:
            return None
        head = self._log.checkpoint()
        self._new = 0
        return replace(head, at=happened(AuditKind.CHECKPOINT).at) if head else None

    def tidy(self) -> None:
        """See `AuditLog.tidy`."""
        if self._log is not None:
            self._log.tidy()

    def keep_head(self, head: Head) -> None:
        """Keep what the log ends with where the log is not. May be called on another thread.

        Raises:
            VaultUnavailable: it is not kept.
        """
        if self._keyring is not None and not self._held:
            keep_head(self._keyring, self.path, head)

    def close(self) -> None:
        """Close the file; with the next use it is opened anew."""
        if self._log is not None:
            self._log.close()
            self._log = None
            self._last.clear()  # another process may write before it is opened again

    def _unlock(self) -> tuple[str, Head | None, str]:
        """Take what the keyring holds.

        Returns:
            What is missing without it, the head, and what is held against the log.
        """
        if self._keyring is None:
            return "", None, ""
        try:
            self._keys = self._keys or log_keys(self._keyring)
            head = kept_head(self._keyring, self.path)
            return "", head, marked(self._keyring, self.path)
        except VaultUnavailable as error:
            return f"{error.title} {error.hint}", None, ""

    def _opened(self) -> AuditLog:
        if self._log is None:
            raise AuditUnavailable("The audit log is not open.")
        return self._log

    def _took(self, kept: list[Kept]) -> list[Kept]:
        self._new += len(kept)
        for one in kept:
            self._last[one.entry.actor.id] = one.hash.hex()
        return kept

    def _outgoing(
        self, number: int, stream: str, payload: bytes | None, wrapped: bytes | None
    ) -> Outgoing | None:
        if payload is None or wrapped is None or self._keys is None:
            return None
        try:
            key = RecordKey.unwrap(wrapped, self._keys.wrapping, number)
            return Outgoing(stream, key.open_payload(stream, payload))
        except SecretUnreadable:
            return None


def _judged(hint: str, size: int, held: str) -> AuditStanding:
    """How a log stands.

    Args:
        held: what is held against it; empty if nothing is.
    """
    found = AuditStanding(AuditHealth.FINE, hint=hint, size=size)
    if not held:
        return found
    return replace(found, health=AuditHealth.TAMPERED, title=_title(held), hint=_TAMPERED_HINT)


def _title(held: str) -> str:
    return f"The audit log is not the one that was left: {held}"
