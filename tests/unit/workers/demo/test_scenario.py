"""The script as a whole: robust against odd conversations, and never the same call id twice."""

from __future__ import annotations

import time

import pytest

from tests.unit.workers.demo.conversation import (
    COORDINATOR,
    RECORDS,
    TREASURY,
    WEATHER,
    Conversation,
)
from workers.demo.chat import CallEntry, FunctionCall, Message, Part
from workers.demo.scenario import MAX_REQUEST_CHARACTERS, reply
from workers.demo.scenes.turn import Ending, read_outcome


def test_call_ids_never_repeat() -> None:
    """Two runs of one conversation give two ids; workers know calls by nothing else."""
    asked = [Message("user", "pay 10 to ACME and 20 to Globex")]
    ids = [call.id for _ in range(3) for call in reply(asked, TREASURY).tool_calls]

    assert len(set(ids)) == 6


def test_the_same_conversation_gets_the_same_answer() -> None:
    """A demo can be shown twice."""
    asked = [Message("user", "release Mira Solberg's record to Northgate Clinic")]

    assert reply(asked, RECORDS, lambda: "x") == reply(asked, RECORDS, lambda: "x")


def test_without_known_tools_the_script_says_what_it_is() -> None:
    """An agent of somebody else's gets an answer, not a crash."""
    assert "scripted demo model" in reply([Message("user", "hello")], ()).text
    assert "scripted demo model" in reply([Message("user", "do x")], ("other_tool",)).text


def test_odd_conversations_are_answered() -> None:
    """No user message, content in parts, a call without an answer, arguments that are no JSON."""
    assert reply([], TREASURY).text
    parts = [Part("text", "GDP of Paris"), Part("image_url")]
    assert reply([Message("user", parts)], TREASURY).tool_calls

    broken = CallEntry("1", FunctionCall("transfer_funds", "{"))
    unanswered = CallEntry("2", FunctionCall("transfer_funds"))
    told = reply(
        [
            Message("user", "pay 10 to ACME and 20 to Globex"),
            Message("assistant", None, [broken, unanswered]),
            Message("tool", "Rejected", tool_call_id="1"),
        ],
        TREASURY,
    )
    assert "`transfer_funds` was **not approved**" in told.text


def test_two_messages_in_a_row_are_read_as_one_request() -> None:
    """The second waited while the first one's call waited; neither is lost."""
    asked = [Message("user", "pay 10 to ACME"), Message("user", "pay 20 to Globex")]

    assert len(reply(asked, TREASURY).tool_calls) == 2


@pytest.mark.parametrize("tools", [TREASURY, RECORDS, WEATHER, COORDINATOR])
@pytest.mark.parametrize("piece", ["a ", "to ", "1,", "P-1 ", "for to ", "pay 1 to ", "' ", "and "])
def test_no_request_keeps_the_script_busy(tools: tuple[str, ...], piece: str) -> None:
    """The patterns stay fast on the longest text they are given, whatever it is made of."""
    text = (piece * MAX_REQUEST_CHARACTERS)[:MAX_REQUEST_CHARACTERS]
    started = time.perf_counter()
    Conversation(tools).say(text)

    assert time.perf_counter() - started < 1


def test_a_request_that_is_too_long_is_refused_in_words() -> None:
    """And not read at all."""
    assert "too long" in Conversation(TREASURY).say("pay " * MAX_REQUEST_CHARACTERS).text


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        ('{"status": "executed"}', Ending.DONE),
        ('{"payments": [{"reference": "rejected invoice"}]}', Ending.DONE),
        ('{"error": "no such account"}', Ending.FAILED),
        ("The record says: invoice paid.", Ending.DONE),
        ("Tool Rejected", Ending.REJECTED),
        ("The reviewer declined: too much", Ending.REJECTED),
        ("This call was not approved within 15 minutes and has expired.", Ending.REJECTED),
        ("Error: ValueError('x')", Ending.FAILED),
        ("ToolException: boom", Ending.FAILED),
        ("The outcome is in doubt: the worker stopped.", Ending.FAILED),
        ("transfer is not a valid tool, try one of [a].", Ending.FAILED),
        ("[not json", Ending.DONE),
    ],
)
def test_the_ending_of_a_call_is_read_from_its_answer(answer: str, ending: Ending) -> None:
    """The protocol has no field for it."""
    assert read_outcome("transfer_funds", {}, answer).ending is ending
