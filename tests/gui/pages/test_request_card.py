"""The request card: a reviewer sees exactly what would run, and decides on nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.settings import Theme
from desktop.views.approvals.reject_panel import CANNED
from desktop.views.approvals.request_card import RequestCard
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.labels import TextLabel
from desktop.views.parts.pill import PillLabel
from desktop.views.theme import apply_theme
from tests.gui.pages.seeing import (
    click,
    cut_off,
    is_seen,
    lay_out,
    open_page,
    press,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.support.hand_fed import HandFed
from tests.support.scenes import CONTEXT, agent_says, asks, base_asks, receipt, tool_answers
from workers.wire.approvals import MAX_ARGS_BYTES, Outcome, Risk
from workers.wire.canonical import JSON
from workers.wire.events import Event

CARD = (388, 800)
Opener = Callable[[Event], RequestCard]


@pytest.fixture
def open_card(fed: HandFed, qtbot: QtBot) -> Opener:
    """Opens the card of a request that has just arrived, and keeps it up to date."""

    def opened(asked: Event) -> RequestCard:
        fed.tell(asked, seconds_ago=134)
        card = RequestCard(fed.approvals, fed.bridge, fed.clock, MisclickGuard(1))

        def refresh() -> None:
            card.show_request(fed.store.request(fed.keys()[0]))
            card.decision.refresh()

        fed.bridge.changed.connect(refresh)
        refresh()
        open_page(card, qtbot, CARD)
        qtbot.waitUntil(card.isActiveWindow)
        lay_out()
        qtbot.waitUntil(lambda: not card.decision._guard.is_holding)
        return card

    return opened


def button(card: RequestCard, name: str) -> ActionButton:
    """A visible button of the card."""
    return see(card, name, ActionButton)


class TestWhatAReviewerSees:
    def test_the_facts_of_the_call(self, open_card: Opener) -> None:
        """Tool, risk, state, agent, who asked, where, since when, and every argument."""
        card = open_card(asks(risk=Risk.MEDIUM))
        words = words_in(card)
        for expected in ("transfer_funds", "treasury_agent", "m.okafor (claimed)", CONTEXT):
            assert expected in words
        assert "2 min 14 s, since" in words
        assert see(card, "request.state", PillLabel).text() == "Waiting for approval"
        assert "Medium risk" in [pill.text() for pill in card.findChildren(PillLabel)]
        assert card.arguments.as_text().count("ACME Tools Ltd") == 1
        assert "1250" in card.arguments.as_text()

    def test_the_clock_goes_on(self, open_card: Opener, fed: HandFed) -> None:
        """A reviewer sees how long somebody waits."""
        card = open_card(asks())
        fed.now_ms += 61_000
        card._on_second()
        assert "3 min 15 s, since" in words_in(card)

    def test_context_and_digest_can_be_copied_whole(self, open_card: Opener) -> None:
        """The card shows the beginning of the digest only."""
        card = open_card(asks())
        assert card.request is not None
        assert card.request.call.request is not None
        digest = card.request.call.request.args_digest
        assert digest not in words_in(card)
        assert digest[:20] in words_in(card)
        assert card.facts.digest.toolTip() == digest
        QTest.mouseClick(card.facts.digest._button, Qt.MouseButton.LeftButton)
        assert QGuiApplication.clipboard().text() == digest
        QTest.mouseClick(card.facts.context._button, Qt.MouseButton.LeftButton)
        assert QGuiApplication.clipboard().text() == CONTEXT

    def test_hidden_characters_are_seen(self, open_card: Opener) -> None:
        """A recipient that only looks like another one does not."""
        card = open_card(asks(args={"recipient": "ACME\u200b\u202eLtd"}))
        assert "⟨U+200B ZWSP⟩" in card.arguments.value_box("recipient").toPlainText()

    def test_arguments_without_names_are_shown_as_they_came(self, open_card: Opener) -> None:
        """A worker may ask about a list."""
        card = open_card(base_asks(args=["a", 1]))
        assert '"a"' in card.arguments.value_box("arguments").toPlainText()

    def test_a_long_name_of_a_tool_is_shown_whole(self, open_card: Opener) -> None:
        """The end may be what tells it from another tool."""
        name = "transfer_funds_between_accounts_without_any_further_check"
        card = open_card(asks(action=name))
        assert card._long_name.isVisible()
        assert card._long_name.toPlainText() == name

    def test_a_foreign_worker_is_warned_of(self, open_card: Opener) -> None:
        """It sends no digest, and cannot tell one decision from another."""
        card = open_card(base_asks())
        assert "This worker cannot verify decisions." in words_in(card)
        assert not card.facts.digest.isVisible()
        assert button(card, "request.approve").isEnabled()

    def test_a_requester_nobody_named_is_said_to_be_unknown(self, open_card: Opener) -> None:
        """The base package only knows that it was a human."""
        assert "not told by the worker" in words_in(open_card(base_asks()))

    def test_changed_arguments_can_only_be_rejected(self, open_card: Opener) -> None:
        """What is shown is not what the worker asked about."""
        card = open_card(asks(shown_args={"recipient": "Mallory", "amount": 1250}))
        assert "These are not the arguments the worker asked about." in words_in(card)
        approve = button(card, "request.approve")
        assert not approve.isEnabled()
        assert "not those the worker asked about" in approve.toolTip()
        assert "not those the worker asked about" in card.decision.why_not.text()
        assert button(card, "request.reject").isEnabled()

    def test_the_description_is_set_and_its_links_ask_first(self, open_card: Opener) -> None:
        """It is an agent's text like any other."""
        asked = asks()
        message = asked.body.message  # type: ignore[union-attr]
        assert isinstance(message, dict)
        message["description"] = "Pays a **supplier**. [Order](https://orders.example.invalid/1)"
        card = open_card(asked)
        assert card._description.toPlainText().startswith("Pays a supplier. Order")
        card._description.follow("https://orders.example.invalid/1")
        assert card._prompt.isVisible()

    def test_what_the_tool_said_is_shown(self, open_card: Opener, fed: HandFed) -> None:
        """And what an agent was told is not called a result."""
        card = open_card(asks())
        fed.tell(tool_answers("Paid, TR-20425."))
        fed.receive(receipt(Outcome.EXECUTED))
        assert card._result.toPlainText() == "Paid, TR-20425."
        assert "RESULT" in words_in(card)

    def test_what_a_person_opened_stays_open(self, open_card: Opener) -> None:
        """The state changes; the arguments are the same, and are not written again."""
        card = open_card(asks(args={"memo": "line\n" * 40}))
        press(card, "Expand (41 lines)")
        click(card, "request.approve")
        assert any(found.text() == "Fold" for found in card.findChildren(QPushButton))


class TestDeciding:
    def test_approve_sends_one_order_about_this_call(self, open_card: Opener, fed: HandFed) -> None:
        """Bound to the digest of what was shown, in the reviewer's name."""
        card = open_card(asks())
        click(card, "request.approve")
        (order,) = fed.outbox.decisions
        assert card.request is not None
        assert card.request.call.request is not None
        payload = order.payload
        assert isinstance(payload, dict)
        assert payload["type"] == "accept"
        approval = payload["approval"]
        assert isinstance(approval, dict)
        binding = approval["binding"]
        assert isinstance(binding, dict)
        assert binding["args_digest"] == card.request.call.request.args_digest
        assert binding["reviewer"] == {"id": "r.mora", "name": "Rosa Mora"}

    def test_after_the_click_it_is_sending_and_nothing_more(
        self, open_card: Opener, fed: HandFed
    ) -> None:
        """Only the worker says that a request is decided."""
        card = open_card(asks())
        click(card, "request.approve")
        assert see(card, "request.state", PillLabel).text() == "Sending"
        assert not button(card, "request.approve").isEnabled()
        assert not button(card, "request.reject").isEnabled()
        assert "on its way" in see(card, "request.outcome", TextLabel).text()

        fed.answer(Outcome.APPLIED)
        assert see(card, "request.state", PillLabel).text() == "Approved"
        assert not is_seen(card, "request.approve")
        fed.answer(Outcome.EXECUTED)
        outcome = see(card, "request.outcome", TextLabel).text()
        assert outcome == "Approved by r.mora. The worker ran it."

    def test_a_double_click_sends_one_order(self, open_card: Opener, fed: HandFed) -> None:
        """Also when the second click comes before anything was answered."""
        card = open_card(asks())
        approve = button(card, "request.approve")
        QTest.mouseClick(approve, Qt.MouseButton.LeftButton)
        QTest.mouseDClick(approve, Qt.MouseButton.LeftButton)
        QTest.mouseClick(approve, Qt.MouseButton.LeftButton)
        assert len(fed.outbox.decisions) == 1

    def test_a_reason_reaches_the_order(
        self, open_card: Opener, fed: HandFed, qtbot: QtBot
    ) -> None:
        """As it was written, over several lines."""
        card = open_card(asks())
        click(card, "request.reject")
        assert not is_seen(card, "request.approve")
        field = see(card, "request.reason", QPlainTextEdit)
        assert field.hasFocus()
        QTest.keyClicks(field, "Wrong amount")
        QTest.keyClick(field, Qt.Key.Key_Return)
        QTest.keyClicks(field, "ask the approver")
        assert fed.outbox.orders == []
        qtbot.waitUntil(button(card, "request.confirm_reject").isEnabled)
        click(card, "request.confirm_reject")
        (order,) = fed.outbox.decisions
        assert isinstance(order.payload, dict)
        assert order.payload["type"] == "reject"
        assert order.payload["message"] == "Wrong amount\nask the approver"
        assert not is_seen(card, "request.reason")

    def test_no_reason_is_needed(self, open_card: Opener, fed: HandFed, qtbot: QtBot) -> None:
        """A rejection stops the call, said or unsaid."""
        card = open_card(asks())
        click(card, "request.reject")
        confirm = button(card, "request.confirm_reject")
        qtbot.waitUntil(confirm.isEnabled)
        click(card, "request.confirm_reject")
        fed.answer(Outcome.APPLIED)
        assert see(card, "request.state", PillLabel).text() == "Rejected"

    def test_a_canned_reason_is_written_into_the_field(self, open_card: Opener) -> None:
        """It takes the place of another one, and follows what a person wrote."""
        card = open_card(asks())
        click(card, "request.reject")
        field = see(card, "request.reason", QPlainTextEdit)
        press(card, CANNED[0])
        press(card, CANNED[1])
        assert field.toPlainText() == CANNED[1]
        field.setPlainText("The order is from last year.")
        press(card, CANNED[0])
        assert field.toPlainText() == f"The order is from last year.\n{CANNED[0]}"

    def test_a_reason_that_was_begun_is_kept(self, open_card: Opener) -> None:
        """Cancel sends nothing and throws nothing away."""
        card = open_card(asks())
        click(card, "request.reject")
        QTest.keyClicks(see(card, "request.reason", QPlainTextEdit), "Because")
        click(card, "request.cancel_reject")
        assert is_seen(card, "request.approve")
        click(card, "request.reject")
        assert see(card, "request.reason", QPlainTextEdit).toPlainText() == "Because"

    def test_a_reason_that_is_too_long_is_not_cut_in_silence(self, open_card: Opener) -> None:
        """The reviewer shortens it."""
        card = open_card(asks())
        click(card, "request.reject")
        see(card, "request.reason", QPlainTextEdit).setPlainText("x" * 4001)
        card.decision.refresh()
        assert not button(card, "request.confirm_reject").isEnabled()
        assert "4,001 characters; 4,000 at most." in words_in(card)

    def test_enter_never_approves(self, open_card: Opener, fed: HandFed) -> None:
        """On no desktop, even with the keyboard on the button; Space does press it."""
        card = open_card(asks())
        approve = button(card, "request.approve")
        approve.setFocus()
        QTest.keyClick(approve, Qt.Key.Key_Return)
        QTest.keyClick(approve, Qt.Key.Key_Enter)
        assert not approve.isDefault()
        assert not approve.autoDefault()
        assert fed.outbox.orders == []
        QTest.keyClick(approve, Qt.Key.Key_Space)
        assert len(fed.outbox.orders) == 1

    def test_decided_elsewhere_takes_the_buttons_away(
        self, open_card: Opener, fed: HandFed
    ) -> None:
        """Also while a reason is being written, and says by whom."""
        card = open_card(asks())
        click(card, "request.reject")
        fed.receive(receipt(Outcome.EXECUTED, reviewer="l.park"))
        assert not is_seen(card, "request.reject")
        assert not is_seen(card, "request.confirm_reject")
        assert "l.park" in see(card, "request.outcome", TextLabel).text()

    def test_a_refusal_is_explained_and_the_reviewer_may_decide_again(
        self, open_card: Opener, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The worker did not take the decision; nothing ran."""
        card = open_card(asks())
        click(card, "request.approve")
        fed.answer("refused:mismatch")
        assert "does not match" in see(card, "request.outcome", TextLabel).text()
        qtbot.waitUntil(button(card, "request.approve").isEnabled)

    def test_without_a_broker_nothing_can_be_decided(self, open_card: Opener, fed: HandFed) -> None:
        """The buttons say why, and come back with the link."""
        card = open_card(asks())
        fed.offline()
        assert not button(card, "request.approve").isEnabled()
        assert not button(card, "request.reject").isEnabled()
        assert "The broker is not reachable." in card.decision.why_not.text()
        fed.online_again()
        assert button(card, "request.approve").isEnabled()
        assert not card.decision.why_not.isVisible()

    def test_what_cannot_be_read_cannot_be_approved(self, open_card: Opener) -> None:
        """Deeper than anybody can show."""
        deep: JSON = []
        for _ in range(100_000):
            deep = [deep]
        card = open_card(base_asks(args={"odd": deep}))
        assert not button(card, "request.approve").isEnabled()
        assert "Not all of the arguments can be shown." in card.decision.why_not.text()
        assert button(card, "request.reject").isEnabled()

    def test_the_keyboard_is_not_lost_with_the_button(
        self, open_card: Opener, qtbot: QtBot
    ) -> None:
        """Whoever holds the card puts it somewhere sensible."""
        card = open_card(asks())
        button(card, "request.approve").setFocus()
        with qtbot.waitSignal(card.focus_freed):
            QTest.keyClick(button(card, "request.approve"), Qt.Key.Key_Space)


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("width", [300, 388, 540])
def test_nothing_is_cut_off_and_everything_is_named(
    open_card: Opener, dressed: QApplication, qtbot: QtBot, theme: Theme, width: int
) -> None:
    """In every width a window gives it, with long values, with the reason open."""
    apply_theme(dressed, theme)
    args: JSON = {"memo": "Quarterly settlement. " * 12, "a_long_name_of_an_argument": None}
    card = open_card(asks(args=args))
    card.resize(width, 640)
    assert cut_off(card) == []
    assert unnamed_or_without_ring(card, qtbot) == []
    click(card, "request.reject")
    assert cut_off(card) == []


def test_a_huge_call_scrolls_and_its_buttons_stay_in_sight(open_card: Opener) -> None:
    """As large as a worker may send."""
    args: dict[str, JSON] = {f"name_{number}": number for number in range(40)}
    args["blob"] = "0123456789abcdef" * (MAX_ARGS_BYTES // 16 - 60)
    card = open_card(asks(args=args))
    approve = button(card, "request.approve")
    assert approve.mapTo(card, approve.rect().bottomRight()).y() <= card.height()
    assert card._area.verticalScrollBar().maximum() > 0


def test_the_words_of_an_agent_are_not_markup(open_card: Opener, fed: HandFed) -> None:
    """Neither in a name nor in an argument."""
    fed.tell(agent_says("x"))
    card = open_card(base_asks(action="<b>pay</b>", args={"<i>to</i>": "<img src=file:///x>"}))
    assert "<b>pay</b>" in words_in(card)
    assert "<i>to</i>" in words_in(card)
