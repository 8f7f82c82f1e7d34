"""Every entry reads as a sentence or a row; nothing that somebody wrote into one breaks that."""

from __future__ import annotations

import pytest

from desktop.audit.due import RECEIPT_SECONDS, Due
from desktop.audit.entries import Actor, AuditEntry, AuditKind, happened
from desktop.audit.wording import (
    digests_of,
    facts_of,
    finding_hint,
    printed,
    row_of,
    sentence,
    unreadable_row,
)
from desktop.store.record import AuditWord
from tests.support.exported import entry, receipt

AT = "2026-03-02 04:15:05 -05:00"


@pytest.mark.parametrize("kind", list(AuditKind))
def test_every_kind_of_entry_has_a_title(kind: AuditKind) -> None:
    """Of its own."""
    title = row_of(1, happened(kind)).title
    assert title
    assert [other for other in AuditKind if row_of(1, happened(other)).title == title] == [kind]


@pytest.mark.parametrize("due", list(Due))
def test_every_finding_says_what_is_wrong_and_what_to_do(due: Due) -> None:
    """And what is no finding says neither."""
    row = row_of(1, happened(AuditKind.RECEIPT), due)
    assert bool(row.finding) == bool(finding_hint(due)) == bool(due)
    assert (row.word is AuditWord.WRONG) == bool(due)
    if due is Due.RECEIPT:
        assert f"within {RECEIPT_SECONDS} s" in row.finding


def test_what_cannot_be_read_has_a_row() -> None:
    """It is wrong, and of no time."""
    row = unreadable_row(7)
    assert (row.number, row.at_ms, row.word) == (7, 0, AuditWord.WRONG)
    assert row.finding == "This entry cannot be read"
    assert row_of(1, entry(at="long ago")).at_ms == 0


@pytest.mark.parametrize(
    ("told", "pill", "word"),
    [
        (receipt(), "Executed", AuditWord.FINE),
        (receipt(outcome="failed"), "Failed", AuditWord.OPEN),
        (receipt(outcome="in_doubt"), "In doubt", AuditWord.OPEN),
        (receipt(outcome="refused:not_enough"), "Refused: not enough", AuditWord.OPEN),
        # What lost a race was decided all the same.
        (receipt(outcome="refused:already_decided"), "Refused: already decided", AuditWord.FINE),
        (receipt(outcome="refused:not_pending"), "Refused: not pending", AuditWord.FINE),
        (receipt(outcome="refused:"), "refused:", AuditWord.OPEN),
        (receipt(outcome="of tomorrow"), "of tomorrow", AuditWord.FINE),
        (entry(decision="edit"), "Edited", AuditWord.FINE),
        (entry(decision="nonsense"), "", AuditWord.FINE),
        (entry(AuditKind.LINK_CHANGED, outcome="lost"), "Lost", AuditWord.FINE),
        (entry(AuditKind.VERIFIED, outcome="intact"), "Intact", AuditWord.FINE),
        (entry(AuditKind.SINK_FAILED, decision=""), "", AuditWord.OPEN),
    ],
)
def test_a_row_says_in_a_word_how_it_stands(told: AuditEntry, pill: str, word: AuditWord) -> None:
    """What somebody should look at stands out."""
    row = row_of(1, told)
    assert (row.pill, row.word) == (pill, word)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (entry(AuditKind.DECISION_SENT), f"{AT}: It left for the broker."),
        (
            entry(AuditKind.DECISION_NOT_SENT, outcome="No broker."),
            f"{AT}: It did not leave. No broker.",
        ),
        (entry(AuditKind.DECISION_JOINED), f"{AT}: It waits until others have signed, too."),
        (receipt(outcome="applied"), f"{AT}: The worker took the decision."),
        (receipt(outcome="refused:mismatch"), f"{AT}: The worker said: Refused: mismatch."),
        (receipt(at="long ago"), "long ago: The worker ran the call."),
        (receipt(offset_minutes=10**6, at="9"), "9: The worker ran the call."),
        (entry(AuditKind.REQUEST_OPENED), ""),
    ],
)
def test_what_came_of_a_decision_is_a_sentence(told: AuditEntry, said: str) -> None:
    """With the time on the wall of that desk."""
    assert sentence(told) == said


def test_a_signature_block_says_who_when_and_what_it_meant() -> None:
    """As 21 CFR 11.50 wants it; of what is no decision there is none."""
    assert printed(receipt()) == ()
    full = dict(printed(entry(envelope_digest="sha-256:1")))
    assert full == {
        "Printed name": "Rosa Mora (r.mora)",
        "Date and time": f"2026-03-02 09:15:05 UTC ({AT})",
        "Meaning": "approval",
        "Decision": "Approved",
        "Role": "treasury",
        "Policy": "payments@7",
        "Signature": "Signed with the reviewer's own key",
    }
    bare = entry(actor=Actor(id="r.mora"), at="long ago", meaning="", role="", policy="")
    assert printed(bare) == (
        ("Printed name", "r.mora"),
        ("Date and time", "long ago"),
        ("Meaning", "not stated: the decision is not signed"),
        ("Decision", "Approved"),
    )


@pytest.mark.parametrize(
    ("skew_ms", "said"),
    [
        (None, None),
        (0, "As the broker's"),
        (1500, "1.5 s ahead of the broker's"),
        (-1500, "1.5 s behind the broker's"),
    ],
)
def test_what_else_is_known_is_told(skew_ms: int | None, said: str | None) -> None:
    """Such as how far the desk's clock was off."""
    told = dict(facts_of(entry(clock_skew_ms=skew_ms, ms_open=18_400, proof="unsigned")))
    assert told.get("Clock") == said
    assert (told["Who"], told["Open for"]) == ("Rosa Mora (r.mora)", "18.4 s")
    assert told["Proof"] == "No worker has signed this"
    bare = dict(facts_of(AuditEntry(kind=AuditKind.CHECKPOINT, at="", offset_minutes=0, mono_ms=0)))
    assert list(bare) == ["Account"]


def test_digests_are_told_in_full() -> None:
    """Whoever compares them elsewhere needs every digit; what is empty is left out."""
    told = dict(digests_of(entry(), b"\x01" * 32, b"\x02" * 32))
    assert (told["This entry"], told["Entry before"]) == ("01" * 32, "02" * 32)
    assert "Edited arguments" not in told
