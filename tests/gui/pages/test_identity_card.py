"""Who signs here, on the settings page: the key, the registry's word, other people, the rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QRadioButton, QScrollArea
from pytestqt.qtbot import QtBot

from desktop import settings
from desktop.settings import Person, SigningRule, Theme
from desktop.store.facts import SigningChanged
from desktop.store.signing import Identity, Signing, SigningState
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.pill import PillLabel
from desktop.views.settings.page import SettingsPage
from desktop.views.theme import apply_theme
from tests.gui.pages.seeing import (
    SMALLEST_PAGE,
    USUAL_PAGE,
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

SECRET = "correct horse battery staple"
KEY_ID = "ed25519:0123456789abcdef0123456789abcdef"
ROSA = Identity("r.mora", "Rosa Mora", ("treasury", "records"), KEY_ID)
LEE = Identity("l.park", "Lee Park")


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> SettingsPage:
    """The page in the active window; nobody has a key."""
    fed.feed(SigningChanged(Signing(title="You have no signing key here.")))
    return open_page(SettingsPage(fed.store, fed.bridge, fed.desk), qtbot)


def write(page: SettingsPage, name: str, text: str) -> None:
    field = see(page, name, QLineEdit)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def begin(page: SettingsPage) -> None:
    """Open the form, and fill in all but the passphrase."""
    click(page, "identity.make")
    write(page, "key.name", "Rosa Mora")
    write(page, "key.id", "r.mora")
    write(page, "key.file", "/tmp/request.json")


def test_a_key_is_made_with_a_passphrase_given_twice(page: SettingsPage, fed: HandFed) -> None:
    """Nothing of it stays in the form."""
    assert see(page, "identity.state", PillLabel).text() == "No key"
    begin(page)
    make = see(page, "key.make", ActionButton)
    assert not make.isEnabled()
    write(page, "key.passphrase", "short")
    assert "Too short" in words_in(page)
    write(page, "key.passphrase", "the rosa passphrase")
    assert "it holds your name" in words_in(page)
    write(page, "key.passphrase", SECRET)
    write(page, "key.again", SECRET[:-1])
    assert "The two passphrases differ." in words_in(page)
    assert not make.isEnabled()
    write(page, "key.again", SECRET)
    assert "Strong." in words_in(page)
    make.click()

    wanted = ("make_key", Person("r.mora", "Rosa Mora"), SECRET, Path("/tmp/request.json"), False)
    assert fed.desk.asked == [wanted]
    assert not is_seen(page, "key.passphrase")
    assert page.identity.form.findChild(QLineEdit, "key.passphrase").text() == ""
    assert page.identity.form.findChild(QLineEdit, "key.again").text() == ""


def test_the_fingerprint_is_there_to_be_read_out_until_one_is_enrolled(
    page: SettingsPage, fed: HandFed
) -> None:
    """After that there are the roles."""
    new = Identity("r.mora", "Rosa Mora", (), KEY_ID)
    fed.feed(SigningChanged(Signing(SigningState.LOCKED, new)))
    assert see(page, "identity.key", QLabel).text() == KEY_ID
    assert "Not in the registry" in see(page, "identity.roles", QLabel).text()
    click(page, "identity.look")
    assert fed.desk.asked == [("look_again",)]

    fed.feed(SigningChanged(Signing(SigningState.OPEN, ROSA)))
    assert see(page, "identity.roles", QLabel).text() == "Roles: treasury, records"
    assert see(page, "identity.state", PillLabel).text() == "Open"
    assert not see(page, "settings.name", QLineEdit).isEnabled()
    assert "Your ID in decisions: r.mora" in words_in(page)


def test_what_is_wrong_is_said(page: SettingsPage, fed: HandFed) -> None:
    """A keyring that is gone, a registry that is not believed."""
    fed.feed(
        SigningChanged(
            Signing(
                SigningState.UNAVAILABLE,
                ROSA,
                title="The keyring is locked.",
                hint="Unlock it.",
                registry_trouble="The registry expired yesterday.",
            )
        )
    )
    told = see(page, "identity.trouble", QLabel).text()
    assert told == "The keyring is locked. Unlock it. The registry expired yesterday."


def test_a_second_key_says_that_the_first_is_lost(page: SettingsPage, fed: HandFed) -> None:
    """Only for the same person."""
    fed.desk.settings = settings.changed(fed.desk.settings, reviewer_id="r.mora")
    fed.feed(SigningChanged(Signing(SigningState.LOCKED, ROSA)))
    begin(page)
    assert "takes the place of your key" in words_in(page)
    write(page, "key.id", "l.park")
    assert "takes the place of your key" not in words_in(page)
    click(page, "key.cancel")
    assert fed.desk.asked == []


def test_another_person_signs_after_a_click(page: SettingsPage, fed: HandFed) -> None:
    """Of those whose keys are here."""
    fed.feed(SigningChanged(Signing(SigningState.LOCKED, ROSA, (LEE,))))
    lay_out()
    press(page, "Sign as Lee Park")
    assert fed.desk.asked == [("choose_person", "l.park")]
    fed.feed(SigningChanged(Signing(SigningState.LOCKED, LEE, (ROSA,))))
    lay_out()
    assert is_seen(page, "identity.as.r.mora")
    assert not is_seen(page, "identity.as.l.park")


def test_the_rules_of_a_session_are_chosen(page: SettingsPage, fed: HandFed) -> None:
    """Each counts at once."""
    assert see(page, "session.rule.first", QRadioButton).isChecked()
    see(page, "session.rule.every", QRadioButton).click()
    lock = see(page, "session.lock", QComboBox)
    assert lock.currentText() == "10 minutes"
    assert [lock.itemData(row) for row in range(lock.count())] == list(range(1, 16))
    QTest.keyClick(lock, Qt.Key.Key_Down)
    write(page, "session.trust", "/srv/trust")
    QTest.keyClick(see(page, "session.trust", QLineEdit), Qt.Key.Key_Return)
    click(page, "identity.lock")

    assert fed.desk.asked == [
        ("choose_rule", SigningRule.EVERY, 60),
        ("choose_lock", 11),
        ("choose_trust", "/srv/trust"),
        ("lock_now",),
    ]


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("size", [SMALLEST_PAGE, USUAL_PAGE])
def test_pictures_of_the_card(
    page: SettingsPage,
    fed: HandFed,
    dressed: QApplication,
    tmp_path: Path,
    theme: Theme,
    size: tuple[int, int],
) -> None:
    """Enrolled, beside another person; and with the form open."""
    page.resize(*size)
    fed.feed(SigningChanged(Signing(SigningState.OPEN, ROSA, (LEE,))))
    apply_theme(dressed, theme)
    area = page.findChild(QScrollArea)
    assert isinstance(area, QScrollArea)
    lay_out()
    area.verticalScrollBar().setValue(page.identity.y() - 20)
    assert cut_off(page) == []
    assert page.grab().save(str(tmp_path / f"identity-{theme}-{size[0]}.png"))
    begin(page)
    write(page, "key.passphrase", "something else")
    write(page, "key.again", "something els")
    lay_out()
    area.verticalScrollBar().setValue(page.identity.y() - 20)
    assert cut_off(page) == []
    assert page.grab().save(str(tmp_path / f"key-form-{theme}-{size[0]}.png"))


def test_the_form_works_without_a_mouse(page: SettingsPage, qtbot: QtBot) -> None:
    """Every control has a name and a ring."""
    begin(page)
    write(page, "key.passphrase", SECRET)
    write(page, "key.again", SECRET)
    lay_out()
    assert unnamed_or_without_ring(page, qtbot) == []
