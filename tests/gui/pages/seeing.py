"""What a person sees of a page: finds controls by name, and what is cut off or unnamed.

The only place where tests of pages look at geometry and focus rings.
"""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import KEY_ROLE
from desktop.views.parts.list_view import RowList
from desktop.views.parts.pill import PillLabel

W = TypeVar("W", bound=QWidget)
#: What the rail and the status line leave of the smallest and of the usual window.
SMALLEST_PAGE = (840, 570)
USUAL_PAGE = (1420, 860)


def open_page(page: W, qtbot: QtBot, size: tuple[int, int] = USUAL_PAGE) -> W:
    """Show a page in the active window."""
    qtbot.addWidget(page)
    page.resize(*size)
    page.show()
    page.activateWindow()
    qtbot.waitExposed(page)
    return page


def see(page: QWidget, name: str, kind: type[W]) -> W:
    """The visible control of this name."""
    found = [widget for widget in page.findChildren(kind, name) if widget.isVisible()]
    assert len(found) == 1, f"{len(found)} visible {kind.__name__} named {name}"
    return found[0]


def is_seen(page: QWidget, name: str) -> bool:
    """Whether a control of this name is in sight."""
    return any(widget.isVisible() for widget in page.findChildren(QWidget, name))


def click(page: QWidget, name: str) -> None:
    """Press a control as the mouse does."""
    QTest.mouseClick(see(page, name, QWidget), Qt.MouseButton.LeftButton)


def press(page: QWidget, words: str) -> None:
    """Press the visible button with these words."""
    found = [
        button
        for button in page.findChildren(QAbstractButton)
        if button.text() == words and button.isVisible()
    ]
    assert len(found) == 1, f"{len(found)} visible buttons say {words}"
    QTest.mouseClick(found[0], Qt.MouseButton.LeftButton)


def words_in(page: QWidget) -> str:
    """Everything that labels say, from top to bottom of the widget tree."""
    labels = [label for label in page.findChildren(QLabel) if label.isVisible()]
    return "\n".join(label.text() for label in labels if label.text())


def keys_of(rows: RowList) -> list[object]:
    """The keys of a list's rows, from top to bottom."""
    model = rows.model()
    return [model.index(at, 0).data(KEY_ROLE) for at in range(model.rowCount())]


def choose(rows: RowList, key: object) -> None:
    """Click the row with this key."""
    index = rows.model().index(keys_of(rows).index(key), 0)
    rows.scrollTo(index)
    place = rows.visualRect(index).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()  # what is new beside it gets its place


def lay_out() -> None:
    """Let layouts come to rest: a turn of the loop for each depth of wrapped text."""
    for _ in range(10):
        QApplication.processEvents()


def cut_off(page: QWidget) -> list[str]:
    """What does not get the room it needs, or lies outside of what holds it."""
    return [
        f"{type(widget).__name__} {widget.objectName()} {_words(widget)!r}: {trouble}"
        for widget in page.findChildren(QWidget)
        if widget.isVisible() and not widget.objectName().startswith("qt_")
        for trouble in [_trouble(widget)]
        if trouble
    ]


def stops_of(page: QWidget) -> list[QWidget]:
    """Everything the Tab key should stop at: of a group only the chosen one, as Qt has it."""
    return [
        widget
        for widget in page.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and widget.isEnabled()
        and widget.focusProxy() is None
        and not widget.objectName().startswith("qt_")
        and not _is_passed_over(widget)
    ]


def unnamed_or_without_ring(page: QWidget, qtbot: QtBot) -> list[str]:
    """Stops of the Tab key that a screen reader cannot name, or that look alike with the keyboard.

    Args:
        page: in the active window.
    """
    stops = stops_of(page)
    wrong: list[str] = []
    for stop in stops:
        name = stop.accessibleName() or _words(stop)
        if not name:
            wrong.append(f"{type(stop).__name__} {stop.objectName()} has no name")
        next(other for other in stops if other is not stop).setFocus()
        without = stop.grab().toImage()
        stop.setFocus(Qt.FocusReason.TabFocusReason)
        qtbot.waitUntil(stop.hasFocus)
        if stop.grab().toImage() == without:
            wrong.append(f"{name} looks the same with the keyboard")
    return wrong


def _trouble(widget: QWidget) -> str:
    parent = widget.parentWidget()
    if isinstance(parent, QLineEdit) or (isinstance(widget, QToolButton) and not _words(widget)):
        return ""  # an icon has the room its part gives it
    if isinstance(widget, QAbstractButton | PillLabel | QComboBox):
        needed = widget.minimumSizeHint()
        if widget.width() < needed.width() or widget.height() < needed.height():
            return f"has {widget.size().toTuple()}, needs {needed.toTuple()}"
    if isinstance(widget, QLabel) and widget.wordWrap():
        needed_height = widget.heightForWidth(widget.width())
        if widget.height() < needed_height:
            return f"is {widget.height()} high, needs {needed_height}"
    if parent is None or widget.isWindow() or isinstance(widget, QAbstractSlider):
        return ""
    if isinstance(parent.parentWidget(), QAbstractScrollArea):
        return "" if widget.width() <= parent.width() else "is wider than what scrolls it"
    right = widget.mapTo(parent, QPoint(widget.width(), 0)).x()
    return "" if right <= parent.width() and widget.x() >= -8 else "lies outside of its parent"


def _words(widget: QWidget) -> str:
    return str(widget.property("text") or "")


def _is_passed_over(widget: QWidget) -> bool:
    if not isinstance(widget, QAbstractButton) or widget.group() is None:
        return False
    return not widget.isChecked()
