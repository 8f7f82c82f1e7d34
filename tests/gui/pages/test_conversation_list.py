"""The list of conversations: filters, sorts, searches, and what its rows say."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.actions.ports import Search
from desktop.qtmodels.rows import ROW_ROLE, Row
from desktop.store.facts import ContextsSeen, Forgotten, SearchFound
from desktop.store.local_records import Found
from desktop.store.records import ContextStatus, Risk, Source, Summary
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.search_field import SearchField
from tests.gui.pages.seeing import choose, keys_of, open_page, press, see, words_in
from tests.gui.pages.talk import (
    CLINIC,
    INVOICE,
    METEO,
    RECORD,
    TREASURY,
    WEATHER,
    Pages,
    asked,
    page_of,
    rows,
)
from tests.support import scenes
from tests.support.hand_fed import HandFed


def choose_words(box: ChoiceBox, words: str) -> None:
    """Choose what a box offers, with the keyboard."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findText(words)):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == words


def row_of(page: QWidget, key: object) -> Row:
    """What the row of a conversation says."""
    row = rows(page).model().index(keys_of(rows(page)).index(key), 0).data(ROW_ROLE)
    assert isinstance(row, Row)
    return row


def test_conversations_of_one_agent_can_be_listed(pages: Pages) -> None:
    """Together with a chip and with words; an agent that comes later can be chosen, too."""
    fed, page = pages
    agents = see(page, "conversations.agent", ChoiceBox)
    choose_words(agents, CLINIC)
    assert keys_of(rows(page)) == [RECORD]

    fed.tell(asked("c-new", "office_agent", "Book a room."))
    offered = [agents.itemText(at) for at in range(agents.count())]
    assert offered == ["All agents", "office_agent", CLINIC, TREASURY, METEO]
    assert agents.currentText() == CLINIC
    choose_words(agents, "office_agent")
    assert keys_of(rows(page)) == ["c-new"]
    press(page, "Done")
    assert "Nothing matches" in words_in(page)
    press(page, "Show all")
    assert len(keys_of(rows(page))) == 4


def test_what_waits_longest_or_is_riskiest_can_stand_on_top(pages: Pages) -> None:
    """The rest follows, the newest first."""
    fed, page = pages
    risky = scenes.asks(context_id="c-risky", call="call_9", risk=Risk.HIGH)
    fed.tell(scenes.asks(context_id="c-old", call="call_8", risk=Risk.LOW), seconds_ago=9000)
    fed.tell(risky, seconds_ago=5)
    sort = see(page, "conversations.sort", ChoiceBox)

    choose_words(sort, "Longest wait")
    assert keys_of(rows(page)) == ["c-old", INVOICE, "c-risky", RECORD, WEATHER]
    choose_words(sort, "Highest risk")
    assert keys_of(rows(page))[-3:] == ["c-old", RECORD, WEATHER]
    assert set(keys_of(rows(page))[:2]) == {"c-risky", INVOICE}
    choose_words(sort, "Newest")
    assert keys_of(rows(page)) == ["c-risky", INVOICE, RECORD, WEATHER, "c-old"]


def test_a_remembered_row_says_that_nobody_has_confirmed_it(pages: Pages) -> None:
    """To the eye, to the pointer and to a screen reader; until the broker tells of it."""
    fed, page = pages
    known = Summary("c-kept", TREASURY, ContextStatus.DONE, fed.now_ms, "1-0", source=Source.CACHE)
    fed.feed(ContextsSeen((known,)))
    row = rows(page).model().index(0, 0)

    assert row.data(ROW_ROLE).cached == "cached"
    assert "cached" in row.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "The broker has not confirmed it yet" in row.data(Qt.ItemDataRole.ToolTipRole)
    fed.feed(ContextsSeen((replace(known, source=Source.STREAM),)))
    assert "cached" not in row.data(Qt.ItemDataRole.AccessibleTextRole)


def test_a_row_says_what_is_wrong_with_its_conversation(pages: Pages) -> None:
    """A stream that is none, a clock that is ahead."""
    fed, page = pages
    tomorrow = fed.now_ms + 86_400_000
    note = "Something that is no stream lies under its name."
    fed.feed(
        ContextsSeen(
            (
                Summary("c-ahead", TREASURY, ContextStatus.DONE, tomorrow, f"{tomorrow}-0"),
                Summary("c-wrong", "", ContextStatus.FAILED, fed.now_ms, note=note),
            )
        )
    )
    problems = {key: row_of(page, key).problem for key in keys_of(rows(page))[:2]}

    assert problems == {"c-ahead": "Its clock is ahead by 1d", "c-wrong": note}


def test_what_is_said_during_a_search_is_listed_if_it_matches(pages: Pages) -> None:
    """And leaves when it no longer does; the one that is open stays chosen."""
    fed, page = pages
    QTest.keyClicks(see(page, "conversations.search", SearchField), "released")
    assert keys_of(rows(page)) == [RECORD]
    choose(rows(page), RECORD)

    fed.now_ms += 1000
    fed.tell(asked("c-new", TREASURY, "Was it released?"))
    assert keys_of(rows(page)) == ["c-new", RECORD]
    fed.tell(asked("c-new", TREASURY, "Never mind."))
    assert keys_of(rows(page)) == [RECORD]
    assert rows(page).current_row() == 0


def test_what_is_found_is_shown_from_the_top(fed: HandFed, qtbot: QtBot) -> None:
    """Wherever the reader was in the list before."""
    events = (asked(f"c-{number:03}", TREASURY, "Hello") for number in range(200))
    fed.hold(*events, seconds_ago=1)
    page = open_page(page_of(fed), qtbot)
    qtbot.waitUntil(lambda: len(keys_of(rows(page))) == 200)
    rows(page).scrollToBottom()
    QTest.keyClicks(see(page, "conversations.search", SearchField), "c-0")

    assert len(keys_of(rows(page))) == 100
    assert rows(page).rowAt(0) == 0


def test_an_answer_for_what_no_longer_stands_there_is_not_shown(
    pages: Pages, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers take their time; what is listed stays until the one that counts is there."""
    fed, page = pages
    monkeypatch.setattr(fed.outbox, "on_post", lambda _order: None)
    QTest.keyClicks(see(page, "conversations.search", SearchField), "we")
    first, last = [order for order in fed.outbox.orders if isinstance(order, Search)]

    fed.feed(SearchFound(Found(first.number, first.text, frozenset((RECORD,)))))
    assert len(keys_of(rows(page))) == 3
    fed.feed(SearchFound(Found(last.number, last.text, frozenset((WEATHER,)))))
    assert keys_of(rows(page)) == [WEATHER]
    qtbot.waitUntil(lambda: see(page, "conversations.count", QLabel).text() == "1")
    see(page, "conversations.search", SearchField).clear()
    assert len(keys_of(rows(page))) == 3


def test_a_broker_that_was_emptied_leaves_no_rows_behind(pages: Pages) -> None:
    """Not even for a moment; what comes after it is listed."""
    fed, page = pages
    see(page, "conversations.search", SearchField).setText("invoice")

    new = Summary("c-new", TREASURY, ContextStatus.DONE, fed.now_ms, "1-0", preview="an invoice")
    fed.feed(Forgotten("The broker was emptied."), ContextsSeen((new,)))

    assert keys_of(rows(page)) == ["c-new"]
