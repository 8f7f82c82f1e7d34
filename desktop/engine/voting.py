"""Counting signed decisions that wait together.

The only place of the console that verifies votes and says when there are enough to send. It reads
and writes nothing. The worker counts again, by its own registry and policy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import msgspec

from desktop.store.policies import demand_of, name_of
from desktop.store.records import DecisionKind
from desktop.store.signing import CastVote, Meaning
from workers.wire.approvals import MAX_ENVELOPES, ApprovalRequest, digest_in
from workers.wire.canonical import JSON
from workers.wire.errors import NotApprovable
from workers.wire.policy.judging import judge, vote_of
from workers.wire.policy.votes import Objection, Standing, Tally, tally
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.dsse import Envelope, read_envelope
from workers.wire.signing.keys import from_base64
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import DecisionStatement, read_statement
from workers.wire.signing.verifying import call_asked, verify_decision
from workers.wire.streams.votes import KeptVote, VoteEntry

_NO_VOTE: Final = "What lies there is no signed decision."
_WORDS: Final = {
    Objection.IS_REQUESTER: "They asked for it.",
    Objection.IS_EDITOR: "They changed the arguments.",
    Objection.WRONG_ROLE: "They signed in a role that the policy does not ask for.",
    Objection.WRONG_MEANING: "It means something else than an approval.",
    Objection.NO_REASON: "The policy asks for a reason.",
    Objection.NOT_READ: "The request was open for less time than the policy asks for.",
    Objection.OTHER_ARGUMENTS: "It is about other arguments.",
    Objection.VOTED_BEFORE: "They have signed before.",
}


class Aim(NamedTuple):
    """What votes have to agree on to count together."""

    kind: DecisionKind
    edited_args_digest: str = ""


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote, read.

    Attributes:
        statement: None if it cannot be read.
        objection: why it does not count, in words; empty if nothing speaks against it.
    """

    at_ms: int
    envelope: JSON
    args: JSON = None
    statement: DecisionStatement | None = None
    objection: str = ""

    @property
    def aim(self) -> Aim | None:
        """What it is for, if it is believed."""
        if self.statement is None or self.objection:
            return None
        return Aim(self.statement.decision, self.statement.edited_args_digest)


@dataclass(frozen=True, slots=True)
class Complete:
    """Enough signed decisions to send.

    Attributes:
        comment: of the first, which travels as the reason or answer.
        args: those the decision is about, if they were changed.
        completed_by: the last of them; an author's signature completes nothing.
    """

    envelopes: tuple[JSON, ...]
    comment: str
    args: JSON
    completed_by: DecisionStatement


def read_ballots(
    request: ApprovalRequest, kept: Iterable[KeptVote], registry: Registry, now: float
) -> list[Ballot]:
    """Prove votes, each by itself; those of one person for the same aim after the first are out.

    Args:
        now: seconds since the epoch.
    """
    known: set[tuple[str, Aim]] = set()
    ballots: list[Ballot] = []
    for one in kept:
        ballot = _read(request, one, registry, now)
        if ballot.aim is not None and ballot.statement is not None:
            mark = (ballot.statement.reviewer.id, ballot.aim)
            if mark in known:
                ballot = _out(ballot, _WORDS[Objection.VOTED_BEFORE])
            known.add(mark)
        ballots.append(ballot)
    return ballots


def complete(
    request: ApprovalRequest, ballots: Sequence[Ballot], aim: Aim, registry: Registry, now: float
) -> Complete | None:
    """The decisions to send for an aim, once there are enough of them; None before.

    Args:
        ballots: see `read_ballots`.
    """
    together = [ballot for ballot in ballots if ballot.aim == aim]
    counted = _counted(request, together, aim)
    if counted.standing is not Standing.APPROVED:
        return None
    people = {vote.reviewer for vote in counted.counted}
    sent = [b for b in together if _by(b) in people or b is _author(together, aim)]
    first = sent[0].statement if sent else None
    last = next((b.statement for b in reversed(sent) if _by(b) in people), None)
    if first is None or last is None or len(sent) > MAX_ENVELOPES:
        return None
    envelopes = tuple(ballot.envelope for ballot in sent)
    try:
        standing = judge(
            envelopes,
            call_asked(request, aim.kind, aim.edited_args_digest, first.comment),
            demand_of(request.policy),
            registry,
            now,
            requester=request.requester.id,
            policy=name_of(request.policy),
        ).tally.standing
    except NotTrusted:
        standing = Standing.OPEN
    enough = Complete(envelopes, first.comment, sent[0].args, last)
    return enough if standing is Standing.APPROVED else None


def complete_any(
    request: ApprovalRequest, ballots: Sequence[Ballot], registry: Registry, now: float
) -> Complete | None:
    """The decisions to send for whatever enough have signed; None while that is nothing.

    A rejection is sent at once by whoever signs it, and never posted.
    """
    for aim in dict.fromkeys(ballot.aim for ballot in ballots):
        if aim is not None and aim.kind is not DecisionKind.REJECT:
            enough = complete(request, ballots, aim, registry, now)
            if enough is not None:
                return enough
    return None


def valid_until(ballots: Iterable[Ballot]) -> float:
    """When the first of those that count expires, seconds since the epoch."""
    ends = (b.statement.exp for b in ballots if b.aim is not None and b.statement is not None)
    return min(ends, default=math.inf)


def cast_votes(request: ApprovalRequest, ballots: Sequence[Ballot]) -> tuple[CastVote, ...]:
    """Votes as the window shows them, each with why it does not count."""
    objections: dict[int, str] = {}
    for aim in dict.fromkeys(ballot.aim for ballot in ballots):
        if aim is None or aim.kind is DecisionKind.REJECT:
            continue
        together = [ballot for ballot in ballots if ballot.aim == aim]
        against = {vote.reviewer: why for vote, why in _counted(request, together, aim).objections}
        for ballot in together:
            if (why := against.get(_by(ballot))) is not None:
                objections[id(ballot)] = _WORDS[why]
    return tuple(_shown(b, b.objection or objections.get(id(b), "")) for b in ballots)


def own_ballot(envelope: Envelope, args: JSON, at_ms: int) -> KeptVote:
    """A decision of this desk, as if it were read from the broker."""
    return KeptVote(at_ms, VoteEntry(envelope=_plain(envelope), args=args))


def _counted(request: ApprovalRequest, together: Sequence[Ballot], aim: Aim) -> Tally:
    """The tally of votes for one aim; an author's signature approves nothing."""
    demand = demand_of(request.policy)
    author = _author(together, aim)
    runs = aim.edited_args_digest or request.args_digest
    editor = _by(author) if author else ""
    if author is None and aim.kind is DecisionKind.EDIT and together and demand.editor_may_approve:
        editor = _by(together[0])
    signed = (ballot.statement for ballot in together if ballot is not author)
    votes = [vote_of(statement) for statement in signed if statement is not None]
    return tally(demand, votes, requester=request.requester.id, args_digest=runs, editor=editor)


def _author(together: Sequence[Ballot], aim: Aim) -> Ballot | None:
    if aim.kind is not DecisionKind.EDIT:
        return None
    signed = (b for b in together if b.statement and b.statement.meaning is Meaning.AUTHORSHIP)
    return next(signed, None)


def _read(request: ApprovalRequest, kept: KeptVote, registry: Registry, now: float) -> Ballot:
    entry = kept.entry
    if entry is None:
        return Ballot(kept.at_ms, None, objection=_NO_VOTE)
    ballot = Ballot(kept.at_ms, entry.envelope, entry.args)
    try:
        envelope = read_envelope(entry.envelope)
        claimed = read_statement(from_base64(envelope.payload), DecisionStatement)
        aim = Aim(claimed.decision, claimed.edited_args_digest)
        call = call_asked(request, aim.kind, aim.edited_args_digest)
        statement = verify_decision(envelope, call, registry, now).statement
    except NotTrusted as error:
        return _out(ballot, error.title)
    ballot = Ballot(kept.at_ms, entry.envelope, entry.args, statement)
    if statement.policy != name_of(request.policy):
        return _out(ballot, "It was made under another policy than the one that asks.")
    if aim.edited_args_digest and not _is_of(request, entry.args, aim.edited_args_digest):
        return _out(ballot, "The arguments beside it are not those that were signed.")
    return ballot


def _is_of(request: ApprovalRequest, args: JSON, edited_args_digest: str) -> bool:
    try:
        return digest_in(request, args) == edited_args_digest
    except NotApprovable:
        return False


def _out(ballot: Ballot, objection: str) -> Ballot:
    return Ballot(ballot.at_ms, ballot.envelope, None, ballot.statement, objection)


def _by(ballot: Ballot) -> str:
    return ballot.statement.reviewer.id if ballot.statement else ""


def _shown(ballot: Ballot, objection: str) -> CastVote:
    statement = ballot.statement
    if statement is None:
        # Whatever name it gives, nobody has proven it.
        return CastVote(
            "", "Somebody", "", DecisionKind.APPROVE, Meaning.APPROVAL, ballot.at_ms, objection
        )
    return CastVote(
        reviewer_id=statement.reviewer.id,
        reviewer_name=statement.reviewer.name,
        role=statement.reviewer.role,
        decision=statement.decision,
        meaning=statement.meaning,
        at_ms=ballot.at_ms,
        objection=objection,
        edited_args_digest=statement.edited_args_digest,
        edited_args=ballot.args,
        comment=statement.comment,
    )


def _plain(envelope: Envelope) -> JSON:
    return cast("JSON", msgspec.to_builtins(envelope))
