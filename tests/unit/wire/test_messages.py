"""A chat message of any shape becomes something a console can show."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.wire.canonical import JSON
from workers.wire.messages import ChatMessage, Role, ToolCall, read_message

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "content", "text", "tool_calls", "id", "usage_metadata", "name"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


def test_an_agent_s_message_is_read_with_its_calls_and_its_tokens() -> None:
    """Everything the transcript shows."""
    message = read_message(
        {
            "type": "ai",
            "id": "m-1",
            "name": "treasury_agent",
            "content": "One moment.",
            "tool_calls": [{"name": "pay", "args": {"n": 1}, "id": "call-1", "type": "tool_call"}],
            "usage_metadata": {"input_tokens": 12, "output_tokens": 3},
        }
    )

    assert message == ChatMessage(
        role=Role.AGENT,
        text="One moment.",
        id="m-1",
        name="treasury_agent",
        tool_calls=(ToolCall(id="call-1", name="pay", args={"n": 1}),),
        input_tokens=12,
        output_tokens=3,
    )


def test_a_tool_that_failed_says_so() -> None:
    """`status` is how LangChain tells."""
    message = read_message(
        {"type": "tool", "content": "no such account", "tool_call_id": "t", "status": "error"}
    )

    assert isinstance(message, ChatMessage)
    assert message.failed
    assert message.tool_call_id == "t"


def test_plain_text_is_the_text_of_an_error() -> None:
    """The base package writes errors so."""
    assert read_message("Error occurred. No model.") == "Error occurred. No model."


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("hello", "hello", id="text"),
        pytest.param(None, "", id="null"),
        pytest.param(["a", {"type": "text", "text": "b"}], "ab", id="blocks"),
        pytest.param([{"type": "image_url", "url": "file:///x"}], "[image_url]", id="image"),
        pytest.param([{"type": 7}], "[content]", id="odd-block"),
        pytest.param({"a": 1}, '{"a":1}', id="object"),
    ],
)
def test_content_of_every_form_becomes_text(content: JSON, text: str) -> None:
    """Blocks without text are named, not fetched."""
    message = read_message({"type": "ai", "content": content})

    assert isinstance(message, ChatMessage)
    assert message.text == text


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("human", Role.HUMAN),
        ("ai", Role.AGENT),
        ("AIMessageChunk", Role.AGENT),
        ("tool", Role.TOOL),
        ("system", Role.SYSTEM),
        ("remove", Role.OTHER),
        (None, Role.OTHER),
    ],
)
def test_who_speaks_is_told_from_the_type(kind: JSON, role: Role) -> None:
    """A type of a newer LangChain is somebody, too."""
    message = read_message({"type": kind, "content": "x"})

    assert isinstance(message, ChatMessage)
    assert message.role is role


@pytest.mark.parametrize("count", [-1, True, "12", 1.5, None])
def test_token_counts_that_are_none_count_nothing(count: JSON) -> None:
    """A foreign model's server may send anything."""
    message = read_message({"type": "ai", "usage_metadata": {"input_tokens": count}})

    assert isinstance(message, ChatMessage)
    assert message.input_tokens == 0


@settings(deadline=None)
@given(_JSON)
def test_a_message_of_any_shape_can_be_read(value: JSON) -> None:
    """It never raises."""
    assert isinstance(read_message(value), ChatMessage | str)
