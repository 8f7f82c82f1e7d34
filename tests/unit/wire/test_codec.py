"""What came from the broker is read whole, or refused with a reason; nothing crashes a reader."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.wire.codec import (
    MAX_INBOX_BYTES,
    MAX_PROGRESS_BYTES,
    decode_event,
    decode_json,
    decode_struct,
    encode_event,
    encode_struct,
)
from workers.wire.errors import DecodeError
from workers.wire.events import (
    AgentCommand,
    AgentInvocation,
    AgentProgress,
    ContextStatus,
    ContextSummary,
    Event,
    EventType,
    ProgressType,
    TokenDelta,
    Unrecognised,
)

#: Any JSON at all, with the names of the wire among its members so that shapes nearly fit.
_NAMES = st.sampled_from(
    ["context_id", "event_type", "data", "type", "message", "caller_agent", "callee_agent", "task"]
)
_VALUES = st.sampled_from([*EventType, *ProgressType, "c-1", "human"])
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | _VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES | st.text(), inner),
    max_leaves=12,
)


def _envelope(data: object, event_type: str = EventType.PROGRESS, **more: object) -> bytes:
    whole = {"context_id": "c-1", "event_type": event_type, "data": data, **more}
    return json.dumps(whole).encode()


_PROGRESS = {
    "type": "message",
    "caller_agent": "human",
    "callee_agent": "treasury_agent",
    "invocation_id": "inv-1",
    "message": "hello",
    "is_finish": False,
}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"", "not_json", id="nothing"),
        pytest.param(b"{nope", "not_json", id="not-json"),
        pytest.param(b'{"context_id":"c"', "not_json", id="cut-off"),
        pytest.param(b'\xff\xfe{"context_id":"c"}', "not_json", id="not-utf8"),
        pytest.param(b'"\xff"', "not_json", id="not-utf8-in-a-text"),
        pytest.param(b'{"context_id":NaN}', "not_json", id="nan"),
        pytest.param(b'{"context_id":Infinity}', "not_json", id="infinity"),
        pytest.param(b'{"context_id":1e999}', "not_json", id="number-beyond-range"),
        pytest.param(b'{"context_id":' + b"9" * 5000 + b"}", "not_json", id="5000-digits"),
        pytest.param(b'{"context_id":"\\ud800"}', "not_json", id="lone-surrogate"),
        pytest.param(b"[1, 2]", "not_an_event", id="a-list"),
        pytest.param(b"null", "not_an_event", id="null"),
        pytest.param(b'"agent_progress"', "not_an_event", id="a-text"),
        pytest.param(b'{"event_type":"agent_progress"}', "no_context_id", id="no-context"),
        pytest.param(b'{"context_id":"","event_type":"x"}', "no_context_id", id="empty-context"),
        pytest.param(b'{"context_id":7,"event_type":"x"}', "no_context_id", id="number-as-context"),
        pytest.param(b'{"context_id":"c"}', "no_event_type", id="no-type"),
        pytest.param(b'{"context_id":"c","event_type":null}', "no_event_type", id="null-type"),
        pytest.param(_envelope(None), "wrong_shape", id="no-data"),
        pytest.param(_envelope([]), "wrong_shape", id="data-is-a-list"),
        pytest.param(
            _envelope({**_PROGRESS, "type": "status"}), "wrong_shape", id="other-progress"
        ),
        pytest.param(
            _envelope({**_PROGRESS, "is_finish": "no"}), "wrong_shape", id="text-for-bool"
        ),
        pytest.param(
            _envelope({"task": "x"}, EventType.INVOCATION), "wrong_shape", id="half-a-task"
        ),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(raw: bytes, reason: str) -> None:
    """The reason is a stable word, the title is for a person, and the bytes are kept."""
    with pytest.raises(DecodeError) as caught:
        decode_event(raw)

    assert caught.value.reason == reason
    assert caught.value.raw == raw
    assert caught.value.title.startswith("An ")


def test_an_entry_of_5_megabytes_is_refused_before_it_is_parsed() -> None:
    """Size is looked at first; the message says how much came and how much is allowed."""
    raw = _envelope({**_PROGRESS, "message": "x" * 5_000_000})

    with pytest.raises(DecodeError, match=r"5,000,2\d\d bytes; 1,048,576 are allowed") as caught:
        decode_event(raw)

    assert caught.value.reason == "too_large"


def test_the_cap_is_the_stream_s_own() -> None:
    """What a progress stream may carry is too large for an inbox."""
    raw = _envelope({**_PROGRESS, "message": "x" * MAX_INBOX_BYTES})
    assert len(raw) < MAX_PROGRESS_BYTES

    assert decode_event(raw).context_id == "c-1"
    with pytest.raises(DecodeError, match="bytes; 262,144 are allowed"):
        decode_event(raw, max_bytes=MAX_INBOX_BYTES)


@pytest.mark.parametrize("depth", [200, 10_000, 400_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    """Neither the parser nor what walks over its result runs out of stack."""
    deep = b"[" * depth + b"]" * depth
    raw = b'{"context_id":"c-1","event_type":"agent_progress","data":' + deep + b"}"

    with pytest.raises(DecodeError) as caught:
        decode_event(raw)

    assert caught.value.reason == "too_deep"


def test_a_kind_of_a_newer_version_is_kept_as_it_is() -> None:
    """Unknown is not broken: the event travels on unchanged."""
    raw = _envelope({"scope": "all", "by": "r.mora"}, "agent_halt", v=2)

    event = decode_event(raw)

    assert event.body == Unrecognised(
        event_type="agent_halt", data={"scope": "all", "by": "r.mora"}
    )
    assert json.loads(encode_event(event)) == json.loads(raw)


def test_fields_of_a_newer_version_are_kept_at_both_levels() -> None:
    """Who reads and writes an event on does not strip what it does not know."""
    raw = _envelope({**_PROGRESS, "trace": {"id": "t-9"}}, sent_by="w-2")

    event = decode_event(raw)

    assert event.extra == {"sent_by": "w-2"}
    assert event.data_extra == {"trace": {"id": "t-9"}}
    assert json.loads(encode_event(event)) == json.loads(raw)


def test_a_bare_command_of_a_base_client_is_read() -> None:
    """It may leave the tool call id out."""
    event = decode_event(
        _envelope({"type": "resume", "payload": {"type": "accept"}}, "agent_command")
    )

    assert event.body == AgentCommand(type="resume", payload={"type": "accept"})


def test_a_structure_of_our_own_keys_is_read_back_as_it_was_written() -> None:
    """Summaries, receipts and deltas share one way in and out."""
    summary = ContextSummary(
        agent="treasury_agent", status=ContextStatus.WAITING, last_activity_ms=17, waiting=1
    )

    assert decode_struct(encode_struct(summary), ContextSummary) == summary


@pytest.mark.parametrize("raw", [b"{}", b"[]", b"{nope", b'{"seq":"first"}', b""])
def test_what_is_not_that_structure_is_refused(raw: bytes) -> None:
    """A foreign text under one of our keys is no crash."""
    with pytest.raises(DecodeError):
        decode_struct(raw, TokenDelta)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_an_event_or_a_decode_error(raw: bytes) -> None:
    """No bytes raise anything else."""
    _read_or_refuse(raw)


@settings(deadline=None)
@given(_JSON)
def test_arbitrary_json_is_an_event_or_a_decode_error(value: object) -> None:
    """No shape raises anything else, and what is read can be written back."""
    _read_or_refuse(json.dumps(value).encode(errors="replace"))


@settings(deadline=None)
@given(_JSON, st.sampled_from(EventType))
def test_arbitrary_data_of_a_known_kind_is_an_event_or_a_decode_error(
    data: object, event_type: EventType
) -> None:
    """The same, one level further in."""
    _read_or_refuse(_envelope(data, event_type))


@settings(deadline=None)
@given(text=st.text(), message=_JSON, finish=st.booleans())
def test_what_is_written_is_read_back_the_same(*, text: str, message: object, finish: bool) -> None:
    """Every event we can make survives the broker."""
    event = Event(
        "c-1",
        AgentProgress(
            type=ProgressType.MESSAGE,
            caller_agent=text,
            callee_agent="a",
            invocation_id="i",
            message=json.loads(json.dumps(message)),
            is_finish=finish,
        ),
    )

    assert decode_event(encode_event(event)) == event


def test_a_task_without_a_context_object_is_read() -> None:
    """The base package always sends one; other senders may not."""
    data = {"task": "pay", "caller_agent": "human", "invocation_id": "inv-1"}

    body = decode_event(_envelope(data, EventType.INVOCATION)).body

    assert body == AgentInvocation(task="pay", caller_agent="human", invocation_id="inv-1")


def test_plain_json_obeys_the_same_limits() -> None:
    """For what is no event, such as a token delta."""
    assert decode_json(b'{"a":[1,2]}') == {"a": [1, 2]}
    assert decode_json(b"[" * 64 + b"]" * 64)
    with pytest.raises(DecodeError):
        decode_json(b"[" * 65 + b"]" * 65)


def _read_or_refuse(raw: bytes) -> None:
    with contextlib.suppress(DecodeError):
        event = decode_event(raw)
        assert decode_event(encode_event(event)) == event
