"""Who gave a task to whom in a conversation, and what each of them waits for.

The only place that makes a tree of a transcript. Pure: entries in the order of their stream go in,
frozen nodes come out; whatever order they were learned in, the tree is the same. A part of a
transcript gives the part of the tree that it tells of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from desktop.store.delegation_runs import Run, read_runs
from desktop.store.records import Entry, Request, RequestKey, RequestState

TASK_LENGTH = 160


class Standing(StrEnum):
    """How an agent stands with one task."""

    ASKED = "asked"
    RUNNING = "running"
    WAITS_FOR_DECISION = "waits_for_decision"
    WAITS_FOR_AGENT = "waits_for_agent"
    DONE = "done"
    FAILED = "failed"


_ENDED = frozenset((Standing.DONE, Standing.FAILED))


@dataclass(frozen=True, slots=True)
class Delegation:
    """One task, and the agent it was given to.

    Attributes:
        key: names it within its conversation.
        asked_by: an agent, or `HUMAN`; empty if the transcript does not tell.
        task: its first words, on one line; empty if the transcript does not tell.
        since_ms: since when it stands so, milliseconds since the epoch; 0 if that is not known.
        waits_for: the agents whose answers it waits for.
        request: the open request that it waits for.
        first_entry: id of the first entry in which the agent is heard; empty for none.
        children: the tasks it gave to others, in that order.
    """

    key: str
    agent: str
    asked_by: str
    task: str
    standing: Standing
    since_ms: int
    waits_for: tuple[str, ...] = ()
    request: RequestKey | None = None
    first_entry: str = ""
    children: tuple[Delegation, ...] = ()

    def walk(self) -> Iterator[Delegation]:
        """This task and all that came of it, each before those that it led to."""
        yield self
        for child in self.children:
            yield from child.walk()


def delegations(
    entries: Sequence[Entry], requests: Sequence[Request], agents: Collection[str] = ()
) -> tuple[Delegation, ...]:
    """The tasks that people gave last, each with all that came of it.

    Of earlier tasks of the same agent only those stay in which a request is still open.

    Args:
        entries: in the order of the stream.
        requests: of the same conversation.
        agents: names known from elsewhere, so that a task for one that never spoke is one, too.
    """
    runs = read_runs(entries, agents)
    waiting: dict[int, list[Request]] = {}
    for request in requests:
        if request.is_open:
            run = runs.that_asked(request.key.call, request.agent, request.since_ms)
            waiting.setdefault(id(run), []).append(request)
    trees = [(root, _node(root, waiting)) for root in runs.roots]
    return tuple(
        tree
        for root, tree in trees
        if runs.is_latest(root) or any(node.request for node in tree.walk())
    )


def agents_in(trees: Sequence[Delegation]) -> tuple[str, ...]:
    """Everybody who takes part, each once, in the order of the trees."""
    return tuple(dict.fromkeys(node.agent for tree in trees for node in tree.walk()))


def _node(run: Run, waiting: dict[int, list[Request]]) -> Delegation:
    children = tuple(_node(child, waiting) for child in run.children)
    asked = sorted(waiting.get(id(run), ()), key=_urgency)
    pending = [child for child in children if child.standing not in _ENDED]
    standing, since_ms = _standing(run, asked, pending)
    waits = standing is Standing.WAITS_FOR_AGENT
    return Delegation(
        key=run.key,
        agent=run.agent,
        asked_by=run.caller,
        task=" ".join(run.task[: 2 * TASK_LENGTH].split())[:TASK_LENGTH],
        standing=standing,
        since_ms=since_ms,
        waits_for=tuple(dict.fromkeys(c.agent for c in pending)) if waits else (),
        request=asked[0].key if asked else None,
        first_entry=run.first_entry,
        children=children,
    )


def _urgency(request: Request) -> tuple[bool, int, RequestKey]:
    return request.state is not RequestState.WAITING, request.since_ms, request.key


def _standing(run: Run, asked: list[Request], pending: list[Delegation]) -> tuple[Standing, int]:
    # What a person has to decide counts first, whatever else was said meanwhile.
    if asked:
        return Standing.WAITS_FOR_DECISION, asked[0].since_ms
    if run.answered_ms:
        return Standing.FAILED if run.answer_failed else Standing.DONE, run.answered_ms
    if run.failed or run.finished:
        return Standing.FAILED if run.failed else Standing.DONE, run.last_ms
    if run.handed_over:
        return Standing.DONE, run.last_ms
    if pending:
        return Standing.WAITS_FOR_AGENT, min(child.since_ms for child in pending)
    if not run.first_entry and run.is_called:
        return Standing.ASKED, run.asked_ms
    return Standing.RUNNING, run.last_ms or run.asked_ms
