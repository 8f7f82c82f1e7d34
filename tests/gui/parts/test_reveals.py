"""Masked values: shown when asked for, for a while, and taken off the clipboard again."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.reveals import REVEAL_MS, Reveals
from desktop.views.parts.secret_clipboard import (
    CLEAR_MS,
    HINT,
    SecretClipboard,
    secret_clipboard,
)

CARD = "4111 1111 1111 1111"
MASK = "•••• •••• •••• 1111"
ARGUMENTS = {"to": "ACME", "card": CARD, "cvv": "737", "rows": [{"ssn": "078-05-1120"}]}


@pytest.fixture
def reveals() -> Reveals:
    """What is shown stays until it is hidden: no test waits half a minute."""
    return Reveals(600_000)


@pytest.fixture
def view(qtbot: QtBot, reveals: Reveals) -> ArgumentsView:
    """A card number, a security code and a social security number."""
    made = ArgumentsView(reveals)
    qtbot.addWidget(made)
    made.show_arguments(ARGUMENTS)
    made.resize(340, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def shown(view: ArgumentsView, name: str) -> str:
    """What can be read of an argument."""
    return view.value_box(name).toPlainText()


def press(view: ArgumentsView, name: str) -> None:
    """Press the button that a screen reader calls so."""
    [button] = [b for b in view.findChildren(QPushButton) if b.accessibleName() == name]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def copy(view: ArgumentsView, name: str) -> str:
    """Select all of a value and copy it."""
    box = view.value_box(name)
    box.selectAll()
    box.copy()
    return QGuiApplication.clipboard().text()


def test_values_are_hidden_until_somebody_asks(view: ArgumentsView) -> None:
    """Each by its own button; the rest stays hidden."""
    assert shown(view, "card") == MASK
    assert "078" not in view.as_text()
    press(view, "Show: Card number")
    assert shown(view, "card") == CARD
    assert "078" not in view.as_text()
    press(view, "Show: Social security number /rows/0/ssn")
    assert "078-05-1120" in shown(view, "rows")
    press(view, "Hide: Card number")
    assert shown(view, "card") == MASK
    assert dict(view.rendered())["/card"] == MASK


def test_nothing_shows_a_security_code(view: ArgumentsView) -> None:
    """There is no button for it."""
    names = [button.accessibleName() for button in view.findChildren(QPushButton)]
    assert not any("Security" in name and button_is_seen(view, name) for name in names)
    assert "737" not in view.as_text()


def button_is_seen(view: ArgumentsView, name: str) -> bool:
    """Whether such a button is in sight."""
    return any(b.isVisible() for b in view.findChildren(QPushButton) if b.accessibleName() == name)


def test_a_value_is_hidden_again_by_itself(qtbot: QtBot) -> None:
    """After half a minute; here after a moment."""
    assert REVEAL_MS == 30_000
    reveals = Reveals(20)
    made = ArgumentsView(reveals)
    qtbot.addWidget(made)
    made.show_arguments(ARGUMENTS)
    with qtbot.waitSignal(reveals.hidden) as told:
        reveals.reveal("/card")
        assert shown(made, "card") == CARD
    assert told.args == [("/card",)]
    assert shown(made, "card") == MASK
    assert reveals.ever == ("/card",)


def test_copying_a_masked_value_copies_the_mask(view: ArgumentsView) -> None:
    """What is not seen cannot be taken along."""
    assert copy(view, "card") == MASK
    assert not QGuiApplication.clipboard().mimeData().hasFormat(HINT)


def test_copying_a_revealed_value_is_told_and_marked(
    view: ArgumentsView, reveals: Reveals, qtbot: QtBot
) -> None:
    """By its place; clipboard histories are asked to keep no copy."""
    reveals.reveal("/card")
    with qtbot.waitSignal(view.secret_copied) as told:
        assert copy(view, "card") == CARD
    assert told.args == [("/card",)]
    assert bytes(QGuiApplication.clipboard().mimeData().data(HINT).data()) == b"secret"
    view._secrets.clear()
    assert QGuiApplication.clipboard().text() == ""


def test_the_clipboard_is_cleared_only_of_the_secret(qtbot: QtBot) -> None:
    """What somebody has copied since is theirs."""
    assert CLEAR_MS == 30_000
    clipboard = QGuiApplication.clipboard()
    secrets = SecretClipboard(10)
    clipboard.setMimeData(secrets.dress(CARD))
    qtbot.waitUntil(lambda: clipboard.text() == "")
    clipboard.setMimeData(secrets.dress(CARD))
    clipboard.setText("my shopping list", QClipboard.Mode.Clipboard)
    qtbot.waitUntil(lambda: not secrets._timer.isActive())
    assert clipboard.text() == "my shopping list"


def test_many_values_of_one_argument_have_one_button(qtbot: QtBot, reveals: Reveals) -> None:
    """A thousand patients do not make a thousand buttons."""
    made = ArgumentsView(reveals)
    qtbot.addWidget(made)
    made.show_arguments({"rows": [{"mrn": f"A-{n}"} for n in range(1_000)]})
    made.show()
    press(made, "Show: 1000 values")
    assert "A-999" in "".join(row.value.text for row in made._rows)
    assert len(reveals.ever) == 1_000


def test_the_clipboard_is_cleared_after_the_page_is_gone(qapp: QApplication) -> None:
    """A locked window has unloaded it; the secret's time still ends."""
    reveals = Reveals(600_000)
    view = ArgumentsView(reveals)
    view.show_arguments(ARGUMENTS)
    reveals.reveal("/card")
    assert copy(view, "card") == CARD
    shiboken6.delete(view)
    secret_clipboard()._timer.timeout.emit()
    assert qapp.clipboard().text() == ""
