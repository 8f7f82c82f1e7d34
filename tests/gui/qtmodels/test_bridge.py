"""Facts cross from any thread to the GUI's, in order, none lost."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from desktop.qtmodels.bridge import MOST_AT_ONCE, Bridge
from desktop.store.changes import Changes
from desktop.store.facts import AgentsSeen, ContextReset, ContextsSeen, Fact
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


def test_a_row_that_changes_again_while_it_waits_arrives_once(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far the window is behind, it has no more to take in than there are rows."""
    store = Store()
    bridge = Bridge(store)
    taken: list[Summary] = []
    real = store.apply

    def apply(batch: Iterable[Fact]) -> Changes:
        facts = list(batch)
        taken.extend(s for fact in facts if isinstance(fact, ContextsSeen) for s in fact.summaries)
        return real(facts)

    monkeypatch.setattr(store, "apply", apply)
    for turn in range(100):
        bridge.deliver([ContextsSeen((_summary(number, turn),)) for number in range(10)])
    bridge.deliver([ContextReset("c-0", "It was begun anew."), ContextsSeen((_summary(0, 1),))])
    qtbot.waitUntil(lambda: len(taken) >= 11, timeout=5000)

    assert [(one.context_id, one.entries) for one in taken] == [
        *((f"c-{number}", 99) for number in range(10)),
        ("c-0", 1),
    ]
    bridge.close()


def _summary(number: int, entries: int) -> Summary:
    return Summary(f"c-{number}", "a", ContextStatus.DONE, entries, f"{entries}-1", entries=entries)
