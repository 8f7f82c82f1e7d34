"""Whether the votes on one request are enough.

The only place that counts them. One person is one vote, in however many roles and with however
many keys; one valid rejection closes the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from workers.wire.approvals import DecisionKind
from workers.wire.policy.demands import Demand, Quorum
from workers.wire.signing.statements import Meaning


@dataclass(frozen=True, slots=True)
class Vote:
    """A verified decision of one person.

    Attributes:
        reviewer: the registry's id.
        role: in which they vote.
        args_digest: of the arguments they voted on: those asked about, or those of an edit.
    """

    reviewer: str
    role: str
    decision: DecisionKind
    meaning: Meaning
    args_digest: str
    comment: str = ""


class Standing(StrEnum):
    """How the vote stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class Objection(StrEnum):
    """Why a vote does not count."""

    IS_REQUESTER = "is_requester"
    IS_EDITOR = "is_editor"
    WRONG_ROLE = "wrong_role"
    WRONG_MEANING = "wrong_meaning"
    NO_REASON = "no_reason"
    OTHER_ARGUMENTS = "other_arguments"
    VOTED_BEFORE = "voted_before"


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes so far.

    Attributes:
        counted: those that count, in the order in which they came.
        objections: the votes that do not, each with the reason.
        missing: for each quorum that is not reached, how many votes it lacks.
    """

    standing: Standing
    counted: tuple[Vote, ...] = ()
    objections: tuple[tuple[Vote, Objection], ...] = ()
    missing: tuple[tuple[Quorum, int], ...] = ()


def tally(
    demand: Demand, votes: Sequence[Vote], *, requester: str, args_digest: str, editor: str = ""
) -> Tally:
    """Count votes.

    Args:
        votes: in the order in which they came.
        requester: on whose behalf the agent acts; empty if nobody knows.
        args_digest: of the arguments that would run.
        editor: who changed them, if somebody did.
    """
    counted: list[Vote] = []
    objections: list[tuple[Vote, Objection]] = []
    for vote in votes:
        objection = _objection(demand, vote, counted, (requester, editor), args_digest)
        if objection is not None:
            objections.append((vote, objection))
        elif vote.decision is DecisionKind.REJECT:
            return Tally(Standing.REJECTED, (*counted, vote), tuple(objections))
        else:
            counted.append(vote)
    lacks = ((quorum, quorum.count - _reached(quorum, counted)) for quorum in demand.quorums)
    missing = tuple((quorum, count) for quorum, count in lacks if count > 0)
    standing = Standing.OPEN if missing else Standing.APPROVED
    return Tally(standing, tuple(counted), tuple(objections), missing)


def _objection(
    demand: Demand,
    vote: Vote,
    counted: Sequence[Vote],
    makers: tuple[str, str],
    args_digest: str,
) -> Objection | None:
    requester, editor = makers
    if vote.decision is DecisionKind.REJECT:
        return None  # anybody who may vote at all may say no
    if vote.reviewer == requester and not demand.requester_may_approve:
        return Objection.IS_REQUESTER
    if vote.reviewer == editor and not demand.editor_may_approve:
        return Objection.IS_EDITOR
    if not any(not quorum.roles or vote.role in quorum.roles for quorum in demand.quorums):
        return Objection.WRONG_ROLE
    if vote.meaning not in demand.meanings:
        return Objection.WRONG_MEANING
    if demand.reason_required and not vote.comment.strip():
        return Objection.NO_REASON
    if vote.args_digest != args_digest:
        return Objection.OTHER_ARGUMENTS
    if any(one.reviewer == vote.reviewer for one in counted):
        return Objection.VOTED_BEFORE
    return None


def _reached(quorum: Quorum, counted: Sequence[Vote]) -> int:
    return sum(not quorum.roles or vote.role in quorum.roles for vote in counted)
