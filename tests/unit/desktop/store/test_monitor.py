"""Figures over time, made of what workers and the broker tell now and then."""

from __future__ import annotations

from desktop.store.facts import AgentsSeen, Forgotten, MonitorSeen
from desktop.store.health import AgentUsage, BrokerHealth, Calls, InboxHealth
from desktop.store.monitor import MOST_SAMPLES
from desktop.store.store import Store
from workers.wire.events import WorkerInfo

AGENT = "treasury_agent"


def worker(at_ms: int, usage: AgentUsage, *, consumer: str = "signoff:a:1:b") -> WorkerInfo:
    """A heartbeat."""
    return WorkerInfo(
        consumer=consumer,
        agents=[AGENT],
        tools={AGENT: []},
        version="0.1.0",
        mode="enforce",
        started_ms=0,
        at_ms=at_ms,
        usage={AGENT: usage},
    )


def look(at_ms: int, *workers: WorkerInfo, inboxes: tuple[InboxHealth, ...] = ()) -> MonitorSeen:
    """A look at the broker."""
    return MonitorSeen(at_ms, BrokerHealth(), inboxes, workers)


def test_a_figure_is_what_happened_between_two_heartbeats() -> None:
    """Looks are more frequent than heartbeats: the same one twice is no pause in the work."""
    store = Store()
    first = AgentUsage(finished=10, model=Calls(count=5, buckets=[5]))
    second = AgentUsage(
        finished=16, failed=3, tokens_in=60, running=2, model=Calls(count=8, buckets=[5, 0, 0, 3])
    )
    changes = store.apply(
        [
            look(1000, worker(1000, first)),
            look(3000, worker(1000, first)),
            look(5000, worker(4000, second)),
            look(7000, worker(4000, second)),
        ]
    )

    samples = store.monitor.samples(AGENT)

    assert changes.monitor
    assert [sample.runs for sample in samples] == [None, None, 3.0, 3.0]
    assert (samples[2].failed, samples[2].tokens, samples[2].running) == (1.0, 20.0, 2)
    assert samples[2].model_ms == 75, "only what was answered since counts"
    assert samples[2].tool_ms is None
    assert store.monitor.samples()[-1].runs == 3.0
    assert store.monitor.agent(AGENT).latest == samples[-1]


def test_heartbeats_count_when_nobody_looks_and_a_new_worker_begins_anew() -> None:
    """Whoever opens the monitor sees figures at once; what a dead worker did is not subtracted."""
    store = Store()
    store.apply([AgentsSeen((AGENT,), (worker(1000, AgentUsage(finished=10)),))])
    store.apply([look(4100, worker(4000, AgentUsage(finished=40)))])
    fresh = worker(5000, AgentUsage(finished=1), consumer="signoff:a:2:c")
    store.apply([look(6000, fresh)])

    before, after = store.monitor.samples(AGENT)

    assert (before.runs, after.runs) == (10.0, None)
    assert store.monitor.agent(AGENT).usage.finished == 1


def test_a_worker_whose_clock_went_back_is_counted_anew() -> None:
    """Not for as long as the clock was ahead, and never with a figure below nothing."""
    store = Store()
    ahead = worker(90_000_000, AgentUsage(finished=10))
    store.apply([look(1000, ahead), look(3000, worker(5000, AgentUsage(finished=20)))])
    store.apply([look(5000, worker(7000, AgentUsage(finished=30)))])

    assert [sample.runs for sample in store.monitor.samples(AGENT)] == [None, None, 5.0]


def test_of_a_foreign_agent_its_inbox_tells() -> None:
    """How many messages were taken each second; whether anybody reads."""
    store = Store()

    def inbox(taken: int | None, *, is_read: bool) -> tuple[InboxHealth, ...]:
        return (InboxHealth("base", lag=2, pending=3, taken=taken, foreign=4, is_read=is_read),)

    store.apply(
        [
            look(1000, inboxes=inbox(10, is_read=True)),
            look(3000, inboxes=inbox(20, is_read=True)),
            look(5000, inboxes=inbox(None, is_read=False)),
        ]
    )

    samples = store.monitor.samples("base")
    health = store.monitor.agent("base")

    assert [sample.runs for sample in samples] == [None, 5.0, None]
    assert (samples[0].backlog, samples[0].running) == (5, None)
    assert (health.is_foreign, health.is_served) == (True, False)
    assert [agent.name for agent in store.monitor.agents()] == ["base"]


def test_the_past_is_bounded_and_goes_with_the_broker() -> None:
    """Only so many samples of each agent; none of one that is gone, or of another broker."""
    store = Store()
    inboxes = (InboxHealth("a"), InboxHealth("human"))
    store.apply([look(1000 + 2000 * n, inboxes=inboxes) for n in range(MOST_SAMPLES + 5)])
    assert len(store.monitor.samples("a")) == len(store.monitor.samples()) == MOST_SAMPLES
    assert store.monitor.samples("human") == ()

    store.apply([look(10_000_000), look(5)])
    assert store.monitor.samples("a") == ()
    assert store.monitor.samples()[-1].at_ms == 10_000_000, "its clock went back"

    store.apply([Forgotten()])
    assert store.monitor.at_ms == 0
    assert store.monitor.samples() == ()
