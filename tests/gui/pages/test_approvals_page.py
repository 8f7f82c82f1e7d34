"""The approvals page: find what waits, look at it beside its conversation, decide."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget
from pytestqt.qtbot import QtBot

from desktop.settings import Theme
from desktop.store.facts import Forgotten, LinkChanged
from desktop.store.local_records import DemoState
from desktop.store.records import Link, LinkState, RequestKey
from desktop.views.approvals.page import ApprovalsPage
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.search_field import SearchField
from desktop.views.parts.transcript_view import TranscriptView
from desktop.views.theme import apply_theme, tokens
from tests.gui.pages.approving import RELEASE, TRANSFER, WAITING, key, opened, ready, rows, shown
from tests.gui.pages.morning import INVOICE, morning
from tests.gui.pages.seeing import (
    SMALLEST_PAGE,
    USUAL_PAGE,
    choose,
    click,
    cut_off,
    is_seen,
    keys_of,
    press,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.support.hand_fed import HandFed
from tests.support.scenes import asks


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> ApprovalsPage:
    """The page on a busy morning, wide enough for its three panes."""
    return opened(morning(fed), qtbot)


def pick(box: QComboBox, words: str) -> None:
    """Choose in a box as a person does."""
    box.setCurrentIndex(box.findText(words))
    box.activated.emit(box.currentIndex())


class TestFinding:
    def test_what_waits_longest_is_first(self, page: ApprovalsPage) -> None:
        """With tool, arguments, risk and agent."""
        assert keys_of(rows(page)) == WAITING
        first = shown(page)[0]
        assert first.title == "transfer_funds"
        assert "Harbour Freight Ltd" in first.subtitle
        assert first.pill is not None
        assert (first.pill.text, first.meta) == ("High risk", "treasury_agent")
        assert "5 waiting" in [pill.text() for pill in page.findChildren(PillLabel)]

    def test_chips_show_what_is_decided_and_all(self, page: ApprovalsPage) -> None:
        """Open ones first among all."""
        press(page, "Decided")
        pills = [row.pill.text for row in shown(page) if row.pill]
        assert pills == ["In doubt", "Rejected", "Approved"]
        press(page, "All")
        assert len(keys_of(rows(page))) == 8
        assert keys_of(rows(page))[:5] == WAITING

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("TRANSFER_funds", [TRANSFER]),
            ("records_agent", [WAITING[1], WAITING[2]]),
            ("c-partner", [WAITING[3]]),
            ("harbour eur", [TRANSFER]),
            ("northside", [RELEASE]),
            ("nothing like this", []),
        ],
    )
    def test_search_looks_at_tool_agent_context_and_arguments(
        self, page: ApprovalsPage, words: str, found: list[RequestKey]
    ) -> None:
        """Every word must be somewhere."""
        QTest.keyClicks(see(page, "approvals.search", SearchField), words)
        if found:
            assert keys_of(rows(page)) == found
        else:
            assert "Nothing matches" in words_in(page)

    def test_how_many_were_found_is_told_and_the_filters_can_be_cleared(
        self, page: ApprovalsPage, qtbot: QtBot
    ) -> None:
        """Beside how many there are; one button leads back to all of them."""
        search = see(page, "approvals.search", SearchField)
        QTest.keyClicks(search, "northside")
        qtbot.waitUntil(lambda: "1 of 8" in words_in(page))
        search.setText("nothing like this")
        pick(see(page, "approvals.agent", QComboBox), "records_agent")
        qtbot.waitUntil(lambda: "0 of 8" in words_in(page))
        press(page, "Clear filters")

        qtbot.waitUntil(lambda: keys_of(rows(page)) == WAITING)
        assert search.text() == ""
        assert "8 in all" in words_in(page)

    def test_from_the_search_one_goes_on_to_what_was_found(self, page: ApprovalsPage) -> None:
        """Enter chooses the first, and the keyboard is in the list."""
        page.focus_search()
        QTest.keyClicks(see(page, "approvals.search", SearchField), "northside")
        key(page, Qt.Key.Key_Return)
        assert page.list.chosen == RELEASE
        assert rows(page).hasFocus()

    def test_one_agent_or_the_highest_risk_can_be_looked_for(
        self, page: ApprovalsPage, fed: HandFed
    ) -> None:
        """The riskiest first, of these the longest waiting; a request that is opened is shown."""
        sort = see(page, "approvals.sort", QComboBox)
        pick(sort, "Highest risk")
        risks = [row.pill.text for row in shown(page) if row.pill is not None]
        assert risks == sorted(risks, key=["High risk", "Medium risk", "Low risk"].index)
        assert set(keys_of(rows(page))) == set(WAITING)
        pick(sort, "Newest")
        assert keys_of(rows(page)) == WAITING[::-1]
        pick(sort, "Longest wait")
        assert keys_of(rows(page)) == WAITING

        agent = see(page, "approvals.agent", QComboBox)
        release = fed.store.request(RELEASE)
        assert release is not None
        pick(agent, release.agent)
        assert {row.meta for row in shown(page)} == {release.agent}
        page.open_request(TRANSFER)
        assert keys_of(rows(page)) == WAITING
        assert agent.currentIndex() == 0

    def test_ages_grow(self, page: ApprovalsPage, fed: HandFed) -> None:
        """Without anything arriving."""
        assert shown(page)[0].age == "3m"
        fed.now_ms += 600_000
        page.list.refresh()
        assert shown(page)[0].age == "13m"


class TestLooking:
    def test_nothing_is_open_until_somebody_opens_it(self, page: ApprovalsPage) -> None:
        """A page that opens calls by itself would put them under a mouse on its way down."""
        assert "5 calls wait" in words_in(page)
        assert not is_seen(page, "request.card")
        press(page, "Open the oldest")
        assert page.card.request is not None
        assert page.card.request.key == TRANSFER

    def test_the_request_comes_with_its_conversation(self, page: ApprovalsPage) -> None:
        """One click shows both."""
        choose(rows(page), TRANSFER)
        text = see(page, "approvals.transcript", TranscriptView).toPlainText()
        assert "The invoice matches the delivery." in text
        assert "waiting for approval" in text
        assert INVOICE in words_in(page)
        assert page.card.request is not None
        assert page.card.request.key == TRANSFER

    def test_j_and_k_walk_along_the_list_from_anywhere(self, page: ApprovalsPage) -> None:
        """Also with the keyboard in the transcript."""
        rows(page).setFocus()
        key(page, Qt.Key.Key_J)
        assert page.list.chosen == TRANSFER
        see(page, "approvals.transcript", TranscriptView).setFocus()
        key(page, Qt.Key.Key_J)
        key(page, Qt.Key.Key_J)
        key(page, Qt.Key.Key_K)
        assert page.list.chosen == RELEASE
        assert page.card.request is not None
        assert page.card.request.key == RELEASE

    def test_what_arrives_moves_neither_the_choice_nor_the_card(
        self, page: ApprovalsPage, fed: HandFed
    ) -> None:
        """The reader stays where they are."""
        choose(rows(page), RELEASE)
        fed.tell(asks(context_id="c-new-1"), seconds_ago=500)
        fed.tell(asks(context_id="c-new-2"))
        assert len(keys_of(rows(page))) == 7
        assert rows(page).current_row() == 2
        assert page.card.request is not None
        assert page.card.request.key == RELEASE

    def test_a_conversation_can_be_opened_from_here(
        self, page: ApprovalsPage, qtbot: QtBot
    ) -> None:
        """To ask the agent back."""
        choose(rows(page), TRANSFER)
        with qtbot.waitSignal(page.context_wanted) as wanted:
            press(page, "Open conversation")
        assert wanted.args == [INVOICE]

    def test_any_request_can_be_opened_by_its_key(self, page: ApprovalsPage) -> None:
        """Whatever is filtered and searched for."""
        QTest.keyClicks(see(page, "approvals.search", SearchField), "northside")
        page.open_request(TRANSFER)
        assert page.card.request is not None
        assert page.card.request.key == TRANSFER
        assert rows(page).current_row() == 0

        press(page, "Decided")
        page.open_request(RELEASE)
        assert RELEASE in keys_of(rows(page))

        page.open_request(RequestKey("c-none", "none"))
        assert page.card.request.key == RELEASE

    def test_another_broker_empties_the_page(self, page: ApprovalsPage, fed: HandFed) -> None:
        """Nothing of the old one can be decided on any more."""
        choose(rows(page), TRANSFER)
        fed.feed(Forgotten())
        assert not is_seen(page, "request.card")
        assert page.card.request is None
        assert "Nothing waits for a decision" in words_in(page)


class TestWithoutABroker:
    def test_the_first_run_offers_two_ways(self, qtbot: QtBot) -> None:
        """A broker of one's own, or the demo."""
        page = opened(HandFed(), qtbot)
        assert "Signoff is not connected yet" in words_in(page)
        with qtbot.waitSignal(page.settings_wanted):
            press(page, "Connect to a broker")
        with qtbot.waitSignal(page.demo_wanted):
            press(page, "Start the demo")

    def test_it_says_what_the_demo_and_the_link_are_doing(self, qtbot: QtBot) -> None:
        """Until there is something to show."""
        fed = HandFed()
        page = opened(fed, qtbot)
        fed.demo(DemoState.STARTING, "The demo is starting")
        assert "The demo is starting" in words_in(page)
        fed.demo(DemoState.FAILED, "The demo did not start.", "No redis-server was found.")
        assert "No redis-server was found." in words_in(page)
        refused = Link(LinkState.REFUSED, "The password is wrong.", "Check it in the settings.")
        fed.feed(LinkChanged(refused))
        assert "The password is wrong." in words_in(page)
        fed.online()
        assert "Nothing waits for a decision" in words_in(page)


class TestNarrow:
    def test_request_and_transcript_take_turns(self, fed: HandFed, qtbot: QtBot) -> None:
        """In the smallest window; in a wider one they stand side by side again."""
        page = opened(morning(fed), qtbot, SMALLEST_PAGE)
        choose(rows(page), TRANSFER)
        assert is_seen(page, "request.card")
        assert not is_seen(page, "approvals.transcript")
        press(page, "Transcript")
        assert not is_seen(page, "request.card")
        assert is_seen(page, "approvals.transcript")
        page.resize(*USUAL_PAGE)
        qtbot.waitUntil(lambda: is_seen(page, "request.card"))
        assert is_seen(page, "approvals.transcript")

    def test_what_is_out_of_sight_is_not_decided_on(self, fed: HandFed, qtbot: QtBot) -> None:
        """A shows the request first, and Escape leads there as well."""
        page = opened(morning(fed), qtbot, SMALLEST_PAGE)
        choose(rows(page), TRANSFER)
        ready(page, qtbot)
        press(page, "Transcript")
        key(page, Qt.Key.Key_A)
        assert fed.outbox.orders == []
        assert is_seen(page, "request.card")
        press(page, "Transcript")
        assert page.back()
        assert is_seen(page, "request.card")

    def test_coming_back_into_sight_starts_the_guard(self, fed: HandFed, qtbot: QtBot) -> None:
        """Whatever was under the mouse before."""
        page = opened(morning(fed), qtbot, SMALLEST_PAGE, guard_ms=60_000)
        choose(rows(page), TRANSFER)
        press(page, "Transcript")
        press(page, "Request")
        assert not see(page, "request.approve", ActionButton).isEnabled()


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("size", [USUAL_PAGE, SMALLEST_PAGE, (1140, 640)])
def test_nothing_is_cut_off_and_everything_is_named(
    fed: HandFed, qtbot: QtBot, dressed: QApplication, theme: Theme, size: tuple[int, int]
) -> None:
    """In the usual window, the smallest one, and the narrowest that shows three panes."""
    apply_theme(dressed, theme)
    page = opened(morning(fed), qtbot, size)
    assert cut_off(page) == []
    choose(rows(page), TRANSFER)
    assert cut_off(page) == []
    assert unnamed_or_without_ring(page, qtbot) == []
    ready(page, qtbot)
    click(page, "request.reject")
    qtbot.waitUntil(lambda: cut_off(page) == [])


def test_the_theme_can_be_switched_while_a_request_is_open(
    page: ApprovalsPage, dressed: QApplication, qtbot: QtBot
) -> None:
    """Everything takes the new colours, and nothing that was open closes."""
    choose(rows(page), TRANSFER)
    apply_theme(dressed, Theme.DARK)
    qtbot.waitUntil(lambda: corner_of(page.card) == tokens().panel)
    assert is_seen(page, "request.approve")
    apply_theme(dressed, Theme.LIGHT)
    qtbot.waitUntil(lambda: corner_of(page.card) == tokens().panel)


def corner_of(widget: QWidget) -> str:
    """The colour of a panel where nothing stands on it."""
    return widget.grab().toImage().pixelColor(QPoint(6, 6)).name()
