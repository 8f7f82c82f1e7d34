"""What does not go on by itself is found, and what only takes its time is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop.store.facts import (
    AgentsSeen,
    CaughtUp,
    ContextsSeen,
    EventSeen,
    MonitorSeen,
    ReceiptSeen,
    RepairNotDone,
)
from desktop.store.health import (
    BrokerHealth,
    InboxHealth,
    Letter,
    Repair,
    RepairKey,
    Run,
    TroubleKind,
    Untaken,
)
from desktop.store.records import ContextStatus, Summary, WorkerInfo
from desktop.store.store import Store
from tests.support import scenes
from workers.wire.approvals import Outcome

AGENT = scenes.AGENT
MINUTE = 60_000
NOW_MS = 1_772_442_905_000
INBOX = InboxHealth(AGENT, length=0, lag=0, pending=0, consumers=0, foreign=0, is_read=False)
WORKER = WorkerInfo(
    consumer="signoff:a:1:b",
    agents=[AGENT],
    tools={},
    version="0.1.0",
    mode="enforce",
    started_ms=0,
)


def seen(
    inbox: InboxHealth = INBOX,
    *,
    workers: tuple[WorkerInfo, ...] = (),
    quiet_minutes: float = 0,
    status: ContextStatus = ContextStatus.RUNNING,
) -> Store:
    """A store that has read one context and looked at one inbox."""
    store = Store()
    last_ms = NOW_MS - round(quiet_minutes * MINUTE)
    summary = Summary(scenes.CONTEXT, AGENT, status, last_ms, as_of=f"{last_ms}-0", entries=1)
    store.apply([ContextsSeen((summary,)), CaughtUp(frozenset({scenes.CONTEXT}))])
    store.apply([AgentsSeen((AGENT,), workers)])
    store.apply([MonitorSeen(NOW_MS, BrokerHealth(), (inbox,), workers)])
    return store


def titles(store: Store) -> list[str]:
    """What is in trouble, in words."""
    return [one.title for one in store.troubles().rows]


def test_what_works_and_what_has_ended_is_no_trouble() -> None:
    """A run under a lease, a word said just now, an answer of last year."""
    run = Run(scenes.CONTEXT, WORKER.consumer, NOW_MS - 5 * MINUTE, NOW_MS + 9000)
    at_work = replace(INBOX, runs=(run,))

    assert titles(seen(at_work, workers=(WORKER,), quiet_minutes=5)) == []
    assert titles(seen(quiet_minutes=5)) == []
    assert titles(seen(quiet_minutes=500_000, status=ContextStatus.DONE)) == []


def test_a_conversation_whose_worker_is_gone_is_stuck() -> None:
    """Its lease ran out, and nobody took it over."""
    run = Run(scenes.CONTEXT, "signoff:b:2:c", NOW_MS - 5 * MINUTE, NOW_MS - 2 * MINUTE)
    store = seen(replace(INBOX, runs=(run,)), quiet_minutes=5)

    [trouble] = store.troubles().rows

    assert (trouble.kind, trouble.context_id) == (TroubleKind.STUCK, scenes.CONTEXT)
    assert trouble.title == "Its worker is gone, and no other has taken it over."
    assert trouble.since_ms == NOW_MS - 2 * MINUTE
    assert trouble.repairs == (Repair.OPEN_CONTEXT,)


def test_a_run_that_says_nothing_for_long_is_stuck() -> None:
    """Longer than any model or tool may take; its worker is named."""
    run = Run(scenes.CONTEXT, WORKER.consumer, NOW_MS - 40 * MINUTE, NOW_MS + 9000)
    store = seen(replace(INBOX, runs=(run,)), workers=(WORKER,), quiet_minutes=20)

    [trouble] = store.troubles().rows

    assert trouble.since_ms == NOW_MS - 20 * MINUTE
    assert WORKER.consumer in trouble.hint


@pytest.mark.parametrize(
    ("inbox", "workers", "is_stuck"),
    [
        (INBOX, (), True),
        (replace(INBOX, is_read=True, foreign=3), (), False),
        (replace(INBOX, is_read=None), (), False),
        (INBOX, (WORKER,), False),
    ],
)
def test_a_message_is_stuck_when_nobody_serves_its_agent(
    inbox: InboxHealth, workers: tuple[WorkerInfo, ...], is_stuck: bool
) -> None:
    """After a minute; a reader of other software serves it too, and unknown is no accusation."""
    waiting = Untaken("c-new", NOW_MS - 2 * MINUTE)
    just_now = Untaken("c-now", NOW_MS - 1000)
    store = seen(replace(inbox, untaken=(waiting, just_now)), workers=workers)

    found = [one.context_id for one in store.troubles().rows]

    assert found == (["c-new"] if is_stuck else [])


def test_what_is_parked_behind_a_question_waits_rightly() -> None:
    """Behind nothing, it is stuck."""
    parked = Untaken(scenes.CONTEXT, NOW_MS - 30 * MINUTE, is_parked=True)
    store = seen(replace(INBOX, untaken=(parked,)), workers=(WORKER,), quiet_minutes=30)
    assert titles(store) == ["A message waits behind a question that waits for nobody."]

    store.apply([EventSeen(scenes.CONTEXT, f"{NOW_MS - 30 * MINUTE}-1", scenes.asks())])
    assert titles(store) == []


def test_a_conversation_nobody_runs_is_stuck_once() -> None:
    """Of a foreign worker there is no lease to look at: what counts is the silence."""
    store = seen(quiet_minutes=16)

    [trouble] = store.troubles().rows

    assert trouble.title.startswith(f"Nobody serves {AGENT}."), "a row has room for its beginning"


@pytest.mark.parametrize(("lag", "words"), [(1, "1 message waits"), (1200, "1,200 messages wait")])
def test_messages_for_nobody_are_counted(lag: int, words: str) -> None:
    """Where the broker does not say which ones they are."""
    assert titles(seen(replace(INBOX, lag=lag))) == [f"{words}, and nobody serves {AGENT}."]


def test_of_other_software_nobody_claims_to_know() -> None:
    """It may still be at work on it, and does not say."""
    [trouble] = seen(replace(INBOX, foreign=1, is_read=True), quiet_minutes=16).troubles().rows

    assert trouble.title.startswith("Other software may run it, and does not tell.")


def test_dead_letters_are_told_with_the_way_out() -> None:
    """Started ones poison their conversation; what was never readable can only be discarded."""
    started = Letter("2-0", NOW_MS - MINUTE, "failed", "It failed.", scenes.CONTEXT, 5)
    garbage = Letter("3-0", NOW_MS, "no_data", "It is empty.", is_empty=True)
    store = seen(replace(INBOX, quarantined=7, letters=(garbage, started)))
    key = RepairKey(Repair.REQUEUE, AGENT, "2-0")
    store.apply([RepairNotDone(key, "The broker does not permit this.")])

    poisoned, quarantined = store.troubles().rows

    assert (poisoned.kind, quarantined.kind) == (TroubleKind.POISONED, TroubleKind.QUARANTINED)
    assert poisoned.repairs == (Repair.REQUEUE, Repair.DISCARD, Repair.OPEN_CONTEXT)
    assert quarantined.repairs == (Repair.DISCARD,)
    assert poisoned.repair is not None
    assert poisoned.repair.title == "The broker does not permit this."
    assert store.troubles().total == 7, "those that are not listed are counted"


def test_a_call_in_doubt_is_trouble_until_somebody_decides() -> None:
    """First that nobody knows; then the question about it, which a person can open."""
    store = Store()
    store.apply(
        [
            EventSeen(scenes.CONTEXT, "1-0", scenes.asks()),
            ReceiptSeen(scenes.receipt(Outcome.IN_DOUBT)),
            CaughtUp(frozenset({scenes.CONTEXT})),
        ]
    )
    [before] = store.troubles().rows
    store.apply([EventSeen(scenes.CONTEXT, "2-0", scenes.asks_again())])
    [after] = store.troubles().rows

    assert before.kind is after.kind is TroubleKind.IN_DOUBT
    assert before.hint != after.hint
    assert after.request is not None
    asked = store.request(after.request)
    assert asked is not None
    assert asked.is_open
    assert after.repairs == (Repair.OPEN_REQUEST,)


def test_calls_of_an_agent_that_nobody_serves_are_trouble() -> None:
    """Also of one that has neither inbox nor worker: a decision would reach nobody."""
    asked = [
        EventSeen(context, f"{NOW_MS - 5 * MINUTE + nth}-0", scenes.asks(context_id=context))
        for nth, context in enumerate((scenes.CONTEXT, "c-2"))
    ]
    store = Store()
    store.apply([*asked, CaughtUp(frozenset({scenes.CONTEXT, "c-2"}))])
    store.apply([MonitorSeen(NOW_MS, BrokerHealth(), (), ())])

    [trouble] = store.troubles().rows
    assert trouble.title == f"2 calls wait for a decision, and nobody serves {AGENT}."
    assert trouble.request == store.longest_waiting()
    assert trouble.since_ms == NOW_MS - 5 * MINUTE

    store.apply([MonitorSeen(NOW_MS, BrokerHealth(), (INBOX,), (WORKER,))])
    assert titles(store) == []
