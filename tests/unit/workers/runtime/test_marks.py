"""Which decision a mark belongs to."""

from __future__ import annotations

from msgspec import structs

from workers.runtime.marks import make_mark, read_mark
from workers.wire.approvals import Binding, Decision, DecisionKind, Reviewer

BINDING = Binding(
    aud="treasury_agent",
    context_id="c-1",
    tool_call_id="call_1",
    request_id="0" * 32,
    action="transfer_funds",
    args_digest=f"sha-256:{'0' * 64}",
    decision=DecisionKind.APPROVE,
    reviewer=Reviewer(id="rkramer"),
    iat=1,
    nonce="n-1",
)
BOUND = Decision(kind=DecisionKind.APPROVE, binding=BINDING)
BARE = Decision(kind=DecisionKind.APPROVE)


def test_a_bound_decision_is_known_by_what_it_says() -> None:
    """In whatever entry it comes; any difference makes it another."""
    mark = read_mark(make_mark(BOUND, "call_1", "1-0"))

    assert mark.is_of(BOUND, "2-0")
    assert not mark.is_of(structs.replace(BOUND, message="a reason"), "1-0")
    other = structs.replace(BINDING, nonce="n-2")
    assert not mark.is_of(structs.replace(BOUND, binding=other), "1-0")
    assert (mark.reviewer, mark.decision) == ("rkramer", "approve")


def test_a_bare_answer_is_known_by_its_entry_only() -> None:
    """Two bare accepts are two clicks."""
    mark = read_mark(make_mark(BARE, "call_1", "1-0"))

    assert mark.is_of(BARE, "1-0")
    assert not mark.is_of(BARE, "2-0")


def test_a_mark_of_another_version_is_of_nobody() -> None:
    """It still counts as the first; it is just not ours to repeat."""
    for text in ("{half", "{}", '{"v": 2}', "accept"):
        assert not read_mark(text).is_of(BARE, "1-0")
