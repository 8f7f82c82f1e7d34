"""Bytes to events and back.

The only place that parses what came from the broker. Size and depth are capped before anything
else looks at a value; unknown kinds become `Unrecognised`, unknown fields are kept, and garbage
becomes `DecodeError` with the bytes, never a crash.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from workers.wire.canonical import JSON, MAX_DEPTH, depth_within
from workers.wire.errors import DecodeError
from workers.wire.events import (
    AgentCommand,
    AgentInvocation,
    AgentProgress,
    AgentResponse,
    Body,
    Event,
    EventType,
    Unrecognised,
)

#: An inbox entry may not be larger (bytes); it goes to quarantine.
MAX_INBOX_BYTES: Final = 256 * 1024
#: A progress entry may not be larger (bytes); the console shows that it could not be read.
MAX_PROGRESS_BYTES: Final = 1024 * 1024

_BODIES: Final[dict[str, type[AgentInvocation | AgentCommand | AgentResponse | AgentProgress]]] = {
    EventType.INVOCATION: AgentInvocation,
    EventType.COMMAND: AgentCommand,
    EventType.RESPONSE: AgentResponse,
    EventType.PROGRESS: AgentProgress,
}
_EVENT_TYPES: Final = {body: event_type for event_type, body in _BODIES.items()}
_FIELDS: Final = {body: frozenset(body.__struct_fields__) for body in _BODIES.values()}
_ENVELOPE: Final = frozenset(("context_id", "event_type", "data"))

S = TypeVar("S", bound=msgspec.Struct)


def decode_event(raw: bytes, *, max_bytes: int = MAX_PROGRESS_BYTES) -> Event:
    """Read one stream entry's `data`.

    Args:
        raw: the JSON text as it arrived.
        max_bytes: the cap for this stream, in bytes.

    Raises:
        DecodeError: too large, not JSON (NaN and lone surrogates are not), nested deeper than 64
            levels, or not of the base layer's shape.
    """
    value = decode_json(raw, max_bytes=max_bytes)
    if not isinstance(value, dict):
        raise DecodeError("not_an_event", "An entry is JSON, but not an object.", raw)
    context_id, event_type, data = (
        value.get(name) for name in ("context_id", "event_type", "data")
    )
    if not isinstance(context_id, str) or not context_id:
        raise DecodeError("no_context_id", "An entry has no context ID.", raw)
    if not isinstance(event_type, str):
        raise DecodeError("no_event_type", "An entry does not say what it is.", raw)
    extra = {name: item for name, item in value.items() if name not in _ENVELOPE}
    body_type = _BODIES.get(event_type)
    if body_type is None:
        return Event(context_id, Unrecognised(event_type=event_type, data=data), extra)
    try:
        body: Body = msgspec.convert(data, body_type)
    except msgspec.ValidationError as error:
        raise DecodeError("wrong_shape", f"An {event_type} is malformed: {error}.", raw) from error
    known = _FIELDS[body_type]
    members = data if isinstance(data, dict) else {}
    data_extra = {name: item for name, item in members.items() if name not in known}
    return Event(context_id, body, extra, data_extra)


def encode_event(event: Event) -> bytes:
    """Write an event as the JSON text of a stream entry; kept unknown fields are written back."""
    body = event.body
    if isinstance(body, Unrecognised):
        event_type: str = body.event_type
        data: JSON = body.data
    else:
        event_type = _EVENT_TYPES[type(body)]
        data = {**msgspec.to_builtins(body), **event.data_extra}
    return msgspec.json.encode(
        {"context_id": event.context_id, "event_type": event_type, "data": data, **event.extra}
    )


def decode_json(raw: bytes, *, max_bytes: int = MAX_PROGRESS_BYTES) -> JSON:
    """Read JSON of bounded size and depth.

    Raises:
        DecodeError: too large, not JSON, or nested deeper than 64 levels.
    """
    if len(raw) > max_bytes:
        size, cap = f"{len(raw):,}", f"{max_bytes:,}"
        raise DecodeError("too_large", f"An entry has {size} bytes; {cap} are allowed.", raw)
    try:
        value: JSON = msgspec.json.decode(raw)
    except RecursionError as error:
        raise DecodeError("too_deep", "An entry is nested too deeply.", raw) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError("not_json", f"An entry is not JSON: {error}.", raw) from error
    if not depth_within(value, MAX_DEPTH):
        raise DecodeError("too_deep", f"An entry nests deeper than {MAX_DEPTH} levels.", raw)
    return value


def decode_struct(raw: bytes, kind: type[S], *, max_bytes: int = MAX_INBOX_BYTES) -> S:
    """Read one of the flat structures of our own keys (receipts, summaries, token deltas).

    Raises:
        DecodeError: not that structure.
    """
    value = decode_json(raw, max_bytes=max_bytes)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        name = kind.__name__
        raise DecodeError("wrong_shape", f"A {name} is malformed: {error}.", raw) from error


def encode_struct(value: msgspec.Struct) -> bytes:
    """Write such a structure."""
    return msgspec.json.encode(value)
