"""Deciding on the approvals page: by mouse and keys, once, and only on what is in sight."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from desktop.store.facts import DecisionLeft
from desktop.store.records import RequestKey
from desktop.views.approvals.page import ApprovalsPage
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.labels import TextLabel
from desktop.views.parts.search_field import SearchField
from desktop.views.parts.transcript_view import TranscriptView
from tests.gui.pages.approving import RELEASE, TRANSFER, WAITING, key, opened, ready, rows, shown
from tests.gui.pages.morning import morning
from tests.gui.pages.seeing import (
    choose,
    click,
    is_seen,
    keys_of,
    see,
    words_in,
)
from tests.support.hand_fed import HandFed
from tests.support.scenes import base_asks, tool_answers
from workers.wire.approvals import Outcome


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> ApprovalsPage:
    """The page on a busy morning, wide enough for its three panes."""
    return opened(morning(fed), qtbot)


class TestDeciding:
    def test_a_click_sends_and_the_worker_decides(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The row says so on its way, and stays where the reviewer sees it."""
        choose(rows(page), TRANSFER)
        ready(page, qtbot)
        click(page, "request.approve")
        assert [order.key for order in fed.outbox.decisions] == [TRANSFER]
        first = shown(page)[0]
        assert first.pill is not None
        assert first.pill.text == "Sending"
        fed.answer(Outcome.EXECUTED)
        first = shown(page)[0]
        assert first.pill is not None
        assert first.pill.text == "Approved"
        assert rows(page).current_row() == 0
        assert "The worker ran it." in see(page, "request.outcome", TextLabel).text()
        text = see(page, "approvals.transcript", TranscriptView).toPlainText()
        assert "approved by r.mora, ran" in text

    def test_a_decided_row_goes_when_the_reviewer_moves_on(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """J leads to the next one, and the list holds what waits."""
        choose(rows(page), TRANSFER)
        ready(page, qtbot)
        click(page, "request.approve")
        fed.answer(Outcome.EXECUTED)
        key(page, Qt.Key.Key_J)
        assert page.list.chosen == RELEASE
        qtbot.waitUntil(lambda: keys_of(rows(page)) == WAITING[1:])
        assert rows(page).current_row() == 0

    def test_the_key_a_approves_what_is_open(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Once, however long or often it is pressed."""
        choose(rows(page), RELEASE)
        ready(page, qtbot)
        key(page, Qt.Key.Key_A)
        key(page, Qt.Key.Key_A)
        assert [order.key for order in fed.outbox.decisions] == [RELEASE]

    def test_the_keys_reject_with_a_reason(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """R opens the field; the letters A and R in it are letters."""
        choose(rows(page), RELEASE)
        ready(page, qtbot)
        key(page, Qt.Key.Key_R)
        field = see(page, "request.reason", QPlainTextEdit)
        assert field.hasFocus()
        QTest.keyClicks(field, "a rather jarring ask")
        assert field.toPlainText() == "a rather jarring ask"
        assert fed.outbox.orders == []
        qtbot.waitUntil(see(page, "request.confirm_reject", ActionButton).isEnabled)
        click(page, "request.confirm_reject")
        (order,) = fed.outbox.decisions
        assert isinstance(order.payload, dict)
        assert order.payload["message"] == "a rather jarring ask"
        assert order.key == RELEASE
        assert rows(page).hasFocus()

    def test_escape_leaves_the_reason(self, page: ApprovalsPage, fed: HandFed) -> None:
        """And then nothing more: the list has the keyboard already."""
        choose(rows(page), RELEASE)
        key(page, Qt.Key.Key_R)
        assert page.back()
        assert not is_seen(page, "request.reason")
        assert rows(page).hasFocus()
        assert not page.back()
        assert fed.outbox.orders == []

    def test_letters_in_the_search_decide_nothing(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Nor do they move the choice."""
        choose(rows(page), RELEASE)
        ready(page, qtbot)
        search = see(page, "approvals.search", SearchField)
        search.setFocus()
        QTest.keyClicks(search, "ar")
        QTest.keyClick(search, Qt.Key.Key_J)
        assert search.text() == "arj"
        assert fed.outbox.orders == []
        assert not is_seen(page, "request.reason")
        assert page.card.request is not None
        assert page.card.request.key == RELEASE

    def test_enter_in_the_list_decides_nothing(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """It opens; a second one opens again."""
        choose(rows(page), RELEASE)
        ready(page, qtbot)
        key(page, Qt.Key.Key_Return)
        key(page, Qt.Key.Key_Enter)
        assert fed.outbox.orders == []

    def test_walking_on_and_pressing_at_once_decides_nothing(
        self, fed: HandFed, qtbot: QtBot
    ) -> None:
        """J and A in one breath: nobody has looked at what would run."""
        page = opened(morning(fed), qtbot, guard_ms=60_000)
        rows(page).setFocus()
        key(page, Qt.Key.Key_J)
        assert page.list.chosen == TRANSFER
        key(page, Qt.Key.Key_A)
        assert fed.outbox.orders == []

    def test_decided_elsewhere_disables(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Another desk was faster."""
        choose(rows(page), RELEASE)
        ready(page, qtbot)
        fed.decide(RELEASE, Outcome.APPLIED)
        assert not is_seen(page, "request.approve")
        key(page, Qt.Key.Key_A)
        assert fed.outbox.orders == []
        assert "l.park" in see(page, "request.outcome", TextLabel).text()

    def test_one_decision_at_a_time_for_a_foreign_worker(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """It resumes whatever waits: the second waits until the first is answered."""
        for call in ("first", "second"):
            asked = base_asks(call=call, context_id="c-two", interrupt_id=f"interrupt-{call}")
            fed.tell(asked)
        page.open_request(RequestKey("c-two", "first"))
        ready(page, qtbot)
        click(page, "request.approve")
        choose(rows(page), RequestKey("c-two", "second"))
        qtbot.waitUntil(lambda: "not yet answered" in words_in(page))
        assert not see(page, "request.approve", ActionButton).isEnabled()
        fed.feed(DecisionLeft(RequestKey("c-two", "first"), fed.outbox.decisions[-1].nonce))
        fed.tell(tool_answers("Paid.", call="first", context_id="c-two"))
        ready(page, qtbot)
        assert "not yet answered" not in words_in(page)

    def test_offline_disables_and_says_why(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """What was known stays to be read."""
        choose(rows(page), RELEASE)
        ready(page, qtbot)
        fed.offline()
        assert not see(page, "request.approve", ActionButton).isEnabled()
        assert "The broker is not reachable." in words_in(page)
        assert keys_of(rows(page)) == WAITING
