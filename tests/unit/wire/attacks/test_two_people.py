"""One person is never two, whatever they sign, and however often it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from msgspec import structs

from tests.support.attack_target import Target
from tests.support.registered import (
    CALL,
    LEE,
    NOW,
    ROSA,
    STRANGER,
    registered_key,
    registry,
    registry_statement,
)
from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON
from workers.wire.policy.demands import Demand, Quorum
from workers.wire.policy.judging import Judgement, judge
from workers.wire.policy.votes import Objection, Standing
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import Display, Meaning, PolicyName, Signer
from workers.wire.signing.verifying import Call

TARGET = Target({}, NOW)
POLICY = PolicyName(id="payments", version=7)
TWO = Demand(gated=True, quorums=(Quorum(2),))
BOTH_ROOMS = Demand(gated=True, quorums=(Quorum(1, ("treasury",)), Quorum(1, ("records",))))
EDITED = "sha-256:" + "99" * 32
EDIT: dict[str, Any] = {"decision": DecisionKind.EDIT, "edited_args_digest": EDITED}
AUTHOR: dict[str, Any] = {**EDIT, "meaning": Meaning.AUTHORSHIP}
EDIT_CALL = replace(CALL, **EDIT)
#: A second key of Rosa's.
OTHER_KEY = SigningKey(b"\x51" * 32)


def _registry() -> Registry:
    """Rosa with two keys and two roles, and Lee."""
    rosa, lee = registry_statement().reviewers
    keys = (registered_key(ROSA), registered_key(OTHER_KEY))
    return registry(
        reviewers=(structs.replace(rosa, keys=keys, roles=("treasury", "records")), lee)
    )


def _lee(**changes: Any) -> Any:  # noqa: ANN401 - JSON, and fields of a statement
    signer = Signer(id="l.park", name="Lee Park", role="treasury")
    return TARGET.signed(LEE, **{"reviewer": signer, "nonce": "1e" * 16, **changes})


def _rosa(*keys: SigningKey, **changes: Any) -> Any:  # noqa: ANN401 - see `_lee`
    role = changes.pop("role", "treasury")
    signer = Signer(id="r.mora", name="Rosa Mora", role=role)
    return TARGET.signed(*keys, **{"reviewer": signer, "nonce": "0a" * 16, **changes})


@dataclass(frozen=True)
class Case:
    """What was sent, and what it comes to: a reason, or how the vote stands with objections."""

    sent: Sequence[JSON]
    outcome: Distrust | tuple[()] | tuple[Standing, tuple[Objection, ...]]
    demand: Demand = TWO
    call: Call = CALL
    requester: str = "m.okafor"


def _judge(case: Case) -> Judgement:
    return judge(
        case.sent, case.call, case.demand, _registry(), NOW,
        requester=case.requester, policy=POLICY,
    )  # fmt: skip


OPEN = Standing.OPEN
BEFORE = Objection.VOTED_BEFORE
AGAIN: dict[str, Any] = {"nonce": "0b" * 16}
CASES = {
    "alone": Case([_rosa()], (OPEN, ())),
    "the same envelope twice": Case([_rosa(), _rosa()], Distrust.REPEATED),
    "the same envelope many times": Case([_rosa()] * 9, Distrust.REPEATED),
    "one number with two times": Case([_rosa(), _rosa(iat=NOW - 6)], Distrust.REPEATED),
    "one number by two people": Case([_rosa(), _lee(nonce="0a" * 16)], Distrust.REPEATED),
    "twice with two numbers": Case([_rosa(), _rosa(**AGAIN)], (OPEN, (BEFORE,))),
    "with two keys": Case([_rosa(), _rosa(OTHER_KEY, **AGAIN)], (OPEN, (BEFORE,))),
    "in two roles": Case([_rosa(), _rosa(role="records", **AGAIN)], (OPEN, (BEFORE,))),
    "in two rooms": Case(
        [_rosa(), _rosa(role="records", **AGAIN)], (OPEN, (BEFORE,)), BOTH_ROOMS
    ),
    "in two roles with two keys": Case(
        [_rosa(), _rosa(OTHER_KEY, role="records", **AGAIN)], (OPEN, (BEFORE,)), BOTH_ROOMS
    ),
    "with two meanings": Case(
        [_rosa(), _rosa(meaning=Meaning.REVIEW, **AGAIN)],
        (OPEN, (BEFORE,)),
        replace(TWO, meanings=(Meaning.APPROVAL, Meaning.REVIEW)),
    ),
    "with two keys under one signature": Case(
        [_rosa(ROSA, OTHER_KEY), _lee()], Distrust.WRONG_REVIEWER
    ),
    "as two people under one key": Case(
        [_rosa(), TARGET.signed(ROSA, nonce="0c" * 16,
                                reviewer=Signer(id="l.park", name="Lee Park", role="treasury"))],
        Distrust.WRONG_REVIEWER,
    ),
    "with somebody unknown": Case([_rosa(), TARGET.signed(STRANGER)], Distrust.UNKNOWN_KEY),
    "with nobody": Case([_rosa(), None], Distrust.MALFORMED),
    "with somebody who did not sign": Case(
        [_rosa(), {**_lee(), "signatures": []}], Distrust.MALFORMED
    ),
    "with a decision on another call": Case(
        [_rosa(), _lee(tool_call_id="call_2")], Distrust.WRONG_CALL
    ),
    "with a decision on other arguments": Case(
        [_rosa(), _lee(args_digest=EDITED)], Distrust.WRONG_DIGEST
    ),
    "with a decision that has expired": Case(
        [_rosa(), _lee(iat=NOW - 600, exp=NOW - 1)], Distrust.EXPIRED
    ),
    "with a rejection": Case(
        [_rosa(), _lee(decision=DecisionKind.REJECT, meaning=Meaning.REJECTION)],
        Distrust.WRONG_DECISION,
    ),
    "with a vote under another policy": Case(
        [_rosa(), _lee(policy=PolicyName(id="lax", version=1))], Distrust.WRONG_POLICY
    ),
    "who asked": Case([_rosa(), _lee()], (OPEN, (Objection.IS_REQUESTER,)), requester="r.mora"),
    "who asked, and alone would do": Case(
        [_rosa()], (OPEN, (Objection.IS_REQUESTER,)), Demand(gated=True), requester="r.mora"
    ),
    **{
        f"who asked as {name!r}": Case(
            [_rosa()], (OPEN, (Objection.IS_REQUESTER,)), Demand(gated=True), requester=name
        )
        for name in ("R.Mora", "r.mora ", "Rosa Mora", "rosa  MORA", "\uff52.mora")
    },
    "without having looked": Case(
        [_rosa(display=Display(digest="", ms_open=0))], (OPEN, (Objection.NOT_READ,)),
        Demand(gated=True, dwell_seconds=600),
    ),
    "without having looked for long enough": Case(
        [_rosa(), _lee(display=Display(digest="", ms_open=18_399))],
        (OPEN, (Objection.NOT_READ,)), replace(TWO, dwell_seconds=18.4),
    ),
    "in a role that does not count": Case(
        [_rosa(role="records"), _lee()],
        (OPEN, (Objection.WRONG_ROLE,)),
        replace(TWO, quorums=(Quorum(2, ("treasury",)),)),
    ),
    "with a meaning that does not count": Case(
        [_rosa(), _lee(meaning=Meaning.REVIEW)], (OPEN, (Objection.WRONG_MEANING,))
    ),
    "as an author of nothing": Case(
        [_rosa(), _lee(meaning=Meaning.AUTHORSHIP)], (OPEN, (Objection.WRONG_MEANING,))
    ),
    "with a rejection for a meaning": Case(
        [_rosa(), _lee(meaning=Meaning.REJECTION)], (OPEN, (Objection.WRONG_MEANING,))
    ),
    "without a reason": Case(
        [_rosa(comment="")], (OPEN, (Objection.NO_REASON,)),
        replace(TWO, quorums=(Quorum(1),), reason_required=True),
    ),
    "with blanks for a reason": Case(
        [_rosa(comment=" \t\u00a0")], (OPEN, (Objection.NO_REASON,)),
        replace(TWO, quorums=(Quorum(1),), reason_required=True),
        replace(CALL, comment=" \t\u00a0"),
    ),
    "an edit that nobody owns": Case(
        [_rosa(**EDIT), _lee(**EDIT)], Distrust.WRONG_EDIT, call=EDIT_CALL
    ),
    "an edit of two authors": Case(
        [_rosa(**AUTHOR), _lee(**AUTHOR)], Distrust.WRONG_EDIT, call=EDIT_CALL
    ),
    "an edit its author approves": Case(
        [_rosa(**AUTHOR), _rosa(**EDIT, **AGAIN)],
        (OPEN, (Objection.IS_EDITOR,)), Demand(gated=True), EDIT_CALL,
    ),
    "an edit its author approves with another key": Case(
        [_rosa(**AUTHOR), _rosa(OTHER_KEY, role="records", **EDIT, **AGAIN)],
        (OPEN, (Objection.IS_EDITOR,)), Demand(gated=True), EDIT_CALL,
    ),
    "an edit alone": Case([_rosa(**AUTHOR)], (OPEN, ()), Demand(gated=True), EDIT_CALL),
    "an edit, approved by one who asked": Case(
        [_rosa(**AUTHOR), _lee(**EDIT)], (OPEN, (Objection.IS_REQUESTER,)),
        Demand(gated=True), EDIT_CALL, "l.park",
    ),
    "an edit that others approved unchanged": Case(
        [_rosa(**AUTHOR), _lee()], Distrust.WRONG_DECISION, call=EDIT_CALL
    ),
    "an edit of another edit": Case(
        [_rosa(**AUTHOR), _lee(**{**EDIT, "edited_args_digest": "sha-256:" + "77" * 32})],
        Distrust.WRONG_EDIT, call=EDIT_CALL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_not_enough(case: Case) -> None:
    """Either something sent is not believed, or too few are left."""
    if isinstance(case.outcome, Distrust):
        with pytest.raises(NotTrusted) as caught:
            _judge(case)
        assert caught.value.reason is case.outcome
        return
    tally = _judge(case).tally
    assert (tally.standing, tuple(why for _, why in tally.objections)) == case.outcome
    assert tally.missing


@pytest.mark.parametrize(
    "case",
    [
        Case([_rosa(), _lee()], ()),
        Case([_lee(), _rosa()], ()),
        Case([_rosa(role="records"), _lee()], (), BOTH_ROOMS),
        Case([_rosa(), _lee()], (), replace(TWO, dwell_seconds=18.4), requester="Rosa"),
        Case([_rosa(**AUTHOR), _lee(**EDIT)], (), Demand(gated=True), EDIT_CALL),
        Case([_rosa(**EDIT)], (), Demand(gated=True, editor_may_approve=True), EDIT_CALL),
    ],
    ids=[
        "two",
        "turned around",
        "two rooms",
        "looked at long enough",
        "an edit",
        "an edit where editors may",
    ],
)
def test_it_is_enough(case: Case) -> None:
    """Else every attack would fail for nothing."""
    assert _judge(case).tally.standing is Standing.APPROVED


def test_one_rejection_closes_whatever_else_is_there() -> None:
    """Lee says no, in whatever meaning; Rosa's no counts although she asked."""
    no: dict[str, Any] = {"decision": DecisionKind.REJECT}
    call = replace(CALL, decision=DecisionKind.REJECT)
    for sent in ([_rosa(**no)], [_rosa(**no), _lee(**no)]):
        found = _judge(Case(sent, (), call=call, requester="r.mora"))
        assert found.tally.standing is Standing.REJECTED
