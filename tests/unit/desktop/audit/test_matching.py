"""What is missing of an entry is found in order, and by the index: the same."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from desktop.audit import verifying
from desktop.audit.due import RECEIPT_SECONDS, UNSIGNED_NOTE
from desktop.audit.entries import AuditEntry, AuditKind, Glance, happened
from desktop.audit.log import AuditLog, Record
from desktop.audit.matching import Matching
from desktop.audit.reading import AuditReader
from desktop.audit.verifying import verify
from desktop.store.record import AuditQuery
from tests.support.audited import KEYS
from workers.wire.approvals import DecisionKind, Outcome

_AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "waited_ms", "told"),
    [
        (_AT.isoformat(), RECEIPT_SECONDS * 1000, []),
        (_AT.isoformat(), RECEIPT_SECONDS * 1000 + 1, [1]),
        ("some day", 0, [1]),
    ],
)
def test_a_decision_may_wait_a_minute_for_its_receipt(
    at: str, waited_ms: int, told: list[int]
) -> None:
    """To the millisecond; one whose time nobody can read has waited long enough.

    Nobody tampered with anything.
    """
    matching = Matching()
    matching.see(1, Glance(AuditKind.DECISION, at, request_id="r", nonce="n"))
    now_ms = int(_AT.timestamp() * 1000) + waited_ms
    found = list(matching.findings(now_ms))
    assert [one.number for one in found] == told
    assert not any(one.is_tampering for one in found)


def test_a_verification_and_the_page_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever came in whatever order: what is missing, and what was wrong from the start."""
    chance, path = Random(7), tmp_path / "log.sqlite"  # noqa: S311 - any order will do
    monkeypatch.setattr(verifying, "MOST_FINDINGS", 10_000)
    with closing(AuditLog(path, KEYS)) as log:
        log.append_all([Record(_anything(chance)) for _ in range(600)])
    report, now_ms = verify(path, keys=KEYS), time.time_ns() // 1_000_000
    with closing(AuditReader(path)) as reader:
        rows = reader.page(AuditQuery(findings_only=True, limit=600), 1, now_ms).rows
    listed = {(row.number, f"{row.finding}.") for row in rows}
    found = {(one.number, one.title) for one in report.findings}
    assert len({title for _, title in listed}) == 5
    alone = ("The clock went back", "The worker ran the call a second time")
    assert found - listed == {one for one in found if one[1].startswith(alone)}
    assert listed <= found


def _anything(chance: Random) -> AuditEntry:
    """One of the entries that bring something, or want something, now or for a while."""
    ago = timedelta(seconds=chance.choice((0, RECEIPT_SECONDS + 5)))
    kinds = (
        AuditKind.DECISION,
        AuditKind.DECISION_SEEN,
        AuditKind.DECISION_JOINED,
        AuditKind.DECISION_NOT_SENT,
        *(AuditKind.RECEIPT,) * 4,
    )
    kind = chance.choice(kinds)
    outcomes = [str(outcome) for outcome in Outcome] + ["refused:unsigned", "refused:not_enough"]
    is_receipt = kind is AuditKind.RECEIPT
    return structs.replace(
        happened(kind),
        at=(datetime.now(UTC) - ago).isoformat(timespec="milliseconds"),
        nonce=chance.choice(("", f"n-{chance.randrange(200)}")),
        request_id=chance.choice(("", f"r-{chance.randrange(200)}")),
        decision=chance.choice([*DecisionKind]),
        outcome=chance.choice(outcomes) if is_receipt else "",
        detail=chance.choice(("", UNSIGNED_NOTE, "is_editor")) if is_receipt else "",
    )
