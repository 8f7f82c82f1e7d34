"""A decision is bound to one call, and whatever is not a decision is refused as such."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from workers.wire.approvals import (
    MAX_ARGS_BYTES,
    ApprovalRequest,
    Binding,
    Decision,
    DecisionKind,
    Outcome,
    Receipt,
    Refusal,
    Requester,
    Reviewer,
    args_digest,
    decision_payload,
    digest_in,
    digest_matches,
    read_decision,
    refused,
    request_id,
    request_salt,
)
from workers.wire.canonical import JSON
from workers.wire.errors import MalformedDecision, NotApprovable

SALT = b"0123456789abcdef"
ARGS: dict[str, Any] = {"to": "ACME Tools", "amount": 1250}


def _request(**changes: Any) -> ApprovalRequest:  # noqa: ANN401 - fields of many types
    digest = args_digest("treasury_agent", "transfer_funds", ARGS, SALT)
    request = ApprovalRequest(
        request_id=request_id("treasury_agent", "c-1", "tools:1", "call-1", digest),
        agent="treasury_agent",
        context_id="c-1",
        tool_call_id="call-1",
        action="transfer_funds",
        args_digest=digest,
        salt=base64.b64encode(SALT).decode(),
        requester=Requester(id="jdoe"),
    )
    return msgspec.structs.replace(request, **changes)


def _binding(**changes: Any) -> Binding:  # noqa: ANN401 - fields of many types
    request = _request()
    binding = Binding(
        aud=request.agent,
        context_id=request.context_id,
        tool_call_id=request.tool_call_id,
        request_id=request.request_id,
        action=request.action,
        args_digest=request.args_digest,
        decision=DecisionKind.APPROVE,
        reviewer=Reviewer(id="r.mora", name="R. Mora"),
        iat=1_770_000_000,
        nonce="0f" * 16,
    )
    return msgspec.structs.replace(binding, **changes)


def test_a_digest_is_what_the_protocol_says() -> None:
    """Another implementation must get the same: `sha256sum` did."""
    assert args_digest("a", "pay", {"n": 1}, SALT) == (
        "sha-256:bbb5255a14bd6ea49a67b024eb83f04f8725744f6399c9eddc1f257582ebd40d"
    )


def test_a_request_id_is_what_the_protocol_says() -> None:
    """The same, for the name of the request."""
    made = request_id("a", "c-1", "tools:1", "call-1", "sha-256:00")

    assert made == "f56b643f72ee2214acf15805140c8d87"


@pytest.mark.parametrize(
    "other",
    [
        args_digest("records_agent", "transfer_funds", ARGS, SALT),
        args_digest("treasury_agent", "transfer_fund", ARGS, SALT),
        args_digest("treasury_agent", "transfer_funds", {**ARGS, "amount": 1250.5}, SALT),
        args_digest("treasury_agent", "transfer_funds", {**ARGS, "note": None}, SALT),
        args_digest("treasury_agent", "transfer_funds", ARGS, SALT[::-1]),
    ],
    ids=["agent", "action", "argument", "one-more-argument", "salt"],
)
def test_a_digest_changes_with_each_thing_it_binds(other: str) -> None:
    """No part of a call can be exchanged under a decision."""
    assert other != _request().args_digest


def test_the_same_call_has_the_same_request_id_each_time() -> None:
    """A LangGraph node runs again after a resume and must find its own request."""
    ids = {_request().request_id for _ in range(3)}

    assert len(ids) == 1
    assert len(ids.pop()) == 32


@pytest.mark.parametrize("changed", range(5))
def test_another_call_has_another_request_id(changed: int) -> None:
    """Agent, context, place in the graph, tool call and arguments each make it another."""
    parts = ["a", "c", "ns", "t", "sha-256:00"]
    others = [part + "x" if place == changed else part for place, part in enumerate(parts)]

    assert request_id(*parts) != request_id(*others)


def test_the_parts_of_a_request_id_do_not_run_together() -> None:
    """`ab` + `c` is not `a` + `bc`."""
    assert request_id("ab", "c", "", "t", "d") != request_id("a", "bc", "", "t", "d")


def test_the_salt_of_a_request_comes_from_the_thread_s_own_seed() -> None:
    """The same each time the node runs; another for another call, and for another thread."""
    salt = request_salt(b"seed", "ns", "call-1")

    assert len(salt) == 16
    assert salt == request_salt(b"seed", "ns", "call-1")
    assert salt != request_salt(b"seed", "ns", "call-2")
    assert salt != request_salt(b"deed", "ns", "call-1")


def test_the_arguments_beside_a_request_are_checked_against_its_digest() -> None:
    """What is shown is what is bound."""
    assert digest_matches(_request(), dict(reversed(ARGS.items())))
    assert not digest_matches(_request(), {**ARGS, "amount": 9999})


@pytest.mark.parametrize(
    "salt",
    ["", "not base64!", base64.b64encode(SALT + b"x").decode(), base64.b64encode(b"x").decode()],
    ids=["none", "no-base64", "17-bytes", "1-byte"],
)
def test_a_request_with_a_salt_of_another_length_matches_nothing(salt: str) -> None:
    """A longer salt could stand for the first bytes of other arguments."""
    request = _request(salt=salt)

    assert not digest_matches(request, ARGS)
    with pytest.raises(NotApprovable, match="no usable salt"):
        digest_in(request, ARGS)


def test_arguments_too_large_to_be_shown_are_not_put_to_a_reviewer() -> None:
    """An interrupt nobody could read would wait for ever."""
    with pytest.raises(NotApprovable, match="131,072 are allowed"):
        args_digest("a", "pay", {"note": "x" * MAX_ARGS_BYTES}, SALT)


@pytest.mark.parametrize("args", [float("nan"), {"x": "\ud800"}, {"x": 2**60}])
def test_arguments_without_a_form_have_no_digest(args: JSON) -> None:
    """A worker that did not tag or check them learns it here."""
    with pytest.raises(NotApprovable):
        args_digest("a", "pay", args, SALT)


@pytest.mark.parametrize(
    "decision",
    [
        Decision(kind=DecisionKind.APPROVE, binding=_binding()),
        Decision(kind=DecisionKind.REJECT, message="wrong account", binding=_binding()),
        Decision(kind=DecisionKind.EDIT, args={"amount": 10}, binding=_binding()),
        Decision(kind=DecisionKind.RESPOND, message="paid by wire already"),
        Decision(kind=DecisionKind.APPROVE),
    ],
    ids=["approve", "reject", "edit", "respond", "bare"],
)
def test_a_decision_survives_the_wire(decision: Decision) -> None:
    """What a reviewer decided is what the worker reads."""
    raw = msgspec.json.encode(decision_payload(decision))

    assert read_decision(msgspec.json.decode(raw)) == decision


def test_a_base_worker_understands_an_approval_and_a_rejection() -> None:
    """It knows `accept` and `reject`, and ignores the rest."""
    accept = decision_payload(Decision(kind=DecisionKind.APPROVE, binding=_binding()))
    reject = decision_payload(Decision(kind=DecisionKind.REJECT, message="no"))

    assert isinstance(accept, dict)
    assert accept["type"] == "accept"
    assert reject == {"type": "reject", "message": "no"}


_BINDING = msgspec.to_builtins(_binding())


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(None, id="nothing"),
        pytest.param("accept", id="a-text"),
        pytest.param(["accept"], id="a-list"),
        pytest.param({}, id="empty"),
        pytest.param({"type": "approve"}, id="a-word-of-another-dialect"),
        pytest.param({"type": "ACCEPT"}, id="upper-case"),
        pytest.param({"type": ["accept"]}, id="type-in-a-list"),
        pytest.param({"type": None}, id="null-type"),
        pytest.param({"0f0f": {"type": "accept"}}, id="a-map-by-interrupt-id"),
        pytest.param({"type": "reject", "message": 7}, id="number-as-reason"),
        pytest.param({"type": "reject", "message": None}, id="null-reason"),
        pytest.param({"type": "accept", "approval": []}, id="approval-is-a-list"),
        pytest.param({"type": "accept", "approval": {}}, id="approval-without-version"),
        pytest.param({"type": "accept", "approval": {"v": 2}}, id="newer-version"),
        pytest.param({"type": "accept", "approval": {"v": 1}}, id="no-binding"),
        pytest.param(
            {"type": "accept", "approval": {"v": 1, "binding": {**_BINDING, "iat": "now"}}},
            id="text-for-time",
        ),
        pytest.param(
            {"type": "accept", "approval": {"v": 1, "binding": {**_BINDING, "decision": "maybe"}}},
            id="unknown-decision",
        ),
        pytest.param(
            {"type": "accept", "approval": {"v": 1, "binding": {**_BINDING, "reviewer": "me"}}},
            id="reviewer-is-a-text",
        ),
    ],
)
def test_what_is_no_decision_is_refused(payload: JSON) -> None:
    """A map by interrupt id is one of these: it would choose its own target."""
    with pytest.raises(MalformedDecision):
        read_decision(payload)


def test_members_of_a_newer_version_do_not_make_a_decision_malformed() -> None:
    """A later console may say more."""
    payload = decision_payload(Decision(kind=DecisionKind.APPROVE, binding=_binding()))
    assert isinstance(payload, dict)

    assert read_decision({**payload, "meaning": "reviewed"}).binding == _binding()


@pytest.mark.parametrize("reason", Refusal)
def test_a_receipt_tells_each_refusal_apart(reason: Refusal) -> None:
    """The reason travels in the outcome."""
    receipt = Receipt(outcome=refused(reason), request_id="", context_id="c-1", agent="a")

    assert receipt.kind is Outcome.REFUSED
    assert receipt.refusal is reason


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.REFUSED])
def test_a_receipt_of_another_outcome_is_no_refusal(outcome: Outcome) -> None:
    """Only `refused:` carries a reason."""
    receipt = Receipt(outcome=str(outcome), request_id="", context_id="c-1", agent="a")

    assert receipt.kind is outcome
    assert receipt.refusal is None


@pytest.mark.parametrize("outcome", ["", "postponed", "refused:it_rains", "applied:twice"])
def test_an_outcome_of_a_newer_version_is_no_crash(outcome: str) -> None:
    """It is simply not known here."""
    receipt = Receipt(outcome=outcome, request_id="", context_id="c-1", agent="a")

    assert receipt.refusal is None
    assert receipt.kind in {None, Outcome.REFUSED, Outcome.APPLIED}
