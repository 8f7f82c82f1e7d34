"""An export in JSON Lines proves itself, without the log and without the desk."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop.audit.entries import AuditKind
from desktop.audit.exporting.checking import ExportCheck, verify_export
from desktop.audit.exporting.formats import ExportFormat
from desktop.audit.findings import Verdict
from desktop.audit.log import read_entries
from desktop.store.record import AuditQuery
from tests.support import registered
from tests.support.exported import KEYS, beside, entry, export, receipt, signed_record, write_log

ROWS = 5


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three decisions, the first of them signed, with what came of two; under a checkpoint."""
    return write_log(
        tmp_path / "log.sqlite",
        [
            signed_record(registered.signed(registered.decision())),
            receipt(),
            entry(nonce="b" * 32, request_id="b" * 32),
            receipt(nonce="b" * 32, request_id="b" * 32),
            entry(nonce="c" * 32, request_id="c" * 32, action="=cmd()\r\n\u202e\u0000"),
        ],
        sign=True,
    )


@pytest.fixture
def file(log: Path, tmp_path: Path) -> Path:
    """The whole log as evidence."""
    path = tmp_path / "evidence.jsonl"
    export(log, ExportFormat.JSONL, path, more=beside())
    return path


def _titles(check: ExportCheck) -> list[str]:
    return [finding.title for finding in check.report.findings]


def _rewritten(path: Path, change: Callable[[list[Any]], None]) -> Path:
    """What somebody makes of a file who also knows how the last line is made."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    raw = b"".join(_written(line) for line in lines[:-1])
    lines[-1]["sha256"] = hashlib.sha256(raw).hexdigest()
    path.write_bytes(raw + _written(lines[-1]))
    return path


def _written(line: object) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def test_an_export_holds_every_entry_to_the_byte(log: Path, file: Path) -> None:
    """With the signed decision, the checkpoint, and a word on what is not in it."""
    first, *lines, last = [json.loads(line) for line in file.read_text().splitlines()]
    kept = read_entries(log, ROWS + 1)[:ROWS]

    assert [base64.b64decode(line["body"]) for line in lines] == [one.body for one in kept]
    assert [line["hash"] for line in lines] == [one.hash.hex() for one in kept]
    assert lines[0]["decision"]["payloadType"].startswith("application/vnd.signoff.decision")
    assert "Arguments" in first["lacks"][0]
    assert (first["size"], last["rows"]) == (ROWS, ROWS)
    assert all(32 <= byte < 127 or byte == 10 for byte in file.read_bytes())


def test_an_export_is_verified_alone(file: Path) -> None:
    """With the root keys the signature of a decision as well; with a kept root, which log it is."""
    check = verify_export(file, registered.ROOTS)
    root = check.report.root.hex()

    assert (check.report.verdict, check.rows, check.report.size) == (Verdict.INTACT, ROWS, ROWS)
    assert (check.signed, check.proven) == (1, 1)
    assert check.signed_by == KEYS.install.public.key_id
    assert verify_export(file, known_root=root).proven == 0
    assert verify_export(file, known_root="0" * 64).report.verdict is Verdict.TAMPERED


def test_a_log_without_keys_and_without_entries_is_exported_too(tmp_path: Path) -> None:
    """The file says what it lacks."""
    log = write_log(tmp_path / "log.sqlite", [])
    export(log, ExportFormat.JSONL, tmp_path / "x.jsonl")
    check = verify_export(tmp_path / "x.jsonl", registered.ROOTS)

    assert (check.report.verdict, check.rows) == (Verdict.INTACT, 0)
    assert any("Signed decisions" in one for one in check.lacks)


def test_what_was_asked_for_is_a_part_of_the_log(log: Path, tmp_path: Path) -> None:
    """Each entry is proven; that others are missing is said, and no fault."""
    path = tmp_path / "part.jsonl"
    report = export(log, ExportFormat.JSONL, path, AuditQuery(outcome="executed"))
    check = verify_export(path)

    assert (report.rows, check.rows, check.report.size) == (2, 2, ROWS)
    assert check.report.verdict is Verdict.INTACT
    assert any("not asked for" in one for one in check.lacks)


def test_every_changed_byte_shows(file: Path, tmp_path: Path) -> None:
    """At places all over the file, and everywhere in its last line."""
    raw, changed = file.read_bytes(), tmp_path / "changed.jsonl"
    missed = []
    for at in (*range(0, len(raw), 41), *range(len(raw) - 100, len(raw))):
        changed.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        if verify_export(changed).report.verdict < Verdict.UNREADABLE:
            missed.append(at)
    assert not missed


def test_every_missing_repeated_or_moved_line_shows(file: Path, tmp_path: Path) -> None:
    """The first and the last one, too; and a cut in the middle of one."""
    lines, changed = file.read_bytes().splitlines(keepends=True), tmp_path / "changed.jsonl"
    cases = [lines[:at] + lines[at + 1 :] for at in range(len(lines))]
    cases += [lines[: at + 1] + lines[at:] for at in range(len(lines))]
    cases += [[*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]] for at in range(ROWS + 1)]
    cases += [[*lines[:-1], lines[-1][:-1]], [*lines, b"\n"], [*lines, b"{}\n"], []]
    missed = []
    for number, case in enumerate(cases):
        changed.write_bytes(b"".join(case))
        if verify_export(changed).report.verdict < Verdict.UNREADABLE:
            missed.append(number)
    assert not missed


@pytest.mark.parametrize(
    ("change", "number", "said"),
    [
        (lambda lines: lines.pop(2), 0, "holds the whole log, and does not"),
        (lambda lines: lines.insert(2, lines.pop(3)), 2, "out of order"),
        (lambda lines: lines[2].update(before="0" * 64), 2, "not what was recorded"),
        (lambda lines: lines[2].update(proof=[]), 2, "It is not proven"),
        (lambda lines: lines[2].update(number=4), 4, "It is not proven"),
        (lambda lines: lines[0].update(root="0" * 64), 0, "checkpoint is of another log"),
        (lambda lines: lines[0].update(size=ROWS - 1), 0, "checkpoint is of another log"),
        (lambda lines: lines[0].update(head="0" * 64), 0, "another entry than the log"),
        (
            lambda lines: lines[0].update(checkpoint="what?"),
            0,
            "checkpoint: This is no signed note",
        ),
        (lambda lines: lines[0].update(install="AAAA"), 0, "checkpoint: A public key"),
        (lambda lines: lines[1].update(decision={}), 1, "What should be an envelope is none"),
        (lambda lines: lines[3].update(decision=lines[1]["decision"]), 3, "for another call"),
        (lambda lines: lines[2].update(decision=lines[1]["decision"]), 2, "stands beside none"),
        (lambda lines: lines[-1].update(rows=7), 0, "not what was exported"),
        (lambda lines: lines.insert(1, lines[0]), 0, "a second beginning"),
        (lambda lines: lines[1].update(body="AAAA"), 1, "An entry cannot be read"),
        (lambda lines: lines[2].update(number=2**53 + 1), 0, "Line 3: it cannot be read"),
        (lambda lines: lines[2].update(more=1), 0, "Line 3: it is not written"),
        (lambda lines: lines[0].update(rows=2**53 + 1), 0, "Line 1: it cannot be read"),
        (lambda lines: lines[0].update(rows=-1), 0, "Line 1: it cannot be read"),
    ],
)
def test_who_writes_the_last_line_anew_is_found_out(
    file: Path, change: Callable[[list[Any]], None], number: int, said: str
) -> None:
    """The digest is not all: each entry is held to the root, and the root to a signature."""
    check = verify_export(_rewritten(file, change), registered.ROOTS)

    assert check.report.verdict is Verdict.TAMPERED
    found = [one for one in check.report.findings if said in one.title]
    assert [one.number for one in found][:1] == [number], _titles(check)


def test_an_entry_that_says_something_else_than_its_signature_shows(tmp_path: Path) -> None:
    """Even if the log itself was made so."""
    envelope = registered.signed(registered.decision())
    log = write_log(tmp_path / "log.sqlite", [signed_record(envelope, meaning="review")])
    export(log, ExportFormat.JSONL, tmp_path / "x.jsonl", more=beside())
    check = verify_export(tmp_path / "x.jsonl", registered.ROOTS)

    assert check.report.verdict is Verdict.TAMPERED
    assert _titles(check) == ["The signed decision says something else than the entry: meaning."]


def test_a_signature_by_nobody_known_is_a_finding(tmp_path: Path) -> None:
    """The entry is what was recorded; who signed it has to be asked. So with other roots."""
    envelope = registered.signed(registered.decision(), registered.STRANGER)
    log = write_log(tmp_path / "log.sqlite", [signed_record(envelope)])
    export(log, ExportFormat.JSONL, tmp_path / "x.jsonl", more=beside())
    others = registered.Roots((registered.STRANGER.public,), 1)

    unknown = verify_export(tmp_path / "x.jsonl", registered.ROOTS)
    unvouched = verify_export(tmp_path / "x.jsonl", others)

    assert (unknown.report.verdict, unknown.proven) == (Verdict.FINDINGS, 0)
    assert unvouched.report.verdict is Verdict.FINDINGS
    assert _titles(unvouched)[0].startswith("The registry in it: ")
    assert unvouched.report.findings[0].number == 0


@pytest.mark.parametrize("content", [b"", b"nothing", b'{"type":"export","kind":"other"}\n'])
def test_what_never_was_an_export_is_unreadable(tmp_path: Path, content: bytes) -> None:
    """So is a file that is not there, and a later version."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    report = verify_export(path).report
    assert report.verdict is Verdict.UNREADABLE
    assert [(one.number, one.is_tampering) for one in report.findings] == [(0, False)]
    assert verify_export(tmp_path / "none").report.verdict is Verdict.UNREADABLE


def test_a_later_version_is_not_judged(file: Path) -> None:
    """Who knows it may."""
    _rewritten(file, lambda lines: lines[0].update(v=2))
    assert verify_export(file).report.verdict is Verdict.UNREADABLE


def test_the_log_knows_what_was_exported(log: Path, file: Path) -> None:
    """The form, the rows, what was asked for, and the digest of the file."""
    [recorded] = [kept.entry for kept in read_entries(log, 1)]
    told = json.loads(recorded.detail)

    assert recorded.kind is AuditKind.EXPORTED
    assert recorded.actor.id == "r.mora"
    assert told["file"] == f"sha-256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert (told["form"], told["rows"], told["asked"]) == ("jsonl", ROWS, {})
