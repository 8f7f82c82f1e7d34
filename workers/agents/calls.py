"""Tool calls as a reviewer sees them and as they run: one form for both.

The only place that works out the arguments a tool will really get. Defaults are filled in and
values converted before anybody is asked, so that what is shown, digested and run is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError

from workers.wire.canonical import JSON, same_form, strict_json, untagged
from workers.wire.errors import NotApprovable


@dataclass(frozen=True, slots=True)
class ExactCall:
    """The arguments of one call.

    Attributes:
        args: as the tool gets them.
        wire_args: the same as they travel and are digested (integers beyond 2**53-1 tagged).
    """

    args: Mapping[str, Any]
    wire_args: JSON


def exact_call(tool: BaseTool, args: object) -> ExactCall:
    """The call a tool would make of these arguments.

    Args:
        args: what the model asked for.

    Raises:
        NotApprovable: the tool does not take them, or they have no single JSON form.
    """
    if not isinstance(args, Mapping):
        raise NotApprovable("The arguments are no object.")
    strict_json(args)  # before anything is converted: in a conversion NaN may become null
    schema = _schema(tool)
    effective = dict(args) if schema is None else _effective(schema, args)
    return ExactCall(effective, strict_json(effective))


def edited_call(tool: BaseTool, wire_args: JSON) -> ExactCall:
    """The call a tool would make of a reviewer's arguments.

    Raises:
        NotApprovable: the tool does not take them, or takes them in another form than they were
            given in: then the reviewer has not seen what would run.
    """
    call = exact_call(tool, untagged(wire_args))
    if not same_form(call.wire_args, wire_args):
        raise NotApprovable("The tool would run with other arguments than those of the edit.")
    return call


def args_schema(tool: BaseTool) -> JSON:
    """The JSON Schema of the arguments a model or a reviewer may give."""
    schema: Any = tool.tool_call_schema
    if isinstance(schema, dict):
        return schema
    described: JSON = schema.model_json_schema()
    return described


def _schema(tool: BaseTool) -> type[BaseModel] | None:
    schema: Any = tool.tool_call_schema
    is_model = isinstance(schema, type) and issubclass(schema, BaseModel)
    return schema if is_model else None


def _effective(schema: type[BaseModel], args: Mapping[Any, Any]) -> dict[str, Any]:
    values = _validated(schema, args)
    # A default made at call time (an id, the time) would differ when the call is looked at again.
    fixed = {
        name
        for name, info in schema.model_fields.items()
        if info.default_factory is None or name in values.model_fields_set
    }
    effective = values.model_dump(mode="json", include=fixed, by_alias=True)
    again = _validated(schema, effective)
    if any(_differ(getattr(values, name), getattr(again, name)) for name in fixed):
        # Such as a secret type, which writes itself as asterisks.
        raise NotApprovable("The arguments cannot be written down and read again unchanged.")
    return effective


def _validated(schema: type[BaseModel], args: Mapping[Any, Any]) -> BaseModel:
    try:
        return schema.model_validate(dict(args))
    except ValidationError as error:
        # Pydantic's own text repeats the input, and a long input hides what is wrong with it.
        problems = (
            f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        )
        raise NotApprovable(f"The arguments do not fit the tool. {'; '.join(problems)}.") from error


def _differ(one: object, other: object) -> bool:
    # NaN differs from itself; it is refused later, in its own words.
    return one != other and one == one  # noqa: PLR0124
