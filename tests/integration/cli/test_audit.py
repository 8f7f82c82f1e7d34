"""The record of this desk on the command line: shown, verified, and never written by looking."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from desktop import settings
from desktop.audit.entries import AuditKind, happened
from desktop.audit.log import AuditLog
from tests.support.command_line import signoff


def _decide(*people: str) -> Path:
    path = settings.audit_log()
    with closing(AuditLog(path)) as log:
        for person in people:
            log.append(happened(AuditKind.DECISION, person=person, name=person.title()))
    return path


async def test_the_log_is_shown_and_verified() -> None:
    """For a person and for a program."""
    _decide("r.mora", "l.park", "r.mora")

    shown = await signoff("audit", "show", "--limit", "2", "--json")
    text = await signoff("audit", "show")
    verified = await signoff("audit", "verify", "--json")

    assert [entry["actor"]["id"] for entry in shown.lines] == ["l.park", "r.mora"]
    assert "L.Park (l.park)" in text.text
    assert (verified.code, verified.json["verdict"], verified.json["entries"]) == (0, "intact", 3)
    assert "3 entries" in (await signoff("audit", "verify")).text


async def test_a_log_that_was_changed_exits_with_three() -> None:
    """Findings say where."""
    path = _decide("r.mora", "l.park", "r.mora")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER entry_stays")
        connection.execute("DELETE FROM entry WHERE number = 2")
        connection.commit()

    verified = await signoff("audit", "verify", "--json")

    assert (verified.code, verified.json["verdict"]) == (3, "tampered")
    assert verified.json["findings"][0] == {
        "entry": 3, "title": "Entry 2 is missing.", "tampering": True
    }  # fmt: skip


async def test_where_nothing_was_decided_there_is_nothing_to_read(tmp_path: Path) -> None:
    """Neither command makes a file."""
    missing = tmp_path / "none.sqlite"
    assert (await signoff("audit", "verify", "--log", str(missing))).code == 2
    shown = await signoff("audit", "show", "--log", str(missing), "--json")
    assert (shown.code, bool(shown.json["error"]["title"])) == (2, True)
    assert not missing.exists()
