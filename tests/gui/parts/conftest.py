"""Every part is tested dressed, as it is in the console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from desktop.settings import Theme
from desktop.views.theme import apply_theme


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    """The application in the light theme; parts refuse to be built without one."""
    apply_theme(qapp, Theme.LIGHT)
    yield qapp
    # Qt deletes a closed page only from a running loop; till then every change of theme dresses it.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
