"""Every page is tested dressed, over a store that is fed by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from desktop.settings import Theme
from desktop.views.theme import apply_theme
from tests.gui.pages.office import Office


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> QApplication:
    """The application in the light theme; parts refuse to be built without one."""
    apply_theme(qapp, Theme.LIGHT)
    return qapp


@pytest.fixture
def office(dressed: QApplication) -> Iterator[Office]:
    """Store, actions and fakes of the ways out; nothing has happened yet."""
    made = Office()
    yield made
    made.bridge.close()
