"""The real console in this process, its window offscreen, with eyes on it.

The only place where benchmarks build it. `tests.bench.watching` says what is done with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from desktop.console import Console
from desktop.store.changes import Changes
from desktop.views.page import Page
from desktop.views.parts.list_view import RowList

W = TypeVar("W", bound=QWidget)
PATIENCE_SECONDS = 120
FRAME_MS = 16
_LOOK_SECONDS = 0.02


class Gaps(QObject):
    """How long the window's thread was busy between two ticks of a timer.

    Attributes:
        taken_ms: from each tick to the next one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.taken_ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)

    def start(self) -> None:
        """From now on."""
        self.taken_ms.clear()
        self._last = time.perf_counter()
        self._timer.start()

    def _on_tick(self) -> None:
        now = time.perf_counter()
        self.taken_ms.append((now - self._last) * 1000)
        self._last = now


class Paints(QObject):
    """Times changes of conversations until the list is painted.

    Attributes:
        taken_ms: from the broker's stamp of a conversation's newest entry to that.
        painted: how often the list was.
        since_ms: entries from before do not count.
    """

    def __init__(self, console: Console, rows: RowList) -> None:
        super().__init__()
        self.taken_ms: list[float] = []
        self.painted = 0
        self.since_ms = 0.0
        self._store = console.store
        self._due_ms: list[int] = []
        # After the views have taken it in: they were connected first.
        console.bridge.changed.connect(self._on_changed)
        rows.viewport().installEventFilter(self)

    def _on_changed(self, changes: Changes) -> None:
        # Past the store's doors, which would make a row of each: that would be timed, too.
        summaries = self._store._state.summaries
        for context in changes.contexts:
            summary = summaries.get(context)
            # What was said before is only told anew, with what follows from it.
            if summary is not None and summary.last_activity_ms >= self.since_ms:
                self._due_ms.append(summary.last_activity_ms)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's
        """Qt: an event of the list; it is drawn by the list itself right after."""
        if event.type() is QEvent.Type.Paint:
            self.painted += 1
            now_ms = time.time() * 1000
            self.taken_ms.extend(now_ms - due for due in self._due_ms)
            self._due_ms.clear()
        return False


class Watched:
    """A running console on its page of conversations."""

    def __init__(self, app: QApplication) -> None:
        self.console = Console(app)
        self.window = self.console.window
        self.rows = self.find("conversations.list", RowList)
        self.paints = Paints(self.console, self.rows)
        self.gaps = Gaps()

    def find(self, name: str, kind: type[W]) -> W:
        """A control by its name."""
        found: W | None = self.window.findChild(kind, name)
        assert found is not None
        return found

    def open(self) -> None:
        """Show the window on its page of conversations."""
        self.window.show()
        self.window.show_page(Page.CONVERSATIONS)

    @asynccontextmanager
    async def following(self, url: str) -> AsyncIterator[None]:
        """Follow a broker from now on; everything it holds has been read then."""
        self.open()
        self.console.start(url, demo=False)
        try:
            await until(lambda: self.console.store.survey.done)
            yield
        finally:
            await self.console.stop()


async def until(condition: Callable[[], object]) -> None:
    """Wait for something, two minutes at most."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - a store tells nobody how far it is
            await asyncio.sleep(_LOOK_SECONDS)
