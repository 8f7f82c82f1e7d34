"""What a monitor would have seen: workers at work for minutes, other software, and trouble.

The only place where tests make up figures over time.
"""

from __future__ import annotations

import math

from desktop.store.facts import AgentsSeen, MonitorSeen
from tests.support.hand_fed import HandFed
from workers.wire.events import WorkerInfo
from workers.wire.health import BrokerHealth, InboxHealth, Letter, Run, Untaken
from workers.wire.usage import BUCKETS_MS, AgentUsage, Calls

BROKER = BrokerHealth("Redis 7.2.4", 12_400_000, 256_000_000, True, 14)
LOOK_MS = 2000
STUCK, POISONED = "c-harbour-freight-1187", "c-release-of-records"


def calls(count: int, milliseconds: int, failed: int = 0) -> Calls:
    """So many calls, each about so long."""
    at = next(number for number, limit in enumerate(BUCKETS_MS) if limit >= milliseconds)
    buckets = [0] * (at + 2)
    buckets[at], buckets[at + 1] = count - count // 12, count // 12
    return Calls(count=count, failed=failed, total_ms=count * milliseconds, buckets=buckets)


def worker(number: int, *agents: str, at_ms: int, started_ms: int, done: int = 0) -> WorkerInfo:
    """A worker that ended so many runs of each agent by then."""
    usage = AgentUsage(
        finished=done,
        failed=done // 40,
        running=2,
        limit=8,
        model=calls(done * 2, 900),
        tools={"transfer_funds": calls(done, 40, done // 50), "get_account_balance": calls(9, 15)},
        tokens_in=done * 412,
        tokens_out=done * 96,
        cost=done * 0.0031,
        currency="EUR",
    )
    return WorkerInfo(
        consumer=f"signoff:office-{number}:{4100 + number}:9f31c0de",
        agents=list(agents),
        tools={name: ["get_account_balance", "list_payments", "transfer_funds"] for name in agents},
        version="0.2.0",
        mode="enforce",
        started_ms=started_ms,
        running=2,
        note="scripted model",
        at_ms=at_ms,
        usage=dict.fromkeys(agents, usage),
    )


def inbox_of_ours(fed: HandFed, at: int = 0) -> InboxHealth:
    """The inbox of the treasury agent: two runs, a message for nobody, two in quarantine."""
    now = fed.now_ms
    return InboxHealth(
        "treasury_agent",
        length=9 + at % 7,
        lag=3 + at % 5,
        taken=1204 + at,
        pending=4,
        oldest_pending_ms=now - 95_000,
        consumers=2,
        foreign=0,
        leaked=0,
        parked=1,
        quarantined=2,
        runs=(
            Run("c-office-supplies", worker_name(1), now - 74_000, now + 9000),
            Run("c-invoice-1190", worker_name(2), now - 12_000, now + 9000),
            Run(STUCK, worker_name(2), now - 41 * 60_000, now - 20 * 60_000),
        ),
        letters=(
            Letter(
                f"{now - 2 * 3_600_000}-0",
                now - 2 * 3_600_000,
                "failed",
                "It was started five times and failed each time: the checkpoint store is full.",
                POISONED,
                5,
            ),
            Letter(f"{now - 90_000}-0", now - 90_000, "not_json", "It is no JSON.", is_empty=True),
        ),
    )


def inbox_of_others(fed: HandFed, at: int = 0) -> InboxHealth:
    """The inbox of an agent that a worker of the base package serves."""
    return InboxHealth(
        "weather_agent",
        length=48_210 + at,
        lag=2,
        taken=48_208 + at * 3,
        pending=48_190,
        oldest_pending_ms=fed.now_ms - 9 * 86_400_000,
        consumers=7,
        foreign=7,
        leaked=4,
        is_read=True,
    )


def worker_name(number: int) -> str:
    return worker(number, at_ms=0, started_ms=0).consumer


def at_work(fed: HandFed, looks: int = 20) -> HandFed:
    """Two workers, an agent of other software, one that nobody serves, and trouble.

    Args:
        looks: how often the monitor looked at them by now.
    """
    began = fed.now_ms - looks * LOOK_MS
    done = 1200
    for look in range(looks + 1):
        at_ms = began + look * LOOK_MS
        done += round(5 + 4 * math.sin(look / 9) + (3 if look % 11 == 0 else 0))
        workers = (
            worker(1, "coordinator", "treasury_agent", at_ms=at_ms, started_ms=began, done=done),
            worker(2, "treasury_agent", at_ms=at_ms - 400, started_ms=began, done=done // 3),
        )
        inboxes = (
            InboxHealth("coordinator", 3, 0, 900 + look, 1, at_ms - 4000, 1, 0, 0, parked=0),
            inbox_of_ours(fed, look),
            inbox_of_others(fed, look),
            InboxHealth(
                "auditor",
                length=2,
                lag=2,
                taken=0,
                pending=0,
                consumers=0,
                foreign=0,
                is_read=False,
                untaken=(Untaken("c-yearly-audit", fed.now_ms - 25 * 60_000),),
            ),
        )
        fed.feed(MonitorSeen(at_ms, BROKER, inboxes, workers))
    names = ("auditor", "coordinator", "treasury_agent", "weather_agent")
    return fed.feed(AgentsSeen(names, workers))


def crowd(fed: HandFed, agents: int = 200, workers: int = 500) -> HandFed:
    """Very many agents, all of them served by some of very many workers."""
    names = [f"agent_{number:03}" for number in range(agents)]
    known = tuple(
        worker(
            number,
            names[number % agents],
            names[0],
            at_ms=fed.now_ms - 1000,
            started_ms=fed.now_ms - 86_400_000,
            done=number,
        )
        for number in range(workers)
    )
    inboxes = tuple(
        InboxHealth(name, 5, number % 9, number, number % 3, quarantined=0)
        for number, name in enumerate(names)
    )
    fed.feed(MonitorSeen(fed.now_ms, BROKER, inboxes, known))
    return fed.feed(AgentsSeen(tuple(names), known))
