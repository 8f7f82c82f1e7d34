"""Whether a policy can be met, and says what it seems to say.

The only place that finds out before a call does. A gate that nobody can open stops the business; a
rule that never applies protects nothing. Calls that stand for all calls are put to the policy, so
what is found is what a worker would do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Final

from workers.wire.policy.conditions import Comparison, Condition
from workers.wire.policy.demands import Demand, applying, demand
from workers.wire.policy.meeting import People, Roles, able, lacks, roles_held
from workers.wire.policy.rules import ANY, Policy, Rule, delegated_to
from workers.wire.policy.trials import Known, Trial, all_trials, schema_at
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import moment

#: Who has less time left than this is told, in seconds.
KEY_SOON_SECONDS: Final = 30 * 86_400
REGISTRY_SOON_SECONDS: Final = 7 * 86_400
_LIMITS: Final = (Comparison.ABOVE, Comparison.AT_MOST)
_CURRENCY: Final = "curr"


class FindingKind(StrEnum):
    """How bad it is."""

    CANNOT_BE_MET = "cannot_be_met"
    FAILS_OPEN = "fails_open"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with rules.

    Attributes:
        rule: the names of those that meet, joined by " + "; empty for none of them.
    """

    rule: str
    title: str
    kind: FindingKind = FindingKind.CANNOT_BE_MET

    @property
    def fatal(self) -> bool:
        """Whether calls could never run, or run with less than was meant."""
        return self.kind is not FindingKind.NOTE


def lint(
    policy: Policy, registry: Registry | None = None, known: Known | None = None, at: float = 0.0
) -> list[Finding]:
    """What is wrong with a policy, each thing once.

    Args:
        registry: the present one; without it nobody can say who could approve.
        known: of the workers it is for.
        at: now, seconds since the epoch; only of use beside a registry.
    """
    known = known or Known()
    found = [*_put_to_the_test(policy, able(registry, at) if registry else None, known)]
    found += _waivers(policy)
    found += _limits(policy)
    found += _names(policy, known)
    found += _delegations(policy, known)
    if registry is not None:
        found += _roles(policy, able(registry, at))
        found += _running_out(registry, at)
    return list(dict.fromkeys(found))


def unmet(policy: Policy, registry: Registry, at: float) -> tuple[Finding, ...]:
    """What could never run; remembered, because workers ask with each decision.

    Args:
        at: now, seconds since the epoch.
    """
    return _unmet_by(policy, frozenset(able(registry, at).items()))


@lru_cache(maxsize=16)
def _unmet_by(policy: Policy, people: frozenset[tuple[Roles, int]]) -> tuple[Finding, ...]:
    found = _put_to_the_test(policy, dict(people), Known())
    return tuple(one for one in found if one.kind is FindingKind.CANNOT_BE_MET)


def _put_to_the_test(policy: Policy, people: People | None, known: Known) -> Iterator[Finding]:
    """What happens to calls that stand for all calls."""
    every = list(all_trials(policy, known))
    reached = {rule.name for trials in every if not trials.whole for rule in policy.rules}
    judged: set[tuple[str, Demand, bool]] = set()
    for trials in every:
        if not trials.whole:
            title = "Has too many conditions for all their combinations to be tried."
            yield Finding(trials.tool, title, FindingKind.NOTE)
        for call in trials.calls:
            found = applying(policy, call.agent, call.tool, call.args)
            applied = (*found.gating, *found.waiving)
            reached.update(rule.name for rule in applied if not _lacks_any(call, rule))
            met = demand(policy, call.agent, call.tool, call.args)
            names = " + ".join(rule.name for rule in found.gating)
            case = (names, met, bool(call.missing))
            if met.gated and case not in judged:
                judged.add(case)
                yield from _unmet(names, met, people, call)
    for rule in policy.rules:
        if rule.name not in reached:
            kind = FindingKind.FAILS_OPEN if rule.gate else FindingKind.NOTE
            yield Finding(rule.name, "Its conditions can never hold, so it never applies.", kind)


def _lacks_any(call: Trial, rule: Rule) -> bool:
    """Whether a rule only applies because it could not be evaluated."""
    return any(condition.argument in call.missing for condition in rule.when)


def _unmet(names: str, met: Demand, people: People | None, call: Trial) -> Iterator[Finding]:
    """Why a demand cannot be met; a call without an argument that rules read is an odd one."""
    kind = FindingKind.NOTE if call.missing else FindingKind.CANNOT_BE_MET
    where = f" for a call without {', '.join(call.missing)}" if call.missing else ""
    if not met.meanings:
        yield Finding(names, f"No meaning of an approval is allowed by all of them{where}.", kind)
    for lack in lacks(met, people) if people is not None else ():
        asked = " and ".join(
            f"{one.count} of {' or '.join(one.roles) or 'anybody'}" for one in met.quorums
        )
        if not lack.without:
            yield Finding(names, f"The registry has too few who could be {asked}{where}.", kind)
        elif names and not call.missing:
            title = f"Without {lack.without}, too few may be left who could be {asked}."
            yield Finding(names, title, FindingKind.NOTE)


def _waivers(policy: Policy) -> Iterator[Finding]:
    """Rules that let more run than they seem to."""
    for rule in policy.rules:
        if rule.gate:
            continue
        beside = [r for r in policy.rules if r.gate and _may_meet(rule, r)]
        if any(not other.when for other in beside):
            title = "Another rule demands approval of the same calls, so it waives nothing."
            yield Finding(rule.name, title, FindingKind.NOTE)
        elif beside and not rule.when:
            title = "It waives whatever the other rules of its tool do not name; say what is free."
            yield Finding(rule.name, title, FindingKind.FAILS_OPEN)
        limited = {one.argument for one in rule.when if one.comparison is Comparison.AT_MOST}
        floored = {one.argument for one in rule.when if one.comparison is Comparison.ABOVE}
        for pointer in sorted(limited - floored):
            title = f"It waives any {pointer} below zero, too; add one that is above."
            yield Finding(rule.name, title, FindingKind.FAILS_OPEN)
        if rule.when and _excludes(list(rule.when)):
            title = "It waives all but what it lists, in any other spelling too; list what is free."
            yield Finding(rule.name, title, FindingKind.FAILS_OPEN)
        if any(_is_currency(one) for one in rule.when) and not limited:
            title = "It waives by currency, whatever the amount."
            yield Finding(rule.name, title, FindingKind.FAILS_OPEN)


def _limits(policy: Policy) -> Iterator[Finding]:
    """Limits in one currency that say nothing of the others."""
    for rule in policy.rules:
        named = [one for one in rule.when if _is_currency(one)]
        limits = [one for one in rule.when if one.comparison is Comparison.ABOVE]
        if not (rule.gate and named and limits) or _excludes(named):
            continue
        others = [r for r in policy.rules if r is not rule and r.gate and _covers(r, rule, named)]
        if not others:
            title = "It limits amounts in some currencies; in every other there is no limit."
            yield Finding(rule.name, title, FindingKind.FAILS_OPEN)


def _covers(other: Rule, rule: Rule, named: list[Condition]) -> bool:
    """Whether a rule demands as much of the currencies that another does not name."""
    if other.tool not in (ANY, rule.tool) or other.agent not in (ANY, rule.agent):
        return False
    theirs = [one for one in other.when if _is_currency(one)]
    names_rest = not theirs or (
        _excludes(theirs)
        and all(_constants(one) <= {c for two in named for c in _constants(two)} for one in theirs)
    )
    return names_rest and other.quorum >= rule.quorum


def _excludes(conditions: list[Condition]) -> bool:
    return all(one.comparison is Comparison.NONE_OF for one in conditions)


def _constants(condition: Condition) -> set[str]:
    value = condition.value
    return {str(one).casefold() for one in (value if isinstance(value, tuple) else [value])}


def _is_currency(condition: Condition) -> bool:
    last = condition.argument.rpartition("/")[2].casefold()
    return _CURRENCY in last and condition.comparison not in _LIMITS


def _may_meet(one: Rule, other: Rule) -> bool:
    tools = ANY in (one.tool, other.tool) or one.tool == other.tool
    return tools and (ANY in (one.agent, other.agent) or one.agent == other.agent)


def _names(policy: Policy, known: Known) -> Iterator[Finding]:
    """Tools, agents and arguments that nobody has; what no rule names needs one approval only."""
    for rule in policy.rules:
        if known.tools and rule.tool not in (ANY, *known.tools):
            title = f"No worker has the tool {rule.tool!r}{_meant(rule.tool, known.tools)}."
            yield Finding(rule.name, title, _missed(rule))
        if known.agents and rule.agent not in (ANY, *known.agents):
            title = f"There is no agent {rule.agent!r}{_meant(rule.agent, known.agents)}."
            yield Finding(rule.name, title, _missed(rule))
        schema = known.tools.get(rule.tool)
        for condition in rule.when:
            if schema_at(schema, condition.argument) is None:
                title = f"{rule.tool} has no argument {condition.argument}."
                yield Finding(rule.name, title, FindingKind.NOTE)
        for pointer in rule.masked:
            if schema_at(schema, pointer) is None:
                title = f"{rule.tool} has no argument {pointer}, so nothing is hidden."
                yield Finding(rule.name, title, FindingKind.FAILS_OPEN)


def _delegations(policy: Policy, known: Known) -> Iterator[Finding]:
    """Rules for giving tasks to other agents, which nobody is asked about."""
    for rule in policy.rules:
        agent = delegated_to(rule.tool)
        if rule.gate and agent and (agent in known.agents or not known.agents):
            title = f"Nobody is asked before {agent!r} is given a task, so it is never given one."
            kind = FindingKind.CANNOT_BE_MET if known.agents else FindingKind.NOTE
            yield Finding(rule.name, title, kind)


def _missed(rule: Rule) -> FindingKind:
    """How bad it is that a rule meant for a tool misses it."""
    meant = rule.gate and (rule.quorum > 1 or rule.roles or rule.reason_required)
    return FindingKind.FAILS_OPEN if meant else FindingKind.NOTE


def _meant(name: str, names: Collection[str]) -> str:
    close = get_close_matches(name, names, 1)
    return f"; {close[0]!r} is meant?" if close else ""


def _roles(policy: Policy, people: People) -> Iterator[Finding]:
    held = roles_held(people)
    for rule in policy.rules:
        for role in rule.roles:
            if role not in held:
                title = f"Nobody in the registry has the role {role!r}."
                yield Finding(rule.name, title, FindingKind.NOTE)
    if policy.lift_roles and not any(role in held for role in policy.lift_roles):
        title = "Nobody in the registry may lift a halt: nobody has one of its lift_roles."
        yield Finding("", title, FindingKind.NOTE)


def _running_out(registry: Registry, at: float) -> Iterator[Finding]:
    """Who will not be able to decide soon."""
    statement = registry.statement
    if moment(statement.expires_at) - at < REGISTRY_SOON_SECONDS:
        title = f"The registry expires at {statement.expires_at}; then nobody can approve."
        yield Finding("", title, FindingKind.NOTE)
    for reviewer in statement.reviewers:
        ends = [one.not_after for one in reviewer.keys if not one.revoked_at]
        last = max(ends, key=moment, default="")
        if not last or moment(last) <= at:
            title = f"{reviewer.name} has no key that counts."
            yield Finding("", title, FindingKind.NOTE)
        elif moment(last) - at < KEY_SOON_SECONDS:
            title = f"The last key of {reviewer.name} ends at {last}."
            yield Finding("", title, FindingKind.NOTE)
