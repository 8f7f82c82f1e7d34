"""The conversations page: find a conversation, read it, take part in it."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import ROW_ROLE, Row
from desktop.settings import Theme
from desktop.store.facts import Forgotten, LinkChanged, MessageNotSent
from desktop.store.records import DecisionKind, DemoState, Link, LinkState, RequestKey
from desktop.views.conversations.message_field import MessageField
from desktop.views.conversations.page import ConversationsPage
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.copyable import Copyable
from desktop.views.parts.list_view import RowList
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.search_field import SearchField
from desktop.views.parts.transcript_view import TranscriptView
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
from tests.support import scenes
from tests.support.hand_fed import HandFed
from workers.wire.approvals import Outcome
from workers.wire.events import Event
from workers.wire.ids import new_context_id

INVOICE = "3f9c2a1e-7b54-4c0d-9a51-2f6e8d0c4b17"
RECORD = "b81d0c55-2e0f-4f7a-8a3c-91f5d7a6e240"
WEATHER = "0d4b7f62-98a1-4c57-bd2e-a3f60c815d94"
TREASURY, CLINIC, METEO = "treasury_agent", "records_agent", "weather_agent"
REPORT = """The invoice is open and the payee is on our list. Before I pay:

| Account | Balance | After payment |
|---|---:|---:|
| operating | 48,210.40 EUR | 46,960.40 EUR |
| payroll | 112,004.00 EUR | 112,004.00 EUR |

I will call `transfer_funds` with the reference **invoice 4471**."""

Pages: TypeAlias = tuple[HandFed, ConversationsPage]


def asked(context_id: str, agent: str, text: str) -> Event:
    """A person's words to an agent, as the worker echoes them."""
    return scenes.progress(
        {"type": "human", "content": text, "id": None}, context_id=context_id, agent=agent
    )


def morning(fed: HandFed) -> HandFed:
    """A transfer waits, a record was released, a forecast failed; each later than the next."""
    said = scenes.agent_says(
        REPORT, message_id="m-1", calls=((scenes.CALL, scenes.ACTION),), context_id=INVOICE
    )
    fed.tell(asked(INVOICE, TREASURY, "Pay **invoice 4471**, 1250 EUR."), seconds_ago=130)
    fed.tell(said, scenes.asks(context_id=INVOICE), seconds_ago=120)
    done = scenes.agent_says(
        "P-10442 was released to Northside clinic.",
        message_id="m-2",
        context_id=RECORD,
        agent=CLINIC,
        finish=True,
    )
    fed.tell(asked(RECORD, CLINIC, "Release P-10442, please."), seconds_ago=700)
    fed.tell(done, seconds_ago=660)
    failed = scenes.progress(
        "Error occurred. The model did not answer within 30 s.",
        context_id=WEATHER,
        agent=METEO,
        finish=True,
    )
    fed.tell(asked(WEATHER, METEO, "Will it rain tomorrow?"), seconds_ago=7300)
    fed.tell(failed, seconds_ago=7260)
    return fed


def page_of(fed: HandFed) -> ConversationsPage:
    """A page that is not shown yet."""
    return ConversationsPage(fed.store, fed.bridge, fed.approvals, fed.conversations, fed.clock)


@pytest.fixture
def pages(fed: HandFed, qtbot: QtBot) -> Pages:
    """A morning's conversations, and the page in the active window."""
    return fed, open_page(page_of(morning(fed)), qtbot)


def rows(page: QWidget) -> RowList:
    return see(page, "conversations.list", RowList)


def transcript(page: QWidget) -> str:
    return see(page, "conversations.transcript", TranscriptView).toPlainText()


def composer(page: QWidget) -> MessageField:
    return see(page, "composer.text", MessageField)


# -- finding -------------------------------------------------------------------------------------


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

    assert age_of_first() == "2m"
    ages = page.findChild(QTimer, "conversations.ages")
    assert isinstance(ages, QTimer)
    ages.setInterval(10)
    qtbot.waitUntil(lambda: age_of_first() == "1h")


def test_a_page_that_was_hidden_catches_up_when_it_is_shown(pages: Pages) -> None:
    """Hidden pages cost nothing, and are right when they are looked at."""
    fed, page = pages
    page.hide()
    fed.tell(asked("c-new", TREASURY, "Another question."))
    page.show()

    assert keys_of(rows(page))[0] == "c-new"


# -- reading -------------------------------------------------------------------------------------


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


# -- writing -------------------------------------------------------------------------------------


def test_enter_sends_and_shift_enter_starts_a_line(pages: Pages) -> None:
    """The message goes to the agent of the conversation, and into the transcript at once."""
    fed, page = pages
    choose(rows(page), RECORD)
    QTest.keyClicks(composer(page), "Thank you.")
    QTest.keyClick(composer(page), Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(composer(page), "And P-20981?")
    assert fed.outbox.messages == []

    QTest.keyClick(composer(page), Qt.Key.Key_Return)
    (sent,) = fed.outbox.messages
    assert (sent.context_id, sent.agent) == (RECORD, CLINIC)
    assert sent.text == "Thank you.\nAnd P-20981?"
    assert composer(page).text() == ""
    assert "And P-20981?" in transcript(page)


def test_the_button_sends_too_and_blank_words_do_not(pages: Pages) -> None:
    """An empty message is no message."""
    fed, page = pages
    choose(rows(page), RECORD)
    send = see(page, "composer.send", ActionButton)
    QTest.keyClicks(composer(page), "   ")
    assert not send.isEnabled()
    QTest.keyClick(composer(page), Qt.Key.Key_Return)

    QTest.keyClicks(composer(page), "Go on")
    click(page, "composer.send")
    assert [order.text for order in fed.outbox.messages] == ["Go on"]


def test_letters_are_letters_while_somebody_writes(pages: Pages) -> None:
    """J, K, A and R are commands elsewhere."""
    fed, page = pages
    choose(rows(page), INVOICE)
    composer(page).setFocus()
    QTest.keyClicks(composer(page), "jkar/JKAR")

    assert composer(page).text() == "jkar/JKAR"
    assert page.context_id == INVOICE
    assert fed.outbox.orders == []


def test_each_conversation_keeps_its_own_draft(pages: Pages) -> None:
    """Looking something up elsewhere loses no words, and sends none to the wrong agent."""
    _, page = pages
    choose(rows(page), INVOICE)
    QTest.keyClicks(composer(page), "half a thought")
    choose(rows(page), RECORD)
    assert composer(page).text() == ""
    QTest.keyClicks(composer(page), "another")

    choose(rows(page), INVOICE)
    assert composer(page).text() == "half a thought"
    choose(rows(page), RECORD)
    assert composer(page).text() == "another"


def test_without_a_link_nothing_is_sent_and_nothing_is_lost(pages: Pages) -> None:
    """The composer says why, lets a person go on writing, and works again with the link."""
    fed, page = pages
    choose(rows(page), RECORD)
    fed.offline()
    QTest.keyClicks(composer(page), "Are you there?")
    QTest.keyClick(composer(page), Qt.Key.Key_Return)
    assert fed.outbox.messages == []
    assert not see(page, "composer.send", ActionButton).isEnabled()
    assert "The broker is not reachable" in see(page, "composer.why_not", QLabel).text()

    fed.feed(LinkChanged(Link(LinkState.ONLINE, "Connected")))
    assert not is_seen(page, "composer.why_not")
    click(page, "composer.send")
    assert [order.text for order in fed.outbox.messages] == ["Are you there?"]


def test_a_message_that_is_too_long_stays_written_with_the_reason(pages: Pages) -> None:
    """It is for the person to shorten, not for the console to cut."""
    fed, page = pages
    choose(rows(page), RECORD)
    composer(page).setPlainText("x" * 32_001)
    click(page, "composer.send")

    assert fed.outbox.messages == []
    assert "32,001 characters" in see(page, "composer.error", QLabel).text()
    assert len(composer(page).text()) == 32_001
    QTest.keyClick(composer(page), Qt.Key.Key_Delete)
    assert not is_seen(page, "composer.error")


def test_a_message_that_waits_for_a_decision_says_so(pages: Pages) -> None:
    """The worker parks it; the person is told what it waits for."""
    fed, page = pages
    choose(rows(page), INVOICE)
    QTest.keyClicks(composer(page), "Is it paid?")
    QTest.keyClick(composer(page), Qt.Key.Key_Return)
    (sent,) = fed.outbox.messages
    fed.receive(
        scenes.receipt(Outcome.PARKED, call="", context_id=INVOICE, note=sent.invocation_id)
    )

    assert "Waits for the decision above" in transcript(page)


def test_a_message_that_did_not_leave_says_why(pages: Pages) -> None:
    """In the transcript, where the person looks for the answer."""
    fed, page = pages
    choose(rows(page), RECORD)
    QTest.keyClicks(composer(page), "Hello?")
    QTest.keyClick(composer(page), Qt.Key.Key_Return)
    (sent,) = fed.outbox.messages
    fed.feed(MessageNotSent(RECORD, sent.invocation_id, "The broker went away.", "Send it again."))

    assert "The broker went away. Send it again." in transcript(page)


def test_the_field_grows_with_the_text_and_not_beyond_seven_lines(pages: Pages) -> None:
    """The transcript keeps its room."""
    _, page = pages
    choose(rows(page), RECORD)
    one_line = composer(page).height()
    composer(page).setPlainText("a\nb\nc")
    three_lines = composer(page).height()
    composer(page).setPlainText("\n" * 50)

    assert one_line < three_lines < composer(page).height() < 8 * one_line


# -- beginning -----------------------------------------------------------------------------------


def test_a_new_conversation_goes_to_an_agent_that_is_there(pages: Pages) -> None:
    """Choose, write, start; it is open at once and the keyboard is in its composer."""
    fed, page = pages
    fed.serve(CLINIC, "find_patient").serve(TREASURY, "transfer_funds", note="scripted model")
    click(page, "conversations.new")
    agents = see(page, "new.agent", QComboBox)
    offered = [agents.itemText(at) for at in range(agents.count())]
    assert offered == [CLINIC, TREASURY]

    agents.setCurrentIndex(1)
    assert see(page, "new.about", QLabel).text() == "Tools: transfer_funds. Note: scripted model."
    QTest.keyClicks(see(page, "new.text", MessageField), "What is on the operating account?")
    click(page, "new.start")

    (sent,) = fed.outbox.messages
    assert (sent.agent, sent.text) == (TREASURY, "What is on the operating account?")
    assert page.context_id == sent.context_id
    assert keys_of(rows(page))[0] == sent.context_id
    assert composer(page).hasFocus()


def test_any_name_may_be_typed(pages: Pages) -> None:
    """An agent of a foreign worker has no heartbeat; an absent one may come later."""
    fed, page = pages
    fed.serve(TREASURY, "transfer_funds")
    page.begin()
    agents = see(page, "new.agent", QComboBox)
    agents.setFocus()
    QTest.keyClick(agents, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(agents, "treasury")
    assert agents.currentText() == "treasury"  # nothing is completed behind a person's back
    assert "Nobody on this broker has this name yet" in see(page, "new.about", QLabel).text()

    fed.serve(CLINIC, "find_patient")
    assert agents.currentText() == "treasury"
    QTest.keyClicks(see(page, "new.text", MessageField), "Hello")
    QTest.keyClick(see(page, "new.text", MessageField), Qt.Key.Key_Return)
    assert [order.agent for order in fed.outbox.messages] == ["treasury"]


def test_a_name_that_cannot_be_one_is_refused_in_place(pages: Pages) -> None:
    """Nothing leaves; the words stay."""
    fed, page = pages
    page.begin_with("not {possible}")
    QTest.keyClicks(see(page, "new.text", MessageField), "Hello")
    click(page, "new.start")

    assert fed.outbox.messages == []
    assert "cannot be an agent name" in see(page, "new.error", QLabel).text()
    assert see(page, "new.text", MessageField).text() == "Hello"


def test_talking_to_an_agent_from_another_page_only_wants_words(pages: Pages) -> None:
    """The name is there, and the keyboard is where the words go."""
    _, page = pages
    choose(rows(page), RECORD)
    page.begin_with(METEO)

    assert see(page, "new.agent", QComboBox).currentText() == METEO
    assert see(page, "new.text", MessageField).hasFocus()
    assert rows(page).current_row() is None


def test_escape_leaves_the_form_and_what_was_open_is_open_again(pages: Pages) -> None:
    """What was written there is kept for the next time."""
    _, page = pages
    choose(rows(page), RECORD)
    page.begin()
    QTest.keyClicks(see(page, "new.text", MessageField), "unfinished")
    QTest.keyClick(see(page, "new.text", MessageField), Qt.Key.Key_Escape)
    assert not is_seen(page, "new.text")
    assert page.context_id == RECORD
    assert keys_of(rows(page))[rows(page).current_row() or 0] == RECORD

    page.begin()
    assert see(page, "new.text", MessageField).text() == "unfinished"
    click(page, "new.cancel")
    assert not page.back()  # nothing is left to leave: the list has the keyboard


def test_a_conversation_cannot_begin_without_a_link(pages: Pages) -> None:
    """The form says so before anybody has written for nothing."""
    fed, page = pages
    fed.offline()
    page.begin_with(METEO)
    QTest.keyClicks(see(page, "new.text", MessageField), "Hello")

    assert not see(page, "new.start", ActionButton).isEnabled()
    assert "The broker is not reachable" in see(page, "new.about", QLabel).text()


# -- nothing there -------------------------------------------------------------------------------


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


# -- looks ---------------------------------------------------------------------------------------


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
    shown = page.grab()
    page.begin()

    folder = tmp_path_factory.getbasetemp()
    assert shown.save(str(folder / f"conversation-{theme}-{size[0]}.png"))
    assert page.grab().save(str(folder / f"new-conversation-{theme}-{size[0]}.png"))
    ground = shown.toImage().pixelColor(size[0] - 4, size[1] // 2)
    assert ground == QColor(tokens().bg)
