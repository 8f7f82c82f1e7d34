"""Facts cross from any thread to the GUI's, in order, none lost."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from desktop.qtmodels.bridge import MOST_AT_ONCE, Bridge
from desktop.store.changes import Changes
from desktop.store.facts import AgentsSeen, ContextsSeen, Fact
from desktop.store.records import ContextStatus, Summary
from desktop.store.store import Store


def test_facts_of_another_thread_reach_the_store_in_order_on_this_one(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the engine tells is applied on the GUI's thread, in its order, in fewer batches."""
    store = Store()
    bridge = Bridge(store)
    names: list[str] = []
    threads: set[QThread] = set()

    def on_changed(changes: Changes) -> None:
        assert changes.agents
        threads.add(QThread.currentThread())
        names.append(store.agents()[0].name)

    bridge.changed.connect(on_changed)
    applied: list[str] = []
    real = store.apply

    def apply(batch: Iterable[Fact]) -> Changes:
        facts = list(batch)
        applied.extend(fact.agents[0] for fact in facts if isinstance(fact, AgentsSeen))
        return real(facts)

    monkeypatch.setattr(store, "apply", apply)
    wanted = [f"agent-{number}" for number in range(500)]
    sender = threading.Thread(
        target=lambda: [bridge.deliver([AgentsSeen((name,), ())]) for name in wanted]
    )
    sender.start()
    sender.join()
    qtbot.waitUntil(lambda: len(applied) == len(wanted), timeout=5000)

    assert applied == wanted
    assert names[-1] == wanted[-1]
    assert len(names) < len(wanted) / 10
    assert threads == {bridge.thread()}
    bridge.close()


def test_a_flood_reaches_the_store_piece_by_piece(qtbot: QtBot) -> None:
    """A hundred thousand conversations at once do not stop the window."""
    store = Store()
    bridge = Bridge(store)
    sizes: list[int] = []
    bridge.changed.connect(lambda changes: sizes.append(len(changes.contexts)))
    summaries = [
        Summary(f"c-{number}", "a", ContextStatus.DONE, number, f"{number}-1")
        for number in range(20_000)
    ]

    bridge.deliver(
        [ContextsSeen(tuple(summaries[start : start + 500])) for start in range(0, 20_000, 500)]
    )
    qtbot.waitUntil(lambda: store.context_count == len(summaries), timeout=5000)

    assert max(sizes) == MOST_AT_ONCE
    bridge.close()
