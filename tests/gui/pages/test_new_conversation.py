"""A new conversation: which agent, and the first words."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel

from desktop.views.conversations.message_field import MessageField
from desktop.views.parts.buttons import ActionButton
from tests.gui.pages.seeing import (
    choose,
    click,
    is_seen,
    keys_of,
    see,
)
from tests.gui.pages.talk import (
    CLINIC,
    METEO,
    RECORD,
    TREASURY,
    Pages,
    composer,
    rows,
)


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
