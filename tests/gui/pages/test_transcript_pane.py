"""The transcript of one conversation, as it arrives."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop.actions.ports import OpenTranscript, ReadOlder
from desktop.store.facts import EventSeen, Forgotten, GapSeen, TranscriptRead
from desktop.views.parts.labels import TextLabel
from desktop.views.transcript_pane import TranscriptPane
from desktop.views.transcript_span import MOST
from tests.gui.pages.seeing import open_page
from tests.support.hand_fed import NOW_MS, HandFed
from tests.support.scenes import (
    ACTION,
    AGENT,
    CALL,
    CONTEXT,
    agent_says,
    asks,
    human_says,
    receipt,
    tool_answers,
)
from workers.wire.approvals import Outcome
from workers.wire.messages import WAITING_RESPONSE

OTHER = "c-other"


@pytest.fixture
def pane(fed: HandFed, qtbot: QtBot) -> TranscriptPane:
    """A pane that shows one conversation."""
    fed.tell(human_says("Pay the invoice."), human_says("Something else.", context_id=OTHER))
    made = open_page(
        TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts), qtbot, (640, 600)
    )
    made.show_context(CONTEXT)
    return made


def lines(pane: TranscriptPane) -> list[str]:
    """What is written there, without empty lines."""
    return [line for line in pane.view.toPlainText().splitlines() if line]


def said(words: str, after: int = 0) -> list[EventSeen]:
    """A thousand messages, numbered, in one batch."""
    events = [agent_says(f"{words} {n}.", message_id=f"{words}-{n}") for n in range(1000)]
    return [EventSeen(CONTEXT, f"{NOW_MS + after}-{n + 100}", e) for n, e in enumerate(events)]


def test_it_shows_the_conversation_it_was_told_to_show(pane: TranscriptPane) -> None:
    """And not what other conversations bring."""
    assert "Pay the invoice." in lines(pane)
    pane.show_context(OTHER)
    assert "Something else." in lines(pane)
    assert "Pay the invoice." not in lines(pane)
    pane.show_context(None)
    assert lines(pane) == []
    assert pane.context_id is None


def test_what_is_missing_above_the_first_line_is_said_there(
    pane: TranscriptPane, fed: HandFed
) -> None:
    """A short conversation cannot be scrolled up to find it."""
    first = fed.store.entries(CONTEXT)[0].entry_id
    fed.feed(GapSeen(CONTEXT, first, "Messages may be missing here."))

    assert "Messages may be missing here." in lines(pane)[0]


def test_new_entries_appear_by_themselves(pane: TranscriptPane, fed: HandFed) -> None:
    """Those of this conversation only."""
    fed.tell(agent_says("I look at it."), agent_says("Elsewhere.", context_id=OTHER))
    assert "I look at it." in lines(pane)
    assert "Elsewhere." not in lines(pane)


def test_of_a_long_conversation_the_last_page_is_shown(
    pane: TranscriptPane, fed: HandFed, qtbot: QtBot
) -> None:
    """Whoever scrolls up reads on page by page, and the line they were at stays in sight."""
    fed.feed(*said("Answer"))
    assert "Answer 999." in lines(pane)
    assert "Answer 500." not in lines(pane)
    assert len(lines(pane)) <= 2 * MOST

    bar = pane.view.verticalScrollBar()
    first = lines(pane)[1]
    bar.setValue(bar.minimum())
    assert lines(pane)[1] != first
    assert first in lines(pane)
    assert bar.value() > 0, "what was read is still in sight"

    for _page in range(12):
        bar.setValue(bar.minimum())
    assert "Pay the invoice." in lines(pane)
    assert "Answer 999." not in lines(pane)

    for _page in range(12):
        bar.setValue(bar.maximum())
    assert "Answer 999." in lines(pane)
    assert "Pay the invoice." not in lines(pane)


def test_who_reads_what_was_said_earlier_is_not_disturbed(
    pane: TranscriptPane, fed: HandFed
) -> None:
    """However much comes meanwhile; and at the end they follow again."""
    fed.feed(*said("Answer"))
    bar = pane.view.verticalScrollBar()
    bar.setValue(bar.minimum())
    bar.setValue(bar.minimum())
    at, seen = bar.value(), lines(pane)

    fed.feed(*said("News", after=1))
    assert bar.value() == at
    assert lines(pane)[: len(seen)] == seen
    assert len(lines(pane)) <= 2 * MOST

    for _page in range(24):
        bar.setValue(bar.maximum())
    assert "News 999." in lines(pane)
    fed.feed(EventSeen(CONTEXT, f"{NOW_MS + 2}-0", agent_says("The latest.", message_id="latest")))
    assert "The latest." in lines(pane)
    assert bar.value() == bar.maximum()


def test_a_call_changes_its_state_where_it_stands(pane: TranscriptPane, fed: HandFed) -> None:
    """From waiting to what the worker says became of it."""
    fed.tell(agent_says("I pay.", calls=((CALL, ACTION),)), asks())
    assert any("waiting for approval" in line for line in lines(pane))
    fed.receive(receipt(Outcome.EXECUTED))
    assert any("approved by r.mora, ran" in line for line in lines(pane))
    assert not any("waiting for approval" in line for line in lines(pane))


def test_words_appear_while_a_model_writes_them(
    pane: TranscriptPane, fed: HandFed, qtbot: QtBot
) -> None:
    """Piece by piece; the whole message takes their place and nothing is said twice."""
    fed.write(CONTEXT, AGENT, "m-9", "I am ")
    qtbot.waitUntil(lambda: "I am" in pane.view.toPlainText())
    assert "writing" in pane.view.toPlainText()
    fed.write(CONTEXT, AGENT, "m-9", "I am ", "paying.")  # the first piece was seen before
    qtbot.waitUntil(lambda: "I am paying." in pane.view.toPlainText())

    fed.tell(agent_says("I am paying.", message_id="m-9"))
    assert pane.view.toPlainText().count("I am paying.") == 1
    assert "writing" not in pane.view.toPlainText()


def test_words_already_written_are_there_when_the_conversation_is_opened(
    pane: TranscriptPane, fed: HandFed, qtbot: QtBot
) -> None:
    """Also when the reader comes back to it."""
    fed.write(CONTEXT, AGENT, "m-9", "I am paying.")
    pane.show_context(OTHER)
    assert "paying" not in pane.view.toPlainText()
    pane.show_context(CONTEXT)
    qtbot.waitUntil(lambda: "I am paying." in pane.view.toPlainText())


def test_a_message_that_is_never_finished_goes_away(
    pane: TranscriptPane, fed: HandFed, qtbot: QtBot
) -> None:
    """The run stopped for a decision; what was begun before is not a message."""
    fed.write(CONTEXT, AGENT, "m-9", "half a sen")
    qtbot.waitUntil(lambda: "half a sen" in pane.view.toPlainText())
    fed.tell(asks())
    assert "half a sen" not in pane.view.toPlainText()


def test_entries_of_two_conversations_may_have_the_same_ids(fed: HandFed, qtbot: QtBot) -> None:
    """Each broker numbers each stream for itself; what was opened in one is not in the other."""
    call = ((CALL, ACTION),)
    fed.tell(agent_says("", calls=call))
    fed._sequence = 0
    fed.tell(agent_says("", calls=call, context_id=OTHER))
    pane = open_page(
        TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts), qtbot, (640, 600)
    )
    pane.show_context(CONTEXT)
    entry = fed.store.entries(CONTEXT)[0]
    pane.view.follow(f"signoff-toggle:call%3A{entry.entry_id}%3A0")
    assert "ACME" in pane.view.toPlainText()
    pane.show_context(OTHER)
    assert "ACME" not in pane.view.toPlainText()


def test_what_another_broker_held_is_gone(pane: TranscriptPane, fed: HandFed) -> None:
    """Nothing of it stays in sight."""
    fed.feed(Forgotten())
    assert lines(pane) == []


def test_a_link_is_asked_about_first(pane: TranscriptPane, fed: HandFed) -> None:
    """And the question goes when another conversation is shown."""
    fed.tell(agent_says("See [the order](https://orders.example.invalid/5521)."))
    pane.view.follow("https://orders.example.invalid/5521")
    assert pane.link_prompt.isVisible()
    pane.show_context(OTHER)
    assert not pane.link_prompt.isVisible()


def test_a_conversation_is_read_on_from_the_broker(fed: HandFed, qtbot: QtBot) -> None:
    """Its newest entries come first; who scrolls to the top is given the ones before."""
    newest, older = said("Answer", after=1), said("Earlier")
    pane = open_page(
        TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts), qtbot, (640, 600)
    )
    pane.show_context(CONTEXT)
    assert fed.outbox.orders == [OpenTranscript(CONTEXT)]
    fed.feed(TranscriptRead(CONTEXT))
    words = pane.findChild(TextLabel, "transcript.reading")
    assert words is not None
    qtbot.waitUntil(words.isVisible)
    assert words.text() == "Reading the conversation…"
    fed.feed(TranscriptRead(CONTEXT, tuple(newest[-50:])))
    qtbot.waitUntil(lambda: not words.isVisible())

    bar = pane.view.verticalScrollBar()
    bar.setValue(bar.minimum())
    first = newest[-50].entry_id
    assert fed.outbox.orders[1:] == [ReadOlder(CONTEXT, first)]
    fed.feed(TranscriptRead(CONTEXT, tuple(older[-200:]), is_tail=False, reaches_start=True))

    assert "Earlier 999." in lines(pane)
    assert "Answer 999." in lines(pane)
    assert bar.value() > bar.minimum()
    assert not words.isVisible()


def test_a_page_with_nothing_to_show_is_passed_over(fed: HandFed, qtbot: QtBot) -> None:
    """Who scrolled to the top need not do so again to be given the page before it."""
    newest = said("Answer")[-50:]
    notes = [
        EventSeen(CONTEXT, f"{NOW_MS - 1}-{n}", tool_answers(WAITING_RESPONSE)) for n in range(200)
    ]
    first_words = EventSeen(CONTEXT, f"{NOW_MS - 2}-0", human_says("The first words."))
    pane = open_page(
        TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts), qtbot, (640, 600)
    )
    pane.show_context(CONTEXT)
    fed.feed(TranscriptRead(CONTEXT), TranscriptRead(CONTEXT, tuple(newest)))
    bar = pane.view.verticalScrollBar()
    bar.setValue(bar.minimum())

    fed.feed(TranscriptRead(CONTEXT, tuple(notes), is_tail=False))
    assert fed.outbox.orders[1:] == [
        ReadOlder(CONTEXT, newest[0].entry_id),
        ReadOlder(CONTEXT, notes[0].entry_id),
    ]
    page = TranscriptRead(CONTEXT, (first_words,), is_tail=False, reaches_start=True)
    fed.feed(page)

    assert "The first words." in lines(pane)


def test_what_fills_no_page_is_read_on_without_scrolling(fed: HandFed, qtbot: QtBot) -> None:
    """The newest entries may be notes that nobody is shown: there is nothing to scroll then."""
    notes = [
        EventSeen(CONTEXT, f"{NOW_MS}-{n}", tool_answers(WAITING_RESPONSE)) for n in range(200)
    ]
    pane = open_page(
        TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts), qtbot, (640, 600)
    )
    pane.show_context(CONTEXT)

    fed.feed(TranscriptRead(CONTEXT), TranscriptRead(CONTEXT, tuple(notes)))

    assert fed.outbox.orders[1:] == [ReadOlder(CONTEXT, notes[0].entry_id)]
