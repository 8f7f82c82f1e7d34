"""Texts with half a character in them, and values without an end, as models and tools make them.

The only place that mends and cuts them. A lone surrogate can be neither stored nor sent, and an
integer of more than 64 bits not stored, so they are replaced where they come in: then everybody
gets the same. A call whose arguments had one is remembered, because they are not the model's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import msgspec
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

T = TypeVar("T")
M = TypeVar("M", bound=BaseMessage)

_MOST_BITS = 63
#: The member of a model's message that names the calls whose arguments were mended.
_MENDED = "signoff_mended_calls"


def mended(value: T) -> T:
    """JSON-like data with each lone surrogate replaced by U+FFFD."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return cast("T", _mended(value))
    except (TypeError, ValueError, RecursionError):
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
        better = _storable(mended(value)) if name == "tool_calls" else mended(value)
        if better is not value:
            changed[name] = better
    if "tool_calls" in changed and isinstance(message, AIMessage):
        both = zip(message.tool_calls, changed["tool_calls"], strict=True)
        ids = [new["id"] for old, new in both if old["args"] != new["args"]]
        changed["response_metadata"] = {**message.response_metadata, _MENDED: ids}
    return message.model_copy(update=changed) if changed else message


def _storable(value: T) -> T:
    """JSON-like data with each integer of more than 64 bits as a text."""
    try:
        msgspec.msgpack.encode(value)
    except OverflowError:
        return cast("T", _mended(value))
    except (TypeError, ValueError, RecursionError):
        return value  # not JSON-like: not for us to judge
    return value


def was_mended(messages: Sequence[Any], tool_call_id: str) -> bool:
    """Whether the newest call of this id came with arguments that had to be mended."""
    for one in reversed(messages):
        if isinstance(one, AIMessage) and any(c["id"] == tool_call_id for c in one.tool_calls):
            return tool_call_id in one.response_metadata.get(_MENDED, ())
    return False


def cut(text: str, characters: int, *, always: bool = False) -> str:
    """A text of bounded length.

    Args:
        characters: so many are kept.
        always: say that something is missing, also where the text itself is short enough.
    """
    if len(text) <= characters and not always:
        return text
    return f"{text[:characters]}\n[cut: the result was too large; this is its beginning]"


def _mended(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case bool():
            return value
        case int() if value.bit_length() > _MOST_BITS:
            return hex(value)
        case list() | tuple():
            return [_mended(item) for item in value]
        case dict():
            return {_mended(name): _mended(item) for name, item in value.items()}
        case _:
            return value
