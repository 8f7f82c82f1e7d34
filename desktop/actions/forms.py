"""What a person fills in to answer a request, and what becomes of it.

The only place that says whether what was filled in makes an answer. A form knows no window: what
was typed or chosen comes in as text; a value, or a problem for each field, comes out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NoReturn, TypeAlias

from desktop.errors import NotAllowedNow
from workers.wire.answers import fitting
from workers.wire.canonical import JSON as JSON
from workers.wire.errors import MalformedDecision

_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,400})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?")


class Absent(Enum):
    """No value at all, which is not the same as null."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
Value: TypeAlias = "JSON | Absent"
#: What a person typed, or the labels of what they chose.
Raw: TypeAlias = str | tuple[str, ...]


class FieldKind(StrEnum):
    """What a field takes."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    CHOICE = "choice"
    SEVERAL = "several"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers to choose from."""

    label: str
    value: JSON


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in.

    Attributes:
        name: unlike any other's of its form.
        begins: the value it begins with. What nobody touches stays exactly that.
        required: without a value there is no answer.
        filled: a text that is blank is no answer either.
        nullable: left empty it is null.
        schema: JSON Schema of the value, if known.
        shown_with: only there while another field has one of these labels.
    """

    name: str
    label: str
    kind: FieldKind
    begins: Value = ABSENT
    required: bool = True
    filled: bool = False
    nullable: bool = False
    options: tuple[Option, ...] = ()
    schema: JSON = None
    hint: str = ""
    shown_with: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together.

    Attributes:
        args: the arguments of the call that these fields are about; absent if of none.
    """

    fields: tuple[Field, ...]
    title: str = ""
    args: Value = ABSENT


@dataclass(frozen=True, slots=True)
class Form:
    """What has to be filled in for one answer.

    Attributes:
        build: makes the answer of the values, by the names of the fields.
        sends: the words of the button that sends it.
        note: what a person should know before they write.
        in_words: the answer is a text, and travels as a decision's message.
        shows_arguments: they are in the form, and need not be shown beside it.
        edits: what the answer takes the place of, integers as integers; absent if of nothing.
    """

    title: str
    sections: tuple[Section, ...]
    build: Callable[[Mapping[str, JSON]], JSON]
    sends: str = "Send answer"
    note: str = ""
    in_words: bool = False
    shows_arguments: bool = False
    edits: Value = ABSENT

    @property
    def fields(self) -> tuple[Field, ...]:
        """All of them, in order."""
        return tuple(field for section in self.sections for field in section.fields)


class FormProblems(NotAllowedNow):
    """What was filled in makes no answer.

    Attributes:
        by_field: what is wrong, by the name of the field.
    """

    def __init__(self, by_field: Mapping[str, str]) -> None:
        super().__init__("This cannot be sent yet.", "Look at what is marked.")
        self.by_field = dict(by_field)


class _Problem(Exception):
    """What is wrong with one field, in words."""


def shown_at_first(field: Field) -> Raw:
    """What stands in a field before anybody touches it."""
    if field.kind is FieldKind.SEVERAL:
        return ()
    if field.begins is ABSENT or (field.begins is None and field.kind is not FieldKind.JSON):
        return ""
    if field.kind is FieldKind.CHOICE:
        return next((o.label for o in field.options if _same(o.value, field.begins)), "")
    if isinstance(field.begins, str) and field.kind is FieldKind.TEXT:
        return field.begins
    return json.dumps(field.begins, ensure_ascii=False, indent=2)


def is_shown(field: Field, raws: Mapping[str, Raw]) -> bool:
    """Whether a field is there, with the others as they are."""
    if field.shown_with is None:
        return True
    other, labels = field.shown_with
    return raws.get(other) in labels


def read_form(form: Form, raws: Mapping[str, Raw]) -> JSON:
    """The answer that was filled in.

    Raises:
        FormProblems: it is none.
    """
    values: dict[str, JSON] = {}
    problems: dict[str, str] = {}
    for field in form.fields:
        if not is_shown(field, raws):
            continue
        try:
            value = _read(field, raws.get(field.name, shown_at_first(field)))
        except _Problem as problem:
            problems[field.name] = str(problem)
            continue
        if not isinstance(value, Absent):
            values[field.name] = value
    if problems:
        raise FormProblems(problems)
    return form.build(values)


def read_json(text: str) -> JSON:
    """JSON that a person wrote.

    Raises:
        NotAllowedNow: it is none, or holds what no worker takes.
    """
    try:
        return _json(text)
    except _Problem as problem:
        raise NotAllowedNow(str(problem), "Nothing was sent.") from problem


def _read(field: Field, raw: Raw) -> Value:
    is_untouched = raw == shown_at_first(field)
    if is_untouched and field.begins is not ABSENT:
        return field.begins
    match raw:
        case tuple():
            return _several(field, raw)
        case "" if field.kind is not FieldKind.TEXT or (is_untouched and not field.required):
            return _nothing(field)
        case _:
            value = _value(field, raw)
    _check_bounds(field.schema, value)
    return value


def _nothing(field: Field) -> Value:
    if field.nullable:
        return None
    if field.required:
        raise _Problem("Choose one." if field.kind is FieldKind.CHOICE else "Write a value.")
    return ABSENT


def _value(field: Field, raw: str) -> JSON:
    match field.kind:
        case FieldKind.TEXT:
            if field.filled and not raw.strip():
                raise _Problem("Write it first.")
            return raw
        case FieldKind.WHOLE:
            if not _WHOLE.fullmatch(raw.strip()):
                raise _Problem("Write a whole number, such as 12.")
            return int(raw)
        case FieldKind.NUMBER:
            return _number(raw.strip())
        case FieldKind.CHOICE:
            for option in field.options:
                if option.label == raw:
                    return option.value
            raise _Problem("Choose one.")
        case _:
            value = _json(raw)
    try:
        return fitting(field.schema, value)
    except MalformedDecision as error:
        raise _Problem(error.title) from error


def _several(field: Field, labels: tuple[str, ...]) -> Value:
    if not labels and field.required:
        raise _Problem("Choose at least one.")
    return [option.value for option in field.options if option.label in labels]


def _number(text: str) -> JSON:
    if not _NUMBER.fullmatch(text):
        raise _Problem("Write a number, such as 12.5.")
    value = int(text) if _WHOLE.fullmatch(text) else float(text)
    if not math.isfinite(value):
        raise _Problem("This number is too large.")
    return value


def _json(text: str) -> JSON:
    try:
        value: JSON = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _Problem(f"This is not JSON: {error.msg} ({where}).") from error
    except (ValueError, RecursionError) as error:
        raise _Problem(f"This is not JSON that a worker takes: {error}.") from error
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value")


def _check_bounds(schema: JSON, value: JSON) -> None:
    """Sizes only. A pattern of a schema is not run here: it could run for ever."""
    if not isinstance(schema, dict) or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check("minLength", schema, lambda n: len(value) >= n, "Write at least {} characters.")
        _check("maxLength", schema, lambda n: len(value) <= n, "Write at most {} characters.")
    if isinstance(value, int | float):
        _check("minimum", schema, lambda n: value >= n, "At least {}.")
        _check("exclusiveMinimum", schema, lambda n: value > n, "More than {}.")
        _check("maximum", schema, lambda n: value <= n, "At most {}.")
        _check("exclusiveMaximum", schema, lambda n: value < n, "Less than {}.")


def _check(
    name: str, schema: Mapping[str, JSON], holds: Callable[[float], bool], words: str
) -> None:
    bound = schema.get(name)
    is_number = isinstance(bound, int | float) and not isinstance(bound, bool)
    if is_number and isinstance(bound, int | float) and not holds(bound):
        raise _Problem(words.format(bound))


def _same(one: JSON, other: Value) -> bool:
    """As JSON has it: 1 is 1.0, and neither is true."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
