"""Facts cross from any thread to the GUI's, in order, none lost."""

from __future__ import annotations

import threading

from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from desktop.qtmodels.bridge import Bridge
from desktop.store.changes import Changes
from desktop.store.facts import AgentsSeen
from desktop.store.store import Store


def test_facts_of_another_thread_reach_the_store_in_order_on_this_one(qtbot: QtBot) -> None:
    """The engine's batches are applied on the GUI's thread, in the order they were sent."""
    store = Store()
    bridge = Bridge(store)
    names: list[str] = []
    threads: set[QThread] = set()

    def on_changed(changes: Changes) -> None:
        assert changes.agents
        threads.add(QThread.currentThread())
        names.append(store.agents()[0].name)

    bridge.changed.connect(on_changed)
    wanted = [f"agent-{number}" for number in range(500)]
    sender = threading.Thread(
        target=lambda: [bridge.deliver([AgentsSeen((name,), ())]) for name in wanted]
    )
    sender.start()
    sender.join()
    qtbot.waitUntil(lambda: len(names) == len(wanted), timeout=5000)

    assert names == wanted
    assert threads == {bridge.thread()}
    bridge.close()
