"""What a terminal shows of events, and what it must not do to it."""

from __future__ import annotations

import pytest

from tests.support import scenes
from workers.client.events import ProgressEvent, lines_of, printable
from workers.client.waiting import still_waiting
from workers.wire.canonical import JSON
from workers.wire.events import AgentProgress, ProgressType


def event(
    message: JSON, kind: ProgressType = ProgressType.MESSAGE, agent: str = "demo_agent"
) -> ProgressEvent:
    """An event as a worker writes it."""
    body = AgentProgress(
        type=kind, caller_agent="human", callee_agent=agent, invocation_id="i-1", message=message
    )
    return ProgressEvent("c-1", body)


def call(number: int) -> ProgressEvent:
    """A call that waits, of a worker of the base package."""
    action: dict[str, JSON] = {"action": "pay", "args": {"amount": number}}
    value: JSON = {"action_request": action, "tool_call_id": f"call_{number}", "context_id": "c-1"}
    return event(value, ProgressType.INTERRUPT)


def result(number: int) -> ProgressEvent:
    """The result of such a call."""
    return event({"type": "tool", "content": "paid", "tool_call_id": f"call_{number}"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë paid 10 €\n\tdone", "Zoë paid 10 €\n\tdone"),
        ("\x1b[2J\x1b[31mapproved", "\\x1b[2J\\x1b[31mapproved"),
        ("a\u202eb\u200bc", "a\\u202eb\\u200bc"),
        ("100\r999", "100\\r999"),
    ],
)
def test_nothing_an_agent_says_can_move_the_cursor_or_turn_letters(text: str, shown: str) -> None:
    """Otherwise a reason could be printed over the amount that is being approved."""
    assert printable(text) == shown


def test_every_kind_of_event_has_its_lines() -> None:
    """People, agents, calls, results, errors, requests, and what nobody foresaw."""
    ask: JSON = {"name": "pay", "args": {}, "id": "call_1"}
    told = [
        event({"type": "human", "content": "hello"}),
        event({"type": "ai", "content": "one moment", "tool_calls": [ask]}),
        event({"type": "tool", "name": "pay", "content": "paid"}),
        event("Error occurred. It broke."),
        call(1),
        event([1, 2]),
    ]

    assert [lines_of(one) for one in told] == [
        ["You: hello"],
        ["demo_agent: one moment", "  calls pay"],
        ["  pay: paid"],
        ["demo_agent: Error occurred. It broke."],
        ["demo_agent asks for approval."],
        ["demo_agent: [1,2]"],
    ]
    assert lines_of(told[0], with_human=False) == []


def test_a_call_waits_until_a_tool_message_answers_it() -> None:
    """Told twice it is still one call; order is that of the first telling."""
    events = [call(1), call(2), result(2), call(1), event("Error occurred.")]

    assert [one.call.tool_call_id for one in still_waiting(events)] == ["call_1"]
    assert still_waiting([*events, result(1)]) == []


def test_a_machines_question_is_nobodys_to_decide() -> None:
    """A delegation that another worker tells of waits for an agent."""
    delegation = event({"kind": "delegate", "agent": "expert"}, ProgressType.INTERRUPT)
    assert still_waiting([delegation]) == []


def test_a_call_in_doubt_waits_as_its_newest_request() -> None:
    """A decision on the first would be refused; it was made already."""
    first, second = (
        ProgressEvent("c-1", scenes.asks(attempt=attempt).body)  # type: ignore[arg-type]
        for attempt in (0, 1)
    )

    [waiting] = still_waiting([first, second])

    assert waiting.call.request is not None
    assert waiting.call.request.attempt == 1
