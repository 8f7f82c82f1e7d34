"""Signatures and policy together: whether the signed decisions on one call let it run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import structs

from tests.support.registered import (
    CALL,
    LEE,
    NOW,
    ROSA,
    STRANGER,
    decision,
    registry,
    signed,
)
from workers.wire.approvals import ApprovalRequest, DecisionKind, PolicyTerms, Requester
from workers.wire.canonical import JSON
from workers.wire.policy.demands import Demand, Quorum
from workers.wire.policy.judging import Judgement, judge, policy_name
from workers.wire.policy.votes import Objection, Standing
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.statements import Meaning, PolicyName, Signer
from workers.wire.signing.verifying import Call

POLICY = PolicyName(id="payments", version=7)
TWO = Demand(gated=True, quorums=(Quorum(2),))
LEE_SIGNS = Signer(id="l.park", name="Lee Park", role="treasury")


def _envelope(key: SigningKey = ROSA, **changes: object) -> JSON:
    fields = {"reviewer": LEE_SIGNS, "nonce": 32 * "b"} if key is LEE else {}
    plain: JSON = msgspec.to_builtins(signed(decision(**{**fields, **changes}), key))
    return plain


def _judge(
    *envelopes: JSON, demand: Demand = TWO, call: Call = CALL, requester: str = ""
) -> Judgement:
    return judge(envelopes, call, demand, registry(), NOW, requester=requester, policy=POLICY)


def _reason(*envelopes: JSON, **options: Any) -> Distrust:  # noqa: ANN401 - as `_judge`
    with pytest.raises(NotTrusted) as raised:
        _judge(*envelopes, **options)
    return raised.value.reason


def test_two_who_signed_are_enough_where_two_are_needed() -> None:
    """One of them alone is not; what they signed is kept in the order in which it came."""
    assert _judge(_envelope()).tally.standing is Standing.OPEN

    both = _judge(_envelope(), _envelope(LEE, comment="as agreed"))

    assert both.tally.standing is Standing.APPROVED
    assert [one.reviewer.id for one in both.proven] == ["r.mora", "l.park"]


def test_one_envelope_that_proves_nothing_spoils_the_whole_decision() -> None:
    """Somebody has put it there."""
    assert _reason() is Distrust.UNSIGNED
    assert _reason(_envelope(), _envelope(STRANGER)) is Distrust.UNKNOWN_KEY
    assert _reason(_envelope(), _envelope()) is Distrust.REPEATED
    other = PolicyName(id="payments", version=6)
    assert _reason(_envelope(policy=other)) is Distrust.WRONG_POLICY
    assert _reason(_envelope(comment="not what is told")) is Distrust.WRONG_DECISION


def test_of_an_edit_somebody_is_the_author_and_does_not_approve_it() -> None:
    """Unless the policy lets editors approve."""
    call = _edited()
    edited: dict[str, object] = {
        "decision": DecisionKind.EDIT,
        "edited_args_digest": call.edited_args_digest,
    }
    one = Demand(gated=True)
    author = _envelope(**edited, meaning=Meaning.AUTHORSHIP)
    approval = _envelope(LEE, **edited)

    judged = _judge(author, approval, demand=one, call=call)
    assert (judged.editor, judged.tally.standing) == ("r.mora", Standing.APPROVED)
    assert _judge(author, demand=one, call=call).tally.standing is Standing.OPEN
    own = _judge(author, _envelope(**edited, nonce=32 * "c"), demand=one, call=call)
    assert [objection for _vote, objection in own.tally.objections] == [Objection.IS_EDITOR]
    assert _reason(approval, demand=one, call=call) is Distrust.WRONG_EDIT
    second = _envelope(LEE, **edited, meaning=Meaning.AUTHORSHIP)
    assert _reason(author, second, demand=one, call=call) is Distrust.WRONG_EDIT
    mild = Demand(gated=True, editor_may_approve=True)
    assert _judge(_envelope(**edited), demand=mild, call=call).editor == "r.mora"


def test_an_answer_of_more_than_words_is_bound_as_an_edit_is() -> None:
    """An approval that carries such a digest is none."""
    digest = "sha-256:" + "9a" * 32
    answer = {"decision": DecisionKind.RESPOND, "edited_args_digest": digest}
    call = _call(decision=DecisionKind.RESPOND, edited_args_digest=digest)

    one = Demand(gated=True)
    assert _judge(_envelope(**answer), demand=one, call=call).tally.standing is Standing.APPROVED
    assert _reason(_envelope(**answer), call=_call(decision=DecisionKind.RESPOND)) is (
        Distrust.WRONG_EDIT
    )
    approval = _call(edited_args_digest=digest)
    assert _reason(_envelope(edited_args_digest=digest), call=approval) is Distrust.WRONG_EDIT


def test_a_decision_names_the_policy_of_its_request() -> None:
    """Of one that has none, a policy without a name."""
    request = ApprovalRequest(
        request_id="ab" * 16,
        agent="a",
        context_id="c",
        tool_call_id="t",
        action="pay",
        args_digest="",
        salt="",
        requester=Requester(id="jo"),
    )
    terms = PolicyTerms(id="payments", version=7, quorums=())

    assert policy_name(request) == PolicyName(id="", version=0)
    assert policy_name(structs.replace(request, policy=terms)) == POLICY


def _edited() -> Call:
    return _call(decision=DecisionKind.EDIT, edited_args_digest="sha-256:" + "9a" * 32)


def _call(**changes: Any) -> Call:  # noqa: ANN401 - fields of a Call
    return replace(CALL, **changes)
