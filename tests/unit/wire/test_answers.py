"""Decisions as each dialect wants them, and back; what would break a thread is refused."""

from __future__ import annotations

import pytest

from workers.wire.answers import (
    by_interrupt_id,
    native_answer,
    possible_decisions,
    read_native_answer,
)
from workers.wire.approvals import Decision, DecisionKind
from workers.wire.canonical import JSON
from workers.wire.dialects import read_interrupt
from workers.wire.errors import MalformedDecision

APPROVE, REJECT, RESPOND = DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND
PAY: JSON = {"name": "pay", "args": {"n": 1}}
ALL: JSON = {"allowed_decisions": ["approve", "edit", "reject", "respond"]}
ONLY_REJECT: JSON = {"allowed_decisions": ["reject"]}
BATCH: dict[str, JSON] = {"action_requests": [PAY, PAY], "review_configs": [ALL, ALL]}


def _back(value: dict[str, JSON], answer: JSON) -> Decision:
    return read_native_answer(read_interrupt(value), value, answer)


def _native(value: dict[str, JSON], kind: DecisionKind, args: JSON = None) -> JSON:
    return native_answer(read_interrupt(value), value, Decision(kind=kind, args=args))


def test_a_batch_can_be_decided_as_a_whole_only_where_each_call_allows_it() -> None:
    """One that may only be rejected keeps the whole batch from being approved."""
    mixed: dict[str, JSON] = {**BATCH, "review_configs": [ALL, ONLY_REJECT]}

    assert possible_decisions(read_interrupt(BATCH), BATCH) == (APPROVE, REJECT, RESPOND)
    assert possible_decisions(read_interrupt(mixed), mixed) == (REJECT, RESPOND)
    with pytest.raises(MalformedDecision, match="Call 2"):
        _native(mixed, APPROVE)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {"type": "approve"},
        {"decisions": []},
        {"decisions": [{"type": "approve"}]},
        {"decisions": 3 * [{"type": "approve"}]},
        {"decisions": [{"type": "approve"}, {"type": ["approve"]}]},
        {"decisions": [{"type": "approve"}, {"type": "sure"}]},
        {"decisions": [{"type": "approve"}, {"type": "respond"}]},
        {"decisions": [{"type": "approve"}, {"type": "edit", "edited_action": {"args": {}}}]},
        {
            "decisions": [
                {"type": "approve"},
                {"type": "edit", "edited_action": {"name": "steal", "args": {}}},
            ]
        },
    ],
)
def test_a_batch_takes_one_allowed_decision_for_each_call_and_no_other_tool(wrong: JSON) -> None:
    """LangChain would store the wrong one, and fail on it for ever."""
    with pytest.raises(MalformedDecision):
        _back(BATCH, wrong)


def test_decisions_that_differ_are_passed_on_as_they_are() -> None:
    """Each call of a batch gets its own."""
    mixed: JSON = {"decisions": [{"type": "approve"}, {"type": "reject", "message": "no"}]}

    decision = _back(BATCH, mixed)

    assert (decision.kind, decision.args) == (RESPOND, mixed)
    assert _native(BATCH, RESPOND, mixed) == mixed
    alike: JSON = {"decisions": [{"type": "approve"}, {"type": "approve"}]}
    assert _back(BATCH, alike).kind is APPROVE


@pytest.mark.parametrize(
    ("schema", "answer", "fits"),
    [
        ({"type": "integer"}, 1, True),
        ({"type": "integer"}, True, False),
        ({"type": "integer"}, "1", False),
        ({"type": "boolean"}, False, True),
        ({"type": "object", "required": ["a"]}, {"a": 1}, True),
        ({"type": "object", "required": ["a"]}, {"b": 1}, False),
        ({"type": ["string", "null"]}, 3, True),
        ("no schema", 3, True),
    ],
)
def test_an_answer_to_a_schema_has_its_outermost_type(
    schema: JSON, answer: JSON, *, fits: bool
) -> None:
    """What the schema leaves open, or says in a way we do not read, is left to the graph."""
    value: dict[str, JSON] = {"response_schema": schema, "ask": "?"}

    if fits:
        assert _native(value, RESPOND, answer) == answer
    else:
        with pytest.raises(MalformedDecision):
            _native(value, RESPOND, answer)


@pytest.mark.parametrize(
    ("payload", "answered"),
    [
        ({"0" * 32: 1}, ("0" * 32, 1)),
        ({"0" * 32: 1, "1" * 32: 2}, None),
        ({"type": "accept"}, None),
        ({}, None),
        ([], None),
        ({"A" * 32: 1}, None),
    ],
)
def test_one_answer_by_interrupt_id_is_told_from_a_decision(
    payload: JSON, answered: tuple[str, JSON] | None
) -> None:
    """Several at once are no answer to anything."""
    assert by_interrupt_id(payload) == answered
