"""Decisions as each dialect wants them, and back; what would break a thread is refused."""

from __future__ import annotations

import pytest

from workers.wire.answers import (
    answer,
    by_interrupt_id,
    native_answer,
    offered,
    possible_decisions,
    read_native_answer,
)
from workers.wire.approvals import Decision, DecisionKind
from workers.wire.canonical import JSON
from workers.wire.dialects import read_interrupt
from workers.wire.errors import MalformedDecision

APPROVE, REJECT, RESPOND = DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND
EDIT = DecisionKind.EDIT
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


CALL: JSON = {"action": "transfer_funds", "args": {"amount": 10}}
BASE: dict[str, JSON] = {"action_request": CALL, "tool_call_id": "call-1", "context_id": "c-1"}
BY_ID: dict[str, JSON] = {"interrupt_id": "i-1"}
PER_CALL: dict[str, JSON] = {
    "type": "tool_approval",
    "tool_call_id": "call-1",
    "name": "transfer_funds",
    "args": {"amount": 10},
}
QUESTIONS: dict[str, JSON] = {"type": "ask_user", "questions": [{"question": "Which?"}, {}]}
INBOX: dict[str, JSON] = {
    "action_request": CALL,
    "config": {
        "allow_accept": True,
        "allow_ignore": True,
        "allow_respond": True,
        "allow_edit": True,
    },
}
EDITED: JSON = {"action": "transfer_funds", "args": {"amount": 9}}


@pytest.mark.parametrize(
    ("value", "decision", "payload"),
    [
        (BASE, Decision(kind=APPROVE), {"type": "accept"}),
        (BASE, Decision(kind=REJECT, message="no"), {"type": "reject", "message": "no"}),
        (BASE | BY_ID, Decision(kind=APPROVE), {"i-1": {"type": "accept"}}),
        (PER_CALL | BY_ID, Decision(kind=APPROVE, message="x"), {"i-1": {"type": "approve"}}),
        (
            PER_CALL | BY_ID,
            Decision(kind=REJECT, message="no"),
            {"i-1": {"type": "reject", "message": "no"}},
        ),
        (BATCH | BY_ID, Decision(kind=REJECT), {"i-1": {"decisions": 2 * [{"type": "reject"}]}}),
        (INBOX | BY_ID, Decision(kind=APPROVE), {"i-1": [{"type": "accept", "args": None}]}),
        (
            [INBOX | BY_ID],
            Decision(kind=RESPOND, message="why"),
            {"i-1": [{"type": "response", "args": "why"}]},
        ),
        (
            INBOX | BY_ID,
            Decision(kind=RESPOND, args=[{"type": "edit", "args": EDITED}]),
            {"i-1": [{"type": "edit", "args": EDITED}]},
        ),
        (
            QUESTIONS | BY_ID,
            Decision(kind=RESPOND, args={"answers": ["a", "b"]}),
            {"i-1": {"answers": ["a", "b"]}},
        ),
        ({"ask": "What now?"} | BY_ID, Decision(kind=RESPOND, message="wait"), {"i-1": "wait"}),
    ],
)
def test_a_foreign_worker_is_answered_in_the_words_of_the_question(
    value: JSON, decision: Decision, payload: JSON
) -> None:
    """By interrupt id wherever it is told; a wrong form would poison the thread that asked."""
    assert answer(read_interrupt(value), decision) == payload


@pytest.mark.parametrize(
    "value",
    [
        {"type": "ask_user", "questions": ["Which?"]},
        {"kind": "delegate", "agent": "b"} | BY_ID,
        {"response_schema": {}},
        "Which account?",
        PER_CALL,
        BATCH,
        INBOX,
        INBOX | BY_ID | {"config": {}},
    ],
)
@pytest.mark.parametrize("kind", DecisionKind)
def test_what_cannot_be_answered_safely_is_not_answered(value: JSON, kind: DecisionKind) -> None:
    """A bare answer resumes whatever waits, in a form that only this question takes."""
    call = read_interrupt(value)

    assert offered(call) == ()
    with pytest.raises(MalformedDecision, match="takes no"):
        answer(call, Decision(kind=kind))


@pytest.mark.parametrize("kind", [EDIT, RESPOND])
def test_a_decision_that_was_not_offered_is_not_sent(kind: DecisionKind) -> None:
    """The message names what would be taken."""
    with pytest.raises(MalformedDecision) as caught:
        answer(read_interrupt(BASE), Decision(kind=kind))

    assert "approve, reject" in caught.value.hint


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        ({"allow_edit": True}, {"type": "accept", "args": None}),
        ({"allow_respond": True}, {"type": "edit", "args": EDITED}),
        ({"allow_edit": True}, {"type": "edit", "args": {"action": "steal", "args": {}}}),
        ({"allow_edit": True}, {"type": "edit", "args": {"action": "transfer_funds"}}),
        ({"allow_edit": True}, {"type": "edit", "args": "9"}),
        ({"allow_respond": True}, {"type": "response", "args": 7}),
        ({"allow_respond": True}, {"type": "sure"}),
        ({"allow_respond": True, "allow_accept": True}, {"type": "accept", "args": EDITED}),
        ({"allow_accept": True, "allow_edit": True}, {"type": "accept", "args": "all"}),
        ({"allow_accept": True, "allow_edit": True}, {"type": "accept", "args": {"amount": 9}}),
    ],
)
def test_the_agent_inbox_takes_one_allowed_answer_for_the_same_action(
    config: JSON, wrong: JSON
) -> None:
    """The graph reads the first of the list and trusts it."""
    value: dict[str, JSON] = {"action_request": CALL, "config": config}

    for answered in ([wrong], [], wrong, [wrong, wrong]):
        with pytest.raises(MalformedDecision):
            _native(value, RESPOND, answered)
        with pytest.raises(MalformedDecision):
            _back(value, answered)


def test_an_edit_in_the_agent_inbox_is_passed_on_as_it_is() -> None:
    """Also when a client of the inbox wrote it."""
    edited: JSON = [{"type": "edit", "args": EDITED}]

    decision = _back(INBOX, edited)

    assert (decision.kind, decision.args) == (RESPOND, edited)
    assert _native(INBOX, RESPOND, edited) == edited
    again: JSON = [{"type": "accept", "args": CALL}]
    assert _native(INBOX | {"config": {"allow_accept": True}}, RESPOND, again) == again
