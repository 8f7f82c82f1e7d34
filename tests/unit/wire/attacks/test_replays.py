"""A decision that was good once, or is good for something else, is good for nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from tests.support.attack_target import Target
from tests.support.registered import CALL, NOW, ROSA, registered_key, registry, registry_statement
from workers.wire.approvals import (
    MAX_ENVELOPES,
    DecisionKind,
    read_decision,
    request_id,
)
from workers.wire.canonical import JSON
from workers.wire.errors import MalformedDecision
from workers.wire.policy.demands import Demand
from workers.wire.policy.judging import Judgement, judge
from workers.wire.policy.votes import Standing
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import PolicyName
from workers.wire.signing.verifying import Call

GOOD = Target({}, NOW).signed()
POLICY = PolicyName(id="payments", version=7)


def _judge(
    call: Call = CALL,
    *envelopes: JSON,
    known: Registry | None = None,
    at: float = NOW,
    policy: PolicyName = POLICY,
) -> Judgement:
    return judge(
        envelopes or (GOOD,), call, Demand(gated=True), known or registry(), at,
        requester="m.okafor", policy=policy,
    )  # fmt: skip


def _refusal(*args: Any, **options: Any) -> Distrust:  # noqa: ANN401 - of `_judge`
    with pytest.raises(NotTrusted) as caught:
        _judge(*args, **options)
    return caught.value.reason


OTHER_DIGEST = "sha-256:" + "99" * 32
REPLAYS: dict[str, tuple[Call, Distrust]] = {
    "on another call": (replace(CALL, tool_call_id="call_2"), Distrust.WRONG_CALL),
    "on the next request for the same call": (
        replace(CALL, request_id="cd" * 16),
        Distrust.WRONG_REQUEST,
    ),
    "on the same call asked again, as ids repeat": (
        replace(CALL, request_id="ef" * 16, args_digest=OTHER_DIGEST),
        Distrust.WRONG_REQUEST,
    ),
    "in another context": (replace(CALL, context_id="c-2"), Distrust.WRONG_CONTEXT),
    "for another agent": (replace(CALL, agent="records_agent"), Distrust.WRONG_AGENT),
    "on another tool": (replace(CALL, action="close_account"), Distrust.WRONG_ACTION),
    "on other arguments": (replace(CALL, args_digest=OTHER_DIGEST), Distrust.WRONG_DIGEST),
    "as a rejection": (replace(CALL, decision=DecisionKind.REJECT), Distrust.WRONG_DECISION),
    "as an answer": (replace(CALL, decision=DecisionKind.RESPOND), Distrust.WRONG_DECISION),
    "as an edit": (
        replace(CALL, decision=DecisionKind.EDIT, edited_args_digest=OTHER_DIGEST),
        Distrust.WRONG_DECISION,
    ),
    "as an edit of nothing": (replace(CALL, decision=DecisionKind.EDIT), Distrust.WRONG_DECISION),
    "with arguments of its own": (
        replace(CALL, edited_args_digest=OTHER_DIGEST),
        Distrust.WRONG_EDIT,
    ),
    "with a reason of its own": (replace(CALL, comment="Fine."), Distrust.WRONG_DECISION),
}


@pytest.mark.parametrize(("call", "reason"), REPLAYS.values(), ids=REPLAYS)
def test_a_good_decision_is_replayed(call: Call, reason: Distrust) -> None:
    """Whatever the message around it says, the signature says for what it was."""
    assert _refusal(call) is reason


def test_a_decision_on_one_attempt_is_none_on_the_next() -> None:
    """The next start of the same call, after one in doubt, is asked about anew."""
    place = (CALL.agent, CALL.context_id, "ns", CALL.tool_call_id, CALL.args_digest)
    first, second = (request_id(*place, attempt) for attempt in (0, 1))
    on_first = Target({"request_id": first}, NOW).signed()
    assert _judge(replace(CALL, request_id=first), on_first).tally.standing is Standing.APPROVED
    assert _refusal(replace(CALL, request_id=second), on_first) is Distrust.WRONG_REQUEST


def test_a_good_decision_does_not_keep() -> None:
    """It comes hours later, or before it was made."""
    assert _refusal(at=NOW + 300) is Distrust.EXPIRED
    assert _refusal(at=NOW + 86_400) is Distrust.EXPIRED
    assert _refusal(at=NOW - 126) is Distrust.FROM_THE_FUTURE


@pytest.mark.parametrize(
    "policy",
    [
        PolicyName(id="payments", version=8),
        PolicyName(id="payments", version=6),
        PolicyName(id="other", version=7),
        PolicyName(id="", version=0),
    ],
    ids=["newer", "older", "other", "none"],
)
def test_a_decision_under_another_policy(policy: PolicyName) -> None:
    """Who agreed to the old rules did not agree to the new ones."""
    assert _refusal(policy=policy) is Distrust.WRONG_POLICY


def _rosas_key(**changes: str) -> Registry:
    rosa, *others = registry_statement().reviewers
    own = structs.replace(rosa, keys=(registered_key(ROSA, **changes),))
    return registry(reviewers=(own, *others))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"revoked_at": "2026-03-02T09:15:05Z"}, Distrust.KEY_REVOKED),
        ({"revoked_at": "2026-03-02T09:00:00Z"}, Distrust.KEY_REVOKED),
        ({"revoked_at": "2026-03-02T10:15:05+01:00"}, Distrust.KEY_REVOKED),
        ({"not_after": "2026-03-02T09:15:05Z"}, Distrust.KEY_NOT_VALID),
        ({"not_before": "2026-03-02T09:15:06Z"}, Distrust.KEY_NOT_VALID),
        ({"not_before": "2025-01-01T00:00:00Z", "not_after": "2025-12-31T00:00:00Z"},
         Distrust.KEY_NOT_VALID),
    ],
    ids=["this second", "before", "in another zone", "ended", "not yet", "last year's"],
)  # fmt: skip
def test_a_key_that_counts_no_more(changes: dict[str, str], reason: Distrust) -> None:
    """It is the time of the decision's coming that counts, not what the signer says."""
    assert _refusal(known=_rosas_key(**changes)) is reason


def test_a_key_that_is_revoked_later_still_counts() -> None:
    """What was signed and came before is not undone."""
    known = _rosas_key(revoked_at="2026-03-02T09:15:06Z")
    assert _judge(known=known).tally.standing is Standing.APPROVED


def test_a_reviewer_who_left_the_registry() -> None:
    """Nobody knows the key any more."""
    lee = registry_statement().reviewers[1]
    assert _refusal(known=registry(reviewers=(lee,))) is Distrust.UNKNOWN_KEY


BINDING = {
    "aud": CALL.agent, "context_id": CALL.context_id, "tool_call_id": CALL.tool_call_id,
    "request_id": CALL.request_id, "action": CALL.action, "args_digest": CALL.args_digest,
    "decision": "approve", "reviewer": {"id": "r.mora"}, "iat": NOW, "nonce": "ab" * 16,
}  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "accept",
        {},
        {"type": "yes"},
        {"type": ["accept"]},
        {"0a1b2c3d4e5f": {"type": "accept"}},
        {"type": "accept", "message": 1},
        {"type": "accept", "approval": []},
        {"type": "accept", "approval": {"v": 0, "binding": BINDING}},
        {"type": "accept", "approval": {"v": 2, "binding": BINDING}},
        {"type": "accept", "approval": {"v": 1, "binding": None}},
        {"type": "accept", "approval": {"v": 1, "binding": {**BINDING, "decision": "maybe"}}},
        {"type": "accept", "approval": {"v": 1, "binding": BINDING, "envelopes": {}}},
        {"type": "accept", "approval": {"v": 1, "binding": BINDING, "envelopes": GOOD}},
        {
            "type": "accept",
            "approval": {"v": 1, "binding": BINDING, "envelopes": [GOOD] * (MAX_ENVELOPES + 1)},
        },
    ],
    ids=[
        "null", "a list", "a text", "nothing", "another word", "a list of words",
        "a raw interrupt map", "a reason that is none", "an approval that is none",
        "an older version", "a newer version", "no binding", "another decision",
        "envelopes by name", "an envelope alone", "33 envelopes",
    ],
)  # fmt: skip
def test_a_message_that_nobody_reads(payload: JSON) -> None:
    """Before any signature is looked at."""
    with pytest.raises(MalformedDecision):
        read_decision(payload)


def test_taking_the_signatures_away_gains_nothing() -> None:
    """A decision without them is not one of an older, laxer kind."""
    bare = read_decision({"type": "accept", "approval": {"v": 1, "binding": BINDING}})
    assert bare.envelopes == ()
    with pytest.raises(NotTrusted) as caught:
        judge([], CALL, Demand(gated=True), registry(), NOW, requester="", policy=POLICY)
    assert caught.value.reason is Distrust.UNSIGNED
