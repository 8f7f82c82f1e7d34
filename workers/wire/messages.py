"""Chat messages inside progress events, read with care.

The only place that knows LangChain's `model_dump()` form. What a foreign worker sends may have any
shape; what cannot be read becomes text, never an exception.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from workers.wire.canonical import JSON


class Role(StrEnum):
    """Who speaks."""

    HUMAN = "human"
    AGENT = "ai"
    TOOL = "tool"
    SYSTEM = "system"
    OTHER = "other"


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call the model asks for. It has not run yet."""

    id: str
    name: str
    args: JSON


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as far as a console needs it.

    Attributes:
        tool_call_id: for a tool's message, the call it answers.
        failed: a tool's message that reports a failure or a refusal.
    """

    role: Role
    text: str
    id: str = ""
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    failed: bool = False
    input_tokens: int = 0
    output_tokens: int = 0


#: What the base package writes when a run fails.
ERROR_PREFIX = "Error occurred."
#: What the base package writes as the tool's message while another agent works on it.
WAITING_RESPONSE = "waiting response..."


def read_message(value: JSON) -> ChatMessage | str:
    """The message of a progress event.

    Returns:
        A `ChatMessage`, or the text itself where a worker wrote plain text (an error).
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    usage = value.get("usage_metadata")
    counts = usage if isinstance(usage, dict) else {}
    return ChatMessage(
        role=read_role(value.get("type")),
        text=content_text(value.get("content")),
        id=_string(value.get("id")),
        name=_string(value.get("name")),
        tool_calls=_tool_calls(value.get("tool_calls")),
        tool_call_id=_string(value.get("tool_call_id")),
        failed=value.get("status") == "error",
        input_tokens=_count(counts.get("input_tokens")),
        output_tokens=_count(counts.get("output_tokens")),
    )


def read_role(value: JSON) -> Role:
    """Who speaks, from a message's `type`."""
    kind = _string(value).removesuffix("MessageChunk").lower()
    try:
        return Role(kind)
    except ValueError:
        return Role.OTHER


def content_text(content: JSON) -> str:
    """The text of a message's content: a string, or a list of content blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return "" if content is None else msgspec.json.encode(content).decode()
    parts: list[str] = []
    for block in content:
        if isinstance(block, str):
            parts.append(block)
        elif isinstance(block, dict) and isinstance(block.get("text"), str):
            parts.append(str(block["text"]))
        elif isinstance(block, dict):
            parts.append(f"[{_string(block.get('type')) or 'content'}]")
    return "".join(parts)


def _tool_calls(value: JSON) -> tuple[ToolCall, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        ToolCall(id=_string(call.get("id")), name=_string(call.get("name")), args=call.get("args"))
        for call in value
        if isinstance(call, dict)
    )


def _string(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def _count(value: JSON) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
