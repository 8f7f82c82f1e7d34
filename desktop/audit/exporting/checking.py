"""Whether an export is what was written, by the file alone.

The only place that judges that. Every entry has to prove itself for the root of the file; whether
that root is the log's shows by a checkpoint, or by a root that somebody kept elsewhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from desktop.audit.chain import BEGINNING, entry_hash
from desktop.audit.checkpoints import BadCheckpoint, read_checkpoint
from desktop.audit.entries import AuditEntry, BadEntry, read_entry
from desktop.audit.envelopes import prove
from desktop.audit.exporting.evidence import (
    KIND,
    MAX_LINE_BYTES,
    BadLine,
    EntryLine,
    Header,
    Line,
    read_line,
)
from desktop.audit.findings import Finding, Report, Verdict
from desktop.audit.proofs import BadProof, check_inclusion
from desktop.audit.verifying import MOST_FINDINGS
from workers.wire.canonical import JSON
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import read_envelope
from workers.wire.signing.keys import VerifyKey
from workers.wire.signing.registry import Registry, Roots, open_registry
from workers.wire.signing.statements import moment

_MARK: Final = f'{{"type":"export","kind":"{KIND}"'.encode()
#: A registry or a clock explains these; anything else is nobody's mistake.
_EXPLAINED: Final = frozenset(
    {
        Distrust.UNKNOWN_KEY,
        Distrust.KEY_NOT_VALID,
        Distrust.KEY_REVOKED,
        Distrust.WRONG_ROLE,
        Distrust.EXPIRED,
        Distrust.FROM_THE_FUTURE,
        Distrust.TOO_LONG_VALID,
    }
)


@dataclass(frozen=True, slots=True)
class ExportCheck:
    """What was found in an export.

    Attributes:
        report: verdict and findings; `size` and `root` are the log's, as the file tells them.
        rows: entries in it.
        signed, proven: signed decisions among them, and those whose signature was verified.
        signed_by: id of the key that signed the root; empty for none. Whose key that is, somebody
            has to know.
        lacks: what the file says is not in it.
    """

    report: Report
    rows: int = 0
    signed: int = 0
    proven: int = 0
    signed_by: str = ""
    lacks: tuple[str, ...] = ()


def verify_export(path: Path, roots: Roots | None = None, known_root: str = "") -> ExportCheck:
    """Verify an export in the JSON Lines form.

    Args:
        roots: whose signatures make a registry; without them signed decisions are not verified.
        known_root: of the log when it had as many entries, hex, from elsewhere; empty for none.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(MAX_LINE_BYTES)
            if not first.startswith(_MARK):
                return _unreadable(f"{path.name} is no export of an audit log.")
            try:
                header = read_line(first)
            except BadLine as error:
                return ExportCheck(Report(Verdict.TAMPERED, findings=(_bad_line(1, error),)))
            if not isinstance(header, Header) or header.v != 1:
                return _unreadable(f"{path.name} is an export of a version not known here.")
            check = _Check(header, roots, known_root)
            check.walk(file, hashlib.sha256(first))
    except OSError as error:
        return _unreadable(f"{path.name} cannot be read: {error.strerror}.")
    return check.result()


class _Check:
    """One pass over a file."""

    def __init__(self, header: Header, roots: Roots | None, known_root: str) -> None:
        self._header, self._root = header, bytes.fromhex(header.root)
        self._findings: list[Finding] = []
        self._rows = self._signed = self._proven = 0
        self._last: EntryLine | None = None
        self._signed_by = ""
        if known_root and known_root != header.root:
            self._add(0, "It was taken from another log than the one that was known.")
        self._check_checkpoint()
        self._registry = self._open_registry(roots)

    def walk(self, file: BinaryIO, digest: hashlib._Hash) -> None:
        """Check all that follows the header."""
        place, ended = 1, False
        while raw := file.readline(MAX_LINE_BYTES):
            place += 1
            if ended:
                self._add(0, f"Line {place} comes after the end.")
                return
            try:
                line = read_line(raw)
            except BadLine as error:
                self._findings.append(_bad_line(place, error))
            else:
                ended = self._take(place, line, digest)
            digest.update(raw)
        if not ended:
            self._add(0, "The end of the file is missing.")
        if not self._header.query:
            self._check_everything()

    def result(self) -> ExportCheck:
        """What was found."""
        header, findings = self._header, self._findings
        verdict = Verdict.FINDINGS if findings else Verdict.INTACT
        if any(finding.is_tampering for finding in findings):
            verdict = Verdict.TAMPERED
        report = Report(verdict, header.size, self._root, tuple(findings[:MOST_FINDINGS]))
        return ExportCheck(
            report, self._rows, self._signed, self._proven, self._signed_by, header.lacks
        )

    def _take(self, place: int, line: Line, digest: hashlib._Hash) -> bool:
        """Check a line. Returns whether it is the end."""
        if isinstance(line, Header):
            self._add(0, f"Line {place} is a second beginning.")
        elif isinstance(line, EntryLine):
            self._rows += 1
            self._check_entry(line)
            self._last = line
        else:
            counted = line.rows == self._rows == self._header.rows
            if not counted or line.sha256 != digest.hexdigest():
                self._add(0, "What stands before the last line is not what was exported.")
            return True
        return False

    def _check_entry(self, line: EntryLine) -> None:
        number, before = line.number, bytes.fromhex(line.before)
        path = [bytes.fromhex(one) for one in line.proof]
        try:
            check_inclusion(line.body, number, self._header.size, self._root, path)
        except BadProof as error:
            self._add(number, f"It is not proven: {error.title}")
        if entry_hash(number, before, line.body).hex() != line.hash:
            self._add(number, "It is not what was recorded.")
        last = self._last.number if self._last else 0
        if number <= last:
            self._add(number, "It is out of order.")
        follows = self._last.hash if self._last else BEGINNING.hex()
        if number == last + 1 and line.before != follows:
            self._add(number, "It does not follow the entry before it.")
        try:
            entry = read_entry(line.body)
        except BadEntry as error:
            self._add(number, error.title)
            return
        if line.decision is not None:
            self._check_decision(number, entry, line.decision)

    def _check_decision(self, number: int, entry: AuditEntry, envelope: JSON) -> None:
        self._signed += 1
        if self._registry is None:
            return
        try:
            prove(entry, envelope, self._registry)
        except NotTrusted as error:
            self._add(number, error.title, is_tampering=error.reason not in _EXPLAINED)
        else:
            self._proven += 1

    def _check_everything(self) -> None:
        """Of an export without a filter, whether it holds the whole log."""
        if self._rows != self._header.size:
            self._add(0, "It says that it holds the whole log, and does not.")
        elif self._last is not None and self._last.hash != self._header.head:
            self._add(0, "It ends with another entry than the log.")

    def _check_checkpoint(self) -> None:
        header = self._header
        if not (header.checkpoint and header.install):
            return
        try:
            key = VerifyKey.from_text(header.install)
            signed = read_checkpoint(header.checkpoint, key)
        except (BadCheckpoint, NotTrusted) as error:
            self._add(0, f"The checkpoint: {error.title}")
            return
        if (signed.size, signed.root.hex()) != (header.size, header.root):
            self._add(0, "The checkpoint is of another log.")
        self._signed_by = key.key_id

    def _open_registry(self, roots: Roots | None) -> Registry | None:
        if roots is None or self._header.registry is None:
            return None
        try:
            envelope = read_envelope(self._header.registry)
            return open_registry(envelope, roots, moment(self._header.at))
        except NotTrusted as error:
            self._add(0, f"The registry in it: {error.title}", is_tampering=False)
            return None

    def _add(self, number: int, title: str, *, is_tampering: bool = True) -> None:
        self._findings.append(Finding(number, title, is_tampering))


def _bad_line(place: int, error: BadLine) -> Finding:
    return Finding(0, f"Line {place}: {error}.")


def _unreadable(title: str) -> ExportCheck:
    return ExportCheck(Report(Verdict.UNREADABLE, findings=(Finding(0, title, False),)))
