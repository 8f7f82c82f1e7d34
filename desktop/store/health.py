"""What the monitor shows, as frozen records: agents at work, figures over time, what needs a hand.

The only place that defines them. Figures come from the workers' heartbeats and from the broker;
what neither tells is None, and shown as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from desktop.store.records import RequestKey, WorkerInfo
from workers.wire.health import BrokerHealth as BrokerHealth
from workers.wire.health import InboxHealth as InboxHealth
from workers.wire.health import Letter as Letter
from workers.wire.health import Run as Run
from workers.wire.health import Untaken as Untaken
from workers.wire.usage import AgentUsage as AgentUsage
from workers.wire.usage import Calls as Calls

#: Names the figures of all agents together.
ALL_AGENTS = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one agent, or of all, at one moment; None is unknown.

    Attributes:
        at_ms: by the broker's clock.
        runs: runs that ended each second; of a foreign agent, messages taken each second.
        failed: those of them that failed.
        model_ms: how long half of the models' answers took at most; `model_p95_ms` 95 % of them.
        tool_ms: the same of tools.
        tokens: in and out, each second.
        backlog: messages that wait to be handled or are being handled.
        running: contexts being worked on.
    """

    at_ms: int
    runs: float | None = None
    failed: float | None = None
    model_ms: float | None = None
    model_p95_ms: float | None = None
    tool_ms: float | None = None
    tool_p95_ms: float | None = None
    tokens: float | None = None
    backlog: int | None = None
    running: int | None = None


@dataclass(frozen=True, slots=True)
class AgentHealth:
    """One agent as the monitor shows it.

    Attributes:
        workers: living Signoff workers that serve it.
        is_foreign: other software serves it: only its inbox tells anything.
        inbox: None before the monitor has looked.
        usage: what its living workers did since each of them began, together.
        latest: its figures now; None before two looks.
    """

    name: str
    workers: tuple[WorkerInfo, ...] = ()
    is_foreign: bool = False
    inbox: InboxHealth | None = None
    usage: AgentUsage = field(default_factory=AgentUsage)
    latest: Sample | None = None

    @property
    def is_served(self) -> bool | None:
        """Whether anybody takes its messages; None if nobody can know."""
        if self.workers:
            return True
        return self.inbox.is_read if self.inbox else None


class TroubleKind(StrEnum):
    """What is wrong with a conversation."""

    STUCK = "stuck"
    POISONED = "poisoned"
    IN_DOUBT = "in_doubt"
    QUARANTINED = "quarantined"


class Repair(StrEnum):
    """What a person can do about trouble, or about what other software left."""

    REQUEUE = "requeue"
    DISCARD = "discard"
    OPEN_REQUEST = "open_request"
    OPEN_CONTEXT = "open_context"
    REMOVE_CONSUMERS = "remove_consumers"


class RepairKey(NamedTuple):
    """Names a repair on this desk; `dead_id` is empty for what concerns no quarantined entry."""

    repair: Repair
    agent: str
    dead_id: str = ""


@dataclass(frozen=True, slots=True)
class RepairState:
    """How a repair stands.

    Attributes:
        is_sending: it is on its way.
        is_done: the broker took it; what came of it shows with the next look.
        title: what came of it, for a person.
    """

    is_sending: bool = False
    is_done: bool = False
    title: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A conversation, or a message, that goes on only if a person does something.

    Attributes:
        key: names it as long as it lasts.
        context_id: empty where it is not known.
        since_ms: when it began, by the broker's clock; 0 if unknown.
        repairs: what can be done, the usual one first.
        dead_id: of the quarantined entry, else empty.
        request: the request in doubt, if it is one.
        repair: how the last repair of it stands.
    """

    key: str
    kind: TroubleKind
    agent: str
    context_id: str
    since_ms: int
    title: str
    hint: str
    repairs: tuple[Repair, ...] = ()
    dead_id: str = ""
    request: RequestKey | None = None
    repair: RepairState | None = None


@dataclass(frozen=True, slots=True)
class Troubles:
    """What is in trouble, worst kinds first, the longest first among those.

    Attributes:
        rows: at most 500.
        total: how many there are, also of those that are not listed.
    """

    rows: tuple[Trouble, ...] = ()
    total: int = 0
