"""Scenes in which calls are halted."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from desktop.store.facts import HaltsSeen
from desktop.store.halts import Halt, HaltProof, Halts
from desktop.views.main_window import MainWindow
from desktop.views.page import Page
from desktop.views.parts.buttons import ActionButton
from tests.gui.pages.monitored import at_work
from tests.gui.pages.seeing import click, see
from tests.gui.pages.signed import signs
from tests.support.hand_fed import HandFed

_Stage = tuple[MainWindow, HandFed, QtBot]


def halts(stage: _Stage) -> None:
    """Two standing halts, one of them about to be lifted."""
    window, fed, _ = stage
    at_work(signs(fed))
    at_ms = fed.now_ms - 18 * 60_000
    payees = Halt(
        "agent:treasury_agent",
        "Dana Reyes",
        at_ms,
        "Payee file under review; nothing leaves until it is signed off.",
        at_ms,
        HaltProof.PROVEN,
        keepers=2,
    )
    drill = Halt("context:c-office-supplies", "root", at_ms, "drill", 0, HaltProof.UNSIGNED)
    fed.feed(HaltsSeen(Halts((payees, drill))))
    window.show_page(Page.AGENTS)
    click(window, "monitor.halts")
    see(window, "halts.new.reason", QLineEdit).setText("Month-end freeze")
    window.findChildren(ActionButton, "halt.lift")[0].click()


def halted_conversation(stage: _Stage) -> None:
    """A conversation whose agent's calls are halted."""
    window = stage[0]
    halts(stage)
    window.show_page(Page.CONVERSATIONS)
    known = [one for one in stage[1].store.contexts() if one.agent == "treasury_agent"]
    window.conversations.open_context(known[0].context_id)


def halted_request(stage: _Stage) -> None:
    """A request of an agent whose calls are halted."""
    halts(stage)
    stage[0].open_oldest_waiting()


HALT_SCENES = (halts, halted_conversation, halted_request)
