"""Half a second in which a click counts for nothing."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.views.approvals.request_card import RequestCard
from desktop.views.parts.guard import GUARD_MS, MisclickGuard
from tests.gui.pages.seeing import (
    click,
    lay_out,
    open_page,
    see,
)
from tests.support.hand_fed import HandFed
from tests.support.scenes import ARGS, asks
from workers.wire.approvals import DecisionKind

CARD = (388, 800)


def test_a_card_that_has_just_come_takes_no_click(fed: HandFed, qtbot: QtBot) -> None:
    """For half a second; a click on its way down must not approve what it meets."""
    fed.tell(asks())
    card = RequestCard(fed.approvals, fed.bridge, fed.clock)
    began = time.monotonic()
    card.show_request(fed.store.request(fed.keys()[0]))
    open_page(card, qtbot, CARD)
    approve = see(card, "request.approve", QPushButton)
    assert not approve.isEnabled()
    QTest.mouseClick(approve, Qt.MouseButton.LeftButton)
    card.decision._decide(DecisionKind.APPROVE)
    assert fed.outbox.orders == []
    qtbot.waitUntil(approve.isEnabled)
    assert time.monotonic() - began >= GUARD_MS / 1000 * 0.9
    QTest.mouseClick(approve, Qt.MouseButton.LeftButton)
    assert len(fed.outbox.orders) == 1


def test_another_call_starts_it_again(fed: HandFed, qtbot: QtBot) -> None:
    """The reviewer moved on with J and clicks out of habit."""
    fed.tell(asks(call="a"), asks(call="b", args={**ARGS, "amount": 9999}))
    first, second = fed.keys()
    guard = MisclickGuard(60_000)
    card = RequestCard(fed.approvals, fed.bridge, fed.clock, guard)
    card.show_request(fed.store.request(first))
    open_page(card, qtbot, CARD)
    lay_out()
    guard._timer.stop()
    guard.released.emit()
    assert see(card, "request.approve", QPushButton).isEnabled()
    card.show_request(fed.store.request(second))
    assert not see(card, "request.approve", QPushButton).isEnabled()


def test_a_press_before_and_a_release_after_is_no_click(fed: HandFed, qtbot: QtBot) -> None:
    """The call changed under the finger."""
    fed.tell(asks(call="a"), asks(call="b"))
    first, second = fed.keys()
    guard = MisclickGuard(60_000)
    card = RequestCard(fed.approvals, fed.bridge, fed.clock, guard)
    card.show_request(fed.store.request(first))
    open_page(card, qtbot, CARD)
    lay_out()
    guard._timer.stop()
    guard.released.emit()
    approve = see(card, "request.approve", QPushButton)
    QTest.mousePress(approve, Qt.MouseButton.LeftButton)
    card.show_request(fed.store.request(second))
    guard._timer.stop()
    guard.released.emit()
    QTest.mouseRelease(approve, Qt.MouseButton.LeftButton)
    assert fed.outbox.orders == []


def test_a_double_click_on_reject_does_not_confirm(fed: HandFed, qtbot: QtBot) -> None:
    """The panel opens; what stands in it waits as well."""
    fed.tell(asks())
    guard = MisclickGuard(60_000)
    card = RequestCard(fed.approvals, fed.bridge, fed.clock, guard)
    card.show_request(fed.store.request(fed.keys()[0]))
    open_page(card, qtbot, CARD)
    click(card, "request.reject")
    click(card, "request.confirm_reject")
    assert fed.outbox.orders == []
