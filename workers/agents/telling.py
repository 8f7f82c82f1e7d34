"""A message as it is told: JSON that a reader can take, whatever the message holds.

The only place that makes entries of messages. Readers take 1 MB and 64 levels, and no NaN; what
does not fit is told in part, and says so. The thread keeps it as it is.
"""

from __future__ import annotations

from typing import Any

import msgspec
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from workers.agents.texts import cut, mended
from workers.wire.canonical import JSON, MAX_DEPTH, depth_within
from workers.wire.codec import MAX_PROGRESS_BYTES

#: Levels and bytes that the event around a message takes, with some to spare.
_AROUND_LEVELS = 4
_AROUND_BYTES = 64 * 1024
#: Of a text that does not fit; a character may take six bytes.
_KEPT_CHARACTERS = 128 * 1024
_MAX_CALLS = 100
_MAX_NAME = 200


def told(message: BaseMessage) -> JSON:
    """LangChain's `model_dump()` as JSON, or as much of it as a reader can take."""
    try:
        dump: JSON = mended(message.model_dump(mode="json"))
        encoded = msgspec.json.encode(dump)
    except (ValueError, TypeError, RecursionError):
        return _in_part(message)
    if len(encoded) > MAX_PROGRESS_BYTES - _AROUND_BYTES:
        return _in_part(message)
    # Counting is quicker than looking, and is enough for nearly every message.
    levels = MAX_DEPTH - _AROUND_LEVELS
    opened = encoded.count(b"[") + encoded.count(b"{")
    if opened > levels and not depth_within(dump, levels):
        return _in_part(message)
    return dump


def _in_part(message: BaseMessage) -> JSON:
    """The message without what may be too large: arguments, artifacts, blocks, metadata."""
    part: dict[str, Any] = {
        "type": message.type,
        "id": message.id,
        "name": message.name,
        "content": cut(mended(str(message.text)), _KEPT_CHARACTERS, always=True),
        "additional_kwargs": {},
        "response_metadata": {},
    }
    if isinstance(message, AIMessage):
        part["tool_calls"] = [
            {"name": call["name"][:_MAX_NAME], "args": {}, "id": call["id"], "type": "tool_call"}
            for call in message.tool_calls[:_MAX_CALLS]
        ]
    if isinstance(message, ToolMessage):
        part |= {"tool_call_id": message.tool_call_id, "status": message.status}
    return mended(part)
