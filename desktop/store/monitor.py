"""What the monitor has seen, and the figures that follow from it: rates, latencies, a short past.

The only place that turns the workers' counters into figures over time. Counters only grow while a
worker lives, so what happened is the difference of two of its heartbeats, whatever was missed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from desktop.store import facts
from desktop.store.health import (
    ALL_AGENTS,
    AgentHealth,
    AgentUsage,
    BrokerHealth,
    Calls,
    InboxHealth,
    RepairKey,
    RepairState,
    Sample,
)
from desktop.store.records import HUMAN, WorkerInfo

_Number = TypeVar("_Number", int, float)

#: So many samples of each agent are kept.
MOST_SAMPLES = 120
#: Latencies are those of the calls within so many of the last heartbeats: about a minute.
WINDOW_BEATS = 20


@dataclass(slots=True)
class _Beats:
    """The last heartbeats of one worker, as far as they concern one agent."""

    seen: deque[tuple[int, AgentUsage]] = field(
        default_factory=lambda: deque(maxlen=WINDOW_BEATS + 1)
    )

    def take(self, at_ms: int, usage: AgentUsage) -> None:
        if self.seen and at_ms < self.seen[-1][0]:
            self.seen.clear()  # its clock went back: nothing before can be compared
        if not self.seen or at_ms > self.seen[-1][0]:
            self.seen.append((at_ms, usage))

    @property
    def newest(self) -> AgentUsage:
        return self.seen[-1][1]

    def per_second(self, count: Callable[[AgentUsage], int]) -> float | None:
        """How much a counter grew each second between the last two heartbeats."""
        if len(self.seen) < 2:
            return None
        (before_ms, before), (after_ms, after) = self.seen[-2], self.seen[-1]
        return max(count(after) - count(before), 0) * 1000 / (after_ms - before_ms)

    def recent(self, calls: Callable[[AgentUsage], Calls]) -> Calls:
        """The calls that ended within the window; all of them before there is a past."""
        if len(self.seen) < 2:
            return calls(self.newest)
        return calls(self.newest).since(calls(self.seen[0][1]))


@dataclass(slots=True)
class Monitor:
    """What the monitor knows.

    Attributes:
        at_ms: when it last looked, by the broker's clock; 0 before it did.
        repairs: how each repair asked for at this desk stands.
    """

    at_ms: int = 0
    broker: BrokerHealth = field(default_factory=BrokerHealth)
    repairs: dict[RepairKey, RepairState] = field(default_factory=dict)
    inboxes: dict[str, InboxHealth] = field(default_factory=dict)
    workers: tuple[WorkerInfo, ...] = ()
    _beats: dict[tuple[str, str], _Beats] = field(default_factory=dict)
    _taken: dict[str, tuple[int, int]] = field(default_factory=dict)
    _samples: dict[str, deque[Sample]] = field(default_factory=dict)
    _agents: dict[str, AgentHealth] | None = None

    def agents(self) -> tuple[AgentHealth, ...]:
        """Every agent that has an inbox or a worker, by name."""
        return tuple(self._by_name().values())

    def agent(self, name: str) -> AgentHealth:
        """One agent; of one that nobody knows, nothing is known."""
        return self._by_name().get(name) or AgentHealth(name)

    def _by_name(self) -> dict[str, AgentHealth]:
        """Every agent, added up once for each change: it takes a moment with 500 workers."""
        if self._agents is None:
            served: dict[str, list[WorkerInfo]] = {name: [] for name in self.inboxes}
            for worker in self.workers:
                for name in dict.fromkeys(worker.agents):
                    served.setdefault(name, []).append(worker)
            served.pop(HUMAN, None)
            self._agents = {name: self._agent(name, tuple(served[name])) for name in sorted(served)}
        return self._agents

    def _agent(self, name: str, workers: tuple[WorkerInfo, ...]) -> AgentHealth:
        inbox = self.inboxes.get(name)
        usage = AgentUsage()
        for worker in workers:
            usage = usage.plus(worker.usage.get(name, AgentUsage()))
        return AgentHealth(
            name,
            workers,
            is_foreign=not workers and inbox is not None and bool(inbox.foreign),
            inbox=inbox,
            usage=usage,
            latest=self._samples[name][-1] if self._samples.get(name) else None,
        )

    def samples(self, agent: str = ALL_AGENTS) -> tuple[Sample, ...]:
        """The last figures of an agent, or of all together, oldest first; at most 120."""
        return tuple(self._samples.get(agent, ()))

    def apply(self, fact: facts.OfMonitor) -> None:
        """Take in what was seen, or how a repair stands."""
        self._agents = None
        match fact:
            case facts.MonitorSeen():
                self.hear(fact.workers)
                self._look(fact.at_ms, fact.broker, fact.inboxes)
            case facts.RepairSending():
                self.repairs[fact.key] = RepairState(is_sending=True)
            case facts.RepairDone():
                self.repairs[fact.key] = RepairState(is_done=True, title=fact.title)
            case facts.RepairNotDone():
                self.repairs[fact.key] = RepairState(title=fact.title, hint=fact.hint)

    def hear(self, workers: tuple[WorkerInfo, ...]) -> None:
        """Take in what living workers say of themselves."""
        self._agents = None
        self.workers = workers
        living: set[tuple[str, str]] = set()
        for worker in workers:
            for agent, usage in worker.usage.items():
                living.add(name := (worker.consumer, agent))
                self._beats.setdefault(name, _Beats()).take(worker.at_ms, usage)
        for name in self._beats.keys() - living:
            del self._beats[name]

    def _look(self, at_ms: int, broker: BrokerHealth, inboxes: Iterable[InboxHealth]) -> None:
        before_ms, self.at_ms, self.broker = self.at_ms, at_ms, broker
        self.inboxes = {inbox.agent: inbox for inbox in inboxes}
        if at_ms <= before_ms:
            return  # its clock went back: no figure of this moment would be true
        served = {agent for _consumer, agent in self._beats}
        own = [self._sample(agent) for agent in sorted(served | self.inboxes.keys() - {HUMAN})]
        for agent, sample in own:
            self._samples.setdefault(agent, deque(maxlen=MOST_SAMPLES)).append(sample)
        for agent in self._samples.keys() - {agent for agent, _ in own} - {ALL_AGENTS}:
            del self._samples[agent]
        together = self._samples.setdefault(ALL_AGENTS, deque(maxlen=MOST_SAMPLES))
        together.append(self._together([sample for _, sample in own]))

    def forget(self) -> None:
        """Another broker is followed."""
        self._agents = None
        self.at_ms, self.broker, self.workers = 0, BrokerHealth(), ()
        for known in (self.repairs, self.inboxes, self._beats, self._taken, self._samples):
            known.clear()

    def _sample(self, agent: str) -> tuple[str, Sample]:
        inbox = self.inboxes.get(agent, InboxHealth(agent))
        beats = [one for (_, name), one in self._beats.items() if name == agent]
        foreign = self._taken_per_second(inbox)
        figures = _figures(self.at_ms, beats, inbox.backlog)
        if not beats:
            figures = replace(figures, runs=foreign)
        return agent, figures

    def _together(self, own: list[Sample]) -> Sample:
        backlog = _sum(sample.backlog for sample in own)
        figures = _figures(self.at_ms, list(self._beats.values()), backlog)
        return replace(figures, runs=_sum(sample.runs for sample in own))

    def _taken_per_second(self, inbox: InboxHealth) -> float | None:
        """How many messages a foreign worker took each second since the last look."""
        if inbox.taken is None:
            self._taken.pop(inbox.agent, None)
            return None
        before = self._taken.get(inbox.agent)
        self._taken[inbox.agent] = (self.at_ms, inbox.taken)
        if before is None or before[0] >= self.at_ms:
            return None
        return max(inbox.taken - before[1], 0) * 1000 / (self.at_ms - before[0])


def _figures(at_ms: int, beats: list[_Beats], backlog: int | None) -> Sample:
    model, tools = Calls(), Calls()
    for one in beats:
        model = model.plus(one.recent(lambda usage: usage.model))
        tools = tools.plus(one.recent(lambda usage: usage.all_tools))
    return Sample(
        at_ms=at_ms,
        runs=_sum(one.per_second(lambda usage: usage.finished + usage.failed) for one in beats),
        failed=_sum(one.per_second(lambda usage: usage.failed) for one in beats),
        model_ms=model.quantile_ms(0.5),
        model_p95_ms=model.quantile_ms(0.95),
        tool_ms=tools.quantile_ms(0.5),
        tool_p95_ms=tools.quantile_ms(0.95),
        tokens=_sum(one.per_second(lambda u: u.tokens_in + u.tokens_out) for one in beats),
        backlog=backlog,
        running=sum(one.newest.running for one in beats) if beats else None,
    )


def _sum(values: Iterable[_Number | None]) -> _Number | None:
    """The sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None
