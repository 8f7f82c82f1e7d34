"""From the engine's thread to the GUI's: one queued signal that carries a batch of facts.

The only crossing inwards. It also tells the views, in Qt's way, what a batch changed.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal

from desktop.store.changes import Changes
from desktop.store.facts import Fact
from desktop.store.store import Store


class Bridge(QObject):
    """Carries facts into a store that lives on the GUI's thread.

    Signals:
        changed(Changes): a batch of facts, from wherever, changed the store.
    """

    changed = Signal(object)
    _arrived = Signal(object)

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._unsubscribe = store.subscribe(self._on_store_changed)
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)

    def deliver(self, facts: list[Fact]) -> None:
        """Take a batch of facts on any thread; the store sees it on this object's."""
        self._arrived.emit(facts)

    def close(self) -> None:
        """Tell nobody anything any more."""
        self._unsubscribe()

    def _on_arrived(self, facts: list[Fact]) -> None:
        self._store.apply(facts)

    def _on_store_changed(self, changes: Changes) -> None:
        self.changed.emit(changes)
