"""Laws of policies and votes: more rules are never less, and nobody is two people."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from workers.wire.approvals import DecisionKind, Risk
from workers.wire.canonical import JSON
from workers.wire.policy.conditions import Comparison, Condition
from workers.wire.policy.demands import Demand, Quorum, applying, demand
from workers.wire.policy.meeting import can_meet
from workers.wire.policy.rules import Policy, Rule
from workers.wire.policy.votes import Standing, Tally, Vote, tally
from workers.wire.signing.statements import Meaning

DIGEST = "sha-256:" + "12" * 32
TOOLS, ROLES, PEOPLE = ("pay", "look"), ("treasury", "board"), ("ann", "bob", "eve", "joe")
MEANINGS = (Meaning.APPROVAL, Meaning.REVIEW)

_conditions = st.builds(
    Condition,
    argument=st.sampled_from(["/amount", "/currency"]),
    comparison=st.sampled_from([Comparison.ABOVE, Comparison.AT_MOST]),
    value=st.integers(0, 3),
) | st.builds(
    Condition,
    argument=st.just("/currency"),
    comparison=st.sampled_from([Comparison.ONE_OF, Comparison.NONE_OF]),
    value=st.just(("EUR", "USD")),
)
_gates = st.builds(
    Rule,
    name=st.uuids().map(str),
    tool=st.sampled_from([*TOOLS, "*"]),
    when=st.lists(_conditions, max_size=2).map(tuple),
    roles=st.lists(st.sampled_from(ROLES), max_size=2, unique=True).map(tuple),
    quorum=st.integers(1, 3),
    requester_may_approve=st.booleans(),
    editor_may_approve=st.booleans(),
    expires_after_seconds=st.none() | st.integers(1, 9),
    reason_required=st.booleans(),
    dwell_seconds=st.integers(0, 9),
    meanings=st.lists(st.sampled_from(MEANINGS), max_size=2, unique=True).map(tuple),
    risk=st.sampled_from(Risk),
)
_waivers = st.builds(
    Rule,
    name=st.uuids().map(str),
    tool=st.sampled_from(TOOLS),
    when=st.lists(_conditions, max_size=2).map(tuple),
    gate=st.just(False),
)
_rules = st.lists(_gates | _waivers, max_size=4).map(tuple)
_args = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.integers(-1, 4) | st.sampled_from(["2", "much", None]),
        "currency": st.sampled_from(["EUR", "usd", "GBP", "", 1]),
    },
)
_votes = st.lists(
    st.builds(
        Vote,
        st.sampled_from(PEOPLE),
        st.sampled_from(ROLES),
        st.just(DecisionKind.APPROVE),
        st.sampled_from(MEANINGS),
        st.sampled_from([DIGEST, DIGEST, "other"]),
        st.sampled_from(["", "Checked."]),
        st.sampled_from(["", "Ann", "Zoe"]),
        st.sampled_from([9_000, 9_000, 0]),
    ),
    max_size=6,
)
_demands = st.builds(
    Demand,
    gated=st.just(True),
    quorums=st.lists(
        st.builds(Quorum, st.integers(1, 3), st.sampled_from([(), ("treasury",), ROLES])),
        min_size=1,
        max_size=3,
    ).map(tuple),
    requester_may_approve=st.booleans(),
    editor_may_approve=st.booleans(),
    reason_required=st.booleans(),
    dwell_seconds=st.sampled_from([0, 9]),
    meanings=st.just(MEANINGS) | st.just((Meaning.APPROVAL,)),
)


def _policy(*rules: Rule) -> Policy:
    return Policy(id="p", version=1, rules=rules)


def _tally(demand: Demand, votes: list[Vote]) -> Tally:
    return tally(demand, votes, requester="ann", args_digest=DIGEST, editor="bob")


def _one_each(votes: list[Vote]) -> list[Vote]:
    return list({vote.reviewer: vote for vote in votes}.values())


@given(_rules, _gates, st.sampled_from([*TOOLS, "new"]), _args, _votes)
def test_a_further_gate_never_weakens(
    rules: tuple[Rule, ...], more: Rule, tool: str, args: dict[str, JSON], votes: list[Vote]
) -> None:
    """What would be approved with it would be without it, and what was gated still is."""
    before = demand(_policy(*rules), "agent", tool, args)
    after = demand(_policy(*rules, more), "agent", tool, args)
    assert after.gated or not before.gated
    if not applying(_policy(*rules), "agent", tool, args).gating:
        return  # what no rule gated had the least that there is
    assert set(before.quorums) <= set(after.quorums)
    assert set(after.meanings) <= set(before.meanings)
    assert after.dwell_seconds >= before.dwell_seconds
    ends = (after.expires_after_seconds, before.expires_after_seconds)
    assert ends[1] is None or (ends[0] is not None and ends[0] <= ends[1])
    if _tally(after, _one_each(votes)).standing is Standing.APPROVED:
        assert _tally(before, _one_each(votes)).standing is Standing.APPROVED


@given(_rules, _waivers, _args)
def test_a_waiver_never_weakens_a_gate(
    rules: tuple[Rule, ...], waiver: Rule, args: dict[str, JSON]
) -> None:
    """It frees what no other rule gates, and nothing else."""
    if applying(_policy(*rules), "agent", "pay", args).gating:
        assert demand(_policy(*rules, waiver), "agent", "pay", args) == demand(
            _policy(*rules), "agent", "pay", args
        )


@given(_rules, st.text(), _args)
def test_the_order_of_rules_does_not_matter(
    rules: tuple[Rule, ...], tool: str, args: dict[str, JSON]
) -> None:
    """And a tool that no rule names is gated."""
    one = demand(_policy(*rules), "agent", "pay", args)
    other = demand(_policy(*rules[::-1]), "agent", "pay", args)
    assert set(one.quorums) == set(other.quorums)
    assert set(one.meanings) == set(other.meanings)
    assert replace(one, quorums=(), meanings=(), masked=(), why=()) == replace(
        other, quorums=(), meanings=(), masked=(), why=()
    )
    assert demand(_policy(*rules), "agent", f"{tool} and no other", args).gated


@given(_demands, _votes, _votes)
def test_more_votes_are_never_less(demand: Demand, votes: list[Vote], more: list[Vote]) -> None:
    """Whoever comes later takes no approval back."""
    if _tally(demand, votes).standing is Standing.APPROVED:
        assert _tally(demand, [*votes, *more]).standing is Standing.APPROVED


@given(_demands, _votes, st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter(
    demand: Demand, votes: list[Vote], chance: random.Random
) -> None:
    """Nor does a rejection's place among them: it closes."""
    turned = list(votes)
    chance.shuffle(turned)
    assert _tally(demand, votes).standing is _tally(demand, turned).standing
    no = Vote("joe", "board", DecisionKind.REJECT, Meaning.REJECTION, DIGEST)
    turned.insert(chance.randint(0, len(turned)), no)
    assert _tally(demand, turned).standing is Standing.REJECTED


@given(_demands, _votes)
def test_one_person_never_counts_twice(demand: Demand, votes: list[Vote]) -> None:
    """Nor does a vote that is objected to; and what is approved could be met by those people."""
    found = _tally(demand, votes)
    people = [vote.reviewer for vote in found.counted]
    assert len(set(people)) == len(people)
    assert len(found.counted) + len(found.objections) == len(votes)
    if found.standing is Standing.APPROVED:
        assert len(people) >= max(quorum.count for quorum in demand.quorums)
        assert can_meet(demand.quorums, {frozenset(ROLES): len(people)})
