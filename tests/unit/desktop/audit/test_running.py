"""What ran is compared with what was decided: these arguments, once, by the word of enough."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs

from desktop.audit.entries import Actor, AuditEntry, AuditKind, happened
from desktop.audit.log import AuditLog, Record
from desktop.audit.verifying import verify
from tests.support.audited import KEYS, head_of

_ASKED, _EDITED, _OTHER = (f"sha-256:{digit * 64}" for digit in "123")
_RESULT: Final = f"sha-256:{'a' * 64}"
_REQUEST, _NONCE, _NEXT = "5" * 32, "6" * 32, "7" * 32
_ARGUMENTS: Final = "The worker ran other arguments than were decided on."
_AGAIN: Final = "The worker ran the call a second time, under another decision."
_NOT_THEM: Final = "The worker counted other reviewers than the one who decided."
_FEW: Final = "The worker counted {} where the decision says that it takes 2."


def _decides(decision: str = "approve", person: str = "r.mora", **changes: object) -> AuditEntry:
    """Rosa, on a call that takes one reviewer."""
    entry = structs.replace(
        happened(AuditKind.DECISION, person=person),
        request_id=_REQUEST,
        nonce=_NONCE,
        decision=decision,
        args_digest=_ASKED,
        edited_args_digest=_EDITED if decision == "edit" else "",
        meaning="approval",
        quorum=1,
    )
    return structs.replace(entry, **changes)


def _says(outcome: str = "executed", *reviewers: str, **changes: object) -> AuditEntry:
    """The worker, of Rosa's decision unless told otherwise."""
    said = {
        "kind": AuditKind.RECEIPT,
        "outcome": outcome,
        "reviewers": reviewers or ("r.mora",),
        "actor": Actor(),
        "quorum": 0,
        "meaning": "",
        "edited_args_digest": "",
        "result_digest": _RESULT if outcome in {"executed", "failed"} else "",
    }
    return _decides(**{**said, **changes})


def _edited(outcome: str = "executed", *reviewers: str, **changes: object) -> AuditEntry:
    return _says(outcome, *reviewers, **{"decision": "edit", "args_digest": _EDITED, **changes})


def _found(tmp_path: Path, *entries: AuditEntry) -> list[tuple[int, str]]:
    path = tmp_path / "log.sqlite"
    with closing(AuditLog(path, KEYS)) as log:
        log.append_all([Record(entry) for entry in entries])
    return [(one.number, one.title) for one in verify(path, head_of(path), KEYS).findings]


_LEE: Final = {"person": "l.park", "nonce": _NEXT}
_SEEN: Final = {"kind": AuditKind.DECISION_SEEN, "quorum": 0, "meaning": ""}
_AUTHOR: Final = {"meaning": "authorship"}

HONEST: Final = {
    "approved": [_decides(), _says("applied"), _says()],
    "approved and failed": [_decides(), _says("applied"), _says("failed")],
    "edited": [_decides("edit"), _edited("applied", args_digest=_ASKED), _edited()],
    "edited by one, approved by another": [
        _decides("edit", **_AUTHOR),
        _decides("edit", **_LEE),
        _edited("executed", "l.park", nonce=_NEXT),
    ],
    "an author's word was the last": [_decides("edit", **_AUTHOR), _edited("executed", "l.park")],
    "approved by two": [
        _decides(quorum=2),
        _says("applied", "r.mora", "l.park", nonce=_NEXT),
        _says("executed", "r.mora", "l.park", nonce=_NEXT),
    ],
    "decided elsewhere": [_decides(**_SEEN), _says()],
    "edited elsewhere": [_decides("edit", **_SEEN), _edited("applied"), _edited()],
    "refused before it was edited": [
        _decides(),
        _says("refused:not_enough", nonce=_NONCE),
        _decides("edit", nonce=_NEXT),
        _edited(nonce=_NEXT),
    ],
    "asked for two, then for one": [
        _decides(quorum=2),
        _says("refused:not_enough"),
        _decides(nonce=_NEXT),
        _says(nonce=_NEXT),
    ],
    "asked for two, then for one elsewhere": [
        _decides(quorum=2),
        _decides(nonce="8" * 32, quorum=1),
        _decides(**_LEE, **_SEEN),
        _says("executed", "r.mora", "l.park", nonce=_NEXT),
    ],
    "a vote, then a rejection": [
        _decides(quorum=2),
        _decides("reject", nonce=_NEXT, quorum=2, meaning="rejection"),
        _says("applied", decision="reject", nonce=_NEXT),
    ],
    "a worker that counts nobody": [_decides(quorum=0), _says(reviewers=())],
    "told again by who took over": [_decides(), _says(), _says()],
    "an idempotent tool that was made twice": [
        _decides(),
        _says("failed"),
        _says(result_digest=_OTHER),
    ],
    "in doubt, and run again by a fresh decision": [
        _decides(),
        _says("in_doubt"),
        _decides(nonce=_NEXT, request_id="9" * 32),
        _says(nonce=_NEXT, request_id="9" * 32),
        _says(result_digest=_OTHER),
    ],
    "in doubt after an edit that a hosted graph was told": [
        _decides("edit"),
        _edited("in_doubt", args_digest=_ASKED),
    ],
    "taken back after it ran, and told again under the next decision": [
        _decides(),
        _says(),
        _says("refused:untrusted"),
        _decides(nonce=_NEXT),
        _says(nonce=_NEXT),
    ],
    "an answer instead": [_decides("respond", quorum=1), _says("applied", decision="respond")],
    "a worker of the base package": [
        _decides(request_id="", args_digest=""),
        _decides(request_id="", args_digest="", nonce=_NEXT),
    ],
}


@pytest.mark.parametrize("case", HONEST)
def test_what_honest_workers_say_is_no_finding(tmp_path: Path, case: str) -> None:
    """However a call came to its end."""
    found = [one for one in _found(tmp_path, *HONEST[case]) if "signature" not in one[1]]
    assert found == []


WRONG: Final = {
    "other arguments": ([_decides(), _says(args_digest=_OTHER)], [(2, _ARGUMENTS)]),
    "other arguments, and it failed": (
        [_decides(), _says("failed", args_digest=_OTHER)],
        [(2, _ARGUMENTS)],
    ),
    "none are named": ([_decides(), _says(args_digest="")], [(2, _ARGUMENTS)]),
    "those before the edit": ([_decides("edit"), _edited(args_digest=_ASKED)], [(2, _ARGUMENTS)]),
    "an edit that nobody made": ([_decides(), _edited()], [(2, _ARGUMENTS)]),
    "other arguments than elsewhere": (
        [_decides(**_SEEN), _says(args_digest=_OTHER)],
        [(2, _ARGUMENTS)],
    ),
    "by a decision that is not here": (
        [_decides(), _says(nonce=_NEXT, args_digest=_OTHER)],
        [(2, _ARGUMENTS)],
    ),
    "twice": (
        [_decides(), _says(), _decides(**_LEE), _says("executed", "l.park", nonce=_NEXT)],
        [(4, _AGAIN)],
    ),
    "failed, and again": ([_decides(), _says("failed"), _says(nonce=_NEXT)], [(3, _AGAIN)]),
    "twice, though the first was refused": (
        [_decides(), _says(), _says("refused:expired"), _says(nonce=_NEXT, result_digest=_OTHER)],
        [(4, _AGAIN)],
    ),
    "twice without a result, though the first was refused": (
        [
            _decides(),
            _says(result_digest=""),
            _says("refused:expired"),
            _says(nonce=_NEXT, result_digest=""),
        ],
        [(4, _AGAIN)],
    ),
    "nobody was counted": (
        [_decides(), _says(reviewers=())],
        [(2, "The worker counted 0 where the decision says that it takes 1.")],
    ),
    "one of two": ([_decides(quorum=2), _says()], [(2, _FEW.format(1))]),
    "one person twice": (
        [_decides(quorum=2), _says("executed", "r.mora", "r.mora")],
        [(2, _FEW.format(1))],
    ),
    "one of two, applied alone": ([_decides(quorum=2), _says("applied")], [(2, _FEW.format(1))]),
    "one of two, in doubt": ([_decides(quorum=2), _says("in_doubt")], [(2, _FEW.format(1))]),
    "one of two, sent by another desk": (
        [_decides(quorum=2), _says(nonce=_NEXT)],
        [(2, _FEW.format(1))],
    ),
    "somebody else": ([_decides(), _says("executed", "l.park")], [(2, _NOT_THEM)]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_ran_otherwise_than_decided_is_found(tmp_path: Path, case: str) -> None:
    """By the receipt that says so, where anybody would begin to ask."""
    entries, wrong = WRONG[case]
    assert _found(tmp_path, *entries) == wrong
