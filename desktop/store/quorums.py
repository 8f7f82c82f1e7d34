"""How the votes on a request stand against what its policy asks for, as this desk sees it.

The only place of the console that counts them, for people to read. The worker counts by its own
policy, and only its count lets anything run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.store.records import DecisionKind, Request
from desktop.store.signing import CastVote, Identity, Meaning


@dataclass(frozen=True, slots=True)
class QuorumStanding:
    """One quorum, and who has signed towards it.

    Attributes:
        roles: none for any role.
    """

    count: int
    roles: tuple[str, ...]
    by: tuple[CastVote, ...]

    @property
    def missing(self) -> int:
        """How many more are needed."""
        return max(0, self.count - len(self.by))


def quorum_standings(request: Request, edited: str | None = None) -> tuple[QuorumStanding, ...]:
    """Each quorum of the request's policy; none where it has none.

    Args:
        edited: digest of the arguments that are decided on, empty for those that were asked about;
            None for those of the edit that waits, if one does. Votes on others do not count.
    """
    if request.policy is None:
        return ()
    if edited is None:
        awaiting = edit_awaiting(request)
        edited = awaiting.edited_args_digest if awaiting else ""
    counted = _counted(request.votes, edited, editor_counts=request.policy.editor_may_approve)
    return tuple(
        QuorumStanding(
            quorum.count,
            quorum.roles,
            tuple(vote for vote in counted if not quorum.roles or vote.role in quorum.roles),
        )
        for quorum in request.policy.quorums
    )


def votes_missing(request: Request, edited: str | None = None) -> int:
    """How many more people have to sign; see `quorum_standings`."""
    standings = quorum_standings(request, edited)
    return max((standing.missing for standing in standings), default=0)


def reviewers_needed(request: Request) -> int:
    """How many people have to sign at least; 0 where the worker counts nobody.

    One of several roles may stand for several quorums, so it can be fewer than all of them ask for.
    """
    if request.policy is None or not request.must_be_signed:
        return 0
    return max((quorum.count for quorum in request.policy.quorums), default=0)


def takes_several(request: Request) -> bool:
    """Whether one reviewer alone cannot be enough."""
    quorums = request.policy.quorums if request.policy else ()
    return any(quorum.count > 1 for quorum in quorums) or len({q.roles for q in quorums}) > 1


def signed_by(request: Request, identity: Identity | None) -> CastVote | None:
    """What a person has signed of it already, whatever it was; the newest if there are several."""
    if identity is None:
        return None
    mine = (vote for vote in reversed(request.votes) if vote.reviewer_id == identity.id)
    return next((vote for vote in mine if not vote.objection), None)


def signed_same(
    request: Request, identity: Identity, kind: DecisionKind, edited: str
) -> CastVote | None:
    """What a person has signed for just this outcome, and that still waits for others."""
    for vote in request.votes:
        is_mine = vote.reviewer_id == identity.id and not vote.objection
        if is_mine and (vote.decision, vote.edited_args_digest) == (kind, edited):
            return vote
    return None


def edit_awaiting(request: Request) -> CastVote | None:
    """The edit of a reviewer that others have to approve; the newest if there are several."""
    edits = (vote for vote in reversed(request.votes) if vote.edited_args is not None)
    return next((vote for vote in edits if _is_author(vote)), None)


def author_of(request: Request, edited: str) -> CastVote | None:
    """Who changed the arguments to those of a digest, if somebody has signed that they did."""
    edits = (vote for vote in request.votes if vote.edited_args_digest == edited)
    return next((vote for vote in edits if _is_author(vote)), None)


def _is_author(vote: CastVote) -> bool:
    return vote.meaning is Meaning.AUTHORSHIP and not vote.objection


def _counted(votes: Sequence[CastVote], edited: str, *, editor_counts: bool) -> list[CastVote]:
    """Votes for it that count: one of each person, none of an editor unless the policy says so."""
    counted: dict[str, CastVote] = {}
    for vote in votes:
        is_author = vote.meaning is Meaning.AUTHORSHIP and not editor_counts
        is_for_it = vote.decision is not DecisionKind.REJECT and vote.edited_args_digest == edited
        if is_for_it and not vote.objection and not is_author:
            counted.setdefault(vote.reviewer_id, vote)
    return list(counted.values())
