"""Whether the people of a registry could meet what is demanded of them."""

from __future__ import annotations

import pytest

from workers.wire.policy.demands import Demand, Quorum
from workers.wire.policy.meeting import can_meet, lacks

TREASURY, BOARD = frozenset({"treasury"}), frozenset({"board"})
#: Whoever asked and whoever edited may approve: nobody is left out.
FREE = {"requester_may_approve": True, "editor_may_approve": True}


@pytest.mark.parametrize(
    ("may", "without"),
    [
        ({}, ["whoever asked"]),
        ({"requester_may_approve": True}, ["whoever changed the arguments"]),
        (FREE, []),
    ],
    ids=str,
)
def test_who_is_left_out_is_named(may: dict[str, bool], without: list[str]) -> None:
    """Two are needed and there are two; with a third, both may not be missing."""
    two = Demand(gated=True, quorums=(Quorum(2),), **may)
    assert [lack.without for lack in lacks(two, {TREASURY: 2})] == without
    both = ["whoever asked and whoever changed the arguments"]
    assert [lack.without for lack in lacks(two, {TREASURY: 3})] == ([] if may else both)
    assert [*lacks(two, {TREASURY: 4})] == []
    assert [lack.without for lack in lacks(two, {TREASURY: 1})] == [""]


def test_each_of_two_quorums_finds_its_own_people() -> None:
    """One of the board and one of the treasury; whoever holds both roles is not both."""
    both = Quorum(1, ("board",)), Quorum(1, ("treasury",))
    assert can_meet(both, {BOARD: 1, TREASURY: 1})
    assert not can_meet(both, {BOARD | TREASURY: 1})
    assert not can_meet(both, {TREASURY: 2})
