"""Brokers in every state, judged: what is fine, what is worth a note, what is a problem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workers.operations.broker_checks import check_broker
from workers.operations.findings import Level
from workers.operations.fleet_checks import check_inbox, check_names, check_workers
from workers.wire.events import WorkerInfo
from workers.wire.streams.examination import BrokerState, ConsumerState, InboxState
from workers.wire.streams.quarantine import MOST_KEPT

GOOD = BrokerState(
    software="Redis",
    version=(7, 2, 5),
    version_text="7.2.5",
    is_replica=False,
    is_cluster=False,
    is_appending=True,
    saves=True,
    writes_well=True,
    max_memory=0,
    used_memory=1_000_000,
    eviction_policy="noeviction",
    skew_seconds=0.0,
)
OURS = "signoff:host:1:aa"
WORKER = WorkerInfo(
    consumer=OURS, agents=["pay"], tools={}, version="1", mode="enforce", started_ms=0
)


def test_a_good_broker_has_nothing_to_hint_at() -> None:
    """Every check says ok."""
    findings = list(check_broker(GOOD))

    assert {one.level for one in findings} == {Level.OK}
    assert not any(one.hint for one in findings)


@pytest.mark.parametrize(
    ("state", "check", "level"),
    [
        ({"version": (6, 0, 16), "version_text": "6.0.16"}, "version", Level.PROBLEM),
        ({"version": (6, 2, 0)}, "version", Level.OK),
        ({"is_replica": True}, "role", Level.PROBLEM),
        ({"is_cluster": True}, "role", Level.NOTE),
        ({"is_appending": False, "saves": True}, "persistence", Level.PROBLEM),
        ({"is_appending": False, "saves": None}, "persistence", Level.PROBLEM),
        ({"writes_well": False}, "disk", Level.PROBLEM),
        ({"eviction_policy": "volatile-ttl"}, "eviction", Level.NOTE),
        ({"eviction_policy": "volatile-ttl", "max_memory": 10**9}, "eviction", Level.PROBLEM),
        ({"max_memory": 1_050_000}, "memory", Level.PROBLEM),
        ({"skew_seconds": -1.9}, "clock", Level.OK),
        ({"skew_seconds": -2.0}, "clock", Level.NOTE),
        ({"skew_seconds": 31.0}, "clock", Level.PROBLEM),
    ],
    ids=str,
)
def test_what_a_broker_says_of_itself(state: dict[str, Any], check: str, level: Level) -> None:
    """One thing is off, and only that is found; what is off has a hint."""
    findings = list(check_broker(replace(GOOD, **state)))

    assert [one.level for one in findings if one.check == check] == [level]
    assert {one.level for one in findings if one.check != check} == {Level.OK}
    assert all(one.hint for one in findings if one.level is not Level.OK)


def test_the_direction_of_a_skew_is_told() -> None:
    """Who has to look at which clock."""
    [ahead] = [one for one in check_broker(replace(GOOD, skew_seconds=3.0)) if one.check == "clock"]
    [behind] = [one for one in check_broker(replace(GOOD, skew_seconds=-3)) if one.check == "clock"]

    assert "3.0 s ahead of ours" in ahead.title
    assert "3.0 s behind ours" in behind.title


def _inbox(*consumers: ConsumerState, entries: int = 0, quarantined: int = 0) -> InboxState:
    return InboxState("pay", entries, consumers, quarantined)


def test_an_inbox_that_is_served_is_not_worth_a_word() -> None:
    """Not even with messages in it."""
    assert not list(check_inbox(_inbox(ConsumerState(OURS, 3, 10), entries=5), [WORKER]))


def test_messages_with_a_worker_that_is_gone() -> None:
    """A note while another serves the agent; a problem when nobody does."""
    inbox = _inbox(ConsumerState("signoff:gone:1:bb", 2, 10**6), entries=2)

    with_another = list(check_inbox(inbox, [WORKER]))
    alone = list(check_inbox(inbox, []))

    assert [(one.check, one.level) for one in with_another] == [("left", Level.NOTE)]
    assert [one.check for one in alone] == ["unserved", "left"]


def test_leaked_consumers_of_the_base_package() -> None:
    """It names a new one for each read; what its dead ones hold nobody will ever handle."""
    leaked = [ConsumerState(f"consumer-{n}", n % 2, 10**8) for n in range(10)]

    [finding] = check_inbox(_inbox(*leaked, entries=5), [])

    assert finding.check == "foreign"
    assert "10 consumers of pay" in finding.title
    assert "10 of them silent for an hour" in finding.title
    assert "5 messages are pending" in finding.title
    assert "Remove the 5 that hold nothing" in finding.hint


def test_the_inbox_of_people_needs_no_worker() -> None:
    """Base workers answer people there."""
    assert not list(check_inbox(InboxState("human", 7, None, 0), []))


def test_a_full_quarantine_loses_its_oldest() -> None:
    """From then on it is a problem."""
    some, full = (next(check_inbox(_inbox(quarantined=number), [])) for number in (1, MOST_KEPT))

    assert (some.level, full.level) == (Level.NOTE, Level.PROBLEM)


def test_braces_in_a_context_id_do_harm_on_a_cluster() -> None:
    """Elsewhere they are worth a note, named five at most."""
    names = [f"c-{{{number}}}" for number in range(7)] + ["plain"]

    [alone] = check_names([], names, is_cluster=False)
    [cluster] = check_names([], names, is_cluster=True)

    assert (alone.level, cluster.level) == (Level.NOTE, Level.PROBLEM)
    assert alone.title == (
        "7 context IDs have braces: c-{0}, c-{1}, c-{2}, c-{3}, c-{4}, and 2 more."
    )


def test_nobody_at_work_is_no_problem_yet() -> None:
    """A broker may be examined before the first worker starts."""
    [finding] = check_workers([], [])

    assert finding.level is Level.NOTE
