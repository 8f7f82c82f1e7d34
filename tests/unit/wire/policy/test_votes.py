"""Who may say yes, and how many have to."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.wire.approvals import DecisionKind
from workers.wire.policy.demands import Demand, Quorum
from workers.wire.policy.votes import Objection, Standing, Tally, Vote, tally
from workers.wire.signing.statements import Meaning

DIGEST = "sha-256:" + "12" * 32
TWO = Demand(gated=True, quorums=(Quorum(2, ("treasury",)),))
ROSA = Vote("r.mora", "treasury", DecisionKind.APPROVE, Meaning.APPROVAL, DIGEST)
LEE = replace(ROSA, reviewer="l.park")


def _tally(demand: Demand, *votes: Vote, requester: str = "m.okafor", editor: str = "") -> Tally:
    return tally(demand, votes, requester=requester, args_digest=DIGEST, editor=editor)


def test_two_people_are_two_votes() -> None:
    """And what is missing is told, for the first of them to see."""
    first, both = _tally(TWO, ROSA), _tally(TWO, ROSA, LEE)

    assert (first.standing, first.missing) == (Standing.OPEN, ((TWO.quorums[0], 1),))
    assert (both.standing, both.counted, both.missing) == (Standing.APPROVED, (ROSA, LEE), ())
    assert _tally(TWO).missing == ((TWO.quorums[0], 2),)


@pytest.mark.parametrize(
    ("vote", "objection"),
    [
        (replace(ROSA, role="board"), Objection.WRONG_ROLE),
        (replace(ROSA, meaning=Meaning.REVIEW), Objection.WRONG_MEANING),
        (replace(ROSA, args_digest="sha-256:other"), Objection.OTHER_ARGUMENTS),
        (replace(ROSA, reviewer="m.okafor"), Objection.IS_REQUESTER),
        (replace(ROSA, reviewer="e.ditor"), Objection.IS_EDITOR),
    ],
)
def test_some_votes_do_not_count(vote: Vote, objection: Objection) -> None:
    """Each for its own reason; the others go on counting."""
    found = _tally(TWO, vote, LEE, editor="e.ditor")

    assert found.objections == ((vote, objection),)
    assert found.counted == (LEE,)
    assert found.standing is Standing.OPEN


def test_one_person_is_one_vote() -> None:
    """In however many roles, and however often they click."""
    either = Demand(gated=True, quorums=(Quorum(2),))
    again = replace(ROSA, role="board")
    found = _tally(either, ROSA, ROSA, again)
    assert found.counted == (ROSA,)
    assert [objection for _, objection in found.objections] == [Objection.VOTED_BEFORE] * 2


def test_one_rejection_closes() -> None:
    """Also the requester's own, after an approval and before the second."""
    no = replace(ROSA, reviewer="m.okafor", decision=DecisionKind.REJECT)
    found = _tally(TWO, LEE, no, ROSA)
    assert (found.standing, found.counted) == (Standing.REJECTED, (LEE, no))


def test_a_reason_can_be_required() -> None:
    """Blanks are none."""
    asks = replace(TWO, quorums=(Quorum(1),), reason_required=True)
    assert _tally(asks, replace(ROSA, comment="  ")).objections[0][1] is Objection.NO_REASON
    assert _tally(asks, replace(ROSA, comment="Checked.")).standing is Standing.APPROVED


def test_every_quorum_has_to_be_reached() -> None:
    """Two of the treasury, and one of them or another of the board."""
    demand = replace(TWO, quorums=(Quorum(2, ("treasury",)), Quorum(1, ("board",))))
    board = replace(ROSA, reviewer="b.chair", role="board")
    assert _tally(demand, ROSA, LEE).standing is Standing.OPEN
    assert _tally(demand, ROSA, board).missing == ((Quorum(2, ("treasury",)), 1),)
    assert _tally(demand, ROSA, board, LEE).standing is Standing.APPROVED


def test_who_votes_in_two_roles_counts_in_the_one_that_helps() -> None:
    """Whichever they voted in first."""
    demand = replace(TWO, quorums=(Quorum(1, ("treasury",)), Quorum(1, ("board",))))
    first, then = replace(ROSA, role="board"), ROSA
    found = _tally(demand, first, then, replace(LEE, role="board"))
    assert found.standing is Standing.APPROVED
    assert found.objections == ((first, Objection.VOTED_BEFORE),)


def test_who_asks_may_approve_only_where_the_policy_says_so() -> None:
    """And who edits."""
    free = replace(TWO, quorums=(Quorum(1),), requester_may_approve=True, editor_may_approve=True)
    assert _tally(free, ROSA, requester="r.mora", editor="r.mora").standing is Standing.APPROVED


@given(
    st.lists(
        st.builds(
            Vote,
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from(["treasury", "board"]),
            st.just(DecisionKind.APPROVE),
            st.just(Meaning.APPROVAL),
            st.sampled_from([DIGEST, "other"]),
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_nobody_alone_ever_makes_two(votes: list[Vote], chance: random.Random) -> None:
    """Whatever they send, in whatever order."""
    chance.shuffle(votes)
    found = _tally(TWO, *votes, requester="c")
    able = {v.reviewer for v in votes if v.role == "treasury" and v.args_digest == DIGEST} - {"c"}
    assert (found.standing is Standing.APPROVED) == (len(able) >= 2)
