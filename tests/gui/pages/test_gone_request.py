"""A request that goes while its card is open: the reviewer is told, and nothing outlives it."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from desktop.store.facts import CaughtUp, ContextReset, Fact, Forgotten
from desktop.store.records import RequestKey
from desktop.views.approvals.page import ApprovalsPage
from desktop.views.parts.buttons import ActionButton
from tests.gui.pages.approving import opened, rows
from tests.gui.pages.seeing import choose, click, is_seen, lay_out, see, words_in
from tests.support import scenes
from tests.support.hand_fed import HandFed
from tests.support.learning import arrived
from workers.wire.approvals import DecisionKind

PAYS, OTHER = "c-pays", "c-other"
_ALLOWED = (DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.EDIT)
RESET = ContextReset(PAYS, "The conversation was begun anew at the broker.")
EMPTIED = Forgotten("The broker was emptied.")


def asks(fed: HandFed, recipient: str, amount: int, seconds_ago: float = 100) -> None:
    """A call under the tool call id that the model uses each time."""
    args: dict[str, object] = {"recipient": recipient, "amount": amount}
    fed.tell(scenes.asks(context_id=PAYS, args=args, allowed=_ALLOWED), seconds_ago=seconds_ago)


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> ApprovalsPage:
    """Two requests wait; the one that pays is open."""
    asks(fed, "Old Ltd", 5)
    fed.tell(scenes.asks(context_id=OTHER, allowed=_ALLOWED), seconds_ago=50)
    page = opened(fed, qtbot)
    go_to(page, qtbot)
    return page


def go_to(page: ApprovalsPage, qtbot: QtBot) -> None:
    """Choose the request that pays."""
    page.open_request(RequestKey(PAYS, scenes.CALL))
    lay_out()
    qtbot.waitUntil(lambda: not page.card.decision.is_holding)


def edit(page: ApprovalsPage) -> QLineEdit:
    """Open the form. Returns the field of the recipient."""
    click(page, "request.edit")
    lay_out()
    return see(page, "request.field.recipient", QLineEdit)


@pytest.mark.parametrize("fact", [RESET, EMPTIED], ids=["begun-anew", "emptied"])
def test_what_was_filled_in_for_one_request_never_opens_in_another(
    page: ApprovalsPage, fed: HandFed, qtbot: QtBot, fact: Fact
) -> None:
    """The same tool call id names another call now: its form shows that call, and no other."""
    edit(page).setText("Mallory Ltd")
    fed.feed(fact)
    fed.online_again()
    asks(fed, "New GmbH", 7000, seconds_ago=1)
    go_to(page, qtbot)

    assert edit(page).text() == "New GmbH"
    click(page, "request.cancel_form")
    click(page, "request.reject")
    assert see(page, "request.reason", QPlainTextEdit).toPlainText() == ""


def test_another_call_that_takes_its_name_at_once_is_not_decided_by_what_was_begun(
    page: ApprovalsPage, fed: HandFed
) -> None:
    """Both in one moment: the form closes, and a person has to go to the new request."""
    edit(page).setText("Mallory Ltd")
    event = scenes.asks(context_id=PAYS, args={"recipient": "New GmbH"}, allowed=_ALLOWED)
    fed.feed(RESET, *arrived(event, f"{fed.now_ms}-99", {}))
    lay_out()

    assert page.card.request is None
    assert is_seen(page, "request.gone")
    assert "Mallory Ltd" in see(page, "request.gone.written", QPlainTextEdit).toPlainText()
    assert fed.outbox.decisions == []


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (RESET, RESET.title),
        (CaughtUp(frozenset({OTHER})), "The broker no longer holds its conversation."),
        (EMPTIED, EMPTIED.title),
    ],
    ids=["begun-anew", "gone", "emptied"],
)
def test_a_request_that_goes_while_it_is_decided_on_is_said_to_be_gone(
    page: ApprovalsPage, fed: HandFed, qtbot: QtBot, fact: Fact, why: str
) -> None:
    """Which one and why, what was written can be copied, and there is nothing to press."""
    click(page, "request.reject")
    see(page, "request.reason", QPlainTextEdit).setPlainText("Not the payee of the invoice")
    fed.feed(fact)
    lay_out()

    words = words_in(page)
    assert "The request you had open is gone" in words
    assert f"{scenes.ACTION}, asked by {scenes.AGENT}. {why}" in words
    written = see(page, "request.gone.written", QPlainTextEdit)
    assert written.toPlainText() == "Not the payee of the invoice"
    assert written.isReadOnly()
    gone = written.parentWidget()
    assert gone is not None
    assert not [one for one in gone.findChildren(ActionButton) if one.isVisible()]
    assert not is_seen(page, "request.confirm_reject")
    assert fed.outbox.decisions == []

    page.back()
    assert not is_seen(page, "request.gone"), "Escape puts it away"


def test_a_draft_waits_for_its_own_request(page: ApprovalsPage, fed: HandFed, qtbot: QtBot) -> None:
    """Whoever looks at another one meanwhile goes on where they were."""
    edit(page).setText("Harbour Freight")
    choose(rows(page), RequestKey(OTHER, scenes.CALL))
    go_to(page, qtbot)
    assert edit(page).text() == "Harbour Freight"
