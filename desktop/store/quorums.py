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


def quorum_standings(request: Request) -> tuple[QuorumStanding, ...]:
    """Each quorum of the request's policy; none where it has none."""
    if request.policy is None:
        return ()
    counted = _counted(request.votes, editor_counts=request.policy.editor_may_approve)
    return tuple(
        QuorumStanding(
            quorum.count,
            quorum.roles,
            tuple(vote for vote in counted if not quorum.roles or vote.role in quorum.roles),
        )
        for quorum in request.policy.quorums
    )


def votes_missing(request: Request) -> int:
    """How many more people have to sign."""
    return max((standing.missing for standing in quorum_standings(request)), default=0)


def vote_of(request: Request, identity: Identity | None) -> CastVote | None:
    """What a person has signed already."""
    if identity is None:
        return None
    mine = (vote for vote in request.votes if vote.reviewer_id == identity.id)
    return next((vote for vote in mine if not vote.objection), None)


def role_for(request: Request, identity: Identity) -> str:
    """The role in which a person would sign; their first one if the policy asks for none."""
    wanted = [role for standing in quorum_standings(request) for role in standing.roles]
    fitting = [role for role in identity.roles if role in wanted]
    return (fitting or [*identity.roles, ""])[0]


def barred(request: Request, identity: Identity | None) -> str:
    """Why a person may not approve this, in words; empty if they may."""
    policy = request.policy
    if policy is None or identity is None:
        return ""
    if identity.id == request.requester and not policy.requester_may_approve:
        return "You asked for this, so somebody else has to approve it."
    mine = vote_of(request, identity)
    if mine is not None and mine.decision is DecisionKind.EDIT and not policy.editor_may_approve:
        return "You changed the arguments, so somebody else has to approve them."
    if mine is not None:
        return "You have signed already. The same person counts once."
    roles = {role for standing in quorum_standings(request) for role in standing.roles}
    if any(not quorum.roles for quorum in policy.quorums) or roles & set(identity.roles):
        return ""
    return f"It takes the role {' or '.join(sorted(roles))}, which you do not have."


def edit_awaiting(request: Request) -> CastVote | None:
    """The edit of a reviewer that others have to approve; the newest if there are several."""
    edits = (vote for vote in reversed(request.votes) if vote.edited_args is not None)
    return next((vote for vote in edits if vote.meaning is Meaning.AUTHORSHIP), None)


def _counted(votes: Sequence[CastVote], *, editor_counts: bool) -> list[CastVote]:
    """Votes for it that count: one of each person, none of an editor unless the policy says so."""
    counted: dict[str, CastVote] = {}
    for vote in votes:
        is_author = vote.meaning is Meaning.AUTHORSHIP and not editor_counts
        if not vote.objection and vote.decision is not DecisionKind.REJECT and not is_author:
            counted.setdefault(vote.reviewer_id, vote)
    return list(counted.values())
