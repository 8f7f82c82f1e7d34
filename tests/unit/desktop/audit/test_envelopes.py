"""Signed decisions, looked at again: each says what its entry says, and which one it came after."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs

from desktop.audit.entries import Actor, AuditKind, comment_digest, happened
from desktop.audit.log import AuditLog
from desktop.audit.secrets import ENVELOPE
from desktop.audit.verifying import verify
from tests.support.audited import KEYS, as_signed, by_hand, decided, head_of
from tests.support.registered import NOW, decision, registry, signed
from workers.wire.approvals import DecisionKind
from workers.wire.codec import encode_struct
from workers.wire.signing.dsse import Envelope

_AT: Final = datetime.fromtimestamp(NOW, UTC).isoformat()
_PATH, _DIGEST = "/amount", "sha-256:" + "98" * 32
_GONE: Final = "It was signed after an entry of its signer that is not in this log."
_OTHER_CALL: Final = (
    "Its signature does not hold: A decision was signed for another call than the one that waits."
)
_LEFT_OUT: Final = "It was signed without the decision of its signer that stands before it."


def _decides(log: AuditLog, envelope: Envelope, **changes: object) -> tuple[str, str]:
    """Record a signed decision, and that it was refused. Returns the hashes of both, hex."""
    entry = structs.replace(as_signed(decided(1, at=_AT), envelope), **changes)
    kept = log.append(entry, {ENVELOPE: encode_struct(envelope).decode()})
    told = structs.replace(entry, kind=AuditKind.RECEIPT, outcome="refused:not_enough")
    return kept.hash.hex(), log.append(told).hash.hex()


def _begins(log: AuditLog, person: str) -> str:
    kept = log.append(structs.replace(happened(AuditKind.SESSION_UNLOCKED, person=person), at=_AT))
    return kept.hash.hex()


def _found(path: Path) -> list[tuple[int, str]]:
    report = verify(path, head_of(path), KEYS, registry())
    return [(one.number, one.title) for one in report.findings]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"policy": "read-only@1"}, "policy"),
        ({"policy": "payments@8"}, "policy"),
        ({"display_digest": _DIGEST}, "display"),
        ({"masked": (_PATH,)}, "masked"),
        ({"revealed": (_PATH,)}, "revealed"),
        ({"ms_open": 99_000}, "time open"),
        ({"envelope_digest": _DIGEST}, "envelope"),
        ({"envelope_digest": ""}, "envelope"),
        ({"comment_digest": ""}, "reason"),
        ({"comment_digest": comment_digest("no", decision().nonce)}, "reason"),
        ({"meaning": "review"}, "meaning"),
        ({"role": "records"}, "role"),
        ({"nonce": "9" * 32}, "nonce, reason"),
        ({"actor": Actor(id="l.park", name="Rosa Mora")}, "person"),
        ({"actor": Actor(id="r.mora", name="Lee Park")}, "printed name"),
        ({"at": datetime.fromtimestamp(NOW + 150, UTC).isoformat()}, "time"),
        ({"app": "9.9"}, "version"),
    ],
)
def test_an_entry_that_says_something_else_than_was_signed_is_found(
    tmp_path: Path, changes: dict[str, object], named: str
) -> None:
    """Whatever both say is compared, and the finding names what differs."""
    envelope = signed(decision(audit_prev="", comment="as agreed"))
    told = f"The signed decision says something else than the entry: {named}."
    for place, made in enumerate(({}, changes)):
        path = tmp_path / f"{place}.sqlite"
        with closing(AuditLog(path, KEYS)) as log:
            _decides(log, envelope, **made)
        assert _found(path) == [(1, f"Its signature does not hold: {told}")] * place


@pytest.mark.parametrize(
    ("named", "signed_for", "proven"),
    [("", "", True), ("", "call_1", True), ("", "call_2", False), ("call_1", "", False)],
)
def test_a_foreign_worker_s_call_is_proven_by_its_own_name(
    tmp_path: Path, named: str, signed_for: str, proven: bool
) -> None:
    """It has no request's id, where consoles once signed its name; no other is taken for it."""
    path = tmp_path / "log.sqlite"
    with closing(AuditLog(path, KEYS)) as log:
        said = {"tool_call_id": "call_1", "request_id": signed_for}
        _decides(log, signed(decision(audit_prev="", **said)), request_id=named)
    assert _found(path) == ([] if proven else [(1, _OTHER_CALL)])


def test_an_answer_in_words_may_be_bound_as_arguments_are(tmp_path: Path) -> None:
    """Then the statement has no words of its own, and the entry has their digest."""
    path, answer = tmp_path / "log.sqlite", comment_digest("the blue one", decision().nonce)
    said = {"decision": DecisionKind.RESPOND, "edited_args_digest": _DIGEST}
    with closing(AuditLog(path, KEYS)) as log:
        _decides(log, signed(decision(audit_prev="", **said)), comment_digest=answer)
    assert _found(path) == []


@pytest.mark.parametrize(
    ("after", "kind", "found"),
    [
        ("decision", DecisionKind.APPROVE, ""),
        ("receipt", DecisionKind.APPROVE, ""),
        ("withheld", DecisionKind.APPROVE, _GONE),
        ("withheld", DecisionKind.REJECT, _GONE),
        ("no hash", DecisionKind.APPROVE, _GONE),
        ("somebody else", DecisionKind.APPROVE, _GONE),
        ("session", DecisionKind.APPROVE, _LEFT_OUT),
        ("", DecisionKind.APPROVE, _LEFT_OUT),
        # Where the log could not be read, a rejection leaves all the same.
        ("", DecisionKind.REJECT, ""),
    ],
)
def test_a_decision_that_was_withheld_leaves_a_gap(
    tmp_path: Path, after: str, kind: DecisionKind, found: str
) -> None:
    """Somebody made the log anew without it: the next one names what is not there."""
    path = tmp_path / "log.sqlite"
    with closing(AuditLog(path, KEYS)) as log:
        session = _begins(log, "r.mora")
        other = _begins(log, "l.park")
        first, receipt = _decides(log, signed(decision(audit_prev=session, nonce="1" * 32)))
        hashes = {
            "session": session,
            "somebody else": other,
            "decision": first,
            "receipt": receipt,
            "withheld": "98" * 32,
        }
        _decides(log, signed(decision(audit_prev=hashes.get(after, after), decision=kind)))
    assert _found(path) == ([(5, found)] if found else [])


def test_an_entry_that_nobody_can_read_any_more_is_nobodys(tmp_path: Path) -> None:
    """A damaged decision ends no verification, and neither does one that follows such an entry."""
    path = tmp_path / "log.sqlite"
    with closing(AuditLog(path, KEYS)) as log:
        session = _begins(log, "r.mora")
        _decides(log, signed(decision(audit_prev=session)))
    assert _found(path) == []
    by_hand(path, "UPDATE entry SET body = x'7b' WHERE number = 1")
    assert (2, _GONE) in _found(path)
    by_hand(path, "UPDATE entry SET body = x'7b' WHERE number = 2")
    assert (2, "It is not what was recorded.") in _found(path)
