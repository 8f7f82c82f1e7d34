"""The audit log handed out on the command line, and an export verified far from its desk."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path

from desktop import settings
from desktop.audit.entries import AuditKind, happened
from desktop.audit.exporting.formats import ExportFormat
from desktop.audit.log import AuditLog, read_entries
from tests.support import registered
from tests.support.command_line import signoff
from tests.support.exported import beside, entry, export, signed_record, write_log
from workers.wire.trust import ROOTS_FILE, write_roots


def _decide(*people: str) -> Path:
    path = settings.audit_log()
    with closing(AuditLog(path)) as log:
        for person in people:
            log.append(happened(AuditKind.DECISION, person=person, name=person.title()))
    return path


async def test_an_export_is_written_recorded_and_verified(tmp_path: Path) -> None:
    """The log then has one entry more, which says what was handed out."""
    log = _decide("r.mora", "l.park", "r.mora")
    file = str(tmp_path / "x.jsonl")

    done = await signoff("audit", "export", "--format", "jsonl", "--out", file, "--json")
    verified = await signoff("audit", "verify", "--file", file, "--json")
    told = await signoff("audit", "verify", "--file", file, "--root", done.json["root"])

    assert (done.code, done.json["rows"], done.json["entries"]) == (0, 3, 3)
    assert (verified.code, verified.json["verdict"], verified.json["rows"]) == (0, "intact", 3)
    assert told.code == 0
    assert "The export is intact: 3 entries" in told.text
    assert "not in it:" in told.text
    recorded = read_entries(log, 1)[0].entry
    assert recorded.kind is AuditKind.EXPORTED
    assert json.loads(recorded.detail)["file"] == done.json["digest"]
    assert (await signoff("audit", "verify")).code == 0


async def test_an_export_that_was_changed_exits_with_three(tmp_path: Path) -> None:
    """And what is no export with two."""
    _decide("r.mora", "l.park")
    file = tmp_path / "x.jsonl"
    await signoff("audit", "export", "--format", "jsonl", "--out", str(file))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], *lines[2:]]))

    changed = await signoff("audit", "verify", "--file", str(file))
    missing = await signoff("audit", "verify", "--file", str(tmp_path / "none"), "--json")

    assert changed.code == 3
    assert "The export has been tampered with" in changed.text
    assert "holds the whole log, and does not" in changed.text
    assert (missing.code, missing.json["verdict"]) == (2, "unreadable")


async def test_only_what_is_asked_for_is_handed_out(tmp_path: Path) -> None:
    """By whom, and when; what is there is not written over by accident."""
    _decide("r.mora", "l.park", "r.mora")
    file = tmp_path / "x.csv"
    arguments = ("audit", "export", "--format", "csv", "--out", str(file))

    done = await signoff(*arguments, "--person", "park", "--until", "2099-01-01")
    again = await signoff(*arguments, "--json")
    none = await signoff(*arguments, "--force", "--since", "2099-01-01")
    wrong = await signoff(*arguments, "--since", "yesterday")

    assert (done.code, done.text.startswith("1 written to ")) == (0, True)
    assert (again.code, "is there already" in again.json["error"]["title"]) == (2, True)
    assert (none.code, none.text.startswith("0 written to ")) == (0, True)
    assert list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig")))) == []
    assert (wrong.code, b"is no time like" in wrong.err) == (2, True)


async def test_where_nothing_was_decided_nothing_is_handed_out(tmp_path: Path) -> None:
    """Neither a log nor a file is made; nor a file while a window writes the log."""
    file = tmp_path / "x.pdf"
    arguments = ("audit", "export", "--format", "pdf", "--out", str(file))
    assert (await signoff(*arguments)).code == 2
    assert not settings.audit_log().exists()

    with closing(AuditLog(settings.audit_log())) as log:
        log.append(happened(AuditKind.DECISION, person="r.mora"))
        busy = await signoff(*arguments)
    assert (busy.code, b"Another Signoff of yours" in busy.err) == (2, True)
    assert not file.exists()
    assert (await signoff(*arguments)).code == 0
    assert file.read_bytes().startswith(b"%PDF-")


async def test_signed_decisions_are_verified_with_the_root_keys(
    tmp_path: Path,
) -> None:
    """Of the folder that is given, else of this desk."""
    record = signed_record(registered.signed(registered.decision()))
    log = write_log(tmp_path / "log.sqlite", [record, entry(AuditKind.SESSION_ENDED)], sign=True)
    export(log, ExportFormat.JSONL, tmp_path / "x.jsonl", more=beside())
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / ROOTS_FILE).write_bytes(write_roots(registered.ROOTS))
    arguments = ("audit", "verify", "--file", str(tmp_path / "x.jsonl"))

    given = await signoff(*arguments, "--json", "--trust", str(trust))
    own = await signoff(*arguments, env={"SIGNOFF_TRUST": str(trust)})
    missing = await signoff(*arguments, "--trust", str(tmp_path))

    assert (given.code, given.json["signed"], given.json["proven"]) == (0, 1, 1)
    assert "1 of 1 signed decisions" in own.text
    assert "the root is signed by ed25519:" in own.text
    assert missing.code == 2
