"""The composer: what a person writes reaches the agent of the conversation, or stays."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from desktop.store.facts import LinkChanged, MessageNotSent
from desktop.store.records import Link, LinkState
from desktop.views.parts.buttons import ActionButton
from tests.gui.pages.seeing import (
    choose,
    click,
    is_seen,
    see,
)
from tests.gui.pages.talk import (
    CLINIC,
    INVOICE,
    RECORD,
    Pages,
    composer,
    rows,
    transcript,
)
from tests.support import scenes
from workers.wire.approvals import Outcome


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
