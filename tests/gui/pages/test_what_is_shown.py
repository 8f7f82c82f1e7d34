"""A decision goes to the request that is shown, whatever is wrong with that one or goes wrong."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.store.records import RequestKey
from desktop.views.approvals.page import ApprovalsPage
from desktop.views.approvals.request_card import RequestCard
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.transcript_view import TranscriptView
from tests.gui.pages.approving import key, opened, shown
from tests.gui.pages.seeing import click, is_seen, lay_out, open_page, press, see, words_in
from tests.support.hand_fed import NOW_MS, HandFed
from tests.support.scenes import CALL, base_asks, human_says

DAY_MS = 86_400_000
#: The latest time an id of the broker can name; no calendar reaches so far.
FAR = 18_446_744_073_709_551_614
DANGEROUS, HARMLESS = RequestKey("c-dangerous", CALL), RequestKey("c-harmless", CALL)


@pytest.fixture
def two(fed: HandFed) -> HandFed:
    """One call that must not run, and one of a time that no clock shows."""
    pay = {"recipient": "Mallory", "amount": 999_999}
    fed.tell_at(f"{NOW_MS}-1", base_asks(args=pay, context_id=DANGEROUS.context_id))
    fed.tell_at(f"{FAR}-1", human_says("Pay the cleaning.", context_id=HARMLESS.context_id))
    harmless = base_asks(args={"recipient": "Cleaning"}, context_id=HARMLESS.context_id)
    return fed.tell_at(f"{FAR}-2", harmless).online_again()


class Stopped:
    """A clock that fails when it is told to."""

    def __init__(self) -> None:
        self.is_broken = False

    def __call__(self) -> int:
        """The time, if it goes."""
        if self.is_broken:
            raise OverflowError("no such time")
        return NOW_MS


def keys_sent(fed: HandFed) -> list[RequestKey]:
    """Which requests were decided on."""
    return [order.key for order in fed.outbox.decisions]


def reject(page: ApprovalsPage | RequestCard, qtbot: QtBot) -> None:
    """Reject what is shown, without a reason."""
    click(page, "request.reject")
    card = page if isinstance(page, RequestCard) else page.card
    qtbot.waitUntil(lambda: not card.decision.is_holding)
    press(page, "Confirm reject")


def test_a_request_of_a_time_no_clock_shows_is_a_request_like_others(
    two: HandFed, qtbot: QtBot
) -> None:
    """The broker takes such ids from anybody: card and transcript say that the time is unknown."""
    page = opened(two, qtbot)
    page.open_request(DANGEROUS)
    qtbot.waitUntil(lambda: not page.card.decision.is_holding)
    page.open_request(HARMLESS)
    lay_out()

    assert "time unknown" in words_in(page.card)
    assert "Pay the cleaning." in see(page, "approvals.transcript", TranscriptView).toPlainText()
    qtbot.waitUntil(lambda: not page.card.decision.is_holding)
    reject(page, qtbot)
    assert keys_sent(two) == [HARMLESS]


def test_what_could_not_be_shown_cannot_be_decided_on(two: HandFed, qtbot: QtBot) -> None:
    """Nor can the request before it, which somebody may still have in mind; the card says so."""
    clock = Stopped()
    card = RequestCard(two.approvals, two.bridge, clock, MisclickGuard(1))
    card.show_request(two.store.request(DANGEROUS))
    open_page(card, qtbot, (388, 800))
    qtbot.waitUntil(lambda: not card.decision.is_holding)

    clock.is_broken = True
    with pytest.raises(OverflowError):
        card.show_request(two.store.request(HARMLESS))
    lay_out()
    assert "This request cannot be shown" in words_in(card)
    assert "Mallory" not in words_in(card)
    assert not is_seen(card, "request.approve")
    for letter in (Qt.Key.Key_A, Qt.Key.Key_R):
        key(card, letter)
    card.decision.press_approve()
    card.decision.press_reject()
    assert not is_seen(card, "request.confirm_reject")

    clock.is_broken = False
    card.show_request(two.store.request(DANGEROUS))
    qtbot.waitUntil(lambda: not card.decision.is_holding)
    assert "This request cannot be shown" not in words_in(card)
    reject(card, qtbot)
    assert keys_sent(two) == [DANGEROUS]


def test_buttons_that_stand_under_another_request_do_nothing(two: HandFed, qtbot: QtBot) -> None:
    """Should they ever: what is sent is compared with what is rendered."""
    card = RequestCard(two.approvals, two.bridge, two.clock, MisclickGuard(1))
    card.show_request(two.store.request(HARMLESS))
    open_page(card, qtbot, (388, 800))
    card.decision.show_request(two.store.request(DANGEROUS))
    qtbot.waitUntil(lambda: not card.decision.is_holding)

    assert not see(card, "request.reject", type(card.decision.buttons.reject)).isEnabled()
    assert "not the request that is shown" in words_in(card)


@pytest.mark.parametrize(
    ("entry", "row_says", "card_says"),
    [
        (NOW_MS + DAY_MS, "Its clock is ahead by 1d", "clock ahead by 1d, "),
        (FAR, "Its time cannot be right", "time unknown"),
        (NOW_MS - 2 * DAY_MS, "", "2 d 0 h, since 2026-02-"),
    ],
)
def test_a_time_that_is_not_of_today_is_told_as_such(
    fed: HandFed, qtbot: QtBot, entry: int, row_says: str, card_says: str
) -> None:
    """Neither "now" nor a time of day without its date: the row and the card say what is off."""
    fed.tell_at(f"{entry}-1", base_asks(args={"amount": 5}))
    page = opened(fed.online_again(), qtbot)
    page.open_oldest_waiting()
    assert shown(page)[0].problem == row_says
    assert card_says in words_in(page.card.facts)
