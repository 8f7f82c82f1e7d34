"""Half a character is replaced wherever it stands; everything else stays as it is."""

from __future__ import annotations

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from workers.agents.texts import mended, mended_message


def test_whole_texts_are_left_alone() -> None:
    """The very same object comes back, however it is nested."""
    value = {"name": "Zoë \U0001f600", "list": ["\u202e", 1, None, float("nan")]}
    assert mended(value) is value


def test_half_characters_are_replaced() -> None:
    """In values, names and lists; two halves that belong together become one character."""
    assert mended({"a\ud800": ["\udfff", "\ud83d\ude00"]}) == {"a\ufffd": ["\ufffd", "\U0001f600"]}


def test_a_message_is_mended_with_its_calls() -> None:
    """Arguments are where models put them."""
    call = {"name": "pay", "args": {"to": "A\ud800"}, "id": "call_1"}
    message = mended_message(AIMessage("x\ud800", tool_calls=[call]))
    assert message.content == "x\ufffd"
    assert message.tool_calls[0]["args"] == {"to": "A\ufffd"}
    assert mended_message(ToolMessage("\ud800", tool_call_id="call_1")).content == "\ufffd"
    human = HumanMessage("hello")
    assert mended_message(human) is human
