"""The conversations page: find a conversation, read it, and what stands there without one."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import KEY_ROLE, ROW_ROLE, Row
from desktop.settings import Theme
from desktop.store.facts import Forgotten, LinkChanged
from desktop.store.local_records import DemoState
from desktop.store.records import DecisionKind, Link, LinkState, RequestKey
from desktop.views.parts.copyable import Copyable
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.search_field import SearchField
from desktop.views.theme import apply_theme, tokens
from tests.gui.pages.seeing import (
    SMALLEST_PAGE,
    USUAL_PAGE,
    choose,
    click,
    cut_off,
    is_seen,
    keys_of,
    open_page,
    press,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.gui.pages.talk import (
    CLINIC,
    INVOICE,
    METEO,
    RECORD,
    TREASURY,
    WEATHER,
    Pages,
    asked,
    composer,
    page_of,
    rows,
    transcript,
)
from tests.support import scenes
from tests.support.hand_fed import HandFed
from workers.wire.approvals import Outcome
from workers.wire.ids import new_context_id

# -- finding ---------------------------------------------------------------------------------------


def test_conversations_are_listed_by_their_context_id_the_latest_first(pages: Pages) -> None:
    """Each says its agent, how it stands, its last words and how long ago they were."""
    _, page = pages
    assert keys_of(rows(page)) == [INVOICE, RECORD, WEATHER]

    row = rows(page).model().index(2, 0).data(ROW_ROLE)
    assert isinstance(row, Row)
    assert (row.title, row.meta, row.age) == (WEATHER, METEO, "2h")
    assert row.subtitle == "The model did not answer within 30 s."
    assert row.pill is not None
    assert row.pill.text == "Failed"


def test_choosing_a_conversation_shows_who_said_what(pages: Pages) -> None:
    """Its head names agent, context ID and status."""
    _, page = pages
    choose(rows(page), RECORD)

    assert "P-10442 was released to Northside clinic." in transcript(page)
    assert see(page, "conversation.agent", QLabel).text() == CLINIC
    assert see(page, "conversation.context_id", Copyable).text() == RECORD
    assert see(page, "conversation.status", PillLabel).text() == "Done"


def test_all_of_a_context_id_can_be_copied(pages: Pages) -> None:
    """Also where there is no room to show all of it."""
    _, page = pages
    page.resize(*SMALLEST_PAGE)
    choose(rows(page), RECORD)
    copied = see(page, "conversation.context_id", Copyable)
    QTest.mouseClick(copied.findChildren(QToolButton)[0], Qt.MouseButton.LeftButton)

    assert QGuiApplication.clipboard().text() == RECORD


@pytest.mark.parametrize("words", ["0d4b7f62", "weather", "30 S", "agent answer model"])
def test_search_finds_ids_agents_and_words(pages: Pages, words: str) -> None:
    """All words must be there, in any order, in any case."""
    _, page = pages
    QTest.keyClicks(see(page, "conversations.search", SearchField), words)

    assert keys_of(rows(page)) == [WEATHER]


def test_a_search_without_a_match_says_so_and_can_be_taken_back(pages: Pages) -> None:
    """Nobody is left with an empty list that looks like an empty broker."""
    _, page = pages
    QTest.keyClicks(see(page, "conversations.search", SearchField), "refund")
    assert "Nothing matches" in words_in(page)

    press(page, "Show all")
    assert len(keys_of(rows(page))) == 3


@pytest.mark.parametrize(("chip", "left"), [("Waiting", INVOICE), ("Failed", WEATHER)])
def test_chips_show_what_waits_or_failed(pages: Pages, chip: str, left: str) -> None:
    """One chip at a time."""
    _, page = pages
    press(page, chip)

    assert keys_of(rows(page)) == [left]


def test_going_to_a_conversation_takes_away_what_hides_it(pages: Pages) -> None:
    """A link from another page always arrives."""
    _, page = pages
    press(page, "Failed")
    page.open_context(INVOICE)

    assert page.context_id == INVOICE
    assert rows(page).current_row() == 0
    assert "invoice 4471" in transcript(page)


def test_a_conversation_stays_open_when_its_row_is_filtered_away(pages: Pages) -> None:
    """What a person reads is not taken from under their eyes; the row comes back marked."""
    fed, page = pages
    press(page, "Waiting")
    choose(rows(page), INVOICE)
    fed.approvals.decide(RequestKey(INVOICE, scenes.CALL), DecisionKind.APPROVE)
    fed.answer(Outcome.EXECUTED)

    assert "Nothing matches" in words_in(page)
    assert page.context_id == INVOICE
    press(page, "All")
    assert keys_of(rows(page))[rows(page).current_row() or 0] == INVOICE


def test_the_chosen_row_stays_chosen_while_others_arrive(pages: Pages) -> None:
    """A new conversation comes in above, and nothing else moves."""
    fed, page = pages
    choose(rows(page), RECORD)
    fed.tell(asked("c-new", TREASURY, "Another question."))

    assert keys_of(rows(page))[0] == "c-new"
    assert rows(page).current_row() == 2
    assert page.context_id == RECORD


def test_j_and_k_walk_and_enter_goes_to_the_composer(pages: Pages) -> None:
    """The keyboard is enough."""
    _, page = pages
    choose(rows(page), INVOICE)
    QTest.keyClick(rows(page), Qt.Key.Key_J)
    assert page.context_id == RECORD
    QTest.keyClick(rows(page), Qt.Key.Key_K)
    assert page.context_id == INVOICE

    QTest.keyClick(rows(page), Qt.Key.Key_Return)
    assert composer(page).hasFocus()


def test_ages_go_on_by_themselves(pages: Pages, qtbot: QtBot) -> None:
    """A list that nobody touches does not say `now` for hours."""
    fed, page = pages
    fed.now_ms += 3_600_000

    def age_of_first() -> str:
        row = rows(page).model().index(0, 0).data(ROW_ROLE)
        assert isinstance(row, Row)
        return row.age

    ages = page.findChild(QTimer, "conversations.ages")
    assert isinstance(ages, QTimer)
    with qtbot.waitSignal(rows(page).model().dataChanged):
        ages.setInterval(10)
    assert age_of_first() == "1h"


def test_a_very_long_list_is_right_at_once(fed: HandFed, qtbot: QtBot) -> None:
    """However many there are, what is new is on top, and soon no row is missing."""
    events = (asked(f"c-{number}", TREASURY, "Hello") for number in range(20_000))
    fed.hold(*events, seconds_ago=1)
    page = open_page(page_of(fed), qtbot)
    for number in range(5):
        fed.now_ms += 1
        fed.tell(asked(f"c-new-{number}", TREASURY, "Another question."))

    qtbot.waitUntil(lambda: keys_of(rows(page))[0] == "c-new-4")
    qtbot.waitUntil(lambda: rows(page).model().rowCount() == 20_005)


def test_a_reader_far_down_is_not_moved_by_what_goes_to_the_top(fed: HandFed, qtbot: QtBot) -> None:
    """Conversations below go past, and those in sight stay in sight."""
    events = (asked(f"c-{number:03}", TREASURY, "Hello") for number in range(300))
    fed.hold(*events, seconds_ago=1)
    page = open_page(page_of(fed), qtbot)
    bar = rows(page).verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    choose(rows(page), "c-150")
    assert bar.value() > 0
    seen = rows(page).indexAt(QPoint(5, 5)).data(KEY_ROLE)

    for number in (3, 40, 10):
        fed.now_ms += 1
        fed.tell(asked(f"c-{number:03}", TREASURY, "Are you there?"))

    assert rows(page).model().index(0, 0).data(KEY_ROLE) == "c-010"
    assert rows(page).indexAt(QPoint(5, 5)).data(KEY_ROLE) == seen
    assert rows(page).currentIndex().data(KEY_ROLE) == "c-150"


def test_a_page_that_was_hidden_catches_up_when_it_is_shown(pages: Pages) -> None:
    """Hidden pages cost nothing, and are right when they are looked at."""
    fed, page = pages
    page.hide()
    fed.tell(asked("c-new", TREASURY, "Another question."))
    page.show()

    assert keys_of(rows(page))[0] == "c-new"


# -- reading ---------------------------------------------------------------------------------------


def test_words_appear_while_a_model_writes_them(pages: Pages, qtbot: QtBot) -> None:
    """The reader does not wait for the whole message."""
    fed, page = pages
    choose(rows(page), RECORD)
    fed.write(RECORD, CLINIC, "m-9", "The clinic ", "has confirmed ", "the receipt")

    qtbot.waitUntil(lambda: "The clinic has confirmed the receipt" in transcript(page))


def test_a_waiting_call_is_announced_and_leads_to_its_request(pages: Pages, qtbot: QtBot) -> None:
    """The bar names the tool; it decides nothing itself."""
    _, page = pages
    choose(rows(page), INVOICE)
    assert see(page, "conversation.waiting", QLabel).text() == "transfer_funds waits for a decision"

    with qtbot.waitSignal(page.request_opened) as opened:
        click(page, "conversation.review")
    assert opened.args == [RequestKey(INVOICE, scenes.CALL)]


def test_the_bar_follows_the_decision(pages: Pages) -> None:
    """Sending is said as such; after the worker's word the bar is gone."""
    fed, page = pages
    choose(rows(page), INVOICE)
    fed.approvals.decide(RequestKey(INVOICE, scenes.CALL), DecisionKind.APPROVE)
    assert "is on its way" in see(page, "conversation.waiting", QLabel).text()

    fed.answer(Outcome.EXECUTED)
    assert not is_seen(page, "conversation.waiting")
    assert see(page, "conversation.status", PillLabel).text() == "Running"


def test_the_bar_counts_and_says_why_nothing_can_be_decided(pages: Pages) -> None:
    """Two calls, and no link."""
    fed, page = pages
    fed.tell(scenes.asks(call="call_2", context_id=INVOICE))
    choose(rows(page), INVOICE)
    assert "1 more waits in this conversation" in words_in(page)

    fed.offline()
    assert "The broker is not reachable." in words_in(page)


def test_a_conversation_that_is_gone_is_closed(pages: Pages) -> None:
    """Another broker is followed; what the old one held is not shown any more."""
    fed, page = pages
    choose(rows(page), RECORD)
    fed.feed(Forgotten())

    assert page.context_id is None
    assert "No conversations yet" in words_in(page)


# -- nothing there ---------------------------------------------------------------------------------


def test_the_first_run_offers_a_broker_or_the_demo(qtbot: QtBot) -> None:
    """Two buttons, each with one meaning."""
    fed = HandFed()
    page = open_page(page_of(fed), qtbot)
    with qtbot.waitSignal(page.settings_wanted):
        press(page, "Connect to a broker")
    with qtbot.waitSignal(page.demo_wanted):
        press(page, "Start the demo")

    fed.demo(DemoState.STARTING, "The demo is starting")
    assert "The demo is starting" in words_in(page)


def test_a_broker_without_conversations_says_how_to_begin(fed: HandFed, qtbot: QtBot) -> None:
    """The button opens the form."""
    page = open_page(page_of(fed), qtbot)
    assert "No conversations yet" in words_in(page)
    press(page, "New conversation")

    assert is_seen(page, "new.text")


def test_a_refusal_is_said_where_conversations_would_be(qtbot: QtBot) -> None:
    """With the way to the settings."""
    fed = HandFed()
    page = open_page(page_of(fed), qtbot)
    fed.feed(LinkChanged(Link(LinkState.REFUSED, "The broker asks for a password.", "Enter it.")))
    assert "The broker asks for a password." in words_in(page)

    with qtbot.waitSignal(page.settings_wanted):
        press(page, "Connection settings")


def test_a_conversation_that_does_not_exist_cannot_be_opened(pages: Pages) -> None:
    """A link to it changes nothing."""
    _, page = pages
    page.open_context(new_context_id())

    assert page.context_id is None


# -- looks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALLEST_PAGE, USUAL_PAGE])
def test_nothing_is_cut_off(pages: Pages, size: tuple[int, int]) -> None:
    """Neither in the smallest window nor with everything open that can be open."""
    fed, page = pages
    page.resize(*size)
    assert cut_off(page) == []
    choose(rows(page), INVOICE)
    fed.offline()
    QApplication.processEvents()  # lets the layouts settle
    assert cut_off(page) == []
    page.begin_with("not {possible}")
    QApplication.processEvents()
    assert cut_off(page) == []


def test_every_control_has_a_name_and_a_ring(pages: Pages, qtbot: QtBot) -> None:
    """Read, compose, begin: all without a mouse."""
    _, page = pages
    choose(rows(page), INVOICE)
    assert unnamed_or_without_ring(page, qtbot) == []
    page.begin()
    assert unnamed_or_without_ring(page, qtbot) == []


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("size", [SMALLEST_PAGE, USUAL_PAGE])
def test_pictures_of_the_page(
    pages: Pages,
    theme: Theme,
    size: tuple[int, int],
    dressed: QApplication,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The theme changes under a page that is open; its pictures are kept for a person."""
    fed, page = pages
    page.resize(*size)
    choose(rows(page), INVOICE)
    apply_theme(dressed, theme)
    fed.serve(TREASURY, "transfer_funds", note="scripted model")
    QApplication.processEvents()  # lets the layouts settle
    shown = page.grab()
    page.begin()

    folder = tmp_path_factory.getbasetemp()
    assert shown.save(str(folder / f"conversation-{theme}-{size[0]}.png"))
    assert page.grab().save(str(folder / f"new-conversation-{theme}-{size[0]}.png"))
    ground = shown.toImage().pixelColor(size[0] - 4, size[1] // 2)
    assert ground == QColor(tokens().bg)
