"""Read-only mode: everything is shown, nothing can be sent, and each control says why."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.errors import NotAllowedNow
from desktop.store.records import DecisionKind
from desktop.views.main_window import MainWindow
from desktop.views.page import Page
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.tips import tip
from desktop.views.settings.page import SettingsPage
from tests.gui.pages.approving import read_on
from tests.gui.pages.morning import RECORD, morning
from tests.gui.pages.seeing import click, cut_off, is_seen, lay_out, open_page, see, words_in
from tests.support.hand_fed import HandFed

WHY = "This console is read-only: it sends nothing. Turn read-only mode off in Settings."


@pytest.fixture
def window(fed: HandFed, qtbot: QtBot) -> MainWindow:
    """A morning's requests and conversations, in a console that only looks."""
    fed.read_only()
    shown = MainWindow(
        morning(fed).store, fed.bridge, fed.approvals, fed.conversations, fed.desk, fed.clock
    )
    return open_page(shown, qtbot, (900, 640))


def refuses(button: ActionButton) -> bool:
    """Whether it cannot be pressed, and says why to the eye and to a screen reader."""
    told = (button.toolTip(), button.accessibleDescription())
    return not button.isEnabled() and told == (tip(WHY), WHY)


def test_no_decision_can_be_made(window: MainWindow, fed: HandFed, qtbot: QtBot) -> None:
    """The card is shown whole; each button of it says why it cannot be pressed."""
    window.open_oldest_waiting()
    approve = see(window, "request.approve", ActionButton)

    assert refuses(approve)
    assert refuses(see(window, "request.reject", ActionButton))
    assert WHY in see(window, "request.why_not", QLabel).text()

    fed.read_only(wanted=False)
    read_on(window, qtbot)
    qtbot.waitUntil(approve.isEnabled)
    assert approve.accessibleDescription() == "Key: A"


def test_nothing_can_be_written(window: MainWindow, fed: HandFed) -> None:
    """Neither in a conversation nor to begin one; what was typed stays."""
    window.open_context(RECORD)
    see(window, "composer.text", QPlainTextEdit).setPlainText("Please wait.")
    assert refuses(see(window, "composer.send", ActionButton))

    window.conversations.begin_with("treasury_agent")
    see(window, "new.text", QPlainTextEdit).setPlainText("Pay nobody.")
    assert see(window, "new.agent", QComboBox).currentText() == "treasury_agent"
    assert refuses(see(window, "new.start", ActionButton))
    assert fed.outbox.orders == []


def test_no_action_sends_anything_whoever_calls_it(fed: HandFed) -> None:
    """The rule holds below the window: commands meet it, too."""
    morning(fed).read_only()
    waiting = fed.keys()
    for key in waiting:
        with pytest.raises(NotAllowedNow):
            fed.approvals.decide(key, DecisionKind.REJECT)
    with pytest.raises(NotAllowedNow, match="read-only"):
        fed.conversations.start("treasury_agent", "Pay everybody.")
    assert fed.outbox.orders == []


def test_it_is_in_sight_on_every_page(window: MainWindow, fed: HandFed) -> None:
    """The line at the lower edge says so, and leads to where it can be changed."""
    for page in Page:
        window.show_page(page)
        assert see(window, "read_only.state", QWidget).accessibleName() == "Mode: Read-only"
        lay_out()
        assert cut_off(window) == []
    window.show_page(Page.AGENTS)
    click(window, "read_only.state")
    assert window.page is Page.SETTINGS

    fed.read_only(wanted=False)
    assert not is_seen(window, "read_only.state")


def test_it_is_chosen_in_the_settings(fed: HandFed, qtbot: QtBot) -> None:
    """At once, and back."""
    page = open_page(SettingsPage(fed.store, fed.bridge, fed.desk), qtbot)
    box = see(page, "settings.read_only", QCheckBox)
    for _ in range(2):
        box.click()

    assert fed.desk.asked == [("only_read", True), ("only_read", False)]
    assert "Workers on this computer do not start with it" in words_in(page)
