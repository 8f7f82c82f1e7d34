"""What the policy of a request asks for, as this desk understands it.

The only place of the console that reads `PolicyTerms`. The worker holds decisions to its own
policy; what is here explains before the click, and says when enough have signed to send.
"""

from __future__ import annotations

from desktop.store.records import DecisionKind, Request
from desktop.store.signing import CastVote, Identity, Meaning
from workers.wire.approvals import PolicyTerms
from workers.wire.policy.demands import Demand, Quorum
from workers.wire.signing.statements import PolicyName

_MEANINGS = {str(meaning): meaning for meaning in Meaning}


def demand_of(terms: PolicyTerms | None) -> Demand:
    """What a decision has to meet; one reviewer of any role where the worker names no policy."""
    if terms is None:
        return Demand(gated=True)
    return Demand(
        gated=True,
        quorums=tuple(Quorum(quorum.count, quorum.roles) for quorum in terms.quorums),
        requester_may_approve=terms.requester_may_approve,
        editor_may_approve=terms.editor_may_approve,
        reason_required=terms.reason_required,
        dwell_seconds=terms.dwell_seconds,
        meanings=tuple(_MEANINGS[name] for name in terms.meanings if name in _MEANINGS),
        why=terms.why,
    )


def name_of(terms: PolicyTerms | None) -> PolicyName:
    """The policy that a decision has to name: none is of no name and version 0."""
    return PolicyName(id=terms.id, version=terms.version) if terms else PolicyName(id="", version=0)


def takes_several(request: Request) -> bool:
    """Whether one reviewer alone cannot be enough."""
    quorums = request.policy.quorums if request.policy else ()
    return any(quorum.count > 1 for quorum in quorums) or len({q.roles for q in quorums}) > 1


def role_for(request: Request, identity: Identity) -> str:
    """The role in which a person signs: one that is still missing, if they hold it.

    Returns:
        Empty if they hold none at all.
    """
    quorums = request.policy.quorums if request.policy else ()
    counted = [vote for vote in request.votes if not vote.objection]
    unmet = [
        quorum
        for quorum in quorums
        if sum(not quorum.roles or vote.role in quorum.roles for vote in counted) < quorum.count
    ]
    for quorum in (*unmet, *quorums):
        for role in identity.roles:
            if role in quorum.roles:
                return role
    return identity.roles[0] if identity.roles else ""


def vote_of(
    request: Request,
    identity: Identity | None,
    kind: DecisionKind = DecisionKind.APPROVE,
    edited_args_digest: str = "",
) -> CastVote | None:
    """What a person has signed for the same outcome, and that still waits for others."""
    for vote in request.votes:
        is_mine = identity is not None and vote.reviewer_id == identity.id and not vote.objection
        if is_mine and (vote.decision, vote.edited_args_digest) == (kind, edited_args_digest):
            return vote
    return None


def author_of(request: Request, edited_args_digest: str) -> CastVote | None:
    """Who changed the arguments to what they would be, if somebody has signed that they did."""
    for vote in request.votes:
        is_theirs = vote.meaning is Meaning.AUTHORSHIP and not vote.objection
        if is_theirs and vote.edited_args_digest == edited_args_digest:
            return vote
    return None


def default_meaning(
    request: Request, kind: DecisionKind, identity: Identity | None, edited_args_digest: str = ""
) -> Meaning:
    """What a decision means unless its reviewer says otherwise.

    An edit is its author's, who approves nothing by it unless the policy lets editors approve;
    whoever signs the same edit after them approves it.
    """
    allowed = demand_of(request.policy).meanings
    approval = Meaning.APPROVAL if Meaning.APPROVAL in allowed or not allowed else allowed[0]
    if kind is DecisionKind.REJECT:
        return Meaning.REJECTION
    if kind is not DecisionKind.EDIT or request.policy is None or request.policy.editor_may_approve:
        return approval
    author = author_of(request, edited_args_digest)
    is_theirs = author is not None and (identity is None or author.reviewer_id != identity.id)
    return approval if is_theirs else Meaning.AUTHORSHIP


def barred(
    request: Request,
    identity: Identity | None,
    kind: DecisionKind,
    meaning: Meaning | None = None,
    edited_args_digest: str = "",
) -> tuple[str, str]:
    """Why the policy does not let a person decide so.

    Args:
        meaning: of an edit: its author changes something, others approve it; None if it is not
            known yet.

    Returns:
        Title and hint; both empty if it lets them.
    """
    policy, nothing = request.policy, ("", "")
    if identity is None or policy is None or kind is DecisionKind.REJECT:
        return nothing  # whoever may sign at all may say no
    if kind is not DecisionKind.EDIT or meaning not in {None, Meaning.AUTHORSHIP}:
        if identity.id == request.requester and not policy.requester_may_approve:
            return "You asked for this, so you may not approve it.", "Somebody else has to."
        roles = sorted({role for quorum in policy.quorums for role in quorum.roles})
        takes_any = any(not quorum.roles for quorum in policy.quorums)
        if not takes_any and not set(roles) & set(identity.roles):
            title = f"Approving this takes the role {' or '.join(roles)}, which you do not have."
            return title, "Somebody who holds it has to. You may reject it."
    mine = vote_of(request, identity, kind, edited_args_digest)
    if mine is not None:
        title = "You have signed already; nobody counts twice."
        if mine.meaning is Meaning.AUTHORSHIP:
            title = "You changed the arguments, so somebody else has to approve them."
        return title, "Others have to sign. You may still reject it."
    return nothing


def explained(request: Request, identity: Identity | None) -> tuple[str, ...]:
    """The policy in words, line by line: who has to sign, who has, and what stops this person."""
    policy = request.policy
    if policy is None:
        return ()
    lines = [_quorum_words(quorum.count, quorum.roles) for quorum in policy.quorums]
    signed = [f"{v.reviewer_name} ({v.role})" for v in request.votes if not v.objection]
    if signed:
        lines.append(f"Signed so far: {', '.join(signed)}.")
    if policy.reason_required:
        lines.append("An approval needs a reason.")
    if policy.dwell_seconds:
        lines.append(f"It has to be open for {policy.dwell_seconds:g} s before it is approved.")
    if not policy.editor_may_approve:
        lines.append("Whoever changes the arguments may not approve them.")
    title, _hint = barred(request, identity, DecisionKind.APPROVE)
    return tuple([*lines, title] if title else lines)


def _quorum_words(count: int, roles: tuple[str, ...]) -> str:
    people = "1 reviewer" if count == 1 else f"{count} different reviewers"
    named = f" in the role {' or '.join(roles)}" if roles else ""
    return f"It takes {people}{named}."
