"""Whether a policy can be met, and says what it seems to say.

The only place that finds out before a call does. A gate that nobody can open stops the business; a
rule that never applies protects nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from workers.wire.policy.rules import ANY, Policy, Rule
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import Meaning


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a rule.

    Attributes:
        fatal: calls under it could never run; else it only looks like a mistake.
    """

    rule: str
    title: str
    fatal: bool = True


def lint(
    policy: Policy, registry: Registry | None = None, tools: Collection[str] = ()
) -> list[Finding]:
    """What is wrong with a policy.

    Args:
        registry: the present one; without it nobody can say who could approve.
        tools: of the workers it is for, if they are known.
    """
    found = list(_contradictions(policy))
    if registry is not None:
        for rule in policy.rules:
            found.extend(_unreachable(rule, registry))
    if tools:
        for rule in policy.rules:
            if rule.tool not in (ANY, *tools):
                title = f"No worker has the tool {rule.tool!r}; the rule never applies."
                found.append(Finding(rule.name, title, fatal=False))
    return found


def _contradictions(policy: Policy) -> Iterator[Finding]:
    """Rules that apply together and cannot be met together."""
    for rule in policy.rules:
        if not rule.gate:
            continue
        together = [r for r in policy.rules if r.gate and _may_meet(rule, r)]
        if not _shared_meanings(together):
            names = ", ".join(sorted(r.name for r in together))
            yield Finding(rule.name, f"No meaning of an approval is allowed by all of: {names}.")


def _may_meet(one: Rule, other: Rule) -> bool:
    tools = ANY in (one.tool, other.tool) or one.tool == other.tool
    return tools and (ANY in (one.agent, other.agent) or one.agent == other.agent)


def _shared_meanings(rules: list[Rule]) -> set[Meaning]:
    allowed = [set(rule.meanings or (Meaning.APPROVAL,)) for rule in rules]
    return set.intersection(*allowed)


def _unreachable(rule: Rule, registry: Registry) -> Iterator[Finding]:
    if not rule.gate:
        return
    known = {role for one in registry.statement.reviewers for role in one.roles}
    for role in rule.roles:
        if role not in known:
            yield Finding(rule.name, f"Nobody in the registry has the role {role!r}.", fatal=False)
    able = registry.with_role(*rule.roles) if rule.roles else registry.statement.reviewers
    # Whoever asks may be one of them, and may not approve.
    needed = rule.quorum + (0 if rule.requester_may_approve else 1)
    if len(able) < rule.quorum:
        title = f"It asks for {rule.quorum} reviewers; the registry has {len(able)} who could."
        yield Finding(rule.name, title)
    elif len(able) < needed:
        title = "If one of its reviewers is the requester, too few are left to approve."
        yield Finding(rule.name, title, fatal=False)
