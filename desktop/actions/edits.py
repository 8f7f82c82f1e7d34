"""What an edit changes of the arguments of a call.

The only place that compares the two. An edit is shown as its changes before it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop.actions.forms import ABSENT, Value
from workers.wire.canonical import JSON, same_form


@dataclass(frozen=True, slots=True)
class Change:
    """One argument that is no longer the same; absent where there is none."""

    name: str
    before: Value
    after: Value


def changes(before: JSON, after: JSON) -> tuple[Change, ...]:
    """What differs, by argument; 10 is 10.0, as in the digest.

    Args:
        before, after: all arguments, integers as integers.
    """
    if not isinstance(before, dict) or not isinstance(after, dict):
        return () if same_form(before, after) else (Change("arguments", before, after),)
    names = [*before, *(name for name in after if name not in before)]
    pairs = ((name, before.get(name, ABSENT), after.get(name, ABSENT)) for name in names)
    return tuple(Change(name, old, new) for name, old, new in pairs if not _same(old, new))


def _same(one: Value, other: Value) -> bool:
    if one is ABSENT or other is ABSENT:
        return one is other
    return (type(one) is type(other) and one == other) or _same_number(one, other)


def _same_number(one: Value, other: Value) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return numbers and one == other and not isinstance(one, bool) and not isinstance(other, bool)
