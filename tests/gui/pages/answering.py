"""What a reviewer does to answer: look, begin, write, send.

The only place where tests of answers know how a form is filled in and what left.
"""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.store.records import RequestKey
from desktop.views.approvals.page import ApprovalsPage
from desktop.views.parts.labels import TextLabel
from tests.gui.pages.approving import rows
from tests.gui.pages.seeing import click, see
from tests.support.hand_fed import HandFed
from workers.wire.approvals import DecisionKind, read_decision
from workers.wire.canonical import JSON

CONTEXT = "c-invoice-1190"


def look(page: ApprovalsPage, request: RequestKey, qtbot: QtBot) -> None:
    """Open a request and wait until a click would count."""
    page.open_request(request)
    rows(page).setFocus()
    settle(page, qtbot)


def settle(page: ApprovalsPage, qtbot: QtBot) -> None:
    """Wait until the moment against misclicks is over, and everything has its place."""
    qtbot.waitUntil(lambda: not page.card.decision.is_holding)
    QApplication.processEvents()


def begin(page: ApprovalsPage, button: str, qtbot: QtBot) -> None:
    """Open what a button opens."""
    click(page, button)
    settle(page, qtbot)


def write(page: ApprovalsPage, name: str, words: str) -> None:
    """Fill in a field of the form."""
    match see(page, f"request.field.{name}", QWidget):
        case QLineEdit() as line:
            line.setText(words)
        case QPlainTextEdit() as text:
            text.setPlainText(words)
        case QComboBox() as box:
            box.setCurrentText(words)


def problem(page: ApprovalsPage, name: str) -> str:
    """What is said beside a field."""
    return see(page, f"request.problem.{name}", TextLabel).text()


def sent(fed: HandFed) -> JSON:
    """The one payload that left."""
    [order] = fed.outbox.decisions
    return order.payload


def answered(fed: HandFed) -> JSON:
    """The structured answer that left."""
    decision = read_decision(sent(fed))
    assert decision.kind is DecisionKind.RESPOND
    return decision.args
