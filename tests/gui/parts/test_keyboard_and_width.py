"""Every control can be reached, seen and named; nothing forces a window wider than a desk has."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.settings import Theme
from desktop.views.theme import apply_theme
from tests.gui.parts.gallery import Gallery


@pytest.fixture(params=[Theme.LIGHT, Theme.DARK])
def page(request: pytest.FixtureRequest, qtbot: QtBot, dressed: QApplication) -> Gallery:
    """A page with every part on it, in the active window."""
    apply_theme(dressed, request.param)
    made = Gallery()
    qtbot.addWidget(made)
    made.resize(1480, 1280)
    made.show()
    made.activateWindow()
    qtbot.waitExposed(made)
    return made


def test_every_stop_of_the_tab_key_has_a_name_and_a_ring(page: Gallery, qtbot: QtBot) -> None:
    """A person who sees badly or uses no mouse knows where they are."""
    stops = stops_of(page)
    assert len(stops) > 20
    for stop in stops:
        name = stop.accessibleName() or str(stop.property("text") or "")
        assert name, stop
        page.setFocus()
        elsewhere = next(other for other in stops if other is not stop)
        elsewhere.setFocus(Qt.FocusReason.TabFocusReason)
        without = stop.grab().toImage()
        stop.setFocus(Qt.FocusReason.TabFocusReason)
        qtbot.waitUntil(stop.hasFocus)
        assert stop.grab().toImage() != without, f"{name} looks the same with the keyboard"


def test_tab_reaches_every_stop_and_comes_back(page: Gallery) -> None:
    """No part keeps the keyboard for itself."""
    stops = stops_of(page)
    stops[0].setFocus(Qt.FocusReason.TabFocusReason)
    met: list[QWidget] = []
    for _ in range(3 * len(stops)):
        focused = QApplication.focusWidget()
        assert focused is not None
        if met and focused is stops[0]:
            break
        if focused not in met:
            met.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    assert {id(stop) for stop in stops} <= {id(stop) for stop in met}


def test_the_parts_leave_room_in_a_window_of_900_pixels(page: Gallery) -> None:
    """Rail 60, list 260, transcript 300, request 280."""
    assert page.list.minimumSizeHint().width() <= 260
    assert page.chips.minimumSizeHint().width() <= 240
    assert page.search.minimumSizeHint().width() <= 240
    assert page.transcript.minimumSizeHint().width() <= 300
    assert page.banner.minimumSizeHint().width() <= 300
    assert page.arguments.minimumSizeHint().width() <= 280
    buttons = page.approve.minimumSizeHint().width() + page.reject.minimumSizeHint().width()
    assert buttons <= 270


def stops_of(page: QWidget) -> list[QWidget]:
    """Everything the Tab key should stop at: of a group only the chosen one, as Qt has it."""
    return [
        widget
        for widget in page.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and widget.isEnabled()
        and not widget.objectName().startswith("qt_")
        and not is_passed_over(widget)
    ]


def is_passed_over(widget: QWidget) -> bool:
    """Whether arrow keys lead there and not the Tab key."""
    if not isinstance(widget, QAbstractButton) or widget.group() is None:
        return False
    return not widget.isChecked()
