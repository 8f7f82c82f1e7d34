"""The approvals page as a reviewer uses it: opened, read and pressed.

The only place where tests of deciding open that page.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import ROW_ROLE, Row
from desktop.store.records import RequestKey
from desktop.views.approvals.page import ApprovalsPage
from desktop.views.approvals.request_card import RequestCard
from desktop.views.parts.fitting_area import FittingArea
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.list_view import RowList
from tests.gui.pages.morning import DOSE, INVOICE, OUTSIDE, RECORD, REFUND
from tests.gui.pages.seeing import (
    USUAL_PAGE,
    lay_out,
    open_page,
    see,
)
from tests.support.hand_fed import HandFed

TRANSFER = RequestKey(INVOICE, "inv-call-2")
RELEASE = RequestKey(RECORD, "call-1")
WAITING = [
    TRANSFER,
    RELEASE,
    RequestKey(DOSE, "call-1"),
    RequestKey(OUTSIDE, "out-1"),
    RequestKey(REFUND, "call-1"),
]


def opened(
    fed: HandFed, qtbot: QtBot, size: tuple[int, int] = USUAL_PAGE, guard_ms: int = 1
) -> ApprovalsPage:
    """The page in the active window, with a guard that does not make tests wait."""
    guard = MisclickGuard(guard_ms)
    made = ApprovalsPage(
        fed.store, fed.bridge, fed.approvals, fed.conversations.transcripts, fed.clock, guard
    )
    open_page(made, qtbot, size)
    qtbot.waitUntil(made.isActiveWindow)  # keys act in the active window only
    return made


def rows(page: ApprovalsPage) -> RowList:
    """The list of requests."""
    return see(page, "approvals.list", RowList)


def shown(page: ApprovalsPage) -> list[Row]:
    """What the rows say."""
    model = rows(page).model()
    return [model.index(at, 0).data(ROW_ROLE) for at in range(model.rowCount())]


def ready(page: ApprovalsPage, qtbot: QtBot) -> None:
    """Read to the end, and wait until a click would count."""
    read_on(page, qtbot)
    qtbot.waitUntil(page.card.decision.buttons.approve.isEnabled)


def read_on(page: QWidget, qtbot: QtBot) -> None:
    """Scroll through the card as far as it goes, and back to its beginning."""
    card = page if isinstance(page, RequestCard) else page.findChild(RequestCard, "request.card")
    assert isinstance(card, RequestCard)
    area = card.findChild(FittingArea)
    assert isinstance(area, FittingArea)
    bar = area.verticalScrollBar()
    while True:
        lay_out()
        if bar.value() >= bar.maximum():
            break
        bar.setValue(bar.value() + max(20, bar.pageStep() // 2))
    bar.setValue(0)
    qtbot.waitUntil(lambda: bar.value() == 0)


def key(page: QWidget, which: Qt.Key) -> None:
    """Press a key wherever the keyboard is."""
    QTest.keyClick(QApplication.focusWidget() or page, which)
