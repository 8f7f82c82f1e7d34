"""What the policy of a request asks for, as this desk understands it.

The only place of the console that says whom a policy lets decide, in which role and meaning. The
worker holds decisions to its own policy. How many have signed is counted in `quorums`.
"""

from __future__ import annotations

from desktop.store.quorums import author_of, quorum_standings, signed_same
from desktop.store.records import DecisionKind, Request
from desktop.store.signing import Identity, Meaning
from workers.wire.approvals import PolicyTerms
from workers.wire.policy.demands import Demand, Quorum
from workers.wire.policy.votes import names
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


def role_for(request: Request, identity: Identity, edited: str | None = None) -> str:
    """The role in which a person signs: one that is still missing, if they hold it.

    Args:
        edited: see `quorum_standings`.

    Returns:
        Empty if they hold none at all.
    """
    standings = quorum_standings(request, edited)
    for quorum in (*(one for one in standings if one.missing), *standings):
        for role in identity.roles:
            if role in quorum.roles:
                return role
    return identity.roles[0] if identity.roles else ""


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
        if (
            names(request.requester, identity.id, identity.name)
            and not policy.requester_may_approve
        ):
            return "You asked for this, so you may not approve it.", "Somebody else has to."
        roles = sorted({role for quorum in policy.quorums for role in quorum.roles})
        takes_any = any(not quorum.roles for quorum in policy.quorums)
        if not takes_any and not set(roles) & set(identity.roles):
            title = f"Approving this takes the role {' or '.join(roles)}, which you do not have."
            return title, "Somebody who holds it has to. You may reject it."
    mine = signed_same(request, identity, kind, edited_args_digest)
    if mine is not None:
        title = "You have signed already; nobody counts twice."
        if mine.meaning is Meaning.AUTHORSHIP:
            title = "You changed the arguments, so somebody else has to approve them."
        return title, "Others have to sign. You may still reject it."
    return nothing
