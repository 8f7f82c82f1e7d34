"""Finding words in a conversation."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.actions.ports import ReadOlder
from desktop.store.facts import EventSeen, TranscriptRead
from desktop.views.parts.find_bar import FindField
from desktop.views.theme import tokens
from desktop.views.transcript_pane import TranscriptPane
from tests.gui.pages.seeing import click, is_seen, open_page, see, unnamed_or_without_ring
from tests.support.hand_fed import NOW_MS, HandFed
from tests.support.scenes import CALL, CONTEXT, agent_says, human_says, tool_answers

KEY = Qt.Key
CTRL, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)


@pytest.fixture
def pane(fed: HandFed, qtbot: QtBot) -> TranscriptPane:
    """Five hundred answers; every hundredth speaks of ACME, the 250th of Mallory alone."""
    fed.tell(human_says("Who is *ACME*?"))
    events = [
        agent_says(
            f"Answer {n}: " + ("**Ac**me pays ACME." if n % 100 == 0 else "nothing.")
            + (" Mallory was here." if n == 250 else ""),
            message_id=f"m-{n}",
        )
        for n in range(500)
    ]  # fmt: skip
    fed.feed(*(EventSeen(CONTEXT, f"{NOW_MS + 1}-{n}", e) for n, e in enumerate(events)))
    pane = TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts)
    made = open_page(pane, qtbot, (760, 600))
    made.show_context(CONTEXT)
    return made


def find(pane: TranscriptPane, qtbot: QtBot, words: str, says: str) -> None:
    """Press Ctrl+F, type, and wait until the bar says how often it was found."""
    qtbot.waitUntil(pane.isActiveWindow)
    press(pane, KEY.Key_F, CTRL)
    field = see(pane, "find.words", FindField)
    qtbot.waitUntil(field.hasFocus)
    field.clear()
    QTest.keyClicks(field, words)
    qtbot.waitUntil(lambda: count(pane).endswith(says))


def press(pane: TranscriptPane, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
    """Press a key, wherever the keyboard is."""
    where = pane.window().focusWidget() or pane
    QTest.keyClick(where, key, held)


def count(pane: TranscriptPane) -> str:
    """What the bar says of how much was found."""
    return see(pane, "find.count", QLabel).text()


def selected(pane: TranscriptPane) -> str:
    """What is selected, with the line it stands in."""
    cursor = pane.view.textCursor()
    return f"{cursor.selectedText()} in {cursor.block().text()}"


def marked(pane: TranscriptPane) -> list[str]:
    """Words that are marked, the current place last."""
    return [mark.cursor.selectedText() for mark in pane.view.extraSelections()]


def test_a_word_is_found_in_all_that_is_loaded(pane: TranscriptPane, qtbot: QtBot) -> None:
    """Whatever its case, through Markdown, and far above what is set in type."""
    find(pane, qtbot, "acme", "11 of 11")
    assert selected(pane) == "ACME in Answer 400: Acme pays ACME."
    press(pane, KEY.Key_Return)
    assert (count(pane), selected(pane)) == ("1 of 11", "ACME in Who is ACME?")
    press(pane, KEY.Key_F3, SHIFT)
    press(pane, KEY.Key_Return, SHIFT)
    assert (count(pane), selected(pane)) == ("10 of 11", "Acme in Answer 400: Acme pays ACME.")
    press(pane, KEY.Key_F3)
    assert count(pane) == "11 of 11"

    find(pane, qtbot, "mallory", "1 of 1")
    assert selected(pane).startswith("Mallory in Answer 250")
    place = pane.view.cursorRect(pane.view.textCursor())
    assert pane.view.viewport().rect().contains(place)


def test_every_place_in_sight_is_marked(pane: TranscriptPane, qtbot: QtBot) -> None:
    """The current one in another colour; our own words are no place."""
    find(pane, qtbot, "ANSWER", " of 500")
    qtbot.waitUntil(lambda: len(marked(pane)) > 5)
    assert set(marked(pane)) == {"Answer"}
    assert len(marked(pane)) < 40, "what is out of sight costs nothing"
    *others, current = pane.view.extraSelections()
    assert {mark.format.background().color().name() for mark in others} == {tokens().mark}
    assert current.format.background().color().name() == tokens().fill

    find(pane, qtbot, "nobody said this", "Nothing found")
    assert marked(pane) == []


def test_folded_details_are_found_and_opened(
    pane: TranscriptPane, fed: HandFed, qtbot: QtBot
) -> None:
    """What a tool returned is part of the conversation, also where its line shows a bit of it."""
    fed.tell(tool_answers("row\n" * 40 + "the needle", call=CALL))
    assert "needle" not in pane.view.toPlainText()
    find(pane, qtbot, "needle", "1 of 1")
    assert selected(pane) == "needle in the needle"
    assert "Hide result" in pane.view.toPlainText()
    find(pane, qtbot, "hide", "Nothing found")


def test_what_is_said_meanwhile_is_found_and_moves_nobody(
    pane: TranscriptPane, fed: HandFed, qtbot: QtBot
) -> None:
    """The reader stays at the place they look at."""
    find(pane, qtbot, "mallory", "1 of 1")
    at = pane.view.verticalScrollBar().value()
    news = agent_says("Mallory again.", message_id="m-new")
    fed.feed(EventSeen(CONTEXT, f"{NOW_MS + 2}-0", news))
    qtbot.waitUntil(lambda: count(pane) == "1 of 2")
    assert pane.view.verticalScrollBar().value() == at


def test_what_is_not_loaded_is_not_passed_over_in_silence(fed: HandFed, qtbot: QtBot) -> None:
    """The bar says so, and loads more when asked to."""
    newest = EventSeen(CONTEXT, f"{NOW_MS}-9", agent_says("About ACME.", message_id="m-9"))
    fed.feed(TranscriptRead(CONTEXT, (newest,)))
    pane = open_page(
        TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts), qtbot, (760, 600)
    )
    pane.show_context(CONTEXT)
    find(pane, qtbot, "acme", "1 of 1")
    assert see(pane, "find.note", QLabel).text() == "Older entries are not loaded"

    click(pane, "find.older")
    [order] = [sent for sent in fed.outbox.orders if isinstance(sent, ReadOlder)]
    older = EventSeen(CONTEXT, f"{NOW_MS}-1", agent_says("ACME who?", message_id="m-1"))
    fed.feed(TranscriptRead(order.context_id, (older,), reaches_start=True, is_tail=False))
    qtbot.waitUntil(lambda: count(pane) == "2 of 2")
    assert not is_seen(pane, "find.older")


def test_escape_ends_it_where_it_was_found(pane: TranscriptPane, qtbot: QtBot) -> None:
    """The place stays selected, so that it can be copied; no mark is left."""
    find(pane, qtbot, "mallory", "1 of 1")
    press(pane, KEY.Key_Escape)
    assert not is_seen(pane, "find.words")
    assert marked(pane) == []
    assert pane.view.hasFocus()
    press(pane, KEY.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == "Mallory"

    press(pane, KEY.Key_F, CTRL)
    assert see(pane, "find.words", FindField).text() == "Mallory", "what is selected is proposed"


def test_another_conversation_ends_it(pane: TranscriptPane, fed: HandFed, qtbot: QtBot) -> None:
    """What was found there is not here."""
    find(pane, qtbot, "mallory", "1 of 1")
    fed.tell(human_says("Hello.", context_id="c-other"))
    pane.show_context("c-other")
    assert not is_seen(pane, "find.words")


def test_the_bar_can_be_used_with_the_keyboard_alone(pane: TranscriptPane, qtbot: QtBot) -> None:
    """Each button has a name and a ring; buttons do what the keys do."""
    find(pane, qtbot, "acme", "11 of 11")
    assert unnamed_or_without_ring(pane.find_bar, qtbot) == []
    click(pane, "find.previous")
    assert count(pane) == "10 of 11"
    click(pane, "find.next")
    assert count(pane) == "11 of 11"
    click(pane, "find.close")
    assert not is_seen(pane, "find.words")
