"""Rules, as a policy file holds them.

The only place that reads such a file (TOML). It is read strictly: a misspelt word is an error, not
a rule that never applies.
"""

from __future__ import annotations

import tomllib
from typing import Final

import msgspec

from workers.wire.approvals import Risk
from workers.wire.errors import SignoffError
from workers.wire.policy.conditions import Comparison, Condition
from workers.wire.signing.statements import Meaning

MAX_POLICY_BYTES: Final = 256 * 1024
#: Matches every agent, or every tool.
ANY: Final = "*"
#: How the tools begin by which an agent gives another a task.
DELEGATES: Final = "call_"
_HINT: Final = "Nothing runs under a policy that cannot be read; mend the file."
_NUMERIC: Final = (Comparison.ABOVE, Comparison.AT_MOST)
_LISTS: Final = (Comparison.ONE_OF, Comparison.NONE_OF)


class BadPolicy(SignoffError):
    """A policy that cannot be read, that contradicts itself, or that nobody could meet."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What some calls demand. All rules that apply to a call count, together.

    Attributes:
        name: for people; unique in its policy.
        tool, agent: whose calls; "*" for all.
        when: all of these have to hold. One that cannot be evaluated counts as holding in a rule
            that demands approval, and as not holding in one that waives it.
        gate: False waives approval, unless another rule that applies demands it.
        roles: of the reviewers whose votes count; empty for any role.
        quorum: how many distinct reviewers have to approve.
        requester_may_approve, editor_may_approve: whether whoever asked, or whoever changed the
            arguments, may be one of them.
        expires_after_seconds: how long a request waits; None for no end.
        reason_required: an approval needs a reason, too; a rejection always may have one.
        dwell_seconds: so long a request is open before it can be approved.
        meanings: what an approval may mean; empty for `approval` alone.
        risk: how the call is shown.
        masked: JSON pointers of arguments that are hidden until somebody asks to see them.
    """

    name: str
    tool: str = ANY
    agent: str = ANY
    when: tuple[Condition, ...] = ()
    gate: bool = True
    roles: tuple[str, ...] = ()
    quorum: int = 1
    requester_may_approve: bool = False
    editor_may_approve: bool = False
    expires_after_seconds: float | None = None
    reason_required: bool = False
    dwell_seconds: float = 0.0
    meanings: tuple[Meaning, ...] = ()
    risk: Risk = Risk.HIGH
    masked: tuple[str, ...] = ()


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole policy.

    Attributes:
        version: one more than that of the one it replaces.
        lift_roles: of the reviewers who may lift a signed halt; empty for any role.
    """

    id: str
    version: int
    rules: tuple[Rule, ...]
    lift_roles: tuple[str, ...] = ()


def delegated_to(tool: str) -> str:
    """The agent that a tool of this name would give a task to; empty if it is no such name."""
    return tool.removeprefix(DELEGATES) if tool.startswith(DELEGATES) else ""


def read_policy(raw: bytes) -> Policy:
    """Read a policy file.

    Raises:
        BadPolicy: too large, no TOML, words that nobody knows, or a rule that cannot be meant.
    """
    if len(raw) > MAX_POLICY_BYTES:
        raise BadPolicy(
            f"The policy has {len(raw):,} bytes; {MAX_POLICY_BYTES:,} are allowed.", _HINT
        )
    try:
        value = tomllib.loads(raw.decode())
        policy = msgspec.convert(value, Policy)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPolicy(f"The policy is no TOML: {error}.", _HINT) from error
    except msgspec.ValidationError as error:
        raise BadPolicy(f"The policy is malformed: {error}.", _HINT) from error
    if not policy.id.strip() or policy.version < 1:
        raise BadPolicy("The policy has no id, or no version.", _HINT)
    names = [rule.name for rule in policy.rules]
    if len(set(names)) < len(names):
        raise BadPolicy("Two rules of the policy have the same name.", _HINT)
    for rule in policy.rules:
        _check(rule)
    return policy


def _check(rule: Rule) -> None:
    name = rule.name.strip()
    times = (rule.dwell_seconds, rule.expires_after_seconds or 0.0)
    if not name:
        raise BadPolicy("A rule of the policy has no name.", _HINT)
    if not rule.tool or not rule.agent:
        raise BadPolicy(f"The rule {name!r} names no tool or no agent.", _HINT)
    if rule.quorum < 1:
        raise BadPolicy(f"The rule {name!r} asks for fewer than one approval.", _HINT)
    if any(not 0 <= seconds < float("inf") for seconds in times) or rule.expires_after_seconds == 0:
        raise BadPolicy(f"The rule {name!r} has a time that is none.", _HINT)
    if not rule.gate and (rule.tool == ANY or rule.roles or rule.quorum > 1):
        title = f"The rule {name!r} waives approval for every tool, or waives it and demands it."
        raise BadPolicy(title, _HINT)
    pointers = (*rule.masked, *(condition.argument for condition in rule.when))
    if not all(pointer.startswith("/") for pointer in pointers):
        raise BadPolicy(f"The rule {name!r} names an argument without a leading '/'.", _HINT)
    for condition in rule.when:
        is_number = isinstance(condition.value, int | float) and not isinstance(
            condition.value, bool
        )
        if condition.comparison in _NUMERIC and not is_number:
            raise BadPolicy(f"The rule {name!r} compares with something that is no number.", _HINT)
        if (condition.comparison in _LISTS) != isinstance(condition.value, tuple):
            title = f"The rule {name!r} needs a list for 'one_of' and 'none_of', nowhere else."
            raise BadPolicy(title, _HINT)
        if condition.value == ():
            raise BadPolicy(f"The rule {name!r} compares with a list of nothing.", _HINT)
