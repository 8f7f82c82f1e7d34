"""A signed decision counts for the one call it was made for, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from tests.support.registered import (
    CALL,
    LEE,
    NOW,
    ROOT_1,
    ROSA,
    STRANGER,
    WORKER,
    Case,
    decision,
    registered_key,
    registry,
    registry_statement,
    signed,
)
from workers.wire.approvals import DecisionKind
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import seal
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import (
    DECISION_TYPE,
    REGISTRY_TYPE,
    Signer,
    read_statement,
    write_statement,
)
from workers.wire.signing.statements import DecisionStatement as Statement
from workers.wire.signing.verifying import LONGEST_SECONDS, verify_decision

EDIT = {"decision": DecisionKind.EDIT, "edited_args_digest": "sha-256:" + "78" * 32}
LEE_SIGNS = Signer(id="l.park", name="Lee Park", role="treasury")

CASES: dict[str, tuple[Case, Distrust]] = {
    "forged": (Case(signed(decision(), STRANGER)), Distrust.UNKNOWN_KEY),
    "signed by a root": (Case(signed(decision(), ROOT_1)), Distrust.UNKNOWN_KEY),
    "signed by a worker": (Case(signed(decision(), WORKER)), Distrust.WRONG_REVIEWER),
    "signed by two": (Case(signed(decision(), ROSA, LEE)), Distrust.WRONG_REVIEWER),
    "signed in another's name": (Case(signed(decision(), LEE)), Distrust.WRONG_REVIEWER),
    "another printed name": (
        Case(signed(decision(reviewer=Signer(id="r.mora", name="A. Boss", role="treasury")))),
        Distrust.WRONG_REVIEWER,
    ),
    "a role not held": (
        Case(signed(decision(reviewer=Signer(id="r.mora", name="Rosa Mora", role="records")))),
        Distrust.WRONG_ROLE,
    ),
    "another kind": (
        Case(seal(REGISTRY_TYPE, write_statement(decision()), [ROSA])),
        Distrust.WRONG_TYPE,
    ),
    "expired": (Case(signed(decision()), at=NOW + 300), Distrust.EXPIRED),
    "from the future": (
        Case(signed(decision(iat=NOW + 121, exp=NOW + 300))),
        Distrust.FROM_THE_FUTURE,
    ),
    "valid for ever": (
        Case(signed(decision(exp=NOW - 5 + LONGEST_SECONDS + 1))),
        Distrust.TOO_LONG_VALID,
    ),
    "ends before it begins": (
        Case(signed(decision(iat=NOW + 100, exp=NOW + 50))),
        Distrust.TOO_LONG_VALID,
    ),
    "another agent": (Case(signed(decision()), replace(CALL, agent="b")), Distrust.WRONG_AGENT),
    "another context": (
        Case(signed(decision()), replace(CALL, context_id="c-2")),
        Distrust.WRONG_CONTEXT,
    ),
    "another call": (
        Case(signed(decision()), replace(CALL, tool_call_id="call_2")),
        Distrust.WRONG_CALL,
    ),
    "the same call asked again": (
        Case(signed(decision()), replace(CALL, request_id="cd" * 16)),
        Distrust.WRONG_REQUEST,
    ),
    "another tool": (
        Case(signed(decision()), replace(CALL, action="close_account")),
        Distrust.WRONG_ACTION,
    ),
    "other arguments": (
        Case(signed(decision()), replace(CALL, args_digest="sha-256:" + "99" * 32)),
        Distrust.WRONG_DIGEST,
    ),
    "a rejection sent as an approval": (
        Case(signed(decision(decision=DecisionKind.REJECT))),
        Distrust.WRONG_DECISION,
    ),
    "an approval sent as an edit": (
        Case(
            signed(decision()),
            replace(CALL, decision=DecisionKind.EDIT, edited_args_digest="sha-256:" + "78" * 32),
        ),
        Distrust.WRONG_DECISION,
    ),
    "an edit with other arguments": (
        Case(
            signed(decision(**EDIT)),
            replace(CALL, decision=DecisionKind.EDIT, edited_args_digest="sha-256:" + "77" * 32),
        ),
        Distrust.WRONG_EDIT,
    ),
    "an edit of nothing": (
        Case(
            signed(decision(decision=DecisionKind.EDIT)), replace(CALL, decision=DecisionKind.EDIT)
        ),
        Distrust.WRONG_EDIT,
    ),
    "an approval with an edit inside": (
        Case(
            signed(decision(edited_args_digest="x")),
            replace(CALL, edited_args_digest="x"),
        ),
        Distrust.WRONG_EDIT,
    ),
    "another reason than was signed": (
        Case(signed(decision(comment="no")), replace(CALL, comment="yes")),
        Distrust.WRONG_DECISION,
    ),
    "no number of its own": (Case(signed(decision(nonce="1"))), Distrust.MALFORMED),
    "a number that is none": (Case(signed(decision(nonce="Z" * 32))), Distrust.MALFORMED),
}


def _reason(case: Case, known: Registry | None = None) -> Distrust:
    with pytest.raises(NotTrusted) as caught:
        verify_decision(case.envelope, case.call, known or registry(), case.at)
    assert caught.value.title
    return caught.value.reason


def test_a_decision_is_proven() -> None:
    """Who, what, and with which key."""
    verified = verify_decision(signed(decision()), CALL, registry(), NOW)

    assert verified.reviewer.name == "Rosa Mora"
    assert verified.statement == decision()
    assert verified.key_id == ROSA.public.key_id
    edited = replace(CALL, decision=DecisionKind.EDIT, edited_args_digest="sha-256:" + "78" * 32)
    edit = decision(**EDIT)
    assert verify_decision(signed(edit), edited, registry(), NOW).statement == edit
    by_lee = decision(reviewer=LEE_SIGNS)
    assert verify_decision(signed(by_lee, LEE), CALL, registry(), NOW).reviewer.id == "l.park"


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": NOW + 120},
        {"iat": NOW - 1, "exp": NOW + 1},
        {"iat": NOW, "exp": NOW + 1},
        {"nonce": "0123456789abcdef" * 2},
    ],
)
def test_what_is_just_allowed_is_proven(changes: dict[str, Any]) -> None:
    """A clock as far ahead as may be, the shortest time, every digit there is."""
    statement = decision(**changes)
    assert verify_decision(signed(statement), CALL, registry(), NOW).statement == statement


@pytest.mark.parametrize(("case", "reason"), CASES.values(), ids=CASES)
def test_what_is_not_proven_is_refused(case: Case, reason: Distrust) -> None:
    """Each for its own reason, which a receipt can carry."""
    assert _reason(case) is reason


def test_a_key_that_was_revoked_decides_nothing() -> None:
    """From the moment on that the registry says."""
    rosa = structs.replace(
        registry_statement().reviewers[0],
        keys=(registered_key(ROSA, revoked_at="2026-03-01T00:00:00Z"),),
    )
    known = registry(reviewers=(rosa,))
    assert _reason(Case(signed(decision())), known) is Distrust.KEY_REVOKED


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{half",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"v":1}',
        write_statement(decision()) + b" ",
        write_statement(decision()).replace(b'"v":1', b'"v":1,"v":1'),
        write_statement(decision()).replace(b'"v":1', b'"v":2'),
        write_statement(decision()).replace(b'"v":1', b'"more":1,"v":1'),
        write_statement(decision()).replace(b'"app":"0.1.0",', b""),
        write_statement(decision()).replace(b'"approve"', b'"approve!"'),
    ],
)
def test_a_statement_is_written_in_one_way(payload: bytes) -> None:
    """Whatever reads differently elsewhere is not read here, whoever has signed it."""
    assert _reason(Case(seal(DECISION_TYPE, payload, [ROSA]))) is Distrust.MALFORMED


def test_what_has_no_canonical_form_is_not_signed() -> None:
    """The signer is told, instead of the worker."""
    with pytest.raises(NotTrusted):
        write_statement(decision(comment="\ud800"))
    assert read_statement(write_statement(decision()), Statement) == decision()
