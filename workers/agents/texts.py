"""Texts with half a character in them, as models and tools sometimes make.

The only place that mends them. A lone surrogate can be neither stored nor sent, so it is replaced
where it comes in: then everybody, the reviewer and the tool too, gets the same text.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

T = TypeVar("T")
M = TypeVar("M", bound=BaseMessage)


def mended(value: T) -> T:
    """JSON-like data with each lone surrogate replaced by U+FFFD."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return cast("T", _mended(value))
    except (TypeError, RecursionError):
        return value  # not JSON-like: not for us to judge
    return value


def mended_message(message: M) -> M:
    """The message with its text, its calls and their arguments mended."""
    fields = ["content"]
    if isinstance(message, AIMessage):
        fields += ["tool_calls", "invalid_tool_calls", "additional_kwargs"]
    elif isinstance(message, ToolMessage):
        fields += ["artifact"]
    changed: dict[str, Any] = {}
    for name in fields:
        value = getattr(message, name)
        better = mended(value)
        if better is not value:
            changed[name] = better
    return message.model_copy(update=changed) if changed else message


def _mended(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list() | tuple():
            return [_mended(item) for item in value]
        case dict():
            return {_mended(name): _mended(item) for name, item in value.items()}
        case _:
            return value
