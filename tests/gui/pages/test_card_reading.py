"""A card is read before it is decided on; what is hidden on it is shown only when asked for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.audit.entries import AuditKind
from desktop.store.signing import SigningState
from desktop.views.approvals.request_card import RequestCard
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.value_box import ValueBox
from tests.gui.pages.approving import read_on
from tests.gui.pages.card_opening import CARD, Clock, Opener, can, opener, settle, text
from tests.gui.pages.seeing import (
    click,
    is_seen,
    lay_out,
    open_page,
    press,
    see,
)
from tests.gui.pages.signed import (
    CARD_NUMBER,
    ROSA,
    SECRETS,
    asks_signed,
    policy,
    signs,
)
from tests.support.hand_fed import HandFed
from tests.support.scenes import asks, base_asks
from workers.wire.approvals import DecisionKind, Risk
from workers.wire.canonical import JSON


@pytest.fixture
def clock() -> Clock:
    """What the card measures reading with."""
    return Clock()


@pytest.fixture
def open_card(fed: HandFed, qtbot: QtBot, clock: Clock) -> Opener:
    """Opens the card of a request that has just arrived."""
    return opener(fed, qtbot, clock)


class TestReading:
    def test_a_call_of_high_risk_is_read_to_its_end_first(
        self, open_card: Opener, qtbot: QtBot
    ) -> None:
        """What was never in sight was never seen; rejecting needs nothing."""
        args: JSON = {f"name_{number}": number for number in range(30)}
        card = open_card(asks(args=args))
        assert not can(card, "request.approve")
        assert can(card, "request.reject")
        assert "Not everything has been in sight yet." in card.decision.why_not.text()
        read_on(card, qtbot)
        assert can(card, "request.approve")

    def test_a_jump_to_the_end_is_no_reading(self, open_card: Opener) -> None:
        """What was jumped over is still unseen."""
        args: JSON = {f"name_{number}": number for number in range(60)}
        card = open_card(asks(args=args))
        bar = card._area.verticalScrollBar()
        bar.setValue(bar.maximum())
        lay_out()
        assert not can(card, "request.approve")

    def test_a_call_of_low_risk_may_be_approved_at_sight(self, open_card: Opener) -> None:
        """The worker's policy says which calls are worth it."""
        args: JSON = {f"name_{number}": number for number in range(30)}
        assert can(open_card(asks(args=args, risk=Risk.LOW)), "request.approve")

    def test_the_policy_may_ask_for_time(
        self, open_card: Opener, fed: HandFed, clock: Clock, qtbot: QtBot
    ) -> None:
        """Counted down on the button; only while the card is before somebody's eyes."""
        signs(fed)
        card = open_card(asks_signed(policy(1, dwell=20)))
        approve = see(card, "request.approve", ActionButton)
        assert approve.text() == "Approve in 20 s"
        clock.seconds = 12
        card._on_second()
        assert approve.text() == "Approve in 8 s"
        other = open_page(QWidget(), qtbot, (80, 80))
        qtbot.waitUntil(lambda: not card.isActiveWindow())
        lay_out()
        clock.seconds = 100
        other.close()
        card.activateWindow()
        qtbot.waitUntil(card.isActiveWindow)
        settle(card, qtbot)
        assert approve.text() == "Approve in 8 s"
        clock.seconds = 108
        card._on_second()
        assert approve.text() == "Approve"
        click(card, "request.approve")
        [order] = fed.outbox.decisions
        assert order.statement is not None
        assert order.statement.display.ms_open == 20_000

    def test_what_is_too_long_to_be_shown_whole_is_looked_at_in_bytes(
        self, open_card: Opener, qtbot: QtBot
    ) -> None:
        """The badge says so; the exact bytes are shown part by part."""
        card = open_card(base_asks(args={"blob": "x" * 1_000_000}))
        read_on(card, qtbot)
        assert see(card, "request.too_long", PillLabel).text() == "Cannot be shown whole"
        assert not can(card, "request.approve")
        assert "Open the exact bytes" in card.decision.why_not.text()
        click(card, "request.exact_open")
        assert "of 1,000,011" in text(card, "request.exact_place")
        assert can(card, "request.approve")
        press(card, "Later bytes")
        assert text(card, "request.exact_place").startswith("Bytes 4,096 to 8,192")

    def test_the_exact_bytes_are_those_the_digest_covers(self, open_card: Opener) -> None:
        """In canonical order, hidden characters by their bytes."""
        card = open_card(asks(args={"to": "AC\u200bME", "amount": 10.0}))
        click(card, "request.exact_open")
        shown = see(card, "request.exact_text", ValueBox).toPlainText()
        assert shown == '{"amount":10,"to":"AC⟨U+200B ZWSP⟩ME"}'
        assert "e2 80 8b" in see(card, "request.exact_hex", ValueBox).toPlainText()
        assert see(card, "request.exact_text", ValueBox).isReadOnly()
        click(card, "request.exact_close")
        assert not is_seen(card, "request.exact_text")


class TestHabit:
    def test_no_key_counts_before_the_moment_is_over(self, fed: HandFed, qtbot: QtBot) -> None:
        """Neither the shortcuts nor Space on a button that has the keyboard."""
        fed.tell(asks(allowed=(DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT)))
        guard = MisclickGuard(60_000)
        card = RequestCard(fed.approvals, fed.bridge, fed.clock, guard)
        card.show_request(fed.store.request(fed.keys()[0]))
        open_page(card, qtbot, CARD)
        card.decision.press_reject()
        card.decision.press_edit()
        reject = see(card, "request.reject", QPushButton)
        reject.setFocus()
        for pressed in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            QTest.keyClick(reject, pressed)
        assert not card.decision.is_writing
        assert fed.outbox.orders == []

    def test_a_window_that_becomes_active_starts_the_moment_again(
        self, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The click that brought it to the front must not approve."""
        fed.tell(asks())
        guard = MisclickGuard(60_000)
        card = RequestCard(fed.approvals, fed.bridge, fed.clock, guard)
        card.show_request(fed.store.request(fed.keys()[0]))
        open_page(card, qtbot, CARD)
        qtbot.waitUntil(card.isActiveWindow)
        guard._timer.stop()
        guard.released.emit()
        QApplication.sendEvent(card, QEvent(QEvent.Type.WindowActivate))
        assert guard.is_holding

    def test_approve_is_nobodys_default(self, open_card: Opener, fed: HandFed) -> None:
        """It has no keyboard unless somebody gives it, and Enter does not press it."""
        card = open_card(asks())
        approve = see(card, "request.approve", QPushButton)
        assert not approve.hasFocus()
        assert not approve.isDefault()
        assert not approve.autoDefault()
        approve.setFocus()
        QTest.keyClick(approve, Qt.Key.Key_Return)
        assert fed.outbox.orders == []


class TestWhatIsHidden:
    def test_revealing_is_written_down_by_its_place(self, open_card: Opener, fed: HandFed) -> None:
        """And that it was hidden again; never what it is."""
        card = open_card(asks(args=SECRETS))
        buttons = {button.accessibleName(): button for button in card.findChildren(QPushButton)}
        buttons["Show: Card number"].click()
        assert CARD_NUMBER in card.arguments.value_box("card_number").toPlainText()
        card.show_request(None)
        notes = [note.entry for note in fed.outbox.notes]
        assert [note.kind for note in notes] == [
            AuditKind.REQUEST_OPENED,
            AuditKind.VALUE_REVEALED,
            AuditKind.VALUE_HIDDEN,
        ]
        assert notes[1].revealed == ("/card_number",)
        assert notes[2].masked == ("/card_number",)
        assert "4111" not in repr(notes)

    def test_the_decision_says_what_was_masked_and_what_was_shown(
        self, open_card: Opener, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Signed with it; what was seen is kept apart from it, encrypted."""
        signs(fed)
        card = open_card(asks_signed(policy(1, masked=("/recipient",)), SECRETS))
        card._body.reveals.reveal("/recipient")
        read_on(card, qtbot)
        click(card, "request.approve")
        [order] = fed.outbox.decisions
        assert order.statement is not None
        assert order.statement.display.revealed == ("/recipient",)
        assert set(order.statement.display.masked) == {
            "/card_number", "/cvv", "/patient/name", "/patient/mrn", "/memo",
        }  # fmt: skip
        assert "737" not in repr(dict(order.secrets))

    @pytest.mark.parametrize("leave", ["hide", "another", "lock"])
    def test_values_are_hidden_when_the_card_is_left(
        self, open_card: Opener, fed: HandFed, leave: str
    ) -> None:
        """Also by a lock, and the exact bytes close."""
        signs(fed)
        card = open_card(asks_signed(policy(1), SECRETS))
        click(card, "request.exact_open")
        assert len(card._body.reveals.shown) == 4
        assert "737" not in see(card, "request.exact_text", ValueBox).toPlainText()
        match leave:
            case "hide":
                card.hide()
            case "another":
                card.show_request(None)
            case _:
                signs(fed, ROSA, SigningState.LOCKED)
        assert card._body.reveals.shown == frozenset()
        assert not card._body.exact.isVisibleTo(card)
        assert CARD_NUMBER not in card.arguments.as_text()

    def test_a_form_shows_what_is_hidden_and_that_is_written_down(
        self, open_card: Opener, fed: HandFed
    ) -> None:
        """Nobody can change what they cannot see."""
        signs(fed)
        card = open_card(asks_signed(policy(1), {"ssn": "078-05-1120", "to": "ACME"}))
        click(card, "request.edit")
        assert see(card, "request.field.ssn", QLineEdit).text() == "078-05-1120"
        assert fed.outbox.notes[-1].entry.kind is AuditKind.VALUE_REVEALED
        card.decision.cancel()
        assert fed.outbox.notes[-1].entry.kind is AuditKind.VALUE_HIDDEN

    def test_a_call_with_a_security_code_cannot_be_edited(self, open_card: Opener) -> None:
        """A form would show it."""
        allowed = (DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT)
        card = open_card(asks(args={"cvv": "737", "amount": 1}, allowed=allowed))
        edit = see(card, "request.edit", ActionButton)
        assert not edit.isEnabled()
        assert "never shown" in edit.toolTip()
