"""Everything the console knows, as plain fields.

The only place that holds it. What changes it is in `reduce` and the modules beside it; what may be
asked of it is in `store`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop.store.clock import Clock
from desktop.store.conversation import Conversation
from desktop.store.docket import Docket
from desktop.store.halts import Halts, HaltState
from desktop.store.line_up import LineUp
from desktop.store.local_records import Demo, Found, Memory
from desktop.store.local_workers import LocalWorker
from desktop.store.monitor import Monitor
from desktop.store.record import AuditOpened, AuditPage, AuditStanding
from desktop.store.records import (
    Agent,
    Context,
    ContextStatus,
    Entry,
    Link,
    Loss,
    Request,
    RequestKey,
    Risk,
    Source,
    Summary,
    Survey,
    WorkerInfo,
)
from desktop.store.signing import Signing
from workers.wire.ids import HUMAN

#: So much of a message of this desk is shown in the list while it is on its way.
PREVIEW_LENGTH = 120
_RISKS = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


@dataclass(slots=True)
class State:
    """What the facts so far have come to.

    Attributes:
        summaries: every context that the broker, its index or this computer's cache has told of.
        indexed_waiting: open requests by the workers' index, where there are any, until the
            requests of all contexts are known.
        transcripts: the open ones.
        sending: messages of this desk that the broker has not shown yet, by context and
            invocation id.
        addressed: whom this desk wrote to in a context that was not known then.
        dockets: the requests of each context that has any.
        line_up: all requests, in the order in which they are listed.
        halts_said: what came of what this desk said last of a scope.
        reviewers: names in the registry that this console believes, by id.
    """

    link: Link = field(default_factory=Link)
    loss: Loss = field(default_factory=Loss)
    demo: Demo = field(default_factory=Demo)
    local_workers: tuple[LocalWorker, ...] = ()
    survey: Survey = field(default_factory=Survey)
    found: Found = field(default_factory=Found)
    memory: Memory = field(default_factory=Memory)
    summaries: dict[str, Summary] = field(default_factory=dict)
    indexed_waiting: dict[str, int] = field(default_factory=dict)
    transcripts: dict[str, Conversation] = field(default_factory=dict)
    sending: dict[str, dict[str, Entry]] = field(default_factory=dict)
    addressed: dict[str, str] = field(default_factory=dict)
    dockets: dict[str, Docket] = field(default_factory=dict)
    line_up: LineUp = field(default_factory=LineUp)
    agent_names: tuple[str, ...] = ()
    workers: tuple[WorkerInfo, ...] = ()
    caught_up: bool = False
    monitor: Monitor = field(default_factory=Monitor)
    halts: Halts = field(default_factory=Halts)
    halts_said: dict[str, HaltState] = field(default_factory=dict)
    read_only: bool = False
    reviewers: dict[str, str] = field(default_factory=dict)
    signing: Signing = field(default_factory=Signing)
    clock: Clock = field(default_factory=Clock)
    audit_page: AuditPage = field(default_factory=AuditPage)
    audit_opened: AuditOpened = field(default_factory=AuditOpened)
    audit_standing: AuditStanding = field(default_factory=AuditStanding)

    def docket(self, context_id: str) -> Docket:
        """The requests of a context, made if it is new."""
        found = self.dockets.get(context_id)
        if found is None:
            found = self.dockets[context_id] = Docket()
        return found

    def request(self, key: RequestKey) -> Request | None:
        """One request, or None if it is not known."""
        docket = self.dockets.get(key.context_id)
        return docket.requests.get(key) if docket else None

    def context_ids(self) -> list[str]:
        """All contexts; those that only this desk knows so far at the end."""
        new = [context_id for context_id in self.sending if context_id not in self.summaries]
        return [*self.summaries, *new]

    def context(self, context_id: str) -> Context | None:
        """One context as a row, or None if it is not known."""
        summary = self.summaries.get(context_id)
        sending = self.sending.get(context_id)
        if summary is None and not sending:
            return None
        if summary is None:
            agent = self.addressed.get(context_id, "")
            summary = Summary(context_id, agent, ContextStatus.RUNNING, 0)
        latest = max(sending.values(), key=lambda entry: entry.at_ms) if sending else None
        docket = self.dockets.get(context_id)
        waiting = docket.open_requests() if docket else None
        told = self.indexed_waiting.get(context_id)
        is_waiting = bool(waiting) or told is not None
        return Context(
            context_id=context_id,
            agent=summary.agent,
            status=ContextStatus.WAITING if is_waiting else self._status(summary, sending),
            last_activity_ms=max(summary.last_activity_ms, latest.at_ms if latest else 0),
            preview=latest.text[:PREVIEW_LENGTH] if latest else summary.preview,
            entries=summary.entries,
            waiting=len(waiting) if waiting else told or 0,
            waiting_since_ms=min(request.since_ms for request in waiting) if waiting else 0,
            risk=max((request.risk for request in waiting), key=_RISKS.index) if waiting else None,
            confirmed=summary.source is not Source.CACHE,
            note=summary.note,
        )

    def _status(self, summary: Summary, sending: dict[str, Entry] | None) -> ContextStatus:
        """How a context stands in which no request waits."""
        if sending and any(not entry.failed for entry in sending.values()):
            return ContextStatus.RUNNING
        # What its last entry asked for was answered, or is for another agent to answer.
        is_answered = summary.status is ContextStatus.WAITING and self.caught_up
        return ContextStatus.RUNNING if is_answered else summary.status

    def requests(self) -> list[Request]:
        """All requests, in the order in which they are listed."""
        return [self.dockets[key.context_id].requests[key] for key in self.line_up]

    def agents(self) -> tuple[Agent, ...]:
        """Everybody one can talk to, by name."""
        served: dict[str, list[WorkerInfo]] = {name: [] for name in self.agent_names}
        for worker in self.workers:
            for name in dict.fromkeys(worker.agents):
                served.setdefault(name, []).append(worker)
        return tuple(
            Agent(name, tuple(served[name]), self.line_up.asking[name])
            for name in sorted(served)
            if name != HUMAN
        )
