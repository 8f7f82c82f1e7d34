"""Entries at a glance: what a list shows, whatever a worker wrote."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.support.environment import ROOT
from workers.wire.canonical import JSON
from workers.wire.codec import MAX_PROGRESS_BYTES, decode_event
from workers.wire.events import AgentProgress
from workers.wire.glances import GlanceKind, glance
from workers.wire.messages import ChatMessage, Role, read_message

SAMPLES = {
    f"{path.parent.name}/{path.stem}": json.loads(path.read_text())["entry"]["data"].encode()
    for path in sorted((ROOT / "tests" / "contract" / "samples").glob("*/*.json"))
    if '"entry"' in path.read_text() and "event_type" in path.read_text()
}

ODD_MESSAGES: dict[str, JSON] = {
    "no object": ["a", 1],
    "a number": 7,
    "nothing": None,
    "empty": {},
    "ids that are numbers": {"type": "ai", "id": 7, "tool_call_id": 8, "content": "hello"},
    "no role": {"type": None, "content": "hello"},
    "content blocks": {"type": "ai", "content": [{"type": "text", "text": "hel"}, "lo", 3]},
    "content is a number": {"type": "ai", "content": 5},
    "a chunk": {"type": "AIMessageChunk", "content": "hello"},
    "plain text": "Error occurred. Oh",
}


def _progress(message: Any, **changes: Any) -> bytes:  # noqa: ANN401 - whatever a worker writes
    data = {
        "type": "message",
        "caller_agent": "human",
        "callee_agent": "a",
        "invocation_id": "i",
        "message": message,
        "is_finish": False,
        **changes,
    }
    return json.dumps(
        {"context_id": "c", "event_type": "agent_progress", "data": data}, ensure_ascii=False
    ).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_a_glance_sees_what_a_full_read_sees(data: bytes) -> None:
    """On every event that was ever captured from a real worker."""
    _assert_agrees(data)


@pytest.mark.parametrize("message", ODD_MESSAGES.values(), ids=ODD_MESSAGES)
@pytest.mark.parametrize("kind", ["message", "interrupt"])
def test_a_message_of_any_shape_is_seen_as_it_would_be_read(message: JSON, kind: str) -> None:
    """A foreign worker may write what it likes."""
    _assert_agrees(_progress(message, type=kind, is_finish=True))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_json"),
        (b"{nope", "not_json"),
        (b"[1]", "not_an_event"),
        (b'{"context_id":"","event_type":"agent_progress","data":{}}', "no_context_id"),
        (b'{"context_id":"c","event_type":7,"data":{}}', "no_event_type"),
        (_progress("x", type="surprise"), "wrong_shape"),
        (_progress("x", is_finish="no"), "wrong_shape"),
        (b"[" * 1_000_000, "too_deep"),
        (b'{"context_id":"c","x":' + b"[" * 1_000_000, "too_deep"),
        (b"x" * (MAX_PROGRESS_BYTES + 1), "too_large"),
        (_progress("\ud800"), "not_json"),
        (b'\xff{"context_id":"c"}', "not_json"),
    ],
)
def test_what_is_no_event_is_told_and_never_raised(data: bytes, reason: str) -> None:
    """With the reason, as a full read would tell it."""
    seen = glance(data)

    assert (seen.kind, seen.reason) == (GlanceKind.UNREADABLE, reason)
    assert seen.title.endswith(".")
    assert seen.preview(100) == ""


def test_an_event_of_another_kind_is_no_message() -> None:
    """A newer worker may tell what we do not know yet."""
    seen = glance(b'{"context_id":"c","event_type":"agent_mood","data":{"type":"message"}}')

    assert (seen.kind, seen.context_id, seen.role) == (GlanceKind.OTHER, "c", Role.OTHER)


def test_a_preview_is_the_beginning_of_the_text() -> None:
    """And nothing where the text cannot be read, which a glance does not look at."""
    assert glance(_progress({"type": "ai", "content": "hello"})).preview(4) == "hell"
    assert glance(_progress("Error occurred. Oh")).preview(5) == "Error"
    broken = _progress({"type": "ai", "content": "_"}).replace(b'"_"', b'"\xff"')
    assert glance(broken).preview(100) == ""


def _assert_agrees(data: bytes) -> None:
    """A glance says what `decode_event` and `read_message` say."""
    seen = glance(data)
    event = decode_event(data)
    assert seen.context_id == event.context_id
    body = event.body
    if not isinstance(body, AgentProgress):
        assert seen.kind is GlanceKind.OTHER
        return
    assert (seen.caller, seen.callee) == (body.caller_agent, body.callee_agent)
    assert seen.is_finish is body.is_finish
    message = read_message(body.message)
    if body.type == "interrupt":
        assert seen.kind is GlanceKind.INTERRUPT
        call = body.message.get("tool_call_id") if isinstance(body.message, dict) else ""
        assert seen.tool_call_id == (call if isinstance(call, str) else "")
    elif isinstance(message, ChatMessage):
        assert seen.kind is GlanceKind.MESSAGE
        assert (seen.role, seen.name, seen.message_id) == (message.role, message.name, message.id)
        assert seen.tool_call_id == message.tool_call_id
        assert seen.preview(1000) == message.text[:1000]
    else:
        assert seen.kind is GlanceKind.ERROR
        assert seen.preview(1000) == message[:1000]
    assert msgspec.json.encode(seen.preview(1000))
