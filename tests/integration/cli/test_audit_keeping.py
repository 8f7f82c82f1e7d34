"""Legal holds and shredding on the command line: a hold wins, and everything is recorded."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from desktop import settings
from desktop.audit.entries import AuditKind
from desktop.audit.heads import kept_head
from desktop.audit.log import Record, read_entries
from desktop.audit.logbook import Logbook
from desktop.cli import main
from desktop.system.vault import LogKeyring
from tests.support.audited import ALL, decided
from tests.support.desktop_session import SecretService


def _log_of_long_ago() -> Path:
    path = settings.audit_log()
    with closing(Logbook(path, LogKeyring())) as book:
        book.open()
        old = structs.replace(decided(1), at="2010-01-01T00:00:00.000Z")
        book.append([Record(old, {"comment": "Reason"}), Record(decided(2), {"comment": "Why"})])
    return path


def test_a_hold_keeps_everything_until_it_is_lifted(
    secret_service: SecretService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever sets and lifts it is named; afterwards what was kept long enough goes."""
    with secret_service.in_process():
        assert main(["audit", "hold", "list"]) == 0
        assert "No hold" in capsys.readouterr().out
        path = _log_of_long_ago()
        assert main(["audit", "hold", "set", "case 12"]) == 0
        assert main(["audit", "shred"]) == 2
        assert "A legal hold is in force: case 12." in capsys.readouterr().err
        assert main(["audit", "hold", "lift", "case 13"]) == 2
        assert main(["audit", "hold", "list", "--json"]) == 0
        assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"holds": ["case 12"]}
        assert main(["audit", "hold", "lift", "case 12"]) == 0

        chosen = settings.changed(settings.load()[0], kept_years=5)
        settings.save(chosen)
        assert main(["audit", "shred", "--json"]) == 0
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert told["shredded"] == 1
        assert "decision" in told["shorter_than_six_years"]
        assert main(["audit", "shred"]) == 0
        head = kept_head(LogKeyring(), path)
    kept = [one.entry for one in read_entries(path, ALL)]
    assert [one.kind for one in kept[2:]] == [
        AuditKind.HOLD_SET,
        AuditKind.HOLD_LIFTED,
        AuditKind.SHREDDED,
    ]
    assert {one.actor.id for one in kept[2:]} == {chosen.reviewer_id}
    assert head
    assert head.size == len(kept)
