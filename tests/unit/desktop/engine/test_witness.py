"""Receipts in the audit log: each once, over all lives of a console."""

from __future__ import annotations

from pathlib import Path

from desktop.audit.entries import AuditEntry, AuditKind
from desktop.engine.witness import FILE_NAME, Witness
from desktop.store.signing import Proof
from tests.support import scenes
from workers.wire.approvals import Outcome, Receipt

BROKER = "redis://127.0.0.1:6379/0"
OTHERS = "ab" * 16


def _witness(folder: Path, entries: list[AuditEntry], *, everything: bool = True) -> Witness:
    witness = Witness(entries.append, folder, everything=everything)
    witness.follow(BROKER)
    return witness


def _told(entries: list[AuditEntry]) -> list[tuple[str, str]]:
    return [(entry.kind.value, entry.nonce) for entry in entries]


def _receipt(nonce: str, outcome: Outcome = Outcome.EXECUTED) -> Receipt:
    return scenes.receipt(outcome, nonce=nonce)


def test_what_was_there_before_is_left_out_and_what_comes_is_recorded_once(tmp_path: Path) -> None:
    """Also after the console was closed and opened again."""
    entries: list[AuditEntry] = []
    first = _witness(tmp_path, entries)
    first.begin("100-0")
    for entry_id in ("99-0", "100-0", "101-0"):
        first.see(_receipt(entry_id), entry_id, Proof.NONE)
    first.keep("101-0")
    first.see(_receipt("101-0"), "101-0", Proof.NONE)

    second = _witness(tmp_path, entries)
    second.begin("103-0")
    for entry_id in ("101-0", "102-0", "103-0"):
        second.see(_receipt(entry_id), entry_id, Proof.NONE)

    recorded = [("receipt", "101-0"), ("receipt", "102-0"), ("receipt", "103-0")]
    assert _told(entries) == recorded
    assert {entry.detail for entry in entries} == {"unsigned"}


def test_a_command_records_what_became_of_its_own_decision_alone(tmp_path: Path) -> None:
    """It keeps no place of its own: the console's log must not skip what it left out."""
    entries: list[AuditEntry] = []
    witness = _witness(tmp_path, entries, everything=False)
    witness.begin("100-0")
    witness.sent(scenes.NONCE)
    witness.see(_receipt(OTHERS), "101-0", Proof.NONE)
    witness.see(_receipt(scenes.NONCE), "102-0", Proof.PROVEN)
    witness.keep("102-0")

    assert _told(entries) == [("receipt", scenes.NONCE)]
    assert not (tmp_path / FILE_NAME).exists()


def test_a_proven_decision_of_another_desk_counts_as_seen(tmp_path: Path) -> None:
    """So what it let run is no finding; a place that cannot be read is begun anew."""
    (tmp_path / FILE_NAME).write_text('{"somewhere": "no id"}')
    entries: list[AuditEntry] = []
    witness = _witness(tmp_path, entries)
    witness.begin("")
    witness.see(_receipt(OTHERS, Outcome.APPLIED), "1-0", Proof.PROVEN)
    witness.see(_receipt(OTHERS, Outcome.APPLIED), "2-0", Proof.NONE)

    kinds = [entry.kind for entry in entries]
    assert kinds == [AuditKind.DECISION_SEEN, AuditKind.RECEIPT, AuditKind.RECEIPT]
    assert entries[0].reviewers
