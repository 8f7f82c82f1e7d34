"""Calls that stand for all calls: one for every way in which the rules of a policy could meet.

The only place that makes them. Conditions compare arguments with constants, so that the values at
and between the constants, one that is none of them, and one that is missing, stand for all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice, pairwise, product
from typing import Final

from workers.wire.canonical import JSON
from workers.wire.policy.conditions import Condition, steps
from workers.wire.policy.rules import ANY, Policy, Rule

#: So many calls are tried for one tool of one agent.
MOST_TRIALS: Final = 4096
#: Stands for a text that no rule names.
OTHER: Final = "(another)"
#: Stands for a value that is not there; no condition compares with a list.
_ABSENT: Final[list[JSON]] = []


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the workers a policy is for.

    Attributes:
        tools: name to the JSON schema of its arguments; an empty one if it is not known. No tools:
            nothing is known of them.
        agents: their names; none if they are not known.
    """

    tools: Mapping[str, JSON] = field(default_factory=dict)
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """One such call.

    Attributes:
        missing: JSON pointers of the arguments it lacks.
    """

    agent: str
    tool: str
    args: JSON
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trials:
    """Those for one tool of one agent.

    Attributes:
        whole: whether they stand for all its calls; else there were too many.
    """

    agent: str
    tool: str
    calls: tuple[Trial, ...]
    whole: bool


def all_trials(policy: Policy, known: Known) -> Iterator[Trials]:
    """Trials for each tool and agent that a rule names or that is known, and for an unknown one."""
    tools = dict.fromkeys((*(rule.tool for rule in policy.rules), *known.tools, OTHER))
    agents = dict.fromkeys((*(rule.agent for rule in policy.rules), *known.agents, OTHER))
    for tool in tools:
        for agent in agents:
            if ANY not in (tool, agent):
                yield _trials(policy, agent, tool, known.tools.get(tool))


def _trials(policy: Policy, agent: str, tool: str, schema: JSON) -> Trials:
    rules = [rule for rule in policy.rules if rule.tool in (ANY, tool)]
    rules = [rule for rule in rules if rule.agent in (ANY, agent)]
    values = {pointer: _values(pointer, rules, schema) for pointer in _pointers(rules)}
    made = islice(product(*values.values()), MOST_TRIALS + 1)
    calls = [_trial(agent, tool, dict(zip(values, chosen, strict=True))) for chosen in made]
    return Trials(agent, tool, tuple(calls[:MOST_TRIALS]), whole=len(calls) <= MOST_TRIALS)


def _pointers(rules: Sequence[Rule]) -> Iterator[str]:
    yield from dict.fromkeys(condition.argument for rule in rules for condition in rule.when)


def _values(pointer: str, rules: Sequence[Rule], schema: JSON) -> list[JSON]:
    """What stands for all values of one argument."""
    found = schema_at(schema, pointer)
    enum = found.get("enum") if isinstance(found, dict) else None
    if isinstance(enum, list) and enum:
        return [*enum]
    conditions = [one for rule in rules for one in rule.when if one.argument == pointer]
    numbers = sorted({Decimal(str(value)) for value in _constants(conditions) if _is_number(value)})
    texts = [value for value in _constants(conditions) if isinstance(value, str)]
    values: list[JSON] = [*dict.fromkeys(texts)]
    if texts:
        values.append(OTHER)
    if numbers:
        between = [(one + two) / 2 for one, two in pairwise(numbers)]
        points = (numbers[0] - 1, *numbers, *between, numbers[-1] + 1)
        values.extend(str(point) for point in points)
    if any(isinstance(value, bool) for value in _constants(conditions)):
        values.extend((True, False))
    return [*values, _ABSENT]


def _constants(conditions: Sequence[Condition]) -> Iterator[str | int | float | bool]:
    for condition in conditions:
        yield from condition.value if isinstance(condition.value, tuple) else [condition.value]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _trial(agent: str, tool: str, chosen: Mapping[str, JSON]) -> Trial:
    args: dict[str, JSON] = {}
    missing = tuple(
        pointer for pointer, value in chosen.items() if not _put(args, steps(pointer), value)
    )
    return Trial(agent, tool, args, missing)


def _put(args: dict[str, JSON], path: Sequence[str], value: JSON) -> bool:
    """Set an argument; not one that is absent, nor inside of what another rule compares."""
    here: dict[str, JSON] = args
    for name in path[:-1]:
        inner = here.setdefault(name, {})
        if not isinstance(inner, dict):
            return False
        here = inner
    if value is not _ABSENT:
        here[path[-1]] = value
    return value is not _ABSENT


def schema_at(schema: JSON, pointer: str) -> JSON:
    """The schema of an argument: None where there is none of that name, {} where nobody knows."""
    here = schema
    for name in steps(pointer):
        inner = here.get("properties") if isinstance(here, dict) else None
        if not isinstance(inner, dict):
            return {}
        here = inner.get(name)
        if here is None:
            return None
    return here
