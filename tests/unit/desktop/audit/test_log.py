"""What is recorded stays as it was, or it shows."""

from __future__ import annotations

import itertools
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit.chain import entry_hash, tree_of
from desktop.audit.entries import (
    AuditEntry,
    AuditKind,
    BadEntry,
    comment_digest,
    happened,
    read_entry,
    write_entry,
)
from desktop.audit.log import AuditLog, AuditUnavailable, read_entries
from desktop.audit.verifying import MOST_FINDINGS, Head, Verdict, verify

ENTRIES = 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with a few entries, closed."""
    path = tmp_path / "signoff" / "audit" / "log.sqlite"
    with closing(AuditLog(path)) as log:
        for number in range(ENTRIES):
            log.append(_decided(number))
    return path


def _decided(number: int) -> AuditEntry:
    entry = happened(AuditKind.DECISION, person="r.mora", name="Rosa Mora")
    return structs.replace(entry, context_id="c-1", nonce=f"{number:032x}", decision="approve")


def _head(path: Path) -> Head:
    tree = tree_of(kept.body for kept in read_entries(path, ENTRIES * 100))
    return Head(tree.size, tree.root())


def _by_hand(path: Path, *statements: str) -> None:
    """What somebody does who has the file."""
    with closing(sqlite3.connect(path)) as connection:
        for trigger in ("entry_is_final", "entry_stays"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_what_was_appended_is_there(path: Path) -> None:
    """In order, each following the one before; only its owner may read it."""
    kept = read_entries(path, ENTRIES)
    with closing(AuditLog(path)) as log:
        assert log.head() == kept[-1]
    assert [one.entry.nonce for one in kept] == [f"{number:032x}" for number in range(ENTRIES)]
    assert all(after.before == one.hash for one, after in itertools.pairwise(kept))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert kept[0].entry.actor.name == "Rosa Mora"
    report = verify(path)
    assert (report.verdict, report.size, report.findings) == (Verdict.INTACT, ENTRIES, ())
    assert report.root == _head(path).root


def test_nothing_in_it_can_be_changed_by_mistake(path: Path) -> None:
    """Not by our own code either."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in ("UPDATE entry SET body = x'00'", "DELETE FROM entry WHERE number = 8"):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(statement)


def _rehashed(path: Path) -> None:
    """Change an entry and hash everything anew: a thorough forger."""
    kept = read_entries(path, ENTRIES)
    changes, before = [], kept[2].before
    for one in kept[2:]:
        body = one.body.replace(b"approve", b"reject!") if one.number == 3 else one.body
        digest = entry_hash(one.number, before, body)
        changes.append((body, before, digest, one.number))
        before = digest
    _by_hand(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "UPDATE entry SET body = ?, before = ?, hash = ? WHERE number = ?", changes
        )
        connection.commit()


@pytest.mark.parametrize(
    "tamper",
    [
        lambda path: _by_hand(
            path, "UPDATE entry SET body = CAST(replace(body, 'r.mora', 'l.park') AS BLOB)"
        ),
        lambda path: _by_hand(path, "DELETE FROM entry WHERE number = 3"),
        lambda path: _by_hand(path, "DELETE FROM entry WHERE number = 1"),
        lambda path: _by_hand(path, "DELETE FROM entry WHERE number > 5"),
        lambda path: _by_hand(
            path,
            "UPDATE entry SET number = -2 WHERE number = 2",
            "UPDATE entry SET number = 2 WHERE number = 3",
            "UPDATE entry SET number = 3 WHERE number = -2",
        ),
        lambda path: _by_hand(path, "UPDATE entry SET hash = randomblob(32) WHERE number = 8"),
        lambda path: _by_hand(
            path, "INSERT INTO entry VALUES (9, x'00', zeroblob(32), zeroblob(32))"
        ),
        _rehashed,
    ],
    ids=["changed", "taken out", "beginning", "cut", "swapped", "hash", "added", "forged"],
)
def test_tampering_shows(path: Path, tamper: Callable[[Path], None]) -> None:
    """Whatever was done: against the head that was kept elsewhere, if not by itself."""
    known = _head(path)
    tamper(path)

    report = verify(path, known)

    assert report.verdict is Verdict.TAMPERED
    assert all(finding.title for finding in report.findings)


def test_an_older_copy_shows(path: Path) -> None:
    """Put back in the place of the log; and a log that grew is no tampering."""
    older = path.read_bytes()
    known = _head(path)
    with closing(AuditLog(path)) as log:
        log.append(_decided(9))
    assert verify(path, known).verdict is Verdict.INTACT
    newer = _head(path)
    for beside in path.parent.iterdir():
        beside.unlink()
    path.write_bytes(older)
    assert verify(path, newer).verdict is Verdict.TAMPERED


@pytest.mark.parametrize(
    ("by_clock_ms", "by_other_ms", "is_told"),
    [
        (-3_600_000, 1, True),
        (-250, -250, False),
        (-2_000_000, -2_000_000, False),
        (-250, 750, False),
        (-250, 751, True),
        (0, 3_600_000, False),
    ],
)
def test_a_clock_that_was_set_back_is_told(
    path: Path, by_clock_ms: int, by_other_ms: int, is_told: bool
) -> None:
    """It is no tampering; and what was only written down later is no clock set back.

    What a person did and what the engine saw do not reach the log in the order of time; the clock
    that is never set tells the one from the other, to a second.
    """
    seen = happened(AuditKind.REQUEST_OPENED)
    at = datetime.fromisoformat(seen.at) + timedelta(milliseconds=by_clock_ms)
    done = structs.replace(
        seen, at=at.isoformat(timespec="milliseconds"), mono_ms=seen.mono_ms + by_other_ms
    )
    with closing(AuditLog(path)) as log:
        log.append(structs.replace(seen, at=seen.at.replace("Z", "+00:00")))
        log.append(done)
    report = verify(path)
    assert report.verdict is (Verdict.FINDINGS if is_told else Verdict.INTACT)
    assert [one.number for one in report.findings] == [ENTRIES + 2] * is_told


def test_a_time_that_nobody_can_read_is_told(path: Path) -> None:
    """It says nothing of when that was."""
    with closing(AuditLog(path)) as log:
        log.append(structs.replace(happened(AuditKind.SESSION_STARTED), at="1 May"))
    assert "The clock went back" in verify(path).findings[0].title


def test_very_many_findings_are_not_all_told(path: Path) -> None:
    """A hundred say as much."""
    with closing(AuditLog(path)) as log:
        for number in range(MOST_FINDINGS):
            log.append(_decided(number))
    _by_hand(path, "UPDATE entry SET hash = randomblob(32)")
    assert len(verify(path).findings) == MOST_FINDINGS == 100


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100])
def test_what_is_no_log_is_not_taken_for_one(tmp_path: Path, content: bytes | None) -> None:
    """Neither verified nor written to."""
    path = tmp_path / "log.sqlite"
    if content is not None:
        path.write_bytes(content)
    report = verify(path)
    assert report.verdict is Verdict.UNREADABLE
    assert [(one.number, one.is_tampering) for one in report.findings] == [(0, False)]
    if content:
        with pytest.raises(AuditUnavailable):
            AuditLog(path)


def test_another_program_s_database_is_left_alone(tmp_path: Path) -> None:
    """Whatever version it says it is; and so is a log of a version that is not known here."""
    other, later = tmp_path / "other.sqlite", tmp_path / "later.sqlite"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mail (a)")
    AuditLog(later).close()
    for path, version in ((other, 0), (other, 1), (other, 2), (later, 3)):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        with pytest.raises(AuditUnavailable) as caught:
            AuditLog(path)
        assert "nothing is approved" in caught.value.hint
        assert ("another program" in caught.value.title) == (path is other)
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("mail",)]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With what follows from it."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AuditUnavailable):
        AuditLog(tmp_path / "file" / "log.sqlite")


def test_two_of_one_process_write_one_chain(path: Path) -> None:
    """Each follows what the other wrote."""
    with closing(AuditLog(path)) as one, closing(AuditLog(path)) as other:
        for number in range(20):
            (one if number % 2 else other).append(_decided(number))
    assert verify(path).verdict is Verdict.INTACT


def test_what_cannot_be_written_down_is_refused(path: Path) -> None:
    """Instead of being recorded as something else."""
    with closing(AuditLog(path)) as log:
        with pytest.raises(BadEntry):
            log.append(structs.replace(_decided(1), context_id="\ud800"))
        assert log.append(_decided(2)).number == ENTRIES + 1
    with pytest.raises(BadEntry):
        read_entry(b"{")
    entry = _decided(1)
    assert read_entry(write_entry(entry)) == entry


def test_a_reason_is_recorded_as_its_digest() -> None:
    """It may name a patient; who has it can show that it is the one."""
    assert comment_digest("", "n") == ""
    digest = comment_digest("Wrong IBAN", "n")
    assert digest == comment_digest("Wrong IBAN", "n")
    assert len({digest, comment_digest("Wrong IBAN", "m"), comment_digest("wrong IBAN", "n")}) == 3
