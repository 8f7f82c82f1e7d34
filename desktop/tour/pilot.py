"""The pilot: finds what a person sees, presses it, and waits for what a person waits for.

The only place that presses the window's controls from inside. It uses real mouse and key events on
visible, enabled widgets, so what a person could not press it cannot press either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QScrollArea, QWidget

from desktop.errors import ConsoleError
from desktop.qtmodels.rows import KEY_ROLE

W = TypeVar("W", bound=QWidget)
POLL_SECONDS = 0.02
SETTLE_SECONDS = 0.15
PATIENCE_SECONDS = 30.0


class PilotLost(ConsoleError):
    """What a person would look for is not there, or what they wait for does not come."""


class Pilot:
    """Drives one window, on its thread and loop."""

    def __init__(self, window: QWidget) -> None:
        self.window = window

    async def until(
        self, condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until something holds.

        Raises:
            PilotLost: it does not, in time; the message says what was waited for.
        """
        try:
            async with asyncio.timeout(seconds):
                while not condition():  # noqa: ASYNC110 - what is painted sends no event
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise PilotLost(f"Waited {seconds:g} s for {what}.") from error

    def seen(self, name: str) -> QWidget | None:
        """The visible widget of this name, if there is one."""
        for widget in self.window.findChildren(QWidget, name):
            if widget.isVisible():
                return widget
        return None

    def find(self, name: str, kind: type[W]) -> W:
        """The visible widget of this name.

        Raises:
            PilotLost: a person does not see one.
        """
        widget = self.seen(name)
        if not isinstance(widget, kind):
            raise PilotLost(f"There is no visible {kind.__name__} named {name}.")
        return widget

    async def click(self, name: str) -> None:
        """Click a visible, enabled control, waiting for it to become both; scroll to it first."""

        def ready() -> bool:
            widget = self.seen(name)
            return widget is not None and widget.isEnabled() and _is_in_sight(widget)

        await self.until(ready, f"{name} to be there and enabled")
        widget = self.find(name, QWidget)
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())

    async def type_text(self, name: str, text: str) -> None:
        """Click into a field, empty it, and type."""
        await self.click(name)
        # The window's own focus: another window may be the active one.
        target = self._focused() or self.find(name, QWidget)
        QTest.keyClick(target, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(target, Qt.Key.Key_Delete)
        QTest.keyClicks(target, text)

    async def pick(self, name: str, label: str) -> None:
        """Pick from a list of choices by typing what it begins with."""
        box = self.find(name, QComboBox)
        box.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClicks(box, label)
        await self.until(lambda: box.currentText() == label, f"{label} to be picked in {name}")

    def press(
        self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Press one key, wherever the window's focus is."""
        QTest.keyClick(self._focused() or self.window, key, modifier)

    async def choose(self, name: str, key: object) -> None:
        """Click the row of a list that has this key."""

        def there() -> bool:
            view = self.seen(name)
            return isinstance(view, QAbstractItemView) and self._row_of(view, key) >= 0

        await self.until(there, f"a row {key} in {name}")
        view = self.find(name, QAbstractItemView)
        index = view.model().index(self._row_of(view, key), 0)
        view.scrollTo(index)
        place: QPoint = view.visualRect(index).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def keys(self, name: str) -> list[object]:
        """The keys of a list's rows, from top to bottom."""
        model = self.find(name, QAbstractItemView).model()
        return [model.index(row, 0).data(KEY_ROLE) for row in range(model.rowCount())]

    async def picture(self, path: Path) -> None:
        """Leave a picture of the window as it is painted now."""
        # A few turns of the loop: wrapped text inside wrapped text is laid out one by one.
        await asyncio.sleep(SETTLE_SECONDS)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.window.grab().save(str(path)):
            raise PilotLost(f"The picture {path.name} could not be saved.")

    def _focused(self) -> QWidget | None:
        return cast("QWidget | None", self.window.focusWidget())  # PySide's stub forgets the None

    @staticmethod
    def _row_of(view: QAbstractItemView, key: object) -> int:
        model = view.model()
        rows = range(model.rowCount())
        return next((r for r in rows if model.index(r, 0).data(KEY_ROLE) == key), -1)


def _is_in_sight(widget: QWidget) -> bool:
    """Whether it has its place and can be clicked there, after scrolling as a person would."""
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(widget)
        above = above.parentWidget()
    return widget.visibleRegion().contains(widget.rect().center())
