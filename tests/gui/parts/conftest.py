"""Every part is tested dressed, as it is in the console."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from desktop.settings import Theme
from desktop.views.theme import apply_theme


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> QApplication:
    """The application in the light theme; parts refuse to be built without one."""
    apply_theme(qapp, Theme.LIGHT)
    return qapp
