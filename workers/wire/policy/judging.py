"""Whether the signed decisions on one call let it run, together.

The only place that joins signatures and policy. Every envelope has to prove itself for exactly
this call; one that does not makes the whole decision worthless, because somebody put it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.wire.approvals import ApprovalRequest, DecisionKind, PolicyTerms, QuorumTerms
from workers.wire.canonical import JSON
from workers.wire.policy.demands import Demand
from workers.wire.policy.rules import Policy
from workers.wire.policy.votes import Tally, Vote, tally
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import read_envelope
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import DecisionStatement, Meaning, PolicyName
from workers.wire.signing.verifying import Call, Verified, verify_decision


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a call stands by the signed decisions on it.

    Attributes:
        proven: what each reviewer signed, in the order in which it came.
        editor: id of whoever changed the arguments; empty if nobody did.
    """

    tally: Tally
    proven: tuple[Verified, ...]
    editor: str = ""


def judge(
    envelopes: Sequence[JSON],
    call: Call,
    demand: Demand,
    registry: Registry,
    at: float,
    *,
    requester: str,
    policy: PolicyName,
) -> Judgement:
    """Prove and count the signed decisions on one call.

    Of an edit somebody is the author: who signs it with the meaning `authorship`. That signature
    approves nothing, unless the policy lets editors approve.

    Args:
        call: as whoever runs it knows it. Its `comment` is that of the first envelope.
        demand: of the policy for the arguments that would run.
        at: seconds since the epoch; see `verify_decision`.
        requester: on whose behalf the agent acts; empty if nobody knows.
        policy: under which the request was made.

    Raises:
        NotTrusted: with the first reason that was found; nothing may run.
    """
    if not envelopes:
        raise NotTrusted(Distrust.UNSIGNED, "The decision is not signed.")
    proven: list[Verified] = []
    for place, value in enumerate(envelopes):
        expected = call if place == 0 else replace(call, comment=None)
        one = verify_decision(read_envelope(value), expected, registry, at)
        if one.statement.policy != policy:
            title = "A decision was made under another policy than the one that asks for it."
            raise NotTrusted(Distrust.WRONG_POLICY, title)
        if any(one.statement.nonce == other.statement.nonce for other in proven):
            raise NotTrusted(Distrust.REPEATED, "One signed decision is there twice.")
        proven.append(one)
    runs = call.edited_args_digest or call.args_digest
    editor = _editor(call, demand, proven)
    votes = [vote_of(one.statement) for one in proven if not _is_authorship(one, editor)]
    counted = tally(demand, votes, requester=requester, args_digest=runs, editor=editor)
    return Judgement(counted, tuple(proven), editor)


def policy_name(request: ApprovalRequest) -> PolicyName:
    """The policy that a decision on a request has to name: none is of no name and version 0."""
    policy = request.policy
    if policy is None:
        return PolicyName(id="", version=0)
    return PolicyName(id=policy.id, version=policy.version)


def terms_of(policy: Policy, demand: Demand) -> PolicyTerms:
    """What a policy demands of a call, as a request carries it."""
    return PolicyTerms(
        id=policy.id,
        version=policy.version,
        quorums=tuple(QuorumTerms(count=one.count, roles=one.roles) for one in demand.quorums),
        meanings=tuple(str(meaning) for meaning in demand.meanings),
        requester_may_approve=demand.requester_may_approve,
        editor_may_approve=demand.editor_may_approve,
        reason_required=demand.reason_required,
        dwell_seconds=demand.dwell_seconds,
        masked=demand.masked,
        why=demand.why,
    )


def _editor(call: Call, demand: Demand, proven: Sequence[Verified]) -> str:
    if call.decision is not DecisionKind.EDIT:
        return ""
    authors = {one.reviewer.id for one in proven if one.statement.meaning is Meaning.AUTHORSHIP}
    if len(authors) > 1:
        raise NotTrusted(Distrust.WRONG_EDIT, "One edit has two authors.")
    if authors:
        return authors.pop()
    if demand.editor_may_approve:
        return proven[0].reviewer.id
    raise NotTrusted(Distrust.WRONG_EDIT, "Nobody says that the edit is theirs.")


def _is_authorship(one: Verified, editor: str) -> bool:
    return bool(editor) and one.statement.meaning is Meaning.AUTHORSHIP


def vote_of(statement: DecisionStatement) -> Vote:
    """The vote in a decision that was verified."""
    return Vote(
        reviewer=statement.reviewer.id,
        role=statement.reviewer.role,
        decision=statement.decision,
        meaning=statement.meaning,
        args_digest=statement.edited_args_digest or statement.args_digest,
        comment=statement.comment,
        name=statement.reviewer.name,
        ms_open=statement.display.ms_open,
    )
