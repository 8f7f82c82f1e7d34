"""Who works here, what waits for nobody, and what others left: agents, workers, names, quarantine.

The only place that judges what lies on a broker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from workers.operations.findings import Finding, Level, counted
from workers.wire.errors import BadName
from workers.wire.events import WorkerInfo
from workers.wire.ids import HUMAN, check_agent_name
from workers.wire.streams.examination import ConsumerState, InboxState
from workers.wire.streams.quarantine import MOST_KEPT

#: The base package names a new consumer for each read; one that was silent for so long will not
#: come back.
LEFT_AFTER_MS = 3600 * 1000
#: A foreign worker says nothing of itself; one that asked within this time is at work.
AT_WORK_MS = 60 * 1000
_NAMED = 5


def check_workers(workers: Sequence[WorkerInfo], silent: Sequence[str]) -> Iterator[Finding]:
    """Judge who lives and who ended without a farewell."""
    if workers:
        at_work = counted(len(workers), "Signoff worker is", "Signoff workers are")
        yield Finding(Level.OK, "workers", f"{at_work} at work.")
    else:
        yield Finding(
            Level.NOTE,
            "workers",
            "No Signoff worker is at work.",
            "Start one with `signoff-worker run MODULE:ATTR`.",
        )
    if silent:
        yield Finding(
            Level.NOTE,
            "workers",
            f"{counted(len(silent), 'worker')} ended without a farewell: {_some(silent)}.",
            "If they should be at work, look at their hosts. They are forgotten after a day.",
        )


def check_inbox(state: InboxState, workers: Sequence[WorkerInfo]) -> Iterator[Finding]:
    """Judge one agent's inbox."""
    agent = state.agent
    if agent == HUMAN:
        return  # people have an inbox too, on the base package's wire, and nobody serves it
    consumers = state.consumers or ()
    foreign = [one for one in consumers if not one.is_ours]
    living = {worker.consumer for worker in workers}
    is_served = any(agent in worker.agents for worker in workers) or any(
        one.idle_ms < AT_WORK_MS for one in foreign
    )
    if state.entries > sum(one.pending for one in foreign) and not is_served:
        never = "has ever served" if state.consumers is None else "serves"
        waiting = counted(state.entries, "message waits", "messages wait")
        yield Finding(
            Level.PROBLEM,
            "unserved",
            f"Nobody {never} {agent}, and {waiting}.",
            "Start a worker for it, or look whether its name is right.",
        )
    left = [one for one in consumers if one.is_ours and one.name not in living and one.pending]
    if left:
        held = counted(sum(one.pending for one in left), "message")
        yield Finding(
            Level.NOTE,
            "left",
            f"{held} of {agent} were given to workers that are gone.",
            "Another worker of the agent takes them over.",
        )
    yield from _foreign(agent, foreign)
    yield from _quarantine(state)


def check_names(
    agents: Iterable[str], context_ids: Iterable[str], *, is_cluster: bool
) -> Iterator[Finding]:
    """Look for names that would put keys which belong together into different Cluster slots."""
    for agent in agents:
        try:
            check_agent_name(agent)
        except BadName as error:
            yield Finding(
                Level.PROBLEM, "names", f"A Signoff worker cannot serve {agent}.", error.hint
            )
    braced = [name for name in context_ids if "{" in name or "}" in name]
    if braced:
        how_many = counted(len(braced), "context ID has", "context IDs have")
        yield Finding(
            Level.PROBLEM if is_cluster else Level.NOTE,
            "names",
            f"{how_many} braces: {_some(braced)}.",
            "On a Cluster their keys lie in different slots. Use IDs without { and }.",
        )


def _foreign(agent: str, consumers: Sequence[ConsumerState]) -> Iterator[Finding]:
    if not consumers:
        return
    pending = sum(one.pending for one in consumers)
    left = [one for one in consumers if one.idle_ms > LEFT_AFTER_MS]
    title = f"{counted(len(consumers), 'consumer')} of {agent} belong to other software"
    if left:
        title += f", {len(left)} of them silent for an hour or more"
    if pending:
        title += f"; {counted(pending, 'message is', 'messages are')} pending there"
    empty = sum(one.pending == 0 for one in left)
    yield Finding(
        Level.NOTE,
        "foreign",
        f"{title}.",
        "Signoff never takes such messages over: nobody can tell which of them were handled."
        + (f" Remove the {empty} that hold nothing with XGROUP DELCONSUMER." if empty else ""),
    )


def _quarantine(state: InboxState) -> Iterator[Finding]:
    if not state.quarantined:
        return
    is_full = state.quarantined >= MOST_KEPT
    yield Finding(
        Level.PROBLEM if is_full else Level.NOTE,
        "quarantine",
        f"{counted(state.quarantined, 'message')} of {state.agent} in quarantine"
        + ("; the oldest make room for new ones." if is_full else "."),
        f"Look at them with `signoff-worker dlq list {state.agent}`.",
    )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown}, and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
