"""What a policy asks for is said as it stands, and who has signed is looked up as they did."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from desktop.store.facts import VotesSeen
from desktop.store.policies import barred, demand_of, name_of, role_for
from desktop.store.quorums import quorum_standings, signed_by, votes_missing
from desktop.store.records import Request
from desktop.store.signing import CastVote, Identity, Meaning
from tests.support import scenes
from tests.support.learning import KEY, online_store, seen
from workers.wire.approvals import DecisionKind, Mode, PolicyTerms, QuorumTerms
from workers.wire.policy.demands import Demand
from workers.wire.signing.statements import PolicyName

TWO = PolicyTerms(
    id="payments",
    version=7,
    quorums=(QuorumTerms(count=1, roles=("records",)), QuorumTerms(count=2, roles=("treasury",))),
    meanings=("approval", "of tomorrow"),
)
ROSA = Identity("r.mora", "Rosa Mora", ("treasury", "records"))
VOTE = CastVote("r.mora", "Rosa Mora", "treasury", DecisionKind.APPROVE, Meaning.APPROVAL, 1)


def _request(policy: PolicyTerms | None = TWO, *votes: CastVote) -> Request:
    store = online_store(*seen(scenes.asks(mode=Mode.ENFORCE, policy=policy)))
    store.apply([VotesSeen(KEY, votes)])
    request = store.request(KEY)
    assert request is not None
    return request


def test_where_the_worker_names_no_policy_one_reviewer_is_asked_for() -> None:
    """Of any role; there is nothing to count."""
    request = _request(None)
    assert demand_of(request.policy) == Demand(gated=True)
    assert name_of(request.policy) == PolicyName(id="", version=0)
    assert (quorum_standings(request), votes_missing(request)) == ((), 0)
    assert role_for(request, ROSA) == "treasury"
    assert role_for(request, replace(ROSA, roles=())) == ""
    assert barred(request, ROSA, DecisionKind.APPROVE) == ("", "")


def test_a_meaning_that_is_not_known_here_is_passed_over() -> None:
    """A newer worker may allow one."""
    assert demand_of(TWO).meanings == (Meaning.APPROVAL,)


def test_a_person_signs_in_the_role_that_is_still_missing() -> None:
    """Who holds several helps where help is needed."""
    by_lee = replace(VOTE, reviewer_id="l.park", role="records")
    assert role_for(_request(TWO), ROSA) == "records"
    assert role_for(_request(TWO, by_lee), ROSA) == "treasury"
    assert votes_missing(_request(TWO, by_lee)) == 2


def test_nobody_is_barred_before_it_is_known_who_they_are() -> None:
    """And nobody from saying no, the one who asked for it least of all."""
    asked = Identity(scenes.request().requester.id, "Mel", ())
    request = _request(structs.replace(TWO))
    assert barred(request, None, DecisionKind.APPROVE) == ("", "")
    assert barred(request, asked, DecisionKind.REJECT) == ("", "")
    assert barred(request, asked, DecisionKind.APPROVE)[0].startswith("You asked for this")


def test_what_a_person_signed_last_is_theirs() -> None:
    """Unless it does not count."""
    older, newer = replace(VOTE, at_ms=1), replace(VOTE, at_ms=2)
    bad = replace(VOTE, at_ms=3, objection="It was made under another policy.")
    request = _request(TWO, older, newer, bad, replace(VOTE, reviewer_id="l.park", at_ms=4))
    assert signed_by(request, ROSA) == newer
    assert signed_by(request, None) is None
    assert signed_by(request, replace(ROSA, id="z")) is None
