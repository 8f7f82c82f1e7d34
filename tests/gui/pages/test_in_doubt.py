"""A call of which nobody knows whether it took effect: marked done, run again or rejected."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desktop.views.approvals.page import ApprovalsPage
from desktop.views.parts.buttons import ActionButton
from tests.gui.pages.answering import CONTEXT, begin, look, problem, sent, settle, write
from tests.gui.pages.approving import key, opened
from tests.gui.pages.morning import morning
from tests.gui.pages.questions import ask, transfer_in_doubt
from tests.gui.pages.seeing import click, is_seen, see, words_in
from tests.support.hand_fed import HandFed
from workers.wire.approvals import DecisionKind, read_decision


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> ApprovalsPage:
    """The page on a busy morning."""
    return opened(morning(fed), qtbot)


def test_it_says_what_is_unknown_and_offers_the_three_ways_out(
    page: ApprovalsPage, fed: HandFed, qtbot: QtBot
) -> None:
    """Mark done, Run again, Reject; no Approve, and no button that Enter presses."""
    look(page, ask(fed, transfer_in_doubt(CONTEXT)), qtbot)
    said = words_in(page)
    assert "Started at " in said
    assert "outcome unknown" in said
    assert see(page, "request.respond", ActionButton).text() == "Mark done…"
    assert see(page, "request.again", ActionButton).text() == "Run again"
    assert see(page, "request.reject", ActionButton).text() == "Reject"
    assert not is_seen(page, "request.approve")
    assert not is_seen(page, "request.edit")
    for name in ("respond", "again", "reject"):
        button = see(page, f"request.{name}", ActionButton)
        QTest.keyClick(button, Qt.Key.Key_Return)
        assert not button.isDefault()
    assert not page.card.decision.is_writing
    assert fed.outbox.orders == []


def test_the_key_a_only_asks_whether_to_run_it_again(
    page: ApprovalsPage, fed: HandFed, qtbot: QtBot
) -> None:
    """Pressed twice it still has sent nothing; the second question has a click of its own."""
    look(page, ask(fed, transfer_in_doubt(CONTEXT)), qtbot)
    key(page, Qt.Key.Key_A)
    key(page, Qt.Key.Key_A)
    settle(page, qtbot)
    key(page, Qt.Key.Key_A)
    assert fed.outbox.orders == []
    assert "a second time" in words_in(page)
    assert see(page, "request.cancel_again", ActionButton).hasFocus()
    click(page, "request.confirm_again")
    assert read_decision(sent(fed)).kind is DecisionKind.APPROVE


def test_a_double_click_on_run_again_does_not_run_it(
    page: ApprovalsPage, fed: HandFed, qtbot: QtBot
) -> None:
    """Where the button was, Cancel is now."""
    look(page, ask(fed, transfer_in_doubt(CONTEXT)), qtbot)
    again = see(page, "request.again", ActionButton)
    spot = again.mapTo(page, again.rect().center())
    QTest.mouseClick(again, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    under = page.childAt(spot)
    confirm = see(page, "request.confirm_again", ActionButton)
    assert under is not confirm
    assert fed.outbox.orders == []


def test_changing_ones_mind_sends_nothing(page: ApprovalsPage, fed: HandFed, qtbot: QtBot) -> None:
    """Cancel and Escape lead back to the three ways."""
    look(page, ask(fed, transfer_in_doubt(CONTEXT)), qtbot)
    begin(page, "request.again", qtbot)
    click(page, "request.cancel_again")
    assert is_seen(page, "request.again")
    begin(page, "request.again", qtbot)
    assert page.back()
    assert is_seen(page, "request.again")
    assert fed.outbox.orders == []


def test_marking_it_done_needs_words(page: ApprovalsPage, fed: HandFed, qtbot: QtBot) -> None:
    """What the agent is to know of it."""
    look(page, ask(fed, transfer_in_doubt(CONTEXT)), qtbot)
    begin(page, "request.respond", qtbot)
    click(page, "request.send")
    assert problem(page, "answer") == "Write it first."
    assert fed.outbox.orders == []
    write(page, "answer", "The bank booked it at 9:15.")
    click(page, "request.send")
    decision = read_decision(sent(fed))
    assert decision.kind is DecisionKind.RESPOND
    assert decision.message == "The bank booked it at 9:15."
