"""Events that a SIEM takes: of the right class, with all it requires, and nobody's data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from desktop.audit.chain import BEGINNING
from desktop.audit.entries import Actor, AuditEntry, AuditKind, write_entry
from desktop.audit.exporting.formats import ExportFormat
from desktop.audit.exporting.ocsf import event
from desktop.audit.log import Kept
from tests.support.exported import entry, export, receipt, write_log

#: The required attributes of OCSF 1.3: of every event, and of each class.
_ALWAYS = {
    "activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid",
}  # fmt: skip
_REQUIRED = {
    6003: {"actor", "api", "src_endpoint"},
    3002: {"user", "service"},
    3004: {"entity"},
}


def _event(told: AuditEntry) -> dict[str, Any]:
    return event(Kept(7, write_entry(told), BEGINNING, bytes(32)))


@pytest.mark.parametrize("kind", AuditKind)
def test_every_kind_of_entry_is_an_event_with_all_it_requires(kind: AuditKind) -> None:
    """Of one of three classes; also where the entry knows next to nothing."""
    bare = AuditEntry(kind=kind, at="no time", offset_minutes=0, mono_ms=0)
    for told in (_event(entry(kind)), _event(bare)):
        class_uid = told["class_uid"]
        assert told.keys() >= _ALWAYS | _REQUIRED[class_uid]
        assert told["type_uid"] == class_uid * 100 + told["activity_id"]
        assert told["category_uid"] == class_uid // 1000
        assert told["metadata"].keys() >= {"product", "version"}
        assert told["metadata"]["product"].keys() >= {"name", "vendor_name"}
        assert told["activity_id"] in {1, 2, 3, 4, 99}
        assert all(told["actor"]["user"].values())
        assert all(told.get("api", {"operation": "-"}).values())
        assert all(told.get("entity", {"name": "-"}).values())
        assert all(told.get("src_endpoint", {"name": "-"}).values())


@pytest.mark.parametrize(
    ("told", "type_uid", "status", "severity"),
    [
        (entry(), 600301, 1, 2),
        (entry(decision="reject"), 600301, 1, 1),
        (receipt(), 600303, 1, 1),
        (receipt(outcome="refused:unsigned"), 600303, 2, 3),
        (entry(AuditKind.PASSPHRASE_WRONG), 300201, 2, 4),
        (entry(AuditKind.SESSION_LOCKED), 300202, 1, 2),
        (entry(AuditKind.REGISTRY_SEEN, decision=""), 300402, 1, 1),
        (entry(AuditKind.HALT_LIFTED, decision=""), 600304, 1, 1),
        (entry(AuditKind.EXPORTED, decision=""), 600302, 1, 1),
    ],
)
def test_what_happened_is_what_the_event_says(
    told: AuditEntry, type_uid: int, status: int, severity: int
) -> None:
    """So that a rule in the SIEM can go by the numbers."""
    found = _event(told)
    assert (found["type_uid"], found["status_id"]) == (type_uid, status)
    assert found["severity_id"] == severity


def test_an_event_carries_digests_and_no_texts() -> None:
    """What a person wrote into a search, or a program into an error, stays at the desk."""
    told = _event(
        entry(
            AuditKind.DECISION_NOT_SENT,
            detail="4111 1111 1111 1111",
            outcome="4111 1111 1111 1111",
            masked=("/4111 1111 1111 1111",),
            broker="4111 1111 1111 1111",
        )
    )
    assert "4111" not in json.dumps(told)
    assert {one["type"] for one in told["resources"]} >= {"context", "arguments digest"}


def test_a_file_has_an_event_in_each_line(tmp_path: Path) -> None:
    """In ASCII, whatever a person is called."""
    actor = Actor(id="r", name="\u202e\x00\n张")
    log = write_log(tmp_path / "log.sqlite", [entry(actor=actor), receipt()])
    export(log, ExportFormat.OCSF, tmp_path / "x")
    lines = (tmp_path / "x").read_bytes().splitlines()

    assert len(lines) == 2
    assert all(line.isascii() for line in lines)
    assert json.loads(lines[0])["actor"]["user"]["name"] == actor.name
