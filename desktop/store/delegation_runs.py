"""The runs of a conversation: which entries are one agent's work on one task, and who gave it.

The only place that tells runs apart. An invocation of an agent carries the id of the call it was
asked by, but models use such ids again, workers of the base package go on under the id of a task
they gave away, and a page of a transcript may begin in the middle.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from desktop.store.records import HUMAN, Entry, EntryKind, ToolCall
from workers.wire.messages import DELEGATION_PREFIX, ERROR_PREFIX

#: Deeper tasks stand beside the one that gave them: no person reads further in.
DEEPEST = 24


@dataclass(slots=True, eq=False)
class Run:
    """One agent's work on one task.

    Attributes:
        is_called: the call that gave the task has been seen.
        is_unseen: only that it gave a task to another agent is known of it.
        last_ms: when it was last heard of.
        answered_ms: when its caller got the answer; 0 before.
        handed_over: another agent went on with the same task.
    """

    key: str
    agent: str
    caller: str
    asked_ms: int
    task: str = ""
    parent: Run | None = None
    is_called: bool = False
    is_unseen: bool = False
    first_entry: str = ""
    last_ms: int = 0
    failed: bool = False
    finished: bool = False
    handed_over: bool = False
    answered_ms: int = 0
    answer_failed: bool = False
    children: list[Run] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.failed or self.finished or self.answered_ms > 0

    def is_below(self, other: Run) -> bool:
        """Whether it came of another one, over however many hands."""
        at: Run | None = self
        while at is not None and at is not other:
            at = at.parent
        return at is other


def read_runs(entries: Sequence[Entry], agents: Collection[str]) -> Runs:
    """Read a transcript, in the order of its stream."""
    heard = {entry.agent for entry in entries}
    asked = {
        call.name.removeprefix(DELEGATION_PREFIX)
        for entry in entries
        if entry.kind is EntryKind.INTERRUPT
        for call in entry.tool_calls
    }
    runs = Runs(frozenset((*agents, *heard, *asked)) - {HUMAN, ""})
    for entry in entries:
        if entry.agent:  # what could not be read, or is not sent yet, belongs to no run
            runs.hear(entry)
    return runs


class Runs:
    """The runs of one conversation.

    Attributes:
        roots: those that no run known here gave a task to, in the order they began.
    """

    def __init__(self, agents: frozenset[str]) -> None:
        self.roots: list[Run] = []
        self._agents = agents
        self._known: dict[tuple[str, str, str], Run] = {}  # by caller, invocation id and agent
        self._given: dict[tuple[str, str], Run] = {}  # by the agent that gave it, and call id
        self._word: dict[tuple[str, str], Run] = {}  # who spoke last in an invocation
        self._latest: dict[str, Run] = {}
        self._latest_root: dict[str, Run] = {}
        self._asking: dict[str, Run] = {}  # by the call of a request
        self._moved = 0

    def hear(self, entry: Entry) -> None:
        """Take in the next entry of an agent."""
        run = self._run_of(entry)
        self._latest[run.agent] = run
        self._word[entry.caller, entry.invocation_id] = run
        run.first_entry = run.first_entry or entry.entry_id
        run.last_ms = entry.at_ms
        run.failed = entry.kind is EntryKind.ERROR
        run.finished = entry.finish
        run.handed_over = run.is_unseen = False
        if entry.kind is EntryKind.TOOL_RESULT:
            _answer(self._given.get((run.agent, entry.tool_call_id)), entry)
        elif entry.kind is EntryKind.INTERRUPT and entry.tool_call_id:
            self._asking[entry.tool_call_id] = run
        for call in entry.tool_calls:
            agent = call.name.removeprefix(DELEGATION_PREFIX)
            if agent != call.name and agent in self._agents:
                self._give(run, entry, agent, call)

    def that_asked(self, call: str, agent: str, since_ms: int) -> Run:
        """The run in which a request was made; one of its own if the transcript does not tell."""
        run = self._asking.get(call) or self._latest.get(agent)
        if run is None:
            run = self._latest[agent] = Run(f"request:{call}", agent, "", since_ms)
            self._add_root(run)
        return run

    def is_latest(self, root: Run) -> bool:
        """Whether its agent was given no task of this kind after it."""
        return self._latest_root[root.agent] is root

    def _run_of(self, entry: Entry) -> Run:
        if entry.kind is EntryKind.HUMAN and entry.caller == HUMAN:
            return self._begin(entry)
        known = self._known.get((entry.caller, entry.invocation_id, entry.agent))
        if known is not None:
            return known
        # A worker of the base package goes on under the id of the task that it gave away.
        given = self._given.get((entry.agent, entry.invocation_id))
        if given is not None and given.parent is not None:
            return given.parent
        return self._begin(entry)

    def _begin(self, entry: Entry) -> Run:
        """A run of which the first word, but no call was seen."""
        is_new = entry.kind is EntryKind.HUMAN
        caller, parent = entry.caller, self._giver(entry)
        before = self._word.get((entry.caller, entry.invocation_id))
        if before is not None and not is_new and not before.has_ended:
            before.handed_over = True
            caller, parent = before.agent, before
        run = None if is_new else self._found_at_last(entry.agent, parent)
        if run is None:
            run = Run(entry.entry_id, entry.agent, caller, entry.at_ms)
            if parent is None:
                self._add_root(run)
            else:
                _put_below(run, parent)
        run.caller, run.task = caller, entry.text if is_new else ""
        self._known[entry.caller, entry.invocation_id, entry.agent] = run
        return run

    def _found_at_last(self, agent: str, parent: Run | None) -> Run | None:
        """The run that was known by the tasks it gave only, now that it is heard itself."""
        run = self._latest.get(agent)
        if run is None or not run.is_unseen or self._moved == DEEPEST:
            return None
        if parent is not None:
            if parent.is_below(run):
                return None
            self._moved += 1
            self.roots.remove(run)
            _put_below(run, parent)
        return run

    def _giver(self, entry: Entry) -> Run | None:
        """The run of the agent that asked; made up if it was not heard yet."""
        if entry.caller in {HUMAN, ""}:
            return None
        giver = self._latest.get(entry.caller)
        if giver is None:
            giver = Run(f"caller:{entry.entry_id}", entry.caller, "", entry.at_ms, is_unseen=True)
            self._latest[entry.caller] = giver
            self._add_root(giver)
        return giver

    def _give(self, run: Run, entry: Entry, agent: str, call: ToolCall) -> None:
        """A call that gives a task to another agent; it may be told twice, or after its answer."""
        call_id = call.id or entry.entry_id
        told = call.args.get("task") if isinstance(call.args, dict) else ""
        task = told if isinstance(told, str) else ""
        known = self._known.get((run.agent, call_id, agent))
        is_again = entry.kind is EntryKind.INTERRUPT or (known and not known.is_called)
        if known is not None and is_again and not known.has_ended:
            known.task = known.task or task
            given = known
        else:
            key = f"{entry.entry_id}:{call_id}"
            given = Run(key, agent, run.agent, entry.at_ms, task)
            _put_below(given, run)
        given.is_called = True
        self._known[run.agent, call_id, agent] = self._given[run.agent, call_id] = given

    def _add_root(self, run: Run) -> None:
        self.roots.append(run)
        self._latest_root[run.agent] = run


def _answer(run: Run | None, entry: Entry) -> None:
    if run is not None:
        run.answered_ms = entry.at_ms
        run.answer_failed = entry.failed or entry.text.startswith(ERROR_PREFIX)


def _put_below(run: Run, parent: Run) -> None:
    above, depth = parent, 1
    while above.parent is not None:
        above, depth = above.parent, depth + 1
    if depth >= DEEPEST and parent.parent is not None:
        parent = parent.parent
    run.parent = parent
    parent.children.append(run)
