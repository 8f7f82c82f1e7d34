"""Conditions on the arguments of a call.

The only place that evaluates one. A condition that cannot be evaluated is told from one that does
not hold: whoever asks must not take the first for the second.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

import msgspec

from workers.wire.canonical import JSON, untagged
from workers.wire.errors import NotApprovable


class Comparison(StrEnum):
    """How an argument is compared."""

    EQUALS = "equals"
    ABOVE = "above"
    AT_MOST = "at_most"
    ONE_OF = "one_of"
    NONE_OF = "none_of"


class Truth(StrEnum):
    """Whether a condition holds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One comparison.

    Attributes:
        argument: JSON pointer into the arguments (RFC 6901), such as "/amount".
        value: what it is compared with: a number for `above` and `at_most`, a list for `one_of`
            and `none_of`.
    """

    argument: str
    comparison: Comparison
    value: str | int | float | bool | tuple[str | int | float | bool, ...]


_MISSING: Final = object()
_OPPOSITE: Final = {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN}


def evaluate(condition: Condition, args: JSON) -> Truth:
    """Whether a condition holds for these arguments, as they travel.

    Numbers are compared by value, exactly; an amount in a text counts as a number.
    """
    found = _at(condition.argument, args)
    wanted = condition.value
    match condition.comparison:
        case Comparison.EQUALS:
            return _equals(found, wanted)
        case Comparison.ONE_OF:
            return _one_of(found, wanted)
        case Comparison.NONE_OF:
            return _OPPOSITE[_one_of(found, wanted)]
        case _:
            one, other = _number(found), _number(wanted)
            if one is None or other is None:
                return Truth.UNKNOWN
            holds = one > other if condition.comparison is Comparison.ABOVE else one <= other
            return Truth.YES if holds else Truth.NO


def _one_of(found: object, wanted: object) -> Truth:
    options = wanted if isinstance(wanted, tuple) else (wanted,)
    answers = {_equals(found, option) for option in options}
    if Truth.YES in answers:
        return Truth.YES
    return Truth.UNKNOWN if Truth.UNKNOWN in answers else Truth.NO


def _equals(found: object, wanted: object) -> Truth:
    if found is _MISSING or isinstance(found, dict | list) or found is None:
        return Truth.UNKNOWN
    if isinstance(wanted, bool) or isinstance(found, bool):
        return _truth(found is wanted)
    if isinstance(wanted, str):
        # EUR and eur are one currency to a bank, and must be to a limit.
        return _truth(isinstance(found, str) and found.strip().casefold() == wanted.casefold())
    one, other = _number(found), _number(wanted)
    return Truth.UNKNOWN if one is None or other is None else _truth(one == other)


def _truth(holds: bool) -> Truth:
    return Truth.YES if holds else Truth.NO


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _at(pointer: str, args: JSON) -> object:
    here = args
    for name in steps(pointer):
        if not isinstance(here, dict) or name not in here:
            return _MISSING
        here = here[name]
    try:
        return untagged(here)
    except NotApprovable:
        return _MISSING


def steps(pointer: str) -> list[str]:
    """The names in a JSON pointer (RFC 6901)."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
