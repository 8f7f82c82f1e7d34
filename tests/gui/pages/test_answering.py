"""Every answer a worker allows, given on the card: only what was meant leaves, and only once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.views.approvals.page import ApprovalsPage
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.pill import PillLabel
from tests.gui.pages.answering import CONTEXT, answered, begin, look, problem, sent, settle, write
from tests.gui.pages.approving import key, opened, rows
from tests.gui.pages.morning import TRANSFER, morning
from tests.gui.pages.questions import (
    BATCH,
    FREE,
    INBOX,
    ONE_CALL,
    PLAN,
    QUESTIONS,
    ask,
    bare,
    hosted,
    transfer,
)
from tests.gui.pages.seeing import (
    SMALLEST_PAGE,
    click,
    cut_off,
    is_seen,
    press,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.support.hand_fed import HandFed
from tests.support.scenes import base_asks
from workers.wire.approvals import DecisionKind, Outcome, read_decision
from workers.wire.canonical import JSON


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> ApprovalsPage:
    """The page on a busy morning."""
    return opened(morning(fed), qtbot)


class TestEditing:
    def test_an_edit_shows_its_changes_and_sends_them(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The key E opens a form for the arguments; only what was changed differs."""
        request = ask(fed, transfer(CONTEXT))
        look(page, request, qtbot)
        key(page, Qt.Key.Key_E)
        assert see(page, "request.field.from_account", QLineEdit).hasFocus()
        assert not is_seen(page, "request.arguments")
        assert not is_seen(page, "request.changes")
        write(page, "amount", "41.5")
        write(page, "currency", "CHF")
        changes = see(page, "request.changes", QWidget)
        settle(page, qtbot)  # what is new on the page has its place by then
        boxes = [box for box in changes.findChildren(QPlainTextEdit) if box.isVisible()]
        assert [box.toPlainText() for box in boxes] == ["4182.5", "41.5", "EUR", "CHF"]
        assert boxes[0].accessibleName() == "amount before"
        click(page, "request.send")

        decision = read_decision(sent(fed))
        assert decision.kind is DecisionKind.EDIT
        assert decision.args == {**TRANSFER, "amount": 41.5, "currency": "CHF"}
        assert is_seen(page, "request.arguments")
        assert not is_seen(page, "request.form")
        fed.decide(
            request, Outcome.EXECUTED, DecisionKind.EDIT, nonce=fed.outbox.decisions[0].nonce
        )
        assert see(page, "request.state", PillLabel).text() == "Edited and approved"

    def test_what_is_wrong_stands_beside_its_field_and_nothing_is_sent(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The keyboard goes there; the words go when it is written anew."""
        look(page, ask(fed, transfer(CONTEXT)), qtbot)
        begin(page, "request.edit", qtbot)
        write(page, "amount", "-3")
        click(page, "request.send")
        field = see(page, "request.field.amount", QLineEdit)
        assert problem(page, "amount") == "More than 0."
        assert "More than 0." in field.accessibleDescription()
        assert field.hasFocus()
        assert fed.outbox.orders == []
        QTest.keyClicks(field, "1")
        assert not is_seen(page, "request.problem.amount")

    def test_an_edit_that_changes_nothing_is_not_sent(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """It says so, and the form stays."""
        look(page, ask(fed, transfer(CONTEXT)), qtbot)
        begin(page, "request.edit", qtbot)
        click(page, "request.send")
        assert "Nothing is changed yet." in words_in(page)
        assert fed.outbox.orders == []

    def test_letters_and_enter_in_the_form_decide_nothing(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """A, E and R are letters there; Enter sends no edit."""
        look(page, ask(fed, transfer(CONTEXT)), qtbot)
        begin(page, "request.edit", qtbot)
        field = see(page, "request.field.recipient", QLineEdit)
        field.setFocus()
        field.clear()
        QTest.keyClicks(field, "area")
        QTest.keyClick(field, Qt.Key.Key_Return)
        send = see(page, "request.send", ActionButton)
        QTest.keyClick(send, Qt.Key.Key_Return)
        assert field.text() == "area"
        assert fed.outbox.orders == []

    def test_escape_leaves_the_form_and_keeps_what_was_written(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Also when the reviewer looks at another request in between."""
        request = ask(fed, transfer(CONTEXT))
        look(page, request, qtbot)
        begin(page, "request.edit", qtbot)
        write(page, "amount", "12")
        assert page.back()
        assert rows(page).hasFocus()
        assert is_seen(page, "request.arguments")
        begin(page, "request.edit", qtbot)
        assert see(page, "request.field.amount", QLineEdit).text() == "12"
        page.open_oldest_waiting()
        assert not is_seen(page, "request.form")
        look(page, request, qtbot)
        begin(page, "request.edit", qtbot)
        assert see(page, "request.field.amount", QLineEdit).text() == "12"

    def test_decided_elsewhere_takes_the_form_away(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """There is nothing left to edit."""
        request = ask(fed, transfer(CONTEXT))
        look(page, request, qtbot)
        begin(page, "request.edit", qtbot)
        fed.decide(request, Outcome.APPLIED)
        assert not is_seen(page, "request.form")
        assert not is_seen(page, "request.send")
        assert is_seen(page, "request.arguments")

    def test_a_link_that_goes_away_keeps_the_form(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """What was written waits; it cannot be sent until the link is back."""
        look(page, ask(fed, transfer(CONTEXT)), qtbot)
        begin(page, "request.edit", qtbot)
        write(page, "amount", "12")
        fed.offline()
        assert not see(page, "request.send", ActionButton).isEnabled()
        assert "The broker is not reachable." in words_in(page)
        fed.online_again()
        settle(page, qtbot)
        click(page, "request.send")
        assert read_decision(sent(fed)).kind is DecisionKind.EDIT

    def test_the_wheel_changes_no_choice(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """A reviewer scrolls past it."""
        look(page, ask(fed, transfer(CONTEXT)), qtbot)
        begin(page, "request.edit", qtbot)
        box = see(page, "request.field.currency", QComboBox)
        box.setFocus()
        spot, none = QPointF(box.rect().center()), Qt.KeyboardModifier.NoModifier
        turned = QWheelEvent(
            spot, box.mapToGlobal(spot), QPoint(0, -120), QPoint(0, -120),
            Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(box, turned)
        assert box.currentText() == "EUR"


class TestAnswers:
    def test_an_answer_stands_for_the_call(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The arguments stay in sight while it is written."""
        look(page, ask(fed, transfer(CONTEXT)), qtbot)
        begin(page, "request.respond", qtbot)
        assert is_seen(page, "request.arguments")
        assert "The call does not run." in words_in(page)
        write(page, "answer", "paid by card")
        click(page, "request.send")
        decision = read_decision(sent(fed))
        assert (decision.kind, decision.message) == (DecisionKind.RESPOND, "paid by card")

    def test_a_batch_is_decided_call_by_call(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Nothing leaves until each has a decision that it allows."""
        look(page, hosted(fed, BATCH), qtbot)
        begin(page, "request.respond", qtbot)
        write(page, "0.decision", "Approve")
        click(page, "request.send")
        assert problem(page, "1.decision") == "Choose one."
        assert fed.outbox.orders == []
        second = see(page, "request.field.1.decision", QComboBox)
        offered = [second.itemText(index) for index in range(second.count())]
        assert offered == ["Approve", "Reject", "Answer instead"]
        write(page, "1.decision", "Reject")
        write(page, "1.reason", "Keep it")
        click(page, "request.send")
        assert answered(fed) == {
            "decisions": [{"type": "approve"}, {"type": "reject", "message": "Keep it"}]
        }

    def test_a_whole_batch_is_approved_in_one(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Where every call allows it, under words that say so."""
        look(page, hosted(fed, BATCH), qtbot)
        press(page, "Approve all")
        assert read_decision(sent(fed)).kind is DecisionKind.APPROVE

    @pytest.mark.parametrize("value", [ONE_CALL, INBOX])
    def test_the_one_call_of_a_graph_is_edited(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot, value: dict[str, JSON]
    ) -> None:
        """Where the graph allows it; the tool keeps its name."""
        look(page, hosted(fed, value), qtbot)
        begin(page, "request.edit", qtbot)
        number = "copies" if value is ONE_CALL else "hours"
        write(page, number, "3")
        click(page, "request.send")
        answer = str(answered(fed))
        assert "'edit'" in answer
        assert f"'{number}': 3" in answer

    def test_questions_are_answered_in_a_form(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """With the options where there are some."""
        look(page, hosted(fed, QUESTIONS), qtbot)
        assert see(page, "request.state", PillLabel).text() == "Waiting for an answer"
        assert not is_seen(page, "request.approve")
        begin(page, "request.respond", qtbot)
        write(page, "0", "OPS-1")
        write(page, "1", "today")
        boxes = page.card.findChildren(QCheckBox)
        QTest.keyClick(boxes[0], Qt.Key.Key_Space)
        click(page, "request.send")
        assert answered(fed) == {"answers": ["OPS-1", "today", '["Finance"]']}

    def test_a_schema_is_a_form(self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot) -> None:
        """And is validated before it is sent."""
        look(page, hosted(fed, PLAN), qtbot)
        begin(page, "request.respond", qtbot)
        write(page, "plan", "large")
        write(page, "seats", "0")
        click(page, "request.send")
        assert problem(page, "seats") == "At least 1."
        assert fed.outbox.orders == []
        write(page, "seats", "4")
        click(page, "request.send")
        assert answered(fed) == {"plan": "large", "seats": 4}

    def test_free_text_is_flagged(self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot) -> None:
        """Nobody can say whether the agent understands it."""
        look(page, hosted(fed, FREE), qtbot)
        begin(page, "request.respond", qtbot)
        assert "This answer cannot be validated" in words_in(page)
        write(page, "answer", "Cancel it.")
        click(page, "request.send")
        assert read_decision(sent(fed)).message == "Cancel it."

    def test_a_foreign_question_without_its_id_offers_nothing(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The card says why, once; no key does anything."""
        look(page, ask(fed, bare(QUESTIONS, "c-foreign")), qtbot)
        said = words_in(page)
        assert said.count("does not say which question it asks") == 1
        for name in ("approve", "again", "edit", "reject", "respond"):
            assert not is_seen(page, f"request.{name}")
        for which in (Qt.Key.Key_A, Qt.Key.Key_R, Qt.Key.Key_E):
            key(page, which)
        assert not page.card.decision.is_writing
        assert fed.outbox.orders == []

    def test_a_foreign_call_offers_what_its_worker_understands(
        self, page: ApprovalsPage, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Approve and Reject, no more."""
        look(page, ask(fed, base_asks(call="b-1", context_id="c-foreign")), qtbot)
        assert is_seen(page, "request.approve")
        assert is_seen(page, "request.reject")
        assert not is_seen(page, "request.edit")
        assert not is_seen(page, "request.respond")


@pytest.mark.parametrize("button", ["request.edit", "request.respond", "request.reject"])
def test_every_form_can_be_used_by_keyboard_in_the_smallest_window(
    fed: HandFed, qtbot: QtBot, button: str
) -> None:
    """Nothing is cut off, everything has a name and shows who has the keyboard."""
    page = opened(fed, qtbot, SMALLEST_PAGE)
    look(page, ask(fed, transfer(CONTEXT)), qtbot)
    begin(page, button, qtbot)
    if button == "request.edit":
        write(page, "amount", "12")
    for _ in range(10):
        QApplication.processEvents()
    assert cut_off(page) == []
    assert unnamed_or_without_ring(page.card, qtbot) == []


@pytest.mark.parametrize("value", [BATCH, QUESTIONS, PLAN])
def test_questions_can_be_answered_by_keyboard(
    fed: HandFed, qtbot: QtBot, value: dict[str, JSON]
) -> None:
    """The same for what other graphs ask."""
    page = opened(fed, qtbot, SMALLEST_PAGE)
    look(page, hosted(fed, value), qtbot)
    begin(page, "request.respond", qtbot)
    for _ in range(10):
        QApplication.processEvents()
    assert cut_off(page) == []
    assert unnamed_or_without_ring(page.card, qtbot) == []
