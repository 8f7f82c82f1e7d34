"""Whether the people of a registry could meet a demand.

The only place that finds out who could vote with whom. A vote counts in one role, for each quorum
that takes it; so two quorums may need the same person in two roles, and then cannot both be met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from workers.wire.policy.demands import Demand, Quorum
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.registry import RegisteredKey, Registry

#: The roles of one person.
Roles: TypeAlias = frozenset[str]
#: How many people hold exactly these roles.
People: TypeAlias = Mapping[Roles, int]


@dataclass(frozen=True, slots=True)
class Lack:
    """Too few people for a demand.

    Attributes:
        without: who may not approve besides, in words; empty if nobody is left out.
    """

    without: str = ""


def able(registry: Registry, at: float) -> People:
    """Who could sign at a time: people with a role and a key that counts.

    Args:
        at: seconds since the epoch.
    """
    people: Counter[Roles] = Counter()
    for reviewer in registry.statement.reviewers:
        if reviewer.roles and any(_counts(entry, at) for entry in reviewer.keys):
            people[frozenset(reviewer.roles)] += 1
    return people


def lacks(demand: Demand, people: People) -> Iterator[Lack]:
    """What stands in the way of a demand: the worst first, nothing if it can always be met."""
    if not can_meet(demand.quorums, people):
        yield Lack()
        return
    asking = not demand.requester_may_approve
    if asking and not _survives(demand.quorums, people, 1):
        yield Lack("whoever asked")
    elif not demand.editor_may_approve and not _survives(demand.quorums, people, 1 + asking):
        others = "whoever asked and whoever changed the arguments"
        yield Lack(others if asking else "whoever changed the arguments")


def can_meet(quorums: Sequence[Quorum], people: People) -> bool:
    """Whether some choice of people and roles reaches every quorum."""
    kinds = sorted(people, key=sorted)
    roles = sorted({role for kind in kinds for role in kind})

    @cache
    def search(left: tuple[int, ...], missing: tuple[int, ...]) -> bool:
        wanted = next((place for place, count in enumerate(missing) if count > 0), None)
        if wanted is None:
            return True
        if max(missing) > sum(left):
            return False
        for role in roles:
            if not _takes(quorums[wanted], role):
                continue
            after = tuple(
                count - _takes(quorum, role) for quorum, count in zip(quorums, missing, strict=True)
            )
            for place, kind in enumerate(kinds):
                if left[place] and role in kind:
                    fewer = (*left[:place], left[place] - 1, *left[place + 1 :])
                    if search(fewer, after):
                        return True
        return False

    most = sum(quorum.count for quorum in quorums)
    start = tuple(min(people[kind], most) for kind in kinds)
    return search(start, tuple(quorum.count for quorum in quorums))


def _survives(quorums: Sequence[Quorum], people: People, absent: int) -> bool:
    """Whether the quorums can be met whoever so many of the people are."""
    if not absent:
        return can_meet(quorums, people)
    for kind in people:
        if people[kind]:
            fewer = {**people, kind: people[kind] - 1}
            if not _survives(quorums, fewer, absent - 1):
                return False
    return True


def _takes(quorum: Quorum, role: str) -> bool:
    return not quorum.roles or role in quorum.roles


def _counts(entry: RegisteredKey, at: float) -> bool:
    try:
        entry.check_valid(at)
    except NotTrusted:
        return False
    return True


def roles_held(people: People) -> Collection[str]:
    """Every role that somebody holds."""
    return {role for kind, count in people.items() if count for role in kind}
