"""A locked console: nothing of the content is there, and everything is back afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.actions.ports import Unlock
from desktop.settings import Theme
from desktop.store.facts import SigningChanged
from desktop.store.records import RequestKey
from desktop.store.signing import Identity, Signing, SigningState
from desktop.views.main_window import MainWindow
from desktop.views.page import Page
from desktop.views.theme import apply_theme
from tests.gui.pages.morning import INVOICE, RECORD, morning
from tests.gui.pages.seeing import (
    click,
    cut_off,
    is_seen,
    lay_out,
    open_page,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.support.hand_fed import HandFed
from tests.support.scenes import agent_says

TRANSFER = RequestKey(INVOICE, "inv-call-2")
#: Words of requests, transcripts, lists and drafts.
CONTENT = ("Harbour Freight", "transfer_funds", "treasury", "1187", "P-10442", INVOICE, "draft")
NO_KEY = Signing(title="You have no signing key here.")
LOCKED = Signing(SigningState.LOCKED, Identity("r.mora", "Rosa Mora", ("treasury",)))


@pytest.fixture
def window(fed: HandFed, qtbot: QtBot) -> MainWindow:
    """A request is open, a conversation too, and somebody is writing."""
    fed.feed(SigningChanged(LOCKED))
    made = MainWindow(
        morning(fed).store, fed.bridge, fed.approvals, fed.conversations, fed.desk, fed.clock
    )
    open_page(made, qtbot, (1480, 900))
    qtbot.waitUntil(made.isActiveWindow)
    made.open_context(RECORD)
    made.open_request(TRANSFER)
    lay_out()
    return made


def texts_of(root: QWidget) -> str:
    """Whatever any widget in a window holds: texts, names, tool tips, rows of lists."""
    found: list[str] = [root.windowTitle(), root.toolTip()]
    for widget in root.findChildren(QWidget):
        names = ("text", "plainText", "toolTip", "accessibleName", "accessibleDescription")
        found.extend(str(widget.property(name) or "") for name in names)
        if isinstance(widget, QPlainTextEdit):
            found.append(widget.toPlainText())
    return "\n".join(found)


def delete_what_is_due() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_a_locked_window_holds_nothing_of_the_content(
    window: MainWindow, fed: HandFed, qtbot: QtBot
) -> None:
    """Not covered: no widget, hidden or shown, knows of it; what arrives meanwhile neither."""
    assert "Harbour Freight" in texts_of(window)
    assert window.windowTitle() != "Signoff"
    pages = [window.approvals, window.conversations, window.agents, window.settings]
    gone: list[int] = []
    for number, page in enumerate(pages):
        page.destroyed.connect(lambda _gone, number=number: gone.append(number))
    del pages
    window.lock("The screen was locked.")
    delete_what_is_due()
    assert sorted(gone) == [0, 1, 2, 3]
    assert "The screen was locked." in words_in(window)

    fed.tell(agent_says("Harbour Freight again", context_id=INVOICE))
    window.show_notice("transfer_funds failed")
    window.open_request(TRANSFER)
    window.open_oldest_waiting()
    window.open_context(RECORD)
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    lay_out()
    for words in CONTENT:
        assert words not in texts_of(window)
    assert window.windowTitle() == "Signoff"
    assert [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()] == [window]


def test_the_passphrase_brings_everything_back(
    window: MainWindow, fed: HandFed, qtbot: QtBot
) -> None:
    """The request and the conversation that were open, on the page that was; what came, too."""
    window.show_page(Page.CONVERSATIONS)
    window.lock("Nobody touched it for 10 minutes.")
    delete_what_is_due()
    fed.tell(agent_says("Said meanwhile.", context_id=RECORD))
    qtbot.waitUntil(lambda: see(window, "lock.field", QWidget).hasFocus())
    QTest.keyClicks(see(window, "lock.field", QWidget), "an invented passphrase")
    QTest.keyClick(see(window, "lock.field", QWidget), Qt.Key.Key_Return)
    assert fed.outbox.orders[-1] == Unlock("an invented passphrase", to_sign=False)
    assert window.is_locked

    with qtbot.waitSignal(window.unlocked):
        fed.feed(SigningChanged(replace(LOCKED, state=SigningState.OPEN, unlocks=1)))
    assert window.isActiveWindow()  # no page stood as a window of its own while it was built
    delete_what_is_due()
    lay_out()
    assert window.page is Page.CONVERSATIONS
    assert window.conversations.context_id == RECORD
    assert window.approvals.list.chosen == TRANSFER
    assert not is_seen(window, "lock.why")
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.page is Page.APPROVALS
    assert "Harbour Freight" in texts_of(window)


def test_a_wrong_passphrase_unlocks_nothing(window: MainWindow, fed: HandFed) -> None:
    """It is said, and asked again."""
    window.lock("The screen was locked.")
    QTest.keyClicks(see(window, "lock.field", QWidget), "wrong")
    click(window, "lock.unlock")
    fed.feed(SigningChanged(replace(LOCKED, title="The passphrase is wrong.")))
    assert window.is_locked
    assert "The passphrase is wrong." in words_in(window)


def test_without_a_key_a_click_is_enough(window: MainWindow, fed: HandFed, qtbot: QtBot) -> None:
    """There is nothing to ask for; Enter does the same, and locking twice is locking once."""
    fed.feed(SigningChanged(NO_KEY))
    window.lock("The screen was locked.")
    window.lock("The computer went to sleep.")
    assert not is_seen(window, "lock.field")
    with qtbot.waitSignal(window.unlocked):
        click(window, "lock.click")
    assert window.page is Page.APPROVALS


def test_before_it_is_known_whether_there_is_a_key_nothing_unlocks(
    window: MainWindow, fed: HandFed
) -> None:
    """Right after the start of a console that was locked when it was closed."""
    fed.feed(SigningChanged(Signing()))
    window.lock("It was locked when it was closed.")
    assert not is_seen(window, "lock.click")
    assert not is_seen(window, "lock.field")
    fed.feed(SigningChanged(LOCKED))
    assert is_seen(window, "lock.field")


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("size", [(1480, 900), (900, 640)])
def test_pictures_of_the_lock_page(
    window: MainWindow,
    fed: HandFed,
    dressed: QApplication,
    qtbot: QtBot,
    tmp_path: Path,
    theme: Theme,
    size: tuple[int, int],
) -> None:
    """The theme changes while it is locked; a wrong passphrase fits, too."""
    window.resize(*size)
    window.lock("Nobody touched it for 10 minutes.")
    delete_what_is_due()
    apply_theme(dressed, theme)
    QTest.keyClicks(see(window, "lock.field", QWidget), "wrong")
    click(window, "lock.unlock")
    wrong = replace(LOCKED, title="The passphrase is wrong.", retry_ms=fed.now_ms + 8000)
    fed.feed(SigningChanged(wrong))
    lay_out()
    assert cut_off(window) == []
    assert window.grab().save(str(tmp_path / f"lock-{theme}-{size[0]}.png"))


def test_the_lock_page_works_without_a_mouse(window: MainWindow, qtbot: QtBot) -> None:
    """Every control has a name and a ring."""
    window.lock("The screen was locked.")
    QTest.keyClicks(see(window, "lock.field", QWidget), "something")
    assert unnamed_or_without_ring(window, qtbot) == []
