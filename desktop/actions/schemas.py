"""JSON Schemas as fields to fill in.

The only place that reads a schema. It comes from a worker, which may be anybody's: whatever it says
that is not plainly one of a few simple things becomes a field for JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from desktop.actions.forms import ABSENT, Absent, Field, FieldKind, Option, Value
from workers.wire.canonical import JSON

#: More would be no form; they are written as one JSON object.
MAX_FIELDS: Final = 40
_MAX_OPTIONS: Final = 50
_HINT_LENGTH: Final = 200
_KINDS: Final = {
    "string": FieldKind.TEXT,
    "integer": FieldKind.WHOLE,
    "number": FieldKind.NUMBER,
    "boolean": FieldKind.CHOICE,
}
_YES_NO: Final = (Option("yes", True), Option("no", False))
_LOCAL = "#/$defs/"


def argument_fields(schema: JSON, args: Mapping[str, JSON]) -> tuple[Field, ...] | None:
    """A field for each argument of a call, and for each that it could have.

    Args:
        schema: of the arguments; where it is silent, a value says what it is.

    Returns:
        None where there are too many.
    """
    known = _properties(schema)
    required = _required(schema)
    names = [*args, *(name for name in known if name not in args)]
    if len(names) > MAX_FIELDS:
        return None
    return tuple(
        field_of(
            name,
            known[name] if name in known else _schema_like(args[name]),
            schema,
            args.get(name, ABSENT),
            required=name in required or name in args,
        )
        for name in names
    )


def answer_fields(schema: JSON) -> tuple[Field, ...] | None:
    """A field for each member of an object.

    Returns:
        None where the schema is of something else, or of an object without named members.
    """
    known, required = _properties(schema), _required(schema)
    if not known or len(known) > MAX_FIELDS:
        return None
    return tuple(
        field_of(name, known[name], schema, required=name in required, filled=name in required)
        for name in known
    )


def field_of(
    name: str,
    schema: JSON,
    root: JSON,
    begins: Value = ABSENT,
    *,
    required: bool = True,
    filled: bool = False,
) -> Field:
    """The field for one value.

    Args:
        root: the schema that holds the definitions this one may refer to.
    """
    plain, nullable = _plain(schema, root)
    kind, options = _kind(plain)
    if not _suits(kind, options, begins, nullable=nullable):
        kind, options = FieldKind.JSON, ()
    description = plain.get("description")
    hint = description[:_HINT_LENGTH] if isinstance(description, str) else ""
    return Field(
        name=name,
        label=name,
        kind=kind,
        begins=begins,
        required=required,
        filled=filled and kind is FieldKind.TEXT,
        nullable=nullable,
        options=options,
        schema=None if nullable and kind is FieldKind.JSON else dict(plain),
        hint=hint,
    )


def _kind(schema: Mapping[str, JSON]) -> tuple[FieldKind, tuple[Option, ...]]:
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(values, list) and 0 < len(values) <= _MAX_OPTIONS:
        return FieldKind.CHOICE, tuple(Option(_label(value), value) for value in values)
    named = schema.get("type")
    kind = _KINDS.get(named, FieldKind.JSON) if isinstance(named, str) else FieldKind.JSON
    return kind, _YES_NO if kind is FieldKind.CHOICE else ()


def _suits(kind: FieldKind, options: tuple[Option, ...], value: Value, *, nullable: bool) -> bool:
    """Whether a value that is there can be shown in such a field, and be told from others."""
    if len({option.label for option in options}) < len(options):
        return False
    if isinstance(value, Absent) or (value is None and nullable):
        return True
    match kind:
        case FieldKind.TEXT:
            return isinstance(value, str)
        case FieldKind.WHOLE:
            return isinstance(value, int) and not isinstance(value, bool)
        case FieldKind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case FieldKind.CHOICE:
            return any(o.value == value and type(o.value) is type(value) for o in options)
        case _:
            return True


def _plain(schema: JSON, root: JSON) -> tuple[Mapping[str, JSON], bool]:
    """A schema without its reference, and whether null fits, too."""
    found = _resolved(schema, root)
    for word in ("anyOf", "oneOf"):
        parts = found.get(word)
        if isinstance(parts, list) and len(parts) == 2 and {"type": "null"} in parts:
            [other] = [part for part in parts if part != {"type": "null"}] or [{}]
            return {**found, **_resolved(other, root)}, True
    named = found.get("type")
    if isinstance(named, list) and len(named) == 2 and "null" in named:
        return {**found, "type": next((one for one in named if one != "null"), "null")}, True
    return found, False


def _resolved(schema: JSON, root: JSON) -> Mapping[str, JSON]:
    if not isinstance(schema, dict):
        return {}
    named = schema.get("$ref")
    if isinstance(named, str) and named.startswith(_LOCAL) and isinstance(root, dict):
        definitions = root.get("$defs")
        found = definitions.get(named.removeprefix(_LOCAL)) if isinstance(definitions, dict) else {}
        return {**found, **schema} if isinstance(found, dict) else schema
    return schema


def _properties(schema: JSON) -> dict[str, JSON]:
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def _required(schema: JSON) -> list[JSON]:
    found = schema.get("required") if isinstance(schema, dict) else None
    return found if isinstance(found, list) else []


def _schema_like(value: JSON) -> JSON:
    match value:
        case str():
            return {"type": "string"}
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case list():
            return {"type": "array"}
        case dict():
            return {"type": "object"}
        case _:
            return {}


def _label(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
