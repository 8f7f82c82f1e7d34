"""Conversations that do not go on by themselves, and what a person can do about each.

The only place that judges what is in trouble. It follows from what is known anyway: the inboxes
the monitor has seen, the requests, and how each conversation stands. Times are compared by the
broker's clock alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter

from desktop.store.health import (
    AgentHealth,
    InboxHealth,
    Letter,
    Repair,
    RepairKey,
    RepairState,
    Run,
    Trouble,
    TroubleKind,
    Troubles,
    Untaken,
)
from desktop.store.records import ContextStatus, Request, RequestState, Summary
from desktop.store.state import State

#: A run that says nothing for so long is stuck: no model and no tool of ours may take that long.
QUIET_MS = 15 * 60 * 1000
#: So long a message may wait for a worker, which may just be starting.
UNSERVED_MS = 60 * 1000
#: So long after its lease ran out a conversation should have been taken over.
TAKEOVER_MS = 30 * 1000
MOST_ROWS = 500

_WORST_FIRST = (
    TroubleKind.IN_DOUBT,
    TroubleKind.POISONED,
    TroubleKind.STUCK,
    TroubleKind.QUARANTINED,
)
#: How a summary may stand of what still runs: by its last word, or a question answered since.
_UNFINISHED = (ContextStatus.RUNNING, ContextStatus.WAITING)
_START_ONE = "Start a worker for it, or look whether its name is right."
_OPEN = (Repair.OPEN_CONTEXT,)


def find(state: State) -> Troubles:
    """Everything in trouble."""
    monitor = state.monitor
    found = list(_in_doubt(state))
    hidden = 0
    if monitor.at_ms:
        agents = monitor.agents()
        for agent in agents:
            if agent.inbox is not None:
                found.extend(_letters(agent.inbox, monitor.repairs))
                listed = max(len(agent.inbox.letters), 1)
                hidden += max((agent.inbox.quarantined or 0) - listed, 0)
        found.extend(_unserved(state))
        waiting = {key.context_id for key in state.line_up.open_keys()}
        waiting |= {one.context_id for one in found}  # told of already
        quiet = _Quiet(state, agents, waiting)
        found.extend(quiet.find())
        hidden += quiet.hidden
    found.sort(key=lambda one: (_WORST_FIRST.index(one.kind), one.since_ms, one.key))
    return Troubles(tuple(found[:MOST_ROWS]), len(found) + hidden)


def _in_doubt(state: State) -> Iterator[Trouble]:
    """The calls of which nobody knows how they ended, as long as nobody has said what to do."""
    for key in sorted(state.line_up.doubtful):
        one = state.dockets[key.context_id].requests[key]
        if one.is_open and one.call.is_in_doubt:
            hint = "Find out whether it took effect, then decide."
        elif one.state is RequestState.IN_DOUBT and not _is_asked_again(state, one):
            hint = "Its agent asks again when a worker serves it."
        else:
            continue
        yield Trouble(
            key=f"in_doubt:{one.key.context_id}:{one.key.call}",
            kind=TroubleKind.IN_DOUBT,
            agent=one.agent,
            context_id=one.key.context_id,
            since_ms=one.since_ms,
            title=f"{one.call.action} was started, and nobody knows how it ended.",
            hint=hint,
            repairs=(Repair.OPEN_REQUEST,),
            request=one.key,
        )


def _unserved(state: State) -> Iterator[Trouble]:
    """Agents that ask and that nobody serves, by their oldest request; no decision reaches them."""
    asking, monitor = state.line_up.asking, state.monitor
    left = {name for name in asking if _is_deserted(monitor.agent(name))}
    for key in state.line_up.open_keys() if left else ():
        oldest = state.dockets[key.context_id].requests[key]
        if oldest.agent not in left or oldest.since_ms + UNSERVED_MS >= monitor.at_ms:
            continue
        left.discard(oldest.agent)
        calls = (
            "1 call waits" if asking[oldest.agent] == 1 else f"{asking[oldest.agent]:,} calls wait"
        )
        yield Trouble(
            key=f"unserved:{oldest.agent}",
            kind=TroubleKind.STUCK,
            agent=oldest.agent,
            context_id=key.context_id,
            since_ms=oldest.since_ms,
            title=f"{calls} for a decision, and nobody serves {oldest.agent}.",
            hint=f"What is decided is taken when a worker serves it. {_START_ONE}",
            repairs=(Repair.OPEN_REQUEST,),
            request=key,
        )


def _is_deserted(agent: AgentHealth) -> bool:
    return agent.is_served is False or not (agent.workers or agent.inbox)


def _is_asked_again(state: State, one: Request) -> bool:
    """Whether another request is about the next attempt of the same call."""
    attempt = one.call.request.attempt if one.call.request else 0
    name = (one.agent, one.call.tool_call_id, attempt + 1)
    return any(
        (other.agent, other.call.tool_call_id, other.call.request.attempt) == name
        for other in state.dockets[one.key.context_id].requests.values()
        if other.call.request is not None
    )


def _letters(inbox: InboxHealth, repairs: Mapping[RepairKey, RepairState]) -> Iterator[Trouble]:
    if inbox.quarantined and not inbox.letters:
        yield Trouble(
            key=f"letter:{inbox.agent}:",
            kind=TroubleKind.QUARANTINED,
            agent=inbox.agent,
            context_id="",
            since_ms=0,
            title=f"{inbox.quarantined:,} messages are in quarantine; this user may not see which.",
            hint=f"`signoff-worker dlq list {inbox.agent}` tells, as a user that may look.",
        )
    for letter in inbox.letters:
        poisoned = bool(letter.context_id and letter.attempts)
        asked = (RepairKey(kind, inbox.agent, letter.dead_id) for kind in _ways_out(letter))
        yield Trouble(
            key=f"letter:{inbox.agent}:{letter.dead_id}",
            kind=TroubleKind.POISONED if poisoned else TroubleKind.QUARANTINED,
            agent=inbox.agent,
            context_id=letter.context_id,
            since_ms=letter.since_ms,
            title=letter.title or "A message was put in quarantine.",
            hint="Mend the cause, then put it back; or discard it."
            if not letter.is_empty
            else "It holds nothing that could be put back.",
            repairs=(*_ways_out(letter), *(_OPEN if letter.context_id else ())),
            dead_id=letter.dead_id,
            repair=next((repairs[key] for key in asked if key in repairs), None),
        )


def _ways_out(letter: Letter) -> tuple[Repair, ...]:
    return (Repair.DISCARD,) if letter.is_empty else (Repair.REQUEUE, Repair.DISCARD)


class _Quiet:
    """Finds the conversations in which nothing happens although something should.

    Attributes:
        hidden: how many more there are than were found.
    """

    def __init__(self, state: State, agents: tuple[AgentHealth, ...], waiting: set[str]) -> None:
        self._state = state
        self._at_ms = at_ms = state.monitor.at_ms
        self._agents = {agent.name: agent for agent in agents}
        self._waiting = waiting
        self.hidden = 0
        self._running = {
            run.context_id
            for agent in agents
            for run in (agent.inbox.runs if agent.inbox else ())
            if run.lease_ends_ms + TAKEOVER_MS > at_ms
        }

    def find(self) -> list[Trouble]:
        told = {
            one.key: one
            for agent in self._agents.values()
            if agent.inbox is not None
            for one in self._of_inbox(agent, agent.inbox)
        }
        named = {one.context_id for one in told.values()}
        # Before everything was read once, an old word may not be the last one.
        silent = self._silent(named) if self._state.caught_up else []
        return [*told.values(), *(self._told_of(summary) for summary in silent)]

    def _silent(self, named: set[str]) -> list[Summary]:
        """Those that have not come to an end, and of which nothing was heard for long.

        The longest silent ones: with 100,000 contexts on a broker nobody serves, making a row of
        each took half a second.
        """
        state, before_ms = self._state, self._at_ms - QUIET_MS
        going_on = named | self._waiting | self._running | state.sending.keys()
        silent = [
            summary
            for summary in state.summaries.values()
            if summary.status in _UNFINISHED
            and summary.last_activity_ms < before_ms
            and summary.context_id not in going_on
            and summary.context_id not in state.indexed_waiting
        ]
        silent.sort(key=attrgetter("last_activity_ms"))
        shown = silent[:MOST_ROWS]
        self.hidden = len(silent) - len(shown)
        return shown

    def _of_inbox(self, agent: AgentHealth, inbox: InboxHealth) -> Iterator[Trouble]:
        for run in inbox.runs:
            yield from self._run(agent, run, self._last_ms(run.context_id))
        for message in inbox.untaken:
            yield from self._untaken(agent, message, self._last_ms(message.context_id))
        if inbox.lag and not inbox.untaken and agent.is_served is False:
            wait = "1 message waits" if inbox.lag == 1 else f"{inbox.lag:,} messages wait"
            title = f"{wait}, and nobody serves {agent.name}."
            yield self._stuck(agent.name, "", 0, title, _START_ONE)

    def _last_ms(self, context_id: str) -> int:
        summary = self._state.summaries.get(context_id)
        return summary.last_activity_ms if summary else 0

    def _run(self, agent: AgentHealth, run: Run, last_ms: int) -> Iterator[Trouble]:
        if run.lease_ends_ms and run.lease_ends_ms + TAKEOVER_MS < self._at_ms:
            yield self._stuck(
                agent.name,
                run.context_id,
                run.lease_ends_ms,
                "Its worker is gone, and no other has taken it over.",
                f"Start a worker for {agent.name}; it goes on where it was.",
            )
        elif max(run.since_ms, last_ms) + QUIET_MS < self._at_ms:
            yield self._stuck(
                agent.name,
                run.context_id,
                max(run.since_ms, last_ms),
                "It runs, but nothing has come of it for long.",
                f"Look at the worker {run.consumer}. If it hangs, end it: another takes over.",
            )

    def _untaken(self, agent: AgentHealth, message: Untaken, last_ms: int) -> Iterator[Trouble]:
        context_id, since_ms = message.context_id, message.since_ms
        if message.is_parked:
            is_blocked = context_id in self._waiting or context_id in self._running
            if not is_blocked and max(since_ms, last_ms) + QUIET_MS < self._at_ms:
                title = "A message waits behind a question that waits for nobody."
                hint = f"Send another message, or restart a worker of {agent.name}."
                yield self._stuck(agent.name, context_id, since_ms, title, hint)
        elif agent.is_served is False and since_ms + UNSERVED_MS < self._at_ms:
            title = f"A message waits, and nobody serves {agent.name}."
            yield self._stuck(agent.name, context_id, since_ms, title, _START_ONE)

    def _told_of(self, summary: Summary) -> Trouble:
        agent = self._agents.get(summary.agent)
        if agent is None or agent.is_served is False:
            absent = f"Nobody serves {summary.agent}."
        elif agent.workers:
            absent = "No worker runs it."
        else:
            absent = "Other software may run it, and does not tell."
        return self._stuck(
            summary.agent,
            summary.context_id,
            summary.last_activity_ms,
            f"{absent} It has not come to an end, and nothing happens.",
            "Read its last messages; a new message starts the agent again.",
        )

    def _stuck(self, agent: str, context_id: str, since_ms: int, title: str, hint: str) -> Trouble:
        return Trouble(
            key=f"stuck:{agent}:{context_id}",
            kind=TroubleKind.STUCK,
            agent=agent,
            context_id=context_id,
            since_ms=since_ms,
            title=title,
            hint=hint,
            repairs=_OPEN if context_id else (),
        )
