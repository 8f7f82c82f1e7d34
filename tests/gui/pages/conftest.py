"""Every page is tested dressed, and fed by hand."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from desktop.settings import Theme
from desktop.views.theme import apply_theme
from tests.support.hand_fed import HandFed


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> QApplication:
    """The application in the light theme; parts refuse to be built without one."""
    apply_theme(qapp, Theme.LIGHT)
    return qapp


@pytest.fixture
def fed() -> HandFed:
    """A console that is online and knows nothing yet."""
    return HandFed().online()
