"""From the engine's thread to the GUI's: facts are put together for the screen.

The only crossing inwards, and the only place that paces it: the engine tells at once, a screen
shows thirty times a second, and a turn of the GUI's loop must stay short however much was told. It
also tells the views, in Qt's way, what a batch changed.
"""

from __future__ import annotations

import threading
from collections import deque

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop.store.changes import Changes
from desktop.store.facts import ContextsSeen, Fact, TranscriptRead
from desktop.store.store import Store

#: Batches reach the store this far apart: two frames of a 60 Hz screen.
BATCH_MS = 33
#: So much is taken in at once; what is left comes soon, after the window had its turn.
MOST_AT_ONCE = 1000
SOON_MS = 5


class Bridge(QObject):
    """Carries facts into a store that lives on the GUI's thread.

    Signals:
        changed(Changes): a batch of facts, from wherever, changed the store.
    """

    changed = Signal(object)
    _arrived = Signal()

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._unsubscribe = store.subscribe(self._on_store_changed)
        self._lock = threading.Lock()
        self._waiting: deque[Fact] = deque()
        self._is_announced = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._on_arrived)
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)

    def deliver(self, facts: list[Fact]) -> None:
        """Take facts on any thread; the store sees them, in order, on this object's."""
        with self._lock:
            self._waiting.extend(facts)
            is_announced, self._is_announced = self._is_announced, True
        if not is_announced:
            self._arrived.emit()

    def close(self) -> None:
        """Tell nobody anything any more."""
        self._pause.stop()
        self._unsubscribe()

    def _on_arrived(self) -> None:
        batch, is_all = self._next_batch()
        if batch:
            # Until the pause is over, whatever comes waits for its end.
            self._pause.start(BATCH_MS if is_all else SOON_MS)
            self._store.apply(batch)

    def _next_batch(self) -> tuple[list[Fact], bool]:
        """As much as may be taken in at once, and whether that is all."""
        batch: list[Fact] = []
        room = MOST_AT_ONCE
        with self._lock:
            while self._waiting and room > 0:
                fact = self._waiting.popleft()
                room -= _size(fact)
                batch.append(fact)
            if not batch:
                self._is_announced = False
            return batch, not self._waiting

    def _on_store_changed(self, changes: Changes) -> None:
        self.changed.emit(changes)


def _size(fact: Fact) -> int:
    match fact:
        case ContextsSeen():
            return len(fact.summaries)
        case TranscriptRead():
            return len(fact.entries) + 1
        case _:
            return 1
