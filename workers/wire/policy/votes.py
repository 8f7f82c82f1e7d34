"""Whether the votes on one request are enough.

The only place that counts them. One person is one vote, in however many roles and with however
many keys; one valid rejection closes the request.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, product
from typing import Final

from workers.wire.approvals import DecisionKind
from workers.wire.policy.demands import Demand, Quorum
from workers.wire.signing.statements import Meaning

#: Several people may have voted in several roles; so many ways to count them are tried.
_MOST_CHOICES: Final = 4096


@dataclass(frozen=True, slots=True)
class Vote:
    """A verified decision of one person.

    Attributes:
        reviewer: the registry's id.
        role: in which they vote.
        args_digest: of the arguments they voted on: those asked about, or those of an edit.
        name: as the registry prints it.
        ms_open: how long the request was open to them, as they signed it.
    """

    reviewer: str
    role: str
    decision: DecisionKind
    meaning: Meaning
    args_digest: str
    comment: str = ""
    name: str = ""
    ms_open: int = 0


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
    NOT_READ = "not_read"
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
        requester: on whose behalf the agent acts, by id or by name, as whoever asked wrote it;
            empty if nobody knows.
        args_digest: of the arguments that would run.
        editor: who changed them, if somebody did.
    """
    objected: dict[int, Objection] = {}
    able: dict[str, dict[str, int]] = {}
    for place, vote in enumerate(votes):
        objection = _objection(demand, vote, (requester, editor), args_digest)
        if objection is not None:
            objected[place] = objection
        elif vote.decision is DecisionKind.REJECT:
            before = tuple(votes[at] for at in _counted(demand, votes, able))
            told = tuple((votes[at], why) for at, why in objected.items())
            return Tally(Standing.REJECTED, (*before, vote), told)
        else:
            able.setdefault(vote.reviewer, {}).setdefault(vote.role, place)
    places = _counted(demand, votes, able)
    left = {at: Objection.VOTED_BEFORE for at in range(len(votes)) if at not in places}
    objections = tuple((votes[at], why) for at, why in sorted({**left, **objected}.items()))
    counted = tuple(votes[at] for at in places)
    missing = _missing(demand, counted)
    standing = Standing.OPEN if missing else Standing.APPROVED
    return Tally(standing, counted, objections, missing)


def _counted(
    demand: Demand, votes: Sequence[Vote], able: Mapping[str, Mapping[str, int]]
) -> list[int]:
    """One vote of each person: in the role that helps, if they voted in several.

    Args:
        able: of each person, where the first vote in each role is.
    """
    choices = product(*(roles.values() for roles in able.values()))
    for choice in islice(choices, _MOST_CHOICES):
        if not _missing(demand, [votes[at] for at in choice]):
            return sorted(choice)
    return sorted(next(iter(roles.values())) for roles in able.values())


def _missing(demand: Demand, counted: Sequence[Vote]) -> tuple[tuple[Quorum, int], ...]:
    lacks = ((quorum, quorum.count - _reached(quorum, counted)) for quorum in demand.quorums)
    return tuple((quorum, count) for quorum, count in lacks if count > 0)


def _objection(
    demand: Demand,
    vote: Vote,
    makers: tuple[str, str],
    args_digest: str,
) -> Objection | None:
    requester, editor = makers
    if vote.decision is DecisionKind.REJECT:
        return None  # anybody who may vote at all may say no
    if names(requester, vote.reviewer, vote.name) and not demand.requester_may_approve:
        return Objection.IS_REQUESTER
    if vote.reviewer == editor and not demand.editor_may_approve:
        return Objection.IS_EDITOR
    if not any(not quorum.roles or vote.role in quorum.roles for quorum in demand.quorums):
        return Objection.WRONG_ROLE
    if vote.meaning not in demand.meanings:
        return Objection.WRONG_MEANING
    if demand.reason_required and not vote.comment.strip():
        return Objection.NO_REASON
    if vote.ms_open < demand.dwell_seconds * 1000:
        return Objection.NOT_READ
    if vote.args_digest != args_digest:
        return Objection.OTHER_ARGUMENTS
    return None


def names(requester: str, *known_as: str) -> bool:
    """Whether who asked is somebody with these names: it is a caller's word, however spelt."""
    return bool(requester) and _plain(requester) in map(_plain, known_as)


def _plain(text: str) -> str:
    """A name without what people write differently: case, width, blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _reached(quorum: Quorum, counted: Sequence[Vote]) -> int:
    return sum(not quorum.roles or vote.role in quorum.roles for vote in counted)
