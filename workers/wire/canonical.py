"""One JSON form for one value: what may be digested, and how.

The only place that turns arguments into the bytes a decision is bound to (RFC 8785), and the only
place that says which values have no such form.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import rfc8785

from workers.wire.errors import NotApprovable

if TYPE_CHECKING:
    JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
else:
    JSON = Any  # msgspec reads annotations at run time and knows no recursive alias

#: Lists and objects in one entry of a stream may nest so deep.
MAX_DEPTH = 64
#: Those of arguments: the event around them takes up to five levels, a tagged integer one more.
MAX_ARGS_DEPTH = MAX_DEPTH - 8
#: Integers beyond this lose digits in other languages' JSON; they travel tagged.
MAX_SAFE_INTEGER = 2**53 - 1
_HINT = "The call was not put to a reviewer, and did not run."


def canonical_bytes(value: object) -> bytes:
    """The RFC 8785 form of a JSON value, integers beyond 2**53-1 tagged `{"$int": "..."}`.

    Raises:
        NotApprovable: NaN, Infinity, lone surrogates, non-string keys, other Python types, or
            more than 56 levels.
    """
    return rfc8785.dumps(_strict(value, 0))


def strict_json(value: object) -> JSON:
    """The value as plain JSON data, tagged like `canonical_bytes` does.

    Raises:
        NotApprovable: see `canonical_bytes`.
    """
    return _strict(value, 0)


def untagged(value: JSON) -> JSON:
    """The value with tagged integers as integers again: what `strict_json` was given.

    Raises:
        NotApprovable: a tag that holds no integer.
    """
    match value:
        case {"$int": text, **rest}:
            if rest or not isinstance(text, str):
                raise NotApprovable("A tagged integer is malformed.", _HINT)
            try:
                return int(text)
            except ValueError as error:
                raise NotApprovable("A tagged integer is malformed.", _HINT) from error
        case dict():
            return {name: untagged(item) for name, item in value.items()}
        case list():
            return [untagged(item) for item in value]
        case _:
            return value


def same_form(one: JSON, other: JSON) -> bool:
    """Whether two values, tagged as they travel, have the same RFC 8785 form (10 is 10.0)."""
    try:
        return rfc8785.dumps(one) == rfc8785.dumps(other)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        return False


def digest(domain: str, *parts: bytes) -> str:
    """`sha-256:` and 64 hex digits over `domain 0x00 parts`, parts joined as they are."""
    content = domain.encode() + b"\x00" + b"".join(parts)
    return f"sha-256:{hashlib.sha256(content).hexdigest()}"


def depth_within(value: object, limit: int = MAX_DEPTH) -> bool:
    """Whether lists and objects nest at most `limit` deep. Does not recurse."""
    layer: list[Any] = [value]
    for _ in range(limit + 1):
        nests = [item for item in layer if isinstance(item, dict | list)]
        if not nests:
            return True
        layer = [x for nest in nests for x in (nest.values() if isinstance(nest, dict) else nest)]
    return False


def _strict(value: object, depth: int) -> JSON:
    if depth > MAX_ARGS_DEPTH:
        raise NotApprovable(f"The arguments nest deeper than {MAX_ARGS_DEPTH} levels.", _HINT)
    match value:
        case None | bool():
            return value
        case int():
            return _strict_integer(value)
        case float():
            if not math.isfinite(value):
                raise NotApprovable(f"{value} is not a JSON number.", _HINT)
            return value
        case str():
            return _strict_text(value)
        case list() | tuple():
            return [_strict(item, depth + 1) for item in value]
        case Mapping():
            return _strict_object(value, depth)
        case _:
            raise NotApprovable(f"A {type(value).__name__} has no JSON form.", _HINT)


def _strict_integer(value: int) -> JSON:
    if abs(value) <= MAX_SAFE_INTEGER:
        return value
    try:
        return {"$int": str(value)}
    except ValueError as error:  # Python writes no integer of more than 4300 digits
        raise NotApprovable("An integer has too many digits.", _HINT) from error


def _strict_object(value: Mapping[object, object], depth: int) -> JSON:
    result: dict[str, JSON] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotApprovable(f"{key!r} is no name for a JSON member.", _HINT)
        if key == "$int":
            # Otherwise a tagged integer and this object would share one digest.
            raise NotApprovable("An argument object may not have a member named '$int'.", _HINT)
        result[_strict_text(key)] = _strict(item, depth + 1)
    return result


def _strict_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotApprovable("A text holds half a character (a lone surrogate).", _HINT) from error
    return text
