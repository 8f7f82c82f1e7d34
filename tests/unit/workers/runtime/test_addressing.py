"""Which request a decision is about, and whether what it says of the call is true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from tests.support import scenes
from workers.runtime.addressing import (
    RESUME,
    NotTaken,
    asked_args,
    case_of,
    check_fits,
    edited_digest_of,
    is_addressed,
    matching,
    read_command,
)
from workers.runtime.demanding import AskedCall
from workers.runtime.ports import PendingApproval
from workers.wire.approvals import Binding, Decision, DecisionKind, Refusal, Reviewer, digest_in
from workers.wire.canonical import JSON
from workers.wire.events import AgentCommand

HERE, THERE, NOWHERE = ("1" * 32, "2" * 32, "f" * 32)
APPROVE, EDIT, RESPOND = DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.RESPOND
ACCEPT: JSON = {"type": "accept"}
INBOX: dict[str, JSON] = {
    "action_request": {"action": scenes.ACTION, "args": {"n": 1}},
    "config": {"allow_accept": True, "allow_respond": True, "allow_edit": True},
}
OTHER_ARGS: JSON = {"action": scenes.ACTION, "args": {"n": 2}}
GATE = PendingApproval(
    interrupt_id=HERE,
    request=scenes.request(),
    value={"action_request": {"action": scenes.ACTION, "args": {**scenes.ARGS}}},
    allowed=(APPROVE, EDIT),
)
HOSTED = PendingApproval(
    interrupt_id=THERE,
    request=scenes.request(call="call_2", args={"n": 1}),
    value=INBOX,
    allowed=(APPROVE, RESPOND),
    is_hosted=True,
)


def _command(payload: JSON = None, call: str = "", kind: str = RESUME) -> AgentCommand:
    return AgentCommand(type=kind, tool_call_id=call, payload=payload)


def _bound(
    approval: PendingApproval = GATE,
    kind: DecisionKind = APPROVE,
    **changes: Any,  # noqa: ANN401 - fields of a Binding
) -> Decision:
    request = approval.request
    binding = Binding(
        aud=request.agent,
        context_id=request.context_id,
        tool_call_id=request.tool_call_id,
        request_id=request.request_id,
        action=request.action,
        args_digest=request.args_digest,
        decision=kind,
        reviewer=Reviewer(id="r.mora"),
        iat=0,
        nonce=scenes.NONCE,
    )
    return Decision(kind=kind, binding=structs.replace(binding, **changes))


def _refusal(command: AgentCommand, *approvals: PendingApproval) -> tuple[str, str]:
    """The reason in a receipt, and whose request the receipt is shown at."""
    with pytest.raises(NotTaken) as raised:
        read_command(command, approvals)
    names = {one.request.request_id: one.request.tool_call_id for one in approvals}
    return raised.value.outcome, names.get(raised.value.request_id, "")


def test_an_answer_in_words_of_our_own_may_be_about_any_of_them() -> None:
    """Which of them is not asked here."""
    decision, near = read_command(_command(ACCEPT, call=scenes.CALL), (GATE, HOSTED))

    assert decision == Decision(kind=APPROVE)
    assert near == (GATE, HOSTED)


def test_an_answer_by_interrupt_id_is_for_that_hosted_graph_alone() -> None:
    """In its own dialect; wherever it stands among those that wait."""
    answer: JSON = {THERE: [{"type": "response", "args": "no, the other one"}]}

    decision, near = read_command(_command(answer), (GATE, HOSTED))

    assert decision == Decision(kind=RESPOND, message="no, the other one")
    assert near == (HOSTED,)


@pytest.mark.parametrize(
    ("command", "approvals", "refusal"),
    [
        (_command({"type": "perhaps"}, scenes.CALL), (HOSTED, GATE), ("malformed", scenes.CALL)),
        (_command(ACCEPT, scenes.CALL, "restart"), (HOSTED, GATE), ("malformed", scenes.CALL)),
        (_command({THERE: [ACCEPT]}, kind="restart"), (HOSTED,), ("malformed", "")),
        (_command({}, scenes.CALL), (GATE, GATE), ("malformed", "")),
        (_command({}, "call_9"), (GATE,), ("malformed", "")),
        (_command({HERE: ACCEPT}, scenes.CALL), (GATE,), ("malformed", scenes.CALL)),
        (_command({HERE: ACCEPT}), (HOSTED, GATE), ("malformed", scenes.CALL)),
        (_command({THERE: "words"}), (GATE, HOSTED), ("malformed", "call_2")),
        (_command({NOWHERE: ACCEPT}), (GATE, HOSTED), ("malformed", "")),
        (_command({NOWHERE: ACCEPT}), (HOSTED,), ("not_pending", "")),
        (_command({NOWHERE: ACCEPT}), (), ("not_pending", "")),
    ],
    ids=[
        "no decision", "no resume", "no resume by id", "one of two", "of none", "by id to a gate",
        "by id to a gate beside", "in no dialect", "to nothing", "to nothing hosted", "too late",
    ],
)  # fmt: skip
def test_what_is_no_decision_is_told_where_it_was_meant_for(
    command: AgentCommand, approvals: tuple[PendingApproval, ...], refusal: tuple[str, str]
) -> None:
    """If that is clear; only a hosted graph is answered by the id of its interrupt."""
    reason, call = refusal
    assert _refusal(command, *approvals) == (f"refused:{reason}", call)


def test_what_comes_too_late_is_no_refusal() -> None:
    """Nobody did anything wrong."""
    assert NotTaken(None).outcome == "expired"


def test_a_decision_is_about_what_it_names() -> None:
    """By request id, else by tool call, else it may be any."""
    both = (GATE, HOSTED)

    assert matching(_command(call=scenes.CALL), _bound(HOSTED), both) == [HOSTED]
    assert matching(_command(call="call_2"), Decision(kind=APPROVE), both) == [HOSTED]
    assert matching(_command(), Decision(kind=APPROVE), both) == [GATE, HOSTED]


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"},
        {"context_id": "other"},
        {"tool_call_id": "other"},
        {"request_id": "other"},
        {"action": "other"},
        {"args_digest": "other"},
        {"edited_args_digest": "sha-256:of-something"},
        {"decision": DecisionKind.REJECT},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_decision_that_says_anything_else_of_the_call_is_not_for_it(
    changes: dict[str, Any],
) -> None:
    """One word is enough."""
    fits = _bound()
    assert is_addressed(scenes.CONTEXT, _command(), fits, GATE, "")
    assert is_addressed(scenes.CONTEXT, _command(call=scenes.CALL), fits, GATE, "")

    assert not is_addressed(scenes.CONTEXT, _command(), _bound(**changes), GATE, "")
    assert not is_addressed("elsewhere", _command(), fits, GATE, "")
    assert not is_addressed(scenes.CONTEXT, _command(call="call_2"), fits, GATE, "")
    assert is_addressed("elsewhere", _command(), Decision(kind=APPROVE), GATE, "")


def test_only_an_answer_may_be_bound_to_no_more_than_its_words() -> None:
    """As consoles did that were before; an edit says what it edits."""
    for kind, older in ((RESPOND, True), (EDIT, False)):
        bound = _bound(HOSTED, kind, edited_args_digest="d")
        assert is_addressed(scenes.CONTEXT, _command(), bound, HOSTED, "d")
        assert is_addressed(scenes.CONTEXT, _command(), _bound(HOSTED, kind), HOSTED, "d") is older


@pytest.mark.parametrize(
    ("approval", "decision", "digested"),
    [
        (GATE, Decision(kind=EDIT, args={"n": 2}), True),
        (GATE, Decision(kind=EDIT), True),
        (GATE, Decision(kind=APPROVE, args={"n": 2}), False),
        (GATE, Decision(kind=RESPOND, args={"n": 2}), False),
        (HOSTED, Decision(kind=RESPOND, args={"n": 2}), True),
        (HOSTED, Decision(kind=RESPOND, message="no"), False),
        (HOSTED, Decision(kind=APPROVE, args={"n": 2}), False),
    ],
)
def test_the_arguments_that_come_with_a_decision_have_a_digest(
    approval: PendingApproval, decision: Decision, digested: bool
) -> None:
    """Those of an edit, and an answer to a hosted graph that is more than words."""
    wanted = digest_in(approval.request, decision.args) if digested else ""
    assert edited_digest_of(decision, approval) == wanted


def test_arguments_that_cannot_be_digested_are_not_taken() -> None:
    """The request has no salt that could be used."""
    bare = replace(GATE, request=structs.replace(GATE.request, salt=""))

    with pytest.raises(NotTaken) as raised:
        edited_digest_of(Decision(kind=EDIT, args={}), bare)

    assert (raised.value.outcome, raised.value.request_id) == (
        f"refused:{Refusal.MALFORMED}",
        bare.request.request_id,
    )


def test_the_judge_is_told_what_would_run() -> None:
    """Of our own gate the arguments as asked or as edited; of a hosted graph all of its calls."""
    asked = AskedCall(scenes.ACTION, {**scenes.ARGS})
    signed = structs.replace(_bound(), envelopes=({},), message="checked")

    case = case_of(GATE, signed)
    edit = case_of(GATE, Decision(kind=EDIT, args={"n": 2}))
    answer: JSON = [{"type": "edit", "args": OTHER_ARGS}]
    hosted = case_of(HOSTED, Decision(kind=RESPOND, args=answer))

    assert (case.request, case.calls, case.kind) == (GATE.request, (asked,), APPROVE)
    assert (case.envelopes, case.message, case.reviewer) == (({},), "checked", "r.mora")
    assert (edit.calls, edit.reviewer) == ((AskedCall(scenes.ACTION, {"n": 2}),), "")
    assert edit.edited_args_digest == digest_in(GATE.request, {"n": 2})
    assert hosted.calls == (
        AskedCall(scenes.ACTION, {"n": 1}),
        AskedCall(scenes.ACTION, {"n": 2}, is_edited=True),
    )
    assert asked_args(replace(GATE, value={"action_request": "spoiled"})) is None


@pytest.mark.parametrize(
    ("decision", "fits"),
    [
        (Decision(kind=APPROVE), True),
        (Decision(kind=RESPOND, message="the other one"), True),
        (Decision(kind=RESPOND, args=[{"type": "edit", "args": OTHER_ARGS}]), True),
        (Decision(kind=RESPOND, args={"any": "thing"}), False),
        (Decision(kind=APPROVE, args=[{"type": "edit", "args": OTHER_ARGS}]), False),
    ],
)
def test_what_a_hosted_graph_could_not_read_is_not_put_into_it(
    decision: Decision, fits: bool
) -> None:
    """It would break there each time; and an approval is no way to pass arguments by."""
    if fits:
        check_fits(HOSTED, decision)
        return
    with pytest.raises(NotTaken) as raised:
        check_fits(HOSTED, decision)
    assert raised.value.outcome == f"refused:{Refusal.MALFORMED}"
    assert raised.value.request_id == HOSTED.request.request_id
