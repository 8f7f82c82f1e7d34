"""The settings page: the broker, the person, the look, notifications."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QRadioButton, QWidget
from pytestqt.qtbot import QtBot

from desktop import settings
from desktop.errors import SignoffError
from desktop.settings import DEFAULT_URL, Theme
from desktop.store.facts import LinkChanged, MemoryChanged
from desktop.store.local_records import Memory
from desktop.store.records import Link, LinkState
from desktop.views.parts.banner import Banner
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.pill import PillLabel
from desktop.views.settings.page import SettingsPage
from desktop.views.theme import apply_theme, tokens
from tests.gui.pages.seeing import (
    SMALLEST_PAGE,
    USUAL_PAGE,
    click,
    cut_off,
    is_seen,
    open_page,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.support.hand_fed import ADDRESS, HandFed

SECRET = "an invented password"
REFUSED = Link(
    LinkState.REFUSED,
    "The broker refused the user name or password.",
    "Enter the password again.",
)


@pytest.fixture
def fed() -> HandFed:
    """A desk that follows no broker yet."""
    return HandFed()


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> SettingsPage:
    """The page in the active window."""
    return open_page(SettingsPage(fed.store, fed.bridge, fed.desk), qtbot)


def field(page: QWidget, name: str) -> QLineEdit:
    return see(page, name, QLineEdit)


def write(page: QWidget, name: str, text: str) -> None:
    """Click into a field, empty it, and type."""
    click(page, name)
    QTest.keyClick(field(page, name), Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field(page, name), Qt.Key.Key_Delete)
    QTest.keyClicks(field(page, name), text)


# -- the connection ------------------------------------------------------------------------------


def test_connecting_hands_over_address_and_password_and_forgets_the_password(
    page: SettingsPage, fed: HandFed
) -> None:
    """After the click the field is empty; where the password went is said beside it."""
    write(page, "settings.url", "redis://10.0.0.7:6379/1")
    write(page, "settings.password", SECRET)
    click(page, "settings.connect")

    assert fed.desk.asked == [("connect", "redis://10.0.0.7:6379/1", SECRET)]
    assert field(page, "settings.password").text() == ""
    assert field(page, "settings.url").text() == "redis://10.0.0.7:6379/1"
    assert "Password: this computer's keyring; without one, only in memory." in words_in(page)


def test_enter_in_a_field_connects(page: SettingsPage, fed: HandFed) -> None:
    """The usual address is there from the start."""
    write(page, "settings.password", SECRET)
    QTest.keyClick(field(page, "settings.password"), Qt.Key.Key_Return)

    assert fed.desk.asked == [("connect", DEFAULT_URL, SECRET)]


def test_a_password_is_seen_only_while_it_is_asked_for(page: SettingsPage) -> None:
    """Dots, then letters on request, then dots again for the next one."""
    write(page, "settings.password", SECRET)
    password = field(page, "settings.password")
    assert SECRET not in password.displayText()
    click(page, "settings.reveal")
    assert password.displayText() == SECRET
    assert see(page, "settings.reveal", ActionButton).accessibleName() == "Hide the password"

    click(page, "settings.connect")
    QTest.keyClicks(password, SECRET)
    assert SECRET not in password.displayText()


def test_what_is_no_address_is_said_at_the_field(page: SettingsPage, fed: HandFed) -> None:
    """Title and hint, until it is written anew; nothing typed is lost."""
    fed.desk.refusal = SignoffError(
        "This is not a broker address: it must look like redis://host:port/0.",
        "Example: redis://127.0.0.1:6379/0",
    )
    write(page, "settings.url", "the usual one")
    write(page, "settings.password", SECRET)
    click(page, "settings.connect")
    error = see(page, "settings.url_error", QLabel)
    assert error.text().startswith("This is not a broker address")
    assert error.text().endswith("Example: redis://127.0.0.1:6379/0")
    assert field(page, "settings.url").hasFocus()
    assert field(page, "settings.url").accessibleDescription() == error.text()
    assert field(page, "settings.password").text() == SECRET

    QTest.keyClicks(field(page, "settings.url"), "!")
    assert not is_seen(page, "settings.url_error")


def test_a_refused_link_is_explained_beside_the_form(page: SettingsPage, fed: HandFed) -> None:
    """With a way to try again, and gone when it works."""
    fed.feed(LinkChanged(REFUSED))
    problem = see(page, "settings.problem", Banner)
    assert problem.title() == REFUSED.title
    assert "Enter the password again." in words_in(page)
    assert see(page, "settings.link", PillLabel).text() == "Refused"
    click(page, "settings.try_again")
    assert fed.desk.asked == [("reconnect",)]

    fed.online()
    assert not is_seen(page, "settings.problem")
    assert see(page, "settings.link", PillLabel).text() == "Connected"
    assert see(page, "settings.link_words", QLabel).text() == ADDRESS
    assert not see(page, "settings.try_again", ActionButton).isEnabled()


def test_a_broker_that_went_away_is_explained_too(page: SettingsPage, fed: HandFed) -> None:
    """It is tried again by itself, and at once on demand."""
    fed.online().offline()

    assert see(page, "settings.link", PillLabel).text() == "Connecting"
    assert see(page, "settings.problem", Banner).title() == "The broker is not reachable"
    assert see(page, "settings.try_again", ActionButton).isEnabled()


def test_disconnecting_needs_something_to_leave(page: SettingsPage, fed: HandFed) -> None:
    """Nothing is followed at first."""
    assert not see(page, "settings.disconnect", ActionButton).isEnabled()
    fed.online()
    click(page, "settings.disconnect")

    assert fed.desk.asked == [("disconnect",)]


def test_what_is_followed_for_this_session_alone_stands_in_the_field(
    page: SettingsPage, fed: HandFed
) -> None:
    """Connect goes to where one is, and not to the address of another day."""
    fed.desk.connect("redis://10.0.0.8:6379/0", "")
    fed.online()
    assert field(page, "settings.url").text() == ADDRESS


def test_an_address_chosen_elsewhere_shows_unless_somebody_writes(
    page: SettingsPage, fed: HandFed
) -> None:
    """Coming back to the page never takes away what was begun."""
    fed.desk.connect("redis://10.0.0.8:6379/0", "")
    page.hide()
    page.show()
    assert field(page, "settings.url").text() == "redis://10.0.0.8:6379/0"

    write(page, "settings.url", "redis://10.0.0.9")
    page.hide()
    page.show()
    assert field(page, "settings.url").text() == "redis://10.0.0.9"


# -- the person, the look, notifications ---------------------------------------------------------


def test_the_name_that_decisions_carry_can_be_changed(page: SettingsPage, fed: HandFed) -> None:
    """Taken with Enter, or when the field is left; the ID beside it stays."""
    assert "Your ID in decisions: r.mora@desk-12" in words_in(page)
    write(page, "settings.name", "Rosa Mora-Lind")
    QTest.keyClick(field(page, "settings.name"), Qt.Key.Key_Return)
    write(page, "settings.name", "R. Mora")
    click(page, "settings.url")

    assert fed.desk.asked == [("introduce", "Rosa Mora-Lind"), ("introduce", "R. Mora")]


def test_nobody_decides_without_a_name(page: SettingsPage, fed: HandFed) -> None:
    """An empty field takes the name back that was there."""
    write(page, "settings.name", "  ")
    QTest.keyClick(field(page, "settings.name"), Qt.Key.Key_Return)

    assert fed.desk.asked == []
    assert field(page, "settings.name").text() == "Rosa Mora"


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_the_theme_is_chosen_with_a_click(page: SettingsPage, fed: HandFed, theme: Theme) -> None:
    """It counts at once."""
    assert see(page, "settings.theme.system", QRadioButton).isChecked()
    click(page, f"settings.theme.{theme}")

    assert fed.desk.asked == [("choose_theme", theme)]


def test_notifications_are_a_matter_of_choice(page: SettingsPage, fed: HandFed) -> None:
    """The box says what is chosen, and the line beneath what a notification tells."""
    assert see(page, "settings.notify", QCheckBox).isChecked()
    see(page, "settings.notify", QCheckBox).click()

    assert fed.desk.asked == [("notify", False)]
    assert "how many calls wait and how risky they are, and nothing else" in words_in(page)


def test_message_text_is_kept_only_when_asked_to(page: SettingsPage, fed: HandFed) -> None:
    """The box shows what counts, which is told once the keyring has the key."""
    box = see(page, "settings.keep_text", QCheckBox)
    assert not box.isChecked()
    box.click()

    assert fed.desk.asked == [("keep_text", True)]
    fed.desk.settings = settings.changed(fed.desk.settings, keep_text=False)
    fed.feed(MemoryChanged(Memory(title="The keyring is locked.")))
    assert not box.isChecked()
    assert "encrypted with a key in the keyring of your system" in words_in(page)


def test_what_is_not_kept_although_text_is_stands_below_the_choice(
    page: SettingsPage, fed: HandFed
) -> None:
    """Nothing is missing in silence; while nothing is, nothing is said."""
    fed.feed(MemoryChanged(Memory(keeps_text=True)))
    assert "Since the start" not in words_in(page)
    fed.feed(MemoryChanged(Memory(keeps_text=True, missed=1204, dropped=31)))
    assert see(page, "settings.not_kept", QLabel).text() == (
        "Since the start: 1,204 messages came faster than they could be kept. "
        "For want of room the words of 31 conversations were dropped."
    )


# -- looks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALLEST_PAGE, USUAL_PAGE])
def test_nothing_is_cut_off(page: SettingsPage, fed: HandFed, size: tuple[int, int]) -> None:
    """Also with an error at the field and a refused link."""
    page.resize(*size)
    fed.feed(LinkChanged(REFUSED))
    fed.desk.refusal = SignoffError("This is not a broker address. " * 6)
    click(page, "settings.connect")
    QApplication.processEvents()  # lets the layouts settle

    assert cut_off(page) == []


def test_every_control_has_a_name_and_a_ring(page: SettingsPage, qtbot: QtBot) -> None:
    """All of it without a mouse."""
    assert unnamed_or_without_ring(page, qtbot) == []


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("size", [SMALLEST_PAGE, USUAL_PAGE])
def test_pictures_of_the_page(
    page: SettingsPage,
    fed: HandFed,
    theme: Theme,
    size: tuple[int, int],
    dressed: QApplication,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The theme changes under a page that is open; its picture is kept for a person."""
    page.resize(*size)
    fed.feed(LinkChanged(REFUSED))
    apply_theme(dressed, theme)
    QApplication.processEvents()
    shown = page.grab()

    folder = tmp_path_factory.getbasetemp()
    assert shown.save(str(folder / f"settings-{theme}-{size[0]}.png"))
    assert shown.toImage().pixelColor(4, size[1] - 4) == QColor(tokens().bg)
