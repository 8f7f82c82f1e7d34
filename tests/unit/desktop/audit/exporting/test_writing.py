"""An export is there as a whole, is its owner's, and is in the log; or nothing is there."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.exporting.checking import verify_export
from desktop.audit.exporting.formats import ExportFormat
from desktop.audit.exporting.selecting import Beside, NotExported, registry_in
from desktop.audit.exporting.writing import write_export
from desktop.audit.findings import Verdict
from desktop.audit.log import AuditLog, AuditUnavailable, read_entries
from desktop.audit.secrets import SecretUnreadable
from desktop.store.record import AuditQuery
from tests.support import registered
from tests.support.exported import (
    EVERYTHING,
    KEYS,
    entry,
    export,
    receipt,
    signed_record,
    write_log,
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with two decisions, one of which was carried out."""
    records = [entry(), receipt(), entry(nonce="b" * 32, request_id="b" * 32, action="wipe")]
    return write_log(tmp_path / "log.sqlite", records)


@pytest.mark.parametrize(("kind", "rows"), [*zip(ExportFormat, (3, 2, 2, 3), strict=True)])
def test_every_form_is_written_and_recorded(
    log: Path, tmp_path: Path, kind: ExportFormat, rows: int
) -> None:
    """Only its owner may read it; the log has its digest, and nothing is left beside it."""
    out = tmp_path / "out"
    out.mkdir()
    report = export(log, kind, out / "export")
    [recorded] = [kept.entry for kept in read_entries(log, 1)]

    assert [path.name for path in out.iterdir()] == ["export"]
    assert stat.S_IMODE((out / "export").stat().st_mode) == 0o600
    digest = hashlib.sha256((out / "export").read_bytes()).hexdigest()
    assert (report.rows, report.size, report.digest) == (rows, 3, f"sha-256:{digest}")
    assert json.loads(recorded.detail)["file"] == report.digest


def test_what_was_asked_for_is_recorded_without_the_pages_of_a_window(
    log: Path, tmp_path: Path
) -> None:
    """A page shows 200 entries; an export has all that match."""
    query = AuditQuery(tool="WIPE", limit=1, before=9)
    report = export(log, ExportFormat.CSV, tmp_path / "x.csv", query)
    [recorded] = [kept.entry for kept in read_entries(log, 1)]

    assert report.rows == 1
    assert json.loads(recorded.detail)["asked"] == {"tool": "WIPE"}


def test_findings_are_exported_alone(log: Path, tmp_path: Path) -> None:
    """The decision that nobody answered; a worker may still be at the newest one."""
    now = happened(AuditKind.DECISION).at
    with closing(AuditLog(log, KEYS)) as opened:
        opened.append(entry(nonce="d" * 32, request_id="d" * 32, at=now))
    report = export(log, ExportFormat.CSV, tmp_path / "x.csv", AuditQuery(findings_only=True))
    assert report.rows == 1


def test_a_file_that_is_there_stays(log: Path, tmp_path: Path) -> None:
    """Unless it is to be written over; nothing is recorded for it."""
    path = tmp_path / "x.csv"
    path.write_text("mine")
    with pytest.raises(NotExported, match="is there already"):
        export(log, ExportFormat.CSV, path)

    assert path.read_text() == "mine"
    assert len(read_entries(log, 9)) == 3
    write_export(log, EVERYTHING, ExportFormat.CSV, path, entry(), lambda _entry: None, force=True)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_file_that_appears_meanwhile_stays(log: Path, tmp_path: Path) -> None:
    """Also in the last moment."""
    path = tmp_path / "x.csv"
    with pytest.raises(NotExported, match="is there already"):
        write_export(
            log,
            EVERYTHING,
            ExportFormat.CSV,
            path,
            entry(),
            lambda _entry: path.write_text("mine"),
        )
    assert path.read_text() == "mine"
    assert not list(tmp_path.glob(".x.csv*"))


def test_what_cannot_be_recorded_is_not_exported(log: Path, tmp_path: Path) -> None:
    """No file is left behind."""

    def refuse(_entry: AuditEntry) -> None:
        raise AuditUnavailable("The disk is full.")

    with pytest.raises(AuditUnavailable):
        write_export(log, EVERYTHING, ExportFormat.OCSF, tmp_path / "x", entry(), refuse)
    assert not list(tmp_path.glob("*x"))
    assert not list(tmp_path.glob(".x*"))


def test_where_nothing_can_be_written_nothing_is(log: Path, tmp_path: Path) -> None:
    """A folder that is missing, a disk that is full."""
    with pytest.raises(NotExported, match="cannot be written: No such file or directory"):
        export(log, ExportFormat.CSV, tmp_path / "none" / "x.csv")

    full = Beside(secrets=_disk_full)
    with pytest.raises(NotExported, match="cannot be written: No space left"):
        export(log, ExportFormat.JSONL, tmp_path / "x.jsonl", more=full)
    gone = Beside(secrets=_gone)
    with pytest.raises(NotExported, match="The audit log cannot be read: disk I/O error"):
        export(log, ExportFormat.JSONL, tmp_path / "x.jsonl", more=gone)
    broken = Beside(secrets=_broken)
    with pytest.raises(ZeroDivisionError):
        export(log, ExportFormat.JSONL, tmp_path / "x.jsonl", more=broken)
    assert not list(tmp_path.glob("*x.jsonl*"))
    assert not list(tmp_path.glob(".x*"))


def _disk_full(*_arguments: object) -> str:
    raise OSError(28, "No space left on device")


def _gone(*_arguments: object) -> str:
    raise sqlite3.OperationalError("disk I/O error")


def _broken(*_arguments: object) -> str:
    raise ZeroDivisionError


def _under_another_key(*_arguments: object) -> str:
    raise SecretUnreadable("It is under another key.")


def test_a_text_that_cannot_be_decrypted_is_left_out(tmp_path: Path) -> None:
    """As if it had been shredded."""
    envelope = registered.signed(registered.decision())
    log = write_log(tmp_path / "log.sqlite", [signed_record(envelope)])
    path = tmp_path / "x.jsonl"
    export(log, ExportFormat.JSONL, path, more=Beside(secrets=_under_another_key))
    check = verify_export(path)
    assert (check.report.verdict, check.signed) == (Verdict.INTACT, 0)


def test_a_log_that_was_changed_is_not_exported(log: Path, tmp_path: Path) -> None:
    """An export would make it look like evidence."""
    with closing(sqlite3.connect(log)) as connection:
        connection.execute("DROP TRIGGER entry_stays")
        connection.execute("DELETE FROM entry WHERE number = 2")
        connection.commit()
    with pytest.raises(NotExported, match="The audit log is not exported: "):
        export(log, ExportFormat.CSV, tmp_path / "x.csv")


def test_what_is_no_log_is_not_exported(tmp_path: Path) -> None:
    """Nor one that is not there."""
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"nothing" * 1000)
    for log in (path, tmp_path / "none"):
        with pytest.raises(NotExported):
            export(log, ExportFormat.CSV, tmp_path / "x.csv")


def test_a_log_of_the_first_version_is_exported(log: Path, tmp_path: Path) -> None:
    """It has no checkpoints."""
    with closing(sqlite3.connect(log)) as connection:
        for table in ("checkpoint", "record_key", "secret", "outbox"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    path = tmp_path / "x.jsonl"
    write_export(log, EVERYTHING, ExportFormat.JSONL, path, entry(), lambda _entry: None)
    assert verify_export(path).report.verdict is Verdict.INTACT


@pytest.mark.parametrize("kind", [ExportFormat.JSONL, ExportFormat.OCSF])
def test_a_long_log_is_never_in_memory(tmp_path: Path, kind: ExportFormat) -> None:
    """Eight megabytes of entries pass through a few."""
    text = "x" * 20_000
    records = (entry(AuditKind.REQUEST_SEEN, detail=text) for _ in range(400))
    log = write_log(tmp_path / "log.sqlite", records)
    tracemalloc.start()
    try:
        report = export(log, kind, tmp_path / "export")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.rows == 400
    assert peak < 4 * 1024 * 1024


def test_the_registry_in_force_goes_with_an_export(tmp_path: Path) -> None:
    """As it lies in its folder; nothing, where there is none that can be read."""
    assert registry_in(tmp_path) is None
    (tmp_path / "registry.json").write_text("{")
    assert registry_in(tmp_path) is None
    (tmp_path / "registry.json").write_text('{"payload": ""}')
    assert registry_in(tmp_path) == {"payload": ""}
