"""What a policy asks for, in words: who is needed, who has signed, until when.

The only place that says so. No Qt; pure functions of a record and the time.
"""

from __future__ import annotations

from datetime import datetime

from desktop.qtmodels.wording import day_and_clock, moment
from desktop.store.quorums import (
    QuorumStanding,
    edit_awaiting,
    quorum_standings,
    signed_by,
    votes_missing,
)
from desktop.store.records import DecisionKind, Request
from desktop.store.signing import Identity, Meaning, Signing, SigningState

_MEANINGS = {
    Meaning.APPROVAL: "I approve this call",
    Meaning.REVIEW: "I have reviewed this call",
    Meaning.RESPONSIBILITY: "I take responsibility for this call",
    Meaning.AUTHORSHIP: "I am the author of these arguments",
    Meaning.REJECTION: "I reject this call",
}
_HOUR_MS = 3_600_000
#: So many groups, or roles of one, are named; no policy that is meant has more.
_MOST = 12


def meaning_words(meaning: str) -> str:
    """What a signature of this meaning says."""
    return _MEANINGS[Meaning(meaning)] if meaning in set(Meaning) else meaning


def need_lines(request: Request) -> list[str]:
    """Who is needed, and who has signed already: a line for each."""
    lines = []
    standings = quorum_standings(request)
    for standing in standings[:_MOST]:
        lines.append(_need(standing))
        if standing.count > 1 or standing.by:
            lines.append(_reached(standing))
    if len(standings) > _MOST:
        lines.append(f"And {len(standings) - _MOST:,} more groups of reviewers")
    edits = [vote for vote in request.votes if vote.meaning is Meaning.AUTHORSHIP]
    lines += [
        f"{vote.reviewer_name} changed the arguments, {day_and_clock(vote.at_ms)}" for vote in edits
    ]
    if edit_awaiting(request) is not None:
        lines += [
            f"{vote.reviewer_name} approved what was asked before that, not the change"
            for vote in request.votes
            if vote.decision is DecisionKind.APPROVE and not vote.objection
        ]
    lines += [
        f"The decision of {vote.reviewer_name} does not count: {vote.objection.replace('_', ' ')}"
        for vote in request.votes
        if vote.objection and vote.meaning is not Meaning.AUTHORSHIP
    ]
    return lines


def rule_lines(request: Request) -> list[str]:
    """What else the policy says of this call."""
    policy = request.policy
    if policy is None:
        return []
    lines = list(policy.why)
    if policy.reason_required:
        lines.append("Whoever approves gives a reason.")
    if request.asked_under not in {0, policy.version}:
        before, now = request.asked_under, policy.version
        lines.append(f"Asked under version {before} of the policy; version {now} holds now.")
    return [*lines, f"Policy {policy.id}, version {policy.version}"]


def expiry_words(request: Request, now_ms: int) -> str:
    """Until when a decision counts; empty while there is no end, or it is decided."""
    asked = request.call.request
    if asked is None or not asked.expires_at or not request.is_open:
        return ""
    try:
        until = round(datetime.fromisoformat(asked.expires_at).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return ""
    left = (until - now_ms) // 1000
    if left <= 0:
        return "Expired: a decision does not count any more"
    if left < 3600:
        return (
            f"Expires in {left // 60} min {left % 60} s" if left >= 60 else f"Expires in {left} s"
        )
    return f"Expires in {left // 3600} h {left % 3600 // 60} min"


def claim_words(request: Request, now_ms: int) -> str:
    """Who else looks at it now; empty for nobody."""
    claim = request.claim
    if claim is None or claim.until_ms <= now_ms or not request.is_open:
        return ""
    return f"{claim.by_name} is looking at this"


def decided_words(request: Request, now_ms: int) -> str:
    """Who decided, and when; empty while nobody has, or nobody knows."""
    if request.is_open or not request.decided_by or not request.decided_ms:
        return ""
    return f"Decided by {request.decided_by}, {_ago(request.decided_ms, now_ms)}"


def signing_words(request: Request, signing: Signing, role: str) -> str:
    """As whom a person signs; empty where nothing is signed."""
    identity = signing.identity
    if identity is None or not request.must_be_signed or signing.state is SigningState.NO_KEY:
        return ""
    return f"You sign as {identity.name}, {role}" if role else f"You sign as {identity.name}"


def joined_words(request: Request, identity: Identity | None) -> str:
    """That a person's signature waits for others; empty if none of theirs does."""
    mine = signed_by(request, identity)
    if mine is None or not request.is_open or mine.decision is DecisionKind.REJECT:
        return ""
    missing = votes_missing(request, mine.edited_args_digest)
    if not missing:
        return "Your signature is in. The worker has not answered yet."
    return f"Your signature is in. {missing} more {'is' if missing == 1 else 'are'} needed."


def _need(standing: QuorumStanding) -> str:
    people = "1 reviewer" if standing.count == 1 else f"{standing.count} reviewers"
    if not standing.roles:
        return f"{people} in any role"
    word = "role" if len(standing.roles) == 1 else "roles"
    more = len(standing.roles) - _MOST
    named = " or ".join(standing.roles[:_MOST]) + (f" or {more:,} more" if more > 0 else "")
    return f"{people} in the {word} {named}"


def _reached(standing: QuorumStanding) -> str:
    who = "; ".join(f"{vote.reviewer_name}, {day_and_clock(vote.at_ms)}" for vote in standing.by)
    words = f"{min(len(standing.by), standing.count)} of {standing.count}"
    return f"{words}: {who}" if who else f"{words}: nobody yet"


def _ago(then_ms: int, now_ms: int) -> str:
    gone = max(0, now_ms - then_ms)
    if gone >= _HOUR_MS:
        return moment(then_ms)
    seconds = gone // 1000
    return f"{seconds} s ago" if seconds < 60 else f"{seconds // 60} min ago"
