"""The window: one page at a time, what waits and how the link stands always in sight."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.qtmodels.tone import Tone
from desktop.settings import Theme
from desktop.store.facts import CaughtUp, Forgotten, LinkChanged
from desktop.store.local_records import DemoState
from desktop.store.records import Link, LinkState, RequestKey
from desktop.views.main_window import SMALLEST, USUAL, MainWindow
from desktop.views.page import Page
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.list_view import RowList
from desktop.views.status_line import PressableState
from desktop.views.theme import apply_theme
from tests.gui.pages.morning import INVOICE, RECORD, morning
from tests.gui.pages.seeing import (
    choose,
    click,
    cut_off,
    is_seen,
    open_page,
    press,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.support import scenes
from tests.support.hand_fed import HandFed
from workers.wire.approvals import Outcome

TRANSFER = RequestKey(INVOICE, "inv-call-2")
RELEASE = RequestKey(RECORD, "call-1")
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(fed: HandFed, qtbot: QtBot) -> MainWindow:
    """The window on a busy morning."""
    return opened(morning(fed), qtbot)


def opened(
    fed: HandFed, qtbot: QtBot, size: tuple[int, int] = (USUAL.width(), USUAL.height())
) -> MainWindow:
    """The window, shown and active."""
    made = MainWindow(
        fed.store, fed.bridge, fed.approvals, fed.conversations, fed.desk, now_ms=fed.clock
    )
    open_page(made, qtbot, size)
    qtbot.waitUntil(made.isActiveWindow)  # keys act in the active window only
    return made


def key(
    window: MainWindow,
    which: Qt.Key,
    held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Press a key wherever the keyboard is."""
    QTest.keyClick(QApplication.focusWidget() or window, which, held)


def at(window: MainWindow, page: Page) -> bool:
    """Whether this page is in sight."""
    return window.page is page


class TestPages:
    def test_it_opens_on_what_waits_and_nobody_has_the_keyboard(self, window: MainWindow) -> None:
        """No ring stands anywhere before a person asked for it; J starts at once."""
        assert at(window, Page.APPROVALS)
        assert QApplication.focusWidget() in {window, None}
        key(window, Qt.Key.Key_J)
        assert window.approvals.list.chosen == TRANSFER

    @pytest.mark.parametrize("page", list(Page))
    def test_the_rail_leads_to_every_page(self, window: MainWindow, page: Page) -> None:
        """By the mouse."""
        click(window, f"rail.{page}")
        assert at(window, page)

    def test_keys_lead_to_every_page(self, window: MainWindow) -> None:
        """Ctrl and the place on the rail, from anywhere."""
        met = []
        for number in (Qt.Key.Key_5, Qt.Key.Key_4, Qt.Key.Key_3, Qt.Key.Key_2, Qt.Key.Key_1):
            key(window, number, CTRL)
            met.append(window.page)
        assert met == list(reversed(Page))

    def test_slash_goes_to_the_search_of_the_page(self, window: MainWindow) -> None:
        """A slash inside a field is a slash."""
        for page in (Page.APPROVALS, Page.CONVERSATIONS):
            window.show_page(page)
            key(window, Qt.Key.Key_Slash)
            search = see(window, f"{page}.search", QLineEdit)
            assert search.hasFocus()
            QTest.keyClicks(search, "a/b")
            assert search.text() == "a/b"
            window.setFocus()

    def test_a_new_conversation_from_anywhere(self, window: MainWindow) -> None:
        """Ctrl+N; Escape leads back to where one was."""
        window.show_page(Page.AGENTS)
        key(window, Qt.Key.Key_N, CTRL)
        assert at(window, Page.CONVERSATIONS)
        assert is_seen(window, "new.text")

    def test_review_leads_to_the_request_and_escape_back(self, window: MainWindow) -> None:
        """From the conversation in which a call waits."""
        window.show_page(Page.CONVERSATIONS)
        window.open_context(INVOICE)
        press(window, "Review")
        assert at(window, Page.APPROVALS)
        assert window.approvals.card.request is not None
        assert window.approvals.card.request.key == TRANSFER
        see(window, "approvals.list", RowList).setFocus()
        key(window, Qt.Key.Key_Escape)
        assert at(window, Page.CONVERSATIONS)

    def test_the_request_leads_to_its_conversation_and_escape_back(
        self, window: MainWindow
    ) -> None:
        """To read more of it, or to write to the agent."""
        window.open_request(RELEASE)
        press(window, "Open conversation")
        assert at(window, Page.CONVERSATIONS)
        assert window.conversations.context_id == RECORD
        see(window, "conversations.list", RowList).setFocus()
        key(window, Qt.Key.Key_Escape)
        assert at(window, Page.APPROVALS)

    def test_an_agent_can_be_talked_to_from_its_page(self, window: MainWindow) -> None:
        """The agent is named in the new conversation already."""
        window.show_page(Page.AGENTS)
        choose(see(window, "agents.list", RowList), "records_agent")
        press(window, "Chat with this agent")
        assert at(window, Page.CONVERSATIONS)
        assert is_seen(window, "new.text")
        assert "records_agent" in str(see(window, "new.agent", QWidget).property("currentText"))

    def test_a_notification_opens_the_oldest(self, window: MainWindow) -> None:
        """Wherever the window was."""
        window.show_page(Page.SETTINGS)
        window.open_oldest_waiting()
        assert at(window, Page.APPROVALS)
        assert window.approvals.card.request is not None
        assert window.approvals.card.request.key == TRANSFER

    def test_the_first_run_leads_to_settings_and_to_the_demo(self, qtbot: QtBot) -> None:
        """From both pages that would show something."""
        fed = HandFed()
        window = opened(fed, qtbot)
        for page in (Page.APPROVALS, Page.CONVERSATIONS):
            window.show_page(page)
            press(window, "Start the demo")
            press(window, "Connect to a broker")
            assert at(window, Page.SETTINGS)
        assert fed.desk.asked == [("start_demo",), ("start_demo",)]


class TestDeciding:
    def test_letters_act_only_where_the_request_is_in_sight(
        self, window: MainWindow, fed: HandFed, qtbot: QtBot
    ) -> None:
        """A on another page decides nothing."""
        window.open_request(TRANSFER)
        qtbot.waitUntil(see(window, "request.approve", ActionButton).isEnabled)
        for page in (Page.CONVERSATIONS, Page.AGENTS, Page.SETTINGS):
            window.show_page(page)
            window.setFocus()
            key(window, Qt.Key.Key_A)
            key(window, Qt.Key.Key_R)
        assert fed.outbox.orders == []

    def test_coming_back_to_the_page_takes_a_moment(
        self, window: MainWindow, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The card is in sight anew; only then A approves."""
        window.open_request(TRANSFER)
        qtbot.waitUntil(see(window, "request.approve", ActionButton).isEnabled)
        window.show_page(Page.AGENTS)
        window.show_page(Page.APPROVALS)
        key(window, Qt.Key.Key_A)
        assert fed.outbox.orders == []
        qtbot.waitUntil(see(window, "request.approve", ActionButton).isEnabled)
        key(window, Qt.Key.Key_A)
        assert [order.key for order in fed.outbox.decisions] == [TRANSFER]

    def test_words_in_the_composer_are_words(self, window: MainWindow, fed: HandFed) -> None:
        """Whatever letters they begin with."""
        window.open_context(INVOICE)
        field = see(window, "composer.text", QPlainTextEdit)
        field.setFocus()
        QTest.keyClicks(field, "jar a/k")
        assert field.toPlainText() == "jar a/k"
        assert at(window, Page.CONVERSATIONS)
        assert fed.outbox.decisions == []


class TestWhatIsAlwaysInSight:
    def test_the_title_counts_what_waits(self, window: MainWindow, fed: HandFed) -> None:
        """Not what is sent and not answered yet; the rail says the same."""
        assert window.windowTitle() == "(5) Signoff"
        fed.decide(TRANSFER, Outcome.APPLIED)
        assert window.windowTitle() == "(4) Signoff"
        assert see(window, "rail.approvals", QWidget).accessibleName() == "Approvals, 4 waiting"

    def test_without_anything_waiting_the_title_is_the_name(self, qtbot: QtBot) -> None:
        """No zero."""
        assert opened(HandFed(), qtbot).windowTitle() == "Signoff"

    def test_the_link_is_told_on_every_page_and_leads_to_the_settings(
        self, window: MainWindow, fed: HandFed
    ) -> None:
        """State, words and address; never the colour alone."""
        link = see(window, "link.state", PressableState)
        assert link.text() == "Connected · redis://127.0.0.1:6379/0"
        fed.offline()
        assert link.text().startswith("The broker is not reachable")
        assert "tries again" in link.toolTip()
        click(window, "link.state")
        assert at(window, Page.SETTINGS)
        window.show_page(Page.APPROVALS)
        link.setFocus()
        QTest.keyClick(link, Qt.Key.Key_Return)
        assert at(window, Page.SETTINGS)

    def test_a_scripted_model_is_said_to_be_one(self, window: MainWindow) -> None:
        """Nobody takes the demo for a model."""
        assert "Scripted model" in words_in(window)

    def test_the_demo_is_told_while_there_is_one(self, window: MainWindow, fed: HandFed) -> None:
        """And leads to its page."""
        assert not is_seen(window, "demo.state")
        fed.demo(DemoState.RUNNING, "4 demo agents are running")
        assert see(window, "demo.state", PressableState).text() == "4 demo agents are running"
        click(window, "demo.state")
        assert at(window, Page.AGENTS)
        fed.demo(DemoState.STOPPED)
        assert not is_seen(window, "demo.state")

    def test_a_notice_stands_above_the_page_until_it_is_put_away(self, window: MainWindow) -> None:
        """The newest one; the keyboard stays where it is."""
        assert not is_seen(window, "notice")
        see(window, "approvals.search", QLineEdit).setFocus()
        window.show_notice("The keyring does not answer.", "It is kept until Signoff ends.")
        window.show_notice("The settings could not be saved.", "Check the disk.", Tone.DANGER)
        assert "The settings could not be saved." in words_in(window)
        assert "keyring" not in words_in(window)
        assert see(window, "approvals.search", QLineEdit).hasFocus()
        before = see(window, "approvals.list", RowList).mapTo(window, window.rect().topLeft()).y()
        window._notice._close.click()
        assert not is_seen(window, "notice")
        QApplication.processEvents()
        after = see(window, "approvals.list", RowList).mapTo(window, window.rect().topLeft()).y()
        assert after < before

    def test_what_the_broker_lost_is_said_until_it_is_put_away(
        self, window: MainWindow, fed: HandFed
    ) -> None:
        """Beside other notices, not in their place; only what is lost after that is said again."""
        window.show_notice("The settings could not be saved.", "Check the disk.", Tone.DANGER)
        fed.feed(Forgotten("The broker was emptied."))
        assert "The broker was emptied." in words_in(window)
        assert "The settings could not be saved." in words_in(window)
        fed.offline().online()
        assert is_seen(window, "loss")

        window._loss._close.click()
        assert not is_seen(window, "loss")
        fed.tell(scenes.human_says("hi")).feed(CaughtUp(frozenset()))
        assert "1 conversation is gone from the broker." in words_in(window)
        assert "emptied" not in words_in(window)

    def test_what_one_broker_lost_is_not_said_of_another(
        self, window: MainWindow, fed: HandFed
    ) -> None:
        """It no longer holds."""
        fed.feed(Forgotten("The broker was emptied."))
        fed.feed(Forgotten())
        assert not is_seen(window, "loss")

    def test_a_broker_that_tells_of_no_changes_is_said_to_be_looked_at(
        self, window: MainWindow, fed: HandFed
    ) -> None:
        """In sight, and not in a tool tip alone: what is shown may be some seconds old."""
        title = "Connected, checking every 5 s"
        fed.feed(LinkChanged(Link(LinkState.ONLINE, title, "", "redis://broker", True)))
        assert see(window, "link.state", PressableState).text() == f"{title} · redis://broker"

    def test_closing_asks_and_does_not_close(self, window: MainWindow, qtbot: QtBot) -> None:
        """What is on its way out leaves first."""
        with qtbot.waitSignal(window.close_requested):
            window.close()
        assert window.isVisible()


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("size", [(1480, 900), (900, 600)])
@pytest.mark.parametrize("page", list(Page))
def test_nothing_is_cut_off_and_everything_is_named(
    fed: HandFed,
    qtbot: QtBot,
    dressed: QApplication,
    page: Page,
    size: tuple[int, int],
    theme: Theme,
) -> None:
    """Every page in the usual and in the smallest window, with a notice and a running demo."""
    apply_theme(dressed, theme)
    fed.demo(DemoState.RUNNING, "4 demo agents are running")
    window = opened(morning(fed), qtbot, size)
    window.open_context(INVOICE)
    window.open_request(TRANSFER)
    window.show_page(page)
    window.show_notice("The keyring does not answer.", "The password is kept until Signoff ends.")
    qtbot.waitUntil(lambda: cut_off(window) == [])
    assert window.width() <= size[0]
    assert window.height() <= size[1]
    assert unnamed_or_without_ring(window, qtbot) == []


def test_it_can_be_no_smaller_than_it_is_usable(window: MainWindow) -> None:
    """900 by 600, and no page asks for more."""
    assert window.minimumSize() == SMALLEST
    central = window.centralWidget()
    assert central is not None
    assert central.minimumSizeHint().width() <= SMALLEST.width()
    assert central.minimumSizeHint().height() <= SMALLEST.height()
