"""How a conversation stands, by glances at its entries."""

from __future__ import annotations

import pytest

from desktop.engine.summaries import PREVIEW_LENGTH, fold, look, summarise
from desktop.store.records import ContextStatus, Source, Summary
from tests.support import scenes
from workers.wire.codec import encode_event
from workers.wire.events import Event
from workers.wire.messages import WAITING_RESPONSE

DELEGATE = {"agent": "records_agent", "caller": scenes.AGENT}


def _summary(*events: Event | bytes, before: Summary | None = None) -> Summary:
    entries = [
        (f"{1000 + number}-0", event if isinstance(event, bytes) else encode_event(event))
        for number, event in enumerate(events)
    ]
    return summarise(scenes.CONTEXT, entries, before)


@pytest.mark.parametrize(
    ("last", "status"),
    [
        pytest.param(scenes.human_says("hi"), ContextStatus.RUNNING, id="person"),
        pytest.param(scenes.asks(), ContextStatus.WAITING, id="interrupt"),
        pytest.param(scenes.tool_answers("x"), ContextStatus.RUNNING, id="tool"),
        pytest.param(scenes.agent_says("x", finish=True), ContextStatus.DONE, id="answer"),
        pytest.param(
            scenes.agent_says("x", finish=True, **DELEGATE), ContextStatus.RUNNING, id="delegate"
        ),
        pytest.param(scenes.progress("Error occurred. No."), ContextStatus.FAILED, id="error"),
        pytest.param(
            scenes.progress("Error occurred. No.", **DELEGATE),
            ContextStatus.RUNNING,
            id="error-of-delegate",
        ),
        pytest.param(b"{nope", ContextStatus.RUNNING, id="unreadable"),
    ],
)
def test_the_last_entry_that_can_be_read_says_how_it_stands(
    last: Event | bytes, status: ContextStatus
) -> None:
    """An agent that answers another agent has not ended the conversation."""
    assert _summary(scenes.human_says("pay"), last).status is status


def test_entries_told_one_by_one_come_to_the_same_as_all_at_once() -> None:
    """Whatever the batches were."""
    events = (
        scenes.human_says("pay"),
        scenes.agent_says("", calls=(("call_1", "transfer_funds"),)),
        scenes.asks(),
        scenes.tool_answers("Paid."),
        scenes.agent_says("Done.", message_id="m-2", finish=True),
    )
    at_once = _summary(*events)

    step: Summary | None = None
    for number, event in enumerate(events):
        step = summarise(scenes.CONTEXT, [(f"{1000 + number}-0", encode_event(event))], step)

    assert step == at_once
    assert (at_once.as_of, at_once.last_activity_ms, at_once.entries) == ("1004-0", 1004, 5)
    assert (at_once.agent, at_once.preview) == (scenes.AGENT, "Done.")


@pytest.mark.parametrize(
    ("last", "preview"),
    [
        pytest.param(scenes.asks(), scenes.ACTION, id="what-is-asked"),
        pytest.param(scenes.progress("Error occurred. No."), "No.", id="error"),
        pytest.param(scenes.agent_says(""), "pay", id="no-text"),
        pytest.param(scenes.tool_answers(WAITING_RESPONSE), "pay", id="placeholder"),
        pytest.param(b"{nope", "pay", id="unreadable"),
        pytest.param(scenes.agent_says("x" * 500), "x" * PREVIEW_LENGTH, id="long"),
    ],
)
def test_the_preview_is_the_last_thing_that_was_said(last: Event | bytes, preview: str) -> None:
    """A call without words leaves what was said before."""
    assert _summary(scenes.human_says("pay"), last).preview == preview


def test_the_one_addressed_is_who_answered_the_person_last() -> None:
    """Not the agent that it asked."""
    told = _summary(scenes.human_says("pay"), scenes.agent_says("Found it.", **DELEGATE))

    assert told.agent == scenes.AGENT


def test_without_a_person_in_sight_the_one_addressed_is_only_guessed_if_told_to() -> None:
    """Older entries may tell; the workers' index does."""
    entry = look(scenes.CONTEXT, "1-0", encode_event(scenes.agent_says("x", **DELEGATE)))
    indexed = Summary(scenes.CONTEXT, "by_index", ContextStatus.DONE, 0, source=Source.INDEX)

    assert fold(scenes.CONTEXT, [entry], guess=False).agent == ""
    assert fold(scenes.CONTEXT, [entry]).agent == "records_agent"
    assert fold(scenes.CONTEXT, [entry], indexed).agent == "by_index"


def test_an_entry_of_another_conversation_is_noted_and_says_nothing() -> None:
    """Somebody wrote it into the wrong stream."""
    stray = scenes.agent_says("of another", context_id="c-other", finish=True)

    told = _summary(scenes.human_says("pay"), stray)

    assert (told.preview, told.status) == ("pay", ContextStatus.RUNNING)
    assert "another conversation" in told.note
