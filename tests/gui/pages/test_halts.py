"""What is halted, as a person sees it, and halting and lifting with a reason."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from desktop.actions.ports import SayHalt, Unlock
from desktop.audit.entries import AuditKind
from desktop.store.facts import HaltSaid, HaltsSeen, SigningChanged
from desktop.store.halts import Halt, HaltPlace, HaltProof, Halts, HaltState
from desktop.store.signing import Signing, SigningState
from desktop.views.main_window import USUAL, MainWindow
from desktop.views.page import Page
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.decision_button import DecisionButton
from desktop.views.status_line import PressableState
from tests.gui.pages.seeing import click, is_seen, lay_out, open_page, press, see, words_in
from tests.gui.pages.signed import CONTEXT, ROSA, asks_signed, signs
from tests.support.hand_fed import HandFed

HALT = Halt(
    scope="all",
    by="Dana Reyes",
    at_ms=1_790_000_000_000,
    reason="payee file under review",
    serial=1_790_000_000_000,
    proof=HaltProof.PROVEN,
    keepers=2,
)


def _halted(fed: HandFed, *halts: Halt) -> None:
    fed.feed(HaltsSeen(Halts(halts)))
    lay_out()


def _said(fed: HandFed) -> list[SayHalt]:
    return [order for order in fed.outbox.orders if isinstance(order, SayHalt)]


@pytest.fixture
def window(fed: HandFed, qtbot: QtBot) -> MainWindow:
    """Rosa's, whose key is open; a payment waits."""
    signs(fed.tell(asks_signed()).serve("treasury_agent", "transfer_funds"))
    made = MainWindow(fed.store, fed.bridge, fed.approvals, fed.conversations, fed.desk, fed.clock)
    open_page(made, qtbot, (USUAL.width(), USUAL.height()))
    qtbot.waitUntil(made.isActiveWindow)
    return made


def test_a_halt_is_in_sight_on_every_page_and_gone_when_it_is_lifted(
    window: MainWindow, fed: HandFed
) -> None:
    """The status line leads to who halted, when and why; a conversation says it, too."""
    assert not is_seen(window, "halts.state")

    _halted(fed, HALT)
    window.show_page(Page.CONVERSATIONS)
    window.conversations.open_context(CONTEXT)
    assert "All calls are halted by Dana Reyes: payee file under review" in words_in(window)
    see(window, "halts.state", PressableState).pressed.emit()
    lay_out()

    words = words_in(window.agents)
    for part in ("payee file under review", "By Dana Reyes, ", "2 workers keep it"):
        assert part in words
    _halted(fed)
    assert "Nothing is halted." in words_in(window.agents)
    assert not is_seen(window, "halts.state")


def test_what_cannot_be_believed_is_shown_as_that(window: MainWindow, fed: HandFed) -> None:
    """Hidden characters in it, too: anybody may have written it."""
    _halted(
        fed,
        Halt("all", "r\u202eoot", reason="a\u200bb", proof=HaltProof.UNSIGNED),
        Halt("agent:a", "r.mora", proof=HaltProof.UNTRUSTED, doubt="It is not what was signed."),
        Halt("context:c"),
    )
    _open(window)

    words = words_in(window.agents)
    assert "\u202e" not in words
    assert "\u200b" not in words
    for part in ("Nobody signed it", "It is not what was signed.", "cannot be read"):
        assert part in words
    assert "By somebody who calls themselves r.mora" in words


def test_a_reviewer_halts_with_a_reason_and_never_by_enter(
    window: MainWindow, fed: HandFed
) -> None:
    """What leaves is signed, names the scope, and has its record with it."""
    _open(window)
    button = see(window, "halts.new.confirm", DecisionButton)
    assert not button.isEnabled()
    see(window, "halts.which", ChoiceBox).setCurrentIndex(1)
    field = see(window, "halts.new.reason", QLineEdit)
    QTest.keyClicks(field, "drill")
    QTest.keyClick(field, Qt.Key.Key_Return)
    QTest.keyClick(button, Qt.Key.Key_Return)
    assert _said(fed) == []

    press(window, "Halt these calls")

    [order] = _said(fed)
    assert (order.statement.scope, order.statement.reason) == ("agent:treasury_agent", "drill")
    assert (order.sign, order.statement.lifted) == (True, False)
    assert (order.record.kind, order.record.agent) == (AuditKind.HALT_SET, "treasury_agent")
    assert "It is on its way." in words_in(window.agents)
    fed.feed(
        HaltSaid(
            "agent:treasury_agent",
            HaltState(is_sending=False, title="The broker refused.", hint="Ask."),
        )
    )
    assert "The broker refused. Ask." in words_in(window.agents)


def test_lifting_asks_why_and_for_the_passphrase(
    window: MainWindow, fed: HandFed, qtbot: QtBot
) -> None:
    """Its number is above that of the halt, so that the workers that keep it take it."""
    ahead = replace(HALT, serial=int(time.time() * 1000) + 90_000, place=HaltPlace.KEPT)
    _halted(fed, ahead)
    signs(fed, state=SigningState.LOCKED)
    _open(window)
    assert "taken away at the broker without a signed lift" in words_in(window.agents)

    click(window, "halt.lift")
    QTest.keyClicks(see(window, "halt.lifting.reason", QLineEdit), "checked")
    qtbot.waitUntil(see(window, "halt.lifting.confirm", DecisionButton).isEnabled)
    press(window, "Lift the halt")
    QTest.keyClicks(see(window, "halt.lifting.passphrase.field", QLineEdit), "open sesame")
    click(window, "halt.lifting.passphrase.unlock")
    assert [type(order) for order in fed.outbox.orders] == [Unlock]
    fed.feed(SigningChanged(Signing(SigningState.OPEN, ROSA, unlocks=1, fresh=True)))

    [order] = _said(fed)
    assert order.statement.lifted
    assert order.statement.serial == ahead.serial + 1
    assert order.record.kind is AuditKind.HALT_LIFTED


def _open(window: MainWindow) -> None:
    window.show_page(Page.AGENTS)
    click(window.agents, "monitor.halts")
    lay_out()
