"""Votes are counted as the worker will count them, and it is said why one does not count."""

from __future__ import annotations

import math

import msgspec
import pytest
from msgspec import structs

from desktop.engine.voting import (
    Aim,
    Complete,
    cast_votes,
    complete,
    complete_any,
    own_ballot,
    read_ballots,
    valid_until,
)
from tests.support import scenes
from tests.support.registered import LEE, NOW, ROSA, STRANGER, decision, registry, signed
from workers.wire.approvals import (
    MAX_ENVELOPES,
    ApprovalRequest,
    DecisionKind,
    Mode,
    PolicyTerms,
    QuorumTerms,
    digest_in,
)
from workers.wire.canonical import JSON
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.statements import Meaning, PolicyName, Signer
from workers.wire.streams.votes import KeptVote

TWO = PolicyTerms(
    id="payments",
    version=7,
    quorums=(QuorumTerms(count=2, roles=("treasury",)),),
    meanings=("approval",),
)
APPROVE, EDIT, REJECT = DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT
CHANGED: JSON = {"amount": 5}
PEOPLE = {"r.mora": (ROSA, "Rosa Mora"), "l.park": (LEE, "Lee Park")}


def asked(policy: PolicyTerms = TWO) -> ApprovalRequest:
    """The request that both look at."""
    return scenes.request(mode=Mode.ENFORCE, policy=policy)


def vote(
    who: str = "r.mora",
    kind: DecisionKind = APPROVE,
    *,
    args: JSON = None,
    key: SigningKey | None = None,
    beside: JSON = None,
    **changes: object,
) -> KeptVote:
    """What somebody signs on it; `beside` lies there instead of the arguments they signed."""
    request, [own, name] = asked(), PEOPLE[who]
    statement = decision(
        **{
            "context_id": request.context_id,
            "request_id": request.request_id,
            "args_digest": request.args_digest,
            "decision": kind,
            "meaning": Meaning.REJECTION if kind is REJECT else Meaning.APPROVAL,
            "edited_args_digest": digest_in(request, args) if args is not None else "",
            "reviewer": Signer(id=who, name=name, role="treasury"),
            "nonce": f"{who:0<32}".encode().hex()[:32],
            **changes,
        }
    )
    return own_ballot(signed(statement, key or own), args if beside is None else beside, 1)


def counted(*votes: KeptVote, aim: Aim | None = None, policy: PolicyTerms = TWO) -> Complete | None:
    """What is sent of these for an aim; for any unless told."""
    request = asked(policy)
    ballots = read_ballots(request, votes, registry(), NOW)
    if aim is None:
        return complete_any(request, ballots, registry(), NOW)
    return complete(request, ballots, aim, registry(), NOW)


def objections(*votes: KeptVote, policy: PolicyTerms = TWO) -> list[str]:
    """Why each does not count."""
    request = asked(policy)
    ballots = read_ballots(request, votes, registry(), NOW)
    return [one.objection for one in cast_votes(request, ballots)]


def test_two_who_signed_the_same_are_enough() -> None:
    """In the order in which they came; the reason that travels is the first one's."""
    first, second = vote(comment="as agreed"), vote("l.park")
    assert counted(first) is None
    assert counted(first, aim=Aim(APPROVE)) is None
    both = counted(first, second)
    assert both is not None
    assert first.entry is not None
    assert second.entry is not None
    assert both.envelopes == (first.entry.envelope, second.entry.envelope)
    assert (both.comment, both.completed_by.reviewer.id) == ("as agreed", "l.park")
    assert objections(first, second) == ["", ""]


def test_an_edit_needs_its_author_and_those_who_approve_it() -> None:
    """The author's signature goes with theirs and completes nothing."""
    policy = structs.replace(TWO, quorums=(QuorumTerms(count=1, roles=("treasury",)),))
    author = vote(kind=EDIT, args=CHANGED, meaning=Meaning.AUTHORSHIP)
    assert counted(author, policy=policy) is None
    both = counted(author, vote("l.park", EDIT, args=CHANGED), policy=policy)
    assert both is not None
    assert (both.args, len(both.envelopes)) == (CHANGED, 2)
    assert both.completed_by.reviewer.id == "l.park"
    assert objections(vote(kind=EDIT, args=CHANGED), policy=policy) == [""]


def test_an_editor_who_may_approve_is_one_of_them() -> None:
    """Where the policy says so, nobody has to be its author alone."""
    policy = structs.replace(TWO, editor_may_approve=True)
    both = (vote(kind=EDIT, args=CHANGED), vote("l.park", EDIT, args=CHANGED))
    assert counted(*both, policy=policy) is not None
    assert counted(both[0], policy=policy) is None


@pytest.mark.parametrize(
    ("votes", "policy", "said"),
    [
        ((vote(), vote(nonce="c" * 32)), TWO, ["", "They have signed before."]),
        ((vote(policy=PolicyName(id="payments", version=6)),), TWO, ["under another policy"]),
        ((vote(kind=EDIT, args=CHANGED, beside={"amount": 6}),), TWO, ["not those that were"]),
        ((vote(kind=EDIT, args=CHANGED, beside="\ud800"),), TWO, ["not those that were"]),
        ((KeptVote(1, None), vote()), TWO, ["no signed decision", ""]),
        ((vote(key=STRANGER),), TWO, ["by nobody who is known"]),
        ((vote(context_id="another"),), TWO, ["another"]),
        ((vote(meaning=Meaning.REVIEW),), TWO, ["something else than an approval"]),
        (
            (vote("l.park", reviewer=Signer(id="l.park", name="Lee Park", role="records")),),
            TWO,
            ["in a role that the policy does not ask for"],
        ),
        ((vote(),), structs.replace(TWO, reason_required=True), ["asks for a reason"]),
        ((vote(kind=REJECT),), TWO, [""]),
    ],
)
def test_why_a_vote_does_not_count_is_said(
    votes: tuple[KeptVote, ...], policy: PolicyTerms, said: list[str]
) -> None:
    """Beside the vote; nobody is left to guess."""
    found = objections(*votes, policy=policy)
    assert len(found) == len(said)
    assert all(words in one for one, words in zip(found, said, strict=True)), found
    assert [bool(one) for one in found] == [bool(words) for words in said]
    assert counted(*votes, policy=policy) is None


def test_whoever_asked_does_not_approve_it() -> None:
    """By the id that the worker gave."""
    request = structs.replace(asked(), requester=structs.replace(asked().requester, id="r.mora"))
    ballots = read_ballots(request, [vote(), vote("l.park")], registry(), NOW)
    assert [one.objection for one in cast_votes(request, ballots)] == ["They asked for it.", ""]


def test_what_the_worker_would_refuse_is_not_sent() -> None:
    """One nonce for two decisions, nobody's signature, or more of them than it reads."""
    assert counted(vote(nonce="c" * 32), vote("l.park", nonce="c" * 32)) is None
    nobody = structs.replace(TWO, quorums=())
    assert counted(aim=Aim(APPROVE), policy=nobody) is None
    assert counted(vote(kind=EDIT, args=CHANGED, meaning=Meaning.AUTHORSHIP), policy=nobody) is None
    request = asked()
    [one, other] = read_ballots(request, [vote(), vote("l.park")], registry(), NOW)
    many = [one] * MAX_ENVELOPES + [other]
    assert complete(request, many, Aim(APPROVE), registry(), NOW) is None


def test_votes_count_until_the_first_expires() -> None:
    """Of those that count; of none, for ever."""
    request = asked()
    votes = [vote(exp=NOW + 50), vote("l.park", exp=NOW + 40), vote(key=STRANGER, exp=NOW + 1)]
    ballots = read_ballots(request, votes, registry(), NOW)
    assert valid_until(ballots) == NOW + 40
    assert valid_until(ballots[2:]) == math.inf


def test_who_signed_is_shown_and_nobody_s_claim_is_not() -> None:
    """A name that is not proven is somebody's."""
    request = asked()
    votes = [vote(comment="fine"), KeptVote(7, None)]
    rosa, nobody = cast_votes(request, read_ballots(request, votes, registry(), NOW))
    assert (rosa.reviewer_name, rosa.role, rosa.comment) == ("Rosa Mora", "treasury", "fine")
    assert (nobody.reviewer_id, nobody.reviewer_name, nobody.at_ms) == ("", "Somebody", 7)
    assert msgspec.to_builtins(rosa.decision) == "approve"
