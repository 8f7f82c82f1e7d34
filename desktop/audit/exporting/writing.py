"""An export as a file: whole or not at all, for its owner alone, and recorded before it is there.

The only place that writes one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import structs

from desktop.audit.entries import AuditEntry
from desktop.audit.exporting.csv import spreadsheet
from desktop.audit.exporting.decided import About, decisions
from desktop.audit.exporting.formats import ExportFormat, ExportReport
from desktop.audit.exporting.jsonl import evidence
from desktop.audit.exporting.ocsf import events
from desktop.audit.exporting.selecting import Beside, NotExported, Snapshot, snapshot
from desktop.store.record import AuditQuery
from workers.wire.canonical import JSON

T = TypeVar("T")


def write_export(
    log: Path,
    query: AuditQuery,
    kind: ExportFormat,
    path: Path,
    made: AuditEntry,
    record: Callable[[AuditEntry], object],
    *,
    beside: Beside | None = None,
    force: bool = False,
) -> ExportReport:
    """Write what a query finds in a log to a file. Blocking: seconds for 100,000 entries.

    Args:
        made: an `audit.exported` entry of now, by whoever asked for it.
        record: writes it to the log, with what was exported, before the file has its name. May
            raise; then there is no file.
        beside: what else goes into it.
        force: write over a file that is there.

    Raises:
        NotExported: the file is there already or cannot be written, or the log is not fit for it.
        ConsoleError: what `record` raises.
    """
    if path.exists() and not force:
        raise NotExported(f"{path} is there already.", "Choose another name, or use --force.")
    with snapshot(log, query, beside or Beside()) as chosen:
        asked = _asked(query)
        pieces = _Pieces(kind, chosen, made, asked)
        new, digest = _write(path, pieces)
        try:
            report = ExportReport(
                kind=kind,
                path=path,
                rows=pieces.rows,
                digest=f"sha-256:{digest}",
                size=chosen.size,
                root=chosen.root.hex(),
            )
            record(structs.replace(made, detail=_told(report, asked)))
            _give_name(new, path, force=force)
        finally:
            new.unlink(missing_ok=True)
    return report


class _Pieces:
    """The bytes of an export, piece by piece.

    Attributes:
        rows: how many entries or decisions were written; complete when all is.
    """

    def __init__(
        self, kind: ExportFormat, chosen: Snapshot, made: AuditEntry, asked: dict[str, JSON]
    ) -> None:
        self._kind, self._chosen, self._made, self._asked = kind, chosen, made, asked
        self.rows = 0

    def __iter__(self) -> Iterator[bytes]:
        chosen = self._chosen
        if self._kind is ExportFormat.JSONL:
            self.rows = chosen.rows
            return evidence(chosen, self._made, self._asked)
        if self._kind is ExportFormat.OCSF:
            return events(self._counted(chosen.entries()))
        decided = self._counted(decisions(chosen))
        if self._kind is ExportFormat.CSV:
            return spreadsheet(decided)
        from desktop.audit.exporting.pdf import paper  # noqa: PLC0415 - loads fonts and fpdf2

        return iter([paper(list(decided), About(chosen, self._made, self._asked))])

    def _counted(self, rows: Iterable[T]) -> Iterator[T]:
        for row in rows:
            self.rows += 1
            yield row


def _write(path: Path, pieces: Iterable[bytes]) -> tuple[Path, str]:
    """Write everything to a file beside the one it will be. Returns that, and its digest."""
    digest = hashlib.sha256()
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    except OSError as error:
        raise _unwritable(path, error) from error
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        new.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise
    return new, digest.hexdigest()


def _give_name(new: Path, path: Path, *, force: bool) -> None:
    try:
        if not force:
            # Who makes the name owns it: nothing that appeared meanwhile is written over.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        new.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _asked(query: AuditQuery) -> dict[str, JSON]:
    """What was asked for, by name; what belongs to a page of the window is left out."""
    return {
        one.name: getattr(query, one.name)
        for one in fields(AuditQuery)
        if one.name not in {"before", "limit"} and getattr(query, one.name) != one.default
    }


def _told(report: ExportReport, asked: dict[str, JSON]) -> str:
    """What the log says of an export."""
    told = {"form": report.kind, "rows": report.rows, "file": report.digest, "asked": asked}
    return msgspec.json.encode(told).decode()


def _unwritable(path: Path, error: OSError) -> NotExported:
    if isinstance(error, FileExistsError):
        return NotExported(f"{path} is there already.", "Choose another name, or use --force.")
    return NotExported(f"{path} cannot be written: {error.strerror}.", "Nothing was exported.")
