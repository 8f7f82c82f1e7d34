"""The question for the passphrase: asked in place, answered once, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.actions.ports import Unlock
from desktop.actions.signing import SigningActions
from desktop.settings import Theme
from desktop.store.facts import SigningChanged
from desktop.store.signing import Identity, Signing, SigningState
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.passphrase_prompt import PassphrasePrompt
from desktop.views.theme import apply_theme
from tests.gui.pages.seeing import click, is_seen, open_page, see, words_in
from tests.support.hand_fed import HandFed

SECRET = "an invented passphrase"
LOCKED = Signing(SigningState.LOCKED, Identity("r.mora", "Rosa Mora", ("treasury",)))


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[None]:
    """Parts refuse to be built without a theme."""
    apply_theme(qapp, Theme.LIGHT)
    return


@pytest.fixture
def fed() -> HandFed:
    """A desk whose key is locked."""
    return HandFed().feed(SigningChanged(LOCKED))


@pytest.fixture
def prompt(fed: HandFed, qtbot: QtBot) -> PassphrasePrompt:
    """It asks, in the active window."""
    made = PassphrasePrompt(SigningActions(fed.store, fed.outbox), fed.bridge, fed.clock)
    open_page(made, qtbot, (380, 260))
    made.ask("Give your passphrase to approve.")
    return made


def test_the_right_passphrase_goes_on(prompt: PassphrasePrompt, fed: HandFed, qtbot: QtBot) -> None:
    """With Enter in the field; it is not kept, and nothing is asked twice meanwhile."""
    assert "Rosa Mora (r.mora)" in words_in(prompt)
    assert prompt.field.hasFocus()
    QTest.keyClicks(prompt.field, SECRET)
    assert SECRET not in prompt.field.displayText()
    QTest.keyClick(prompt.field, Qt.Key.Key_Return)
    QTest.keyClick(prompt.field, Qt.Key.Key_Return)
    assert fed.outbox.orders == [Unlock(SECRET)]
    assert SECRET not in repr(fed.outbox.orders)
    assert prompt.field.text() == ""

    fed.feed(SigningChanged(replace(LOCKED, checking=True)))
    assert see(prompt, "passphrase.unlock", ActionButton).text() == "Checking…"
    with qtbot.waitSignal(prompt.opened):
        fed.feed(SigningChanged(replace(LOCKED, state=SigningState.OPEN, unlocks=1)))
    assert prompt.isHidden()


def test_a_wrong_one_is_said_with_the_time_to_wait(prompt: PassphrasePrompt, fed: HandFed) -> None:
    """Counted down; nothing is sent before."""
    QTest.keyClicks(prompt.field, "wrong")
    click(prompt, "passphrase.unlock")
    wrong = replace(LOCKED, title="The passphrase is wrong.", retry_ms=fed.now_ms + 2000)
    fed.feed(SigningChanged(wrong))
    error = see(prompt, "passphrase.error", QLabel)
    assert error.text() == "The passphrase is wrong. The next one is taken in 2 s."
    assert prompt.field.hasFocus()

    QTest.keyClicks(prompt.field, SECRET)
    QTest.keyClick(prompt.field, Qt.Key.Key_Return)
    assert len(fed.outbox.orders) == 1
    assert prompt.field.text() == SECRET
    fed.now_ms += 2000
    QTest.keyClick(prompt.field, Qt.Key.Key_Return)
    assert fed.outbox.orders[1:] == [Unlock(SECRET)]


def test_a_keyring_that_is_gone_is_said(prompt: PassphrasePrompt, fed: HandFed) -> None:
    """Title and hint; it may be tried again."""
    QTest.keyClicks(prompt.field, SECRET)
    click(prompt, "passphrase.unlock")
    gone = replace(
        LOCKED, state=SigningState.UNAVAILABLE, title="The keyring is locked.", hint="Unlock it."
    )
    fed.feed(SigningChanged(gone))
    assert see(prompt, "passphrase.error", QLabel).text() == "The keyring is locked. Unlock it."


def test_nothing_that_was_typed_stays(prompt: PassphrasePrompt, fed: HandFed, qtbot: QtBot) -> None:
    """After Cancel an answer that comes late opens nothing here."""
    QTest.keyClicks(prompt.field, SECRET)
    QTest.keyClick(prompt.field, Qt.Key.Key_Return)
    QTest.keyClicks(prompt.field, "more")
    with qtbot.waitSignal(prompt.cancelled), qtbot.assertNotEmitted(prompt.opened):
        click(prompt, "passphrase.cancel")
        fed.feed(SigningChanged(replace(LOCKED, state=SigningState.OPEN, unlocks=1)))
    assert prompt.isHidden()
    assert prompt.field.text() == ""
    assert not is_seen(prompt, "passphrase.field")


def test_enter_elsewhere_does_nothing(prompt: PassphrasePrompt, fed: HandFed) -> None:
    """Nor does an empty field."""
    QTest.keyClick(prompt.field, Qt.Key.Key_Return)
    QTest.keyClicks(prompt.field, SECRET)
    cancel = see(prompt, "passphrase.cancel", ActionButton)
    cancel.setFocus()
    QTest.keyClick(prompt, Qt.Key.Key_Return)
    assert fed.outbox.orders == []
    assert see(prompt, "passphrase.field", QLineEdit).text() == SECRET
