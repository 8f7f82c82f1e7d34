"""Every page is tested dressed, and fed by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.settings import Theme
from desktop.views.parts import guard
from desktop.views.theme import apply_theme
from tests.gui.pages.seeing import open_page
from tests.gui.pages.talk import Pages, morning, page_of
from tests.support.hand_fed import HandFed


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    """The application in the light theme; parts refuse to be built without one."""
    apply_theme(qapp, Theme.LIGHT)
    yield qapp
    # Qt deletes a closed page only from a running loop; till then every change of theme dresses it.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def short_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clicks count soon after a card has come; for what is about something else than that moment.

    That it is half a second, and that nothing can be clicked in it, is in `test_misclick_guard`.
    """
    monkeypatch.setattr(guard, "GUARD_MS", 20)


@pytest.fixture
def fed() -> HandFed:
    """A console that is online and knows nothing yet."""
    return HandFed().online()


@pytest.fixture
def pages(fed: HandFed, qtbot: QtBot) -> Pages:
    """A morning's conversations, and their page in the active window."""
    return fed, open_page(page_of(morning(fed)), qtbot)
