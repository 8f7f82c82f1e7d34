"""What a policy demands of one call.

The only place that applies rules. All that apply count together, so that no rule weakens another;
a call that no rule knows is gated, and so is one whose arguments a rule cannot read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.wire.approvals import Risk
from workers.wire.canonical import JSON
from workers.wire.policy.conditions import Truth, evaluate
from workers.wire.policy.rules import ANY, Policy, Rule
from workers.wire.signing.statements import Meaning

_RISKS = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)
_NO_RULE = "No rule of the policy knows this call, so it needs approval."


@dataclass(frozen=True, slots=True)
class Quorum:
    """So many distinct reviewers, each in one of these roles (any role, if there are none)."""

    count: int
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What has to happen before a call runs.

    Attributes:
        gated: a person has to decide; if not, nothing else here matters.
        quorums: each has to be reached.
        meanings: what an approval may mean.
        why: the rules that say so, in words for the reviewer.
    """

    gated: bool
    quorums: tuple[Quorum, ...] = (Quorum(1),)
    requester_may_approve: bool = False
    editor_may_approve: bool = False
    expires_after_seconds: float | None = None
    reason_required: bool = False
    dwell_seconds: float = 0.0
    meanings: tuple[Meaning, ...] = (Meaning.APPROVAL,)
    risk: Risk = Risk.HIGH
    masked: tuple[str, ...] = ()
    why: tuple[str, ...] = (_NO_RULE,)


@dataclass(frozen=True, slots=True)
class Applying:
    """The rules that apply to one call: those that demand approval, and those that waive it."""

    gating: tuple[Rule, ...]
    waiving: tuple[Rule, ...]


def demand(policy: Policy, agent: str, action: str, args: JSON) -> Demand:
    """What the policy demands of a call.

    Args:
        args: as they travel, that is after `canonical.strict_json`.
    """
    found = applying(policy, agent, action, args)
    if found.gating:
        return _together(found.gating)
    if found.waiving:
        return Demand(gated=False, why=tuple(f"{rule.name}: no approval" for rule in found.waiving))
    return Demand(gated=True)


def applying(policy: Policy, agent: str, action: str, args: JSON) -> Applying:
    """The rules that apply to a call; see `demand`."""
    known = [rule for rule in policy.rules if rule.tool in (ANY, action)]
    known = [rule for rule in known if rule.agent in (ANY, agent)]
    gating = [rule for rule in known if rule.gate and _holds(rule, args) is not Truth.NO]
    waiving = [rule for rule in known if not rule.gate and _holds(rule, args) is Truth.YES]
    return Applying(tuple(gating), tuple(waiving))


def _holds(rule: Rule, args: JSON) -> Truth:
    answers = {evaluate(condition, args) for condition in rule.when}
    if Truth.NO in answers:
        return Truth.NO
    return Truth.UNKNOWN if Truth.UNKNOWN in answers else Truth.YES


def _together(rules: Sequence[Rule]) -> Demand:
    ends = [rule.expires_after_seconds for rule in rules if rule.expires_after_seconds is not None]
    quorums = dict.fromkeys(Quorum(rule.quorum, rule.roles) for rule in rules)
    allowed = [rule.meanings or (Meaning.APPROVAL,) for rule in rules]
    return Demand(
        gated=True,
        quorums=tuple(quorums),
        requester_may_approve=all(rule.requester_may_approve for rule in rules),
        editor_may_approve=all(rule.editor_may_approve for rule in rules),
        expires_after_seconds=min(ends, default=None),
        reason_required=any(rule.reason_required for rule in rules),
        dwell_seconds=max(rule.dwell_seconds for rule in rules),
        meanings=tuple(one for one in allowed[0] if all(one in other for other in allowed)),
        risk=max((rule.risk for rule in rules), key=_RISKS.index),
        masked=tuple(dict.fromkeys(pointer for rule in rules for pointer in rule.masked)),
        why=tuple(_words(rule) for rule in rules),
    )


def _words(rule: Rule) -> str:
    people = "reviewer" if rule.quorum == 1 else "reviewers"
    roles = f" in the role {' or '.join(rule.roles)}" if rule.roles else ""
    return f"{rule.name}: {rule.quorum} {people}{roles}"
