"""From the engine's thread to the GUI's: facts are put together for the screen.

The only crossing inwards, and the only place that paces it: the engine tells at once, a screen
shows thirty times a second, and a turn of the GUI's loop must stay short however much was told. A
row that changes again while it waits waits no longer for that: what waits never outgrows what there
is. It also tells the views, in Qt's way, what a batch changed.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TypeAlias

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop.precedence import WINDOW
from desktop.store.changes import Changes
from desktop.store.facts import (
    CaughtUp,
    ContextReset,
    ContextsSeen,
    EventSeen,
    Fact,
    Forgotten,
    TranscriptRead,
    UnreadableSeen,
)
from desktop.store.records import Summary
from desktop.store.store import Store

#: Batches reach the store this far apart: two frames of a 60 Hz screen.
BATCH_MS = 33
#: So much is taken in at once; what is left comes soon, after the window had its turn.
MOST_AT_ONCE = 1000
SOON_MS = 5
#: What an entry that somebody reads, or that a request follows from, costs beside a row.
ENTRY_SIZE = 3
#: Rows from before these say nothing of what comes after them.
_VOIDING = (ContextReset, Forgotten, CaughtUp)
#: Rows that wait, by context.
_Rows: TypeAlias = dict[str, Summary]


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
        self._waiting: deque[Fact | _Rows] = deque()
        self._rows_of: dict[str, _Rows] = {}
        self._is_announced = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._on_arrived)
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)

    def deliver(self, facts: list[Fact]) -> None:
        """Take facts on any thread; the store sees them, in order, on this object's.

        Of a row that is told again before the store has seen it, only the last word arrives.
        """
        with self._lock:
            for fact in facts:
                self._put(fact)
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
            with WINDOW:
                self._store.apply(batch)

    def _put(self, fact: Fact) -> None:
        if not isinstance(fact, ContextsSeen):
            if isinstance(fact, _VOIDING):
                self._rows_of.clear()
            self._waiting.append(fact)
            return
        fresh: _Rows = {}
        for summary in fact.summaries:
            context_id = summary.context_id
            rows = self._rows_of.get(context_id)
            # One from elsewhere may say what this one does not.
            if rows is None or rows[context_id].source is not summary.source:
                rows = self._rows_of[context_id] = fresh
            rows[context_id] = summary
        if fresh:
            self._waiting.append(fresh)

    def _next_batch(self) -> tuple[list[Fact], bool]:
        """As much as may be taken in at once, and whether that is all."""
        batch: list[Fact] = []
        room = MOST_AT_ONCE
        with self._lock:
            while self._waiting and room > 0:
                fact = self._waiting.popleft()
                if isinstance(fact, dict):
                    for context_id in fact:
                        if self._rows_of.get(context_id) is fact:
                            del self._rows_of[context_id]
                    fact = ContextsSeen(tuple(fact.values()))
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
            return ENTRY_SIZE * len(fact.entries) + 1
        case EventSeen() | UnreadableSeen():
            return ENTRY_SIZE
        case _:
            return 1
