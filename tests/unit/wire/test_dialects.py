"""Every framework's interrupt is told for what it is, answered in its own form, or not at all."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import scenes
from workers.wire.answers import answer, offered
from workers.wire.approvals import Decision, DecisionKind
from workers.wire.canonical import JSON
from workers.wire.dialects import Dialect, PendingCall, read_interrupt
from workers.wire.errors import MalformedDecision

APPROVE, EDIT, REJECT, RESPOND = (
    DecisionKind.APPROVE,
    DecisionKind.EDIT,
    DecisionKind.REJECT,
    DecisionKind.RESPOND,
)
_CALL = {"action": "transfer_funds", "args": {"amount": 10}}
_REQUEST: dict[str, Any] = {
    "v": 1,
    "request_id": "0f" * 16,
    "agent": "treasury_agent",
    "context_id": "c-1",
    "tool_call_id": "call-1",
    "action": "transfer_funds",
    "args_digest": "sha-256:" + "00" * 32,
    "salt": "MDEyMzQ1Njc4OWFiY2RlZg==",
    "requester": {"id": "jdoe"},
}
BASE: dict[str, Any] = {"action_request": _CALL, "tool_call_id": "call-1", "context_id": "c-1"}
SIGNOFF: dict[str, Any] = {
    **BASE,
    "interrupt_id": "i-1",
    "approval_request": _REQUEST,
    "allowed_decisions": ["approve", "edit", "reject", "respond"],
    "args_schema": {"type": "object"},
    "description": "Pays an invoice.",
}
PER_CALL: dict[str, Any] = {
    "type": "tool_approval",
    "tool_call_id": "call-1",
    "name": "transfer_funds",
    "args": {"amount": 10},
    "interrupt_id": "i-1",
}
BATCH: dict[str, Any] = {
    "action_requests": [{"name": "transfer_funds", "args": {"amount": 10}, "description": "Pays."}],
    "review_configs": [
        {"action_name": "transfer_funds", "allowed_decisions": ["approve", "edit", "reject"]}
    ],
    "interrupt_id": "i-1",
}
AGENT_INBOX: dict[str, Any] = {
    "action_request": _CALL,
    "config": {
        "allow_ignore": True,
        "allow_respond": True,
        "allow_edit": True,
        "allow_accept": True,
    },
    "interrupt_id": "i-1",
}

#: Nearly right values: the names that detection looks at, with anything under them.
_NAMES = st.sampled_from(
    ["type", "kind", "tool_call_id", "action_request", "action_requests", "review_configs", "args",
     "config", "approval_request", "allowed_decisions", "name", "action", "questions",
     "response_schema", "interrupt_id", "allow_accept", "agent", "description"]
)  # fmt: skip
_LEAVES = st.sampled_from(
    [None, True, 7, 1.5, "", "tool_approval", "ask_user", "hook_invocation", "delegate", "approve"]
)
_HOSTILE = st.recursive(
    _LEAVES | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "dialect"),
    [
        pytest.param(SIGNOFF, Dialect.SIGNOFF, id="signoff"),
        pytest.param(BASE, Dialect.BASE, id="base"),
        pytest.param(PER_CALL, Dialect.TOOL_APPROVAL, id="langchain-per-call"),
        pytest.param(BATCH, Dialect.HITL_BATCH, id="langchain-batched"),
        pytest.param(AGENT_INBOX, Dialect.AGENT_INBOX, id="agent-inbox"),
        pytest.param([AGENT_INBOX], Dialect.AGENT_INBOX, id="agent-inbox-in-a-list"),
        pytest.param({"type": "ask_user", "questions": []}, Dialect.ASK_USER, id="ask-user"),
        pytest.param(
            {"kind": "delegate", "agent": "b", "task": "x"}, Dialect.MACHINE, id="delegate"
        ),
        pytest.param({"type": "hook_invocation"}, Dialect.MACHINE, id="hook"),
        pytest.param({"response_schema": {"type": "object"}}, Dialect.SCHEMA, id="schema"),
        pytest.param("Which account?", Dialect.FREE_TEXT, id="text"),
        pytest.param({"question": "Which account?"}, Dialect.FREE_TEXT, id="object"),
        pytest.param(None, Dialect.FREE_TEXT, id="nothing"),
        pytest.param([1, 2], Dialect.FREE_TEXT, id="list"),
    ],
)
def test_each_dialect_is_told_from_the_others(value: JSON, dialect: Dialect) -> None:
    """Detection looks at what a value has, in the order of the protocol."""
    assert read_interrupt(value).dialect is dialect


def test_what_our_worker_says_is_all_read() -> None:
    """The card shows it whole."""
    call = read_interrupt(SIGNOFF)

    assert (call.action, call.args) == ("transfer_funds", {"amount": 10})
    assert (call.tool_call_id, call.interrupt_id) == ("call-1", "i-1")
    assert call.allowed == (APPROVE, EDIT, REJECT, RESPOND)
    assert call.description == "Pays an invoice."
    assert call.args_schema == {"type": "object"}
    assert call.request is not None
    assert call.request.requester.id == "jdoe"


@pytest.mark.parametrize("missing", ["request_id", "args_digest", "salt", "requester"])
def test_half_an_approval_request_makes_a_base_interrupt(missing: str) -> None:
    """A decision cannot be bound to it, so it is not shown as if it could."""
    half = {name: value for name, value in _REQUEST.items() if name != missing}

    call = read_interrupt({**SIGNOFF, "approval_request": half})

    assert call.dialect is Dialect.BASE
    assert call.allowed == (APPROVE, REJECT)


def test_a_base_worker_cannot_claim_more_than_it_understands() -> None:
    """Any answer but `accept` is a rejection to it."""
    call = read_interrupt({**BASE, "allowed_decisions": ["approve", "edit", "respond"]})

    assert call.allowed == (APPROVE, REJECT)


def test_a_batch_of_two_names_both_calls() -> None:
    """Nobody takes it for one call."""
    two: list[JSON] = [{"name": "pay", "args": {}}, {"name": "erase", "args": {}}]

    call = read_interrupt({**BATCH, "action_requests": two})

    assert call.action == "pay, erase"
    assert call.args == two


@settings(deadline=None, max_examples=300)
@given(_HOSTILE)
def test_hostile_values_never_raise(value: JSON) -> None:
    """Whatever an agent sends becomes a call that can be shown, encoded, answered or refused."""
    call = read_interrupt(value)

    assert isinstance(call, PendingCall)
    msgspec.json.encode(call)
    for kind in DecisionKind:
        try:
            json.dumps(answer(call, Decision(kind=kind)))
        except MalformedDecision:
            continue
        assert kind in offered(call)


@pytest.mark.parametrize(
    "value",
    [
        {"action_requests": [None], "review_configs": None},
        {"action_requests": [{"name": ["x"]}], "review_configs": [7]},
        {"action_requests": [{}], "review_configs": [{"allowed_decisions": [{"a": 1}, None]}]},
        {"action_request": {"action": 7, "args": 8}, "allowed_decisions": "approve"},
        {"action_request": {}, "config": {"allow_accept": "yes"}},
        {**SIGNOFF, "approval_request": {**_REQUEST, "risk": "apocalyptic"}},
        {**SIGNOFF, "allowed_decisions": [["approve"], {}]},
        [[[]]],
        [{"action_request": None}],
    ],
)
def test_values_that_are_nearly_right_never_raise(value: JSON) -> None:
    """The members detection looks at may hold anything."""
    assert read_interrupt(value).allowed in {(), (APPROVE, REJECT)}


def test_an_interrupt_of_a_hosted_graph_keeps_its_dialect_and_is_answered_bound() -> None:
    """The approval request beside it says that its worker checks decisions."""
    request = scenes.request(call="", action="question")
    value: JSON = {
        "ask": "What now?",
        "interrupt_id": "0" * 32,
        "tool_call_id": "",
        "context_id": scenes.CONTEXT,
        "allowed_decisions": ["respond"],
        "approval_request": msgspec.to_builtins(request),
    }

    call = read_interrupt(value)

    assert call.dialect is Dialect.FREE_TEXT
    assert call.request == request
    assert call.allowed == (DecisionKind.RESPOND,)
    assert call.args == {"ask": "What now?"}
    decision = Decision(kind=DecisionKind.RESPOND, message="wait")
    assert answer(call, decision) == {"type": "respond", "message": "wait"}


def test_a_call_in_doubt_says_since_when() -> None:
    """It was started before: only our own gate asks so, and takes the result in words."""
    kinds = ["approve", "reject", "respond"]
    again = {**SIGNOFF, "approval_request": {**_REQUEST, "attempt": 1}, "allowed_decisions": kinds}
    started = "2026-03-02T09:15:00.000+00:00"

    assert read_interrupt({**again, "earlier_start": started}).earlier_start == started
    assert read_interrupt(again).is_in_doubt
    assert not read_interrupt({**again, "approval_request": _REQUEST}).is_in_doubt
    assert not read_interrupt({**again, "allowed_decisions": kinds[:2]}).is_in_doubt
    assert not read_interrupt(SIGNOFF).is_in_doubt
