"""What the console knows, as frozen records.

The only place that defines what views and command-line output may show. Records hold text as it
came; making it safe to show is the renderer's work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import msgspec

from desktop.store.signing import CastVote, Claim, Proof
from workers.wire.answers import choices
from workers.wire.approvals import DecisionKind as DecisionKind
from workers.wire.approvals import Mode, PolicyTerms
from workers.wire.approvals import Risk as Risk
from workers.wire.canonical import JSON
from workers.wire.dialects import Dialect as Dialect
from workers.wire.dialects import PendingCall
from workers.wire.events import ContextStatus as ContextStatus
from workers.wire.events import WorkerInfo as WorkerInfo
from workers.wire.ids import HUMAN as HUMAN
from workers.wire.messages import ToolCall as ToolCall


class LinkState(StrEnum):
    """How the console stands with the broker."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    CATCHING_UP = "catching_up"
    ONLINE = "online"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Link:
    """The state of the link, in words for a person.

    Attributes:
        address: the broker's address without its password.
        is_checking: the broker does not tell what changes; it is looked for now and then.
    """

    state: LinkState = LinkState.OFFLINE
    title: str = "Not connected"
    hint: str = ""
    address: str = ""
    is_checking: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """What the broker held and holds no longer, since it is followed.

    Attributes:
        emptied: how often all of it went.
        contexts: how many conversations went, then or else.
    """

    emptied: int = 0
    contexts: int = 0

    def since(self, before: Loss) -> Loss:
        """What went since then."""
        return Loss(self.emptied - before.emptied, self.contexts - before.contexts)


class EntryKind(StrEnum):
    """What a line of a transcript is."""

    HUMAN = "human"
    AGENT = "agent"
    TOOL_RESULT = "tool_result"
    INTERRUPT = "interrupt"
    ERROR = "error"
    UNREADABLE = "unreadable"
    SENDING = "sending"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transcript.

    Attributes:
        entry_id: the stream's id; ordered by `workers.wire.ids.StreamId`.
        at_ms: when it arrived at the broker, milliseconds since the epoch.
        speaker: the agent, the tool or the person.
        tool_calls: what a model asks for; of an interrupt by which an agent asks another, that.
        tool_call_id: the call a tool's result or an interrupt belongs to.
        finish: the last message of an invocation.
        to_human: the invocation was a person's.
        agent: whose run it belongs to; empty for what is no part of a run.
        caller: who asked for that run: an agent, or `HUMAN`.
        note: what the reader should know of it, such as that it was not sent.
    """

    entry_id: str
    at_ms: int
    kind: EntryKind
    speaker: str
    text: str
    message_id: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    failed: bool = False
    finish: bool = False
    to_human: bool = False
    invocation_id: str = ""
    agent: str = ""
    caller: str = ""
    note: str = ""


class RequestKey(NamedTuple):
    """Names a request on this desk: its context, and its call (or the interrupt's entry)."""

    context_id: str
    call: str


class RequestState(StrEnum):
    """Where a request stands; every ending is told apart."""

    WAITING = "waiting"
    SENDING = "sending"
    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    RESPONDED = "responded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    DECIDED_ELSEWHERE = "decided_elsewhere"
    IN_DOUBT = "in_doubt"


_QUESTIONS = frozenset((Dialect.ASK_USER, Dialect.SCHEMA, Dialect.FREE_TEXT))
#: States in which nobody has decided yet, as far as this desk knows.
OPEN_STATES = frozenset((RequestState.WAITING, RequestState.SENDING))


class Execution(StrEnum):
    """What the worker says of the call itself."""

    NOT_RUN = "not_run"
    UNKNOWN = "unknown"
    EXECUTED = "executed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Request:
    """An approval request, derived from all that is known of it.

    Attributes:
        call: the interrupt as read from the wire.
        since_ms: when it arrived at the broker.
        requester: on whose behalf the agent acts, empty if unknown.
        intact: the arguments are those the worker's digest was made of (always true without one).
        foreign: its worker is not Signoff's: it cannot tell calls apart or verify a decision.
        decided_by: who decided, by the worker's word, with the names in the registry.
        edited_by: who changed the arguments, if others than they then decided on that.
        notice: why the last attempt had no effect, for the reviewer.
        result: what the tool said.
        proof: whether the worker's signature holds for what is shown.
        votes: signed decisions that wait for others.
        claim: who else looks at it.
        decided_ms: when, by the worker's word; 0 while it is open or unknown.
        asked_under: the version of the policy under which it was asked, which may have changed;
            0 for none.
        used_again: its foreign worker gave its id to an earlier call, too; nobody could tell an
            answer to the one from an answer to the other.
    """

    key: RequestKey
    agent: str
    call: PendingCall
    since_ms: int
    state: RequestState = RequestState.WAITING
    execution: Execution = Execution.NOT_RUN
    requester: str = ""
    intact: bool = True
    foreign: bool = False
    decision: DecisionKind | None = None
    decided_by: str = ""
    edited_by: str = ""
    notice: str = ""
    result: str = ""
    proof: Proof = Proof.NONE
    votes: tuple[CastVote, ...] = ()
    claim: Claim | None = None
    decided_ms: int = 0
    asked_under: int = 0
    used_again: bool = False

    @property
    def policy(self) -> PolicyTerms | None:
        """What the worker's policy demands of the decision; None where it has none."""
        return self.call.request.policy if self.call.request else None

    @property
    def must_be_signed(self) -> bool:
        """Whether its worker takes signed decisions only."""
        return self.call.request is not None and self.call.request.mode is Mode.ENFORCE

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided yet, as far as this desk knows."""
        return self.state in OPEN_STATES

    @property
    def choices(self) -> tuple[DecisionKind, ...]:
        """What a reviewer can choose, whatever else speaks against it now."""
        return () if self.used_again else choices(self.call)

    @property
    def takes_approval(self) -> bool:
        """Whether it asks for a decision on a call; others ask a question."""
        return self.call.dialect not in _QUESTIONS

    @property
    def risk(self) -> Risk:
        """The worker's word; without one, high."""
        return self.call.request.risk if self.call.request else Risk.HIGH

    @property
    def args(self) -> JSON:
        """The arguments, whole."""
        return self.call.args

    @property
    def request_id(self) -> str:
        """The worker's id of the request; empty from a foreign worker."""
        return self.call.request.request_id if self.call.request else ""

    @property
    def tool_call_id(self) -> str:
        """By what a record names the call: of a graph of others without any, its interrupt."""
        is_bound = self.call.request is not None
        return self.call.tool_call_id or ("" if is_bound else self.call.interrupt_id)

    def is_same(self, other: Request) -> bool:
        """Whether both are one request, however it stands.

        A key alone does not say so: a stream can be begun anew, and then the same tool call id may
        name another call.
        """
        mine, others = self.call, other.call
        if (self.key, self.agent, self.request_id) != (other.key, other.agent, other.request_id):
            return False
        if not self.request_id and (self.since_ms, mine.interrupt_id) != (
            other.since_ms,
            others.interrupt_id,
        ):
            return False
        asked = (mine.action, mine.description, mine.args)
        return mine is others or asked == (others.action, others.description, others.args)


class Context(msgspec.Struct, frozen=True, gc=False):
    """One conversation, as a row; made by the hundred in a frame, and so as cheap as can be.

    Attributes:
        agent: whom the person addresses.
        preview: the last words, as they came.
        waiting: open requests.
        waiting_since_ms: since when the oldest of them waits; 0 for none, or if it is not known.
        risk: the highest of theirs; None if none is known.
        confirmed: the broker has told of it, not only this computer's own cache.
        note: what is wrong with it, for a person; empty for nothing.
    """

    context_id: str
    agent: str
    status: ContextStatus
    last_activity_ms: int
    preview: str = ""
    entries: int = 0
    waiting: int = 0
    waiting_since_ms: int = 0
    risk: Risk | None = None
    confirmed: bool = True
    note: str = ""


class Source(StrEnum):
    """Where the console knows a context from; a later one of these knows better."""

    CACHE = "cache"
    INDEX = "index"
    STREAM = "stream"


class Summary(msgspec.Struct, frozen=True, gc=False):
    """What the list needs of one context; its transcript is read when somebody opens it.

    Passed over by Python's collector: it holds text alone, and a hundred thousand of them would
    hold up the window for as long as it takes to paint five frames.

    Attributes:
        agent: whom the person addresses.
        status: how it stands by its stream (or the index) alone; open requests are counted apart.
        as_of: id of the newest entry this tells of; empty if that is not known.
        entries: how many entries its stream holds.
        preview: the last words, as they came; at most 120 characters.
        waiting: open requests by the workers' index; the store counts its own once it knows them.
        note: what is wrong with its stream, for a person; empty for nothing.
    """

    context_id: str
    agent: str
    status: ContextStatus
    last_activity_ms: int
    as_of: str = ""
    entries: int = 0
    preview: str = ""
    waiting: int = 0
    source: Source = Source.STREAM
    note: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """How far the console is with reading what the broker holds.

    Attributes:
        known: contexts whose summary is known from the broker.
        derived: those of them whose requests are known, too.
        total: contexts found; 0 before they were counted.
        done: everything has been read once.
    """

    known: int = 0
    derived: int = 0
    total: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """A name one can talk to.

    Attributes:
        workers: living Signoff workers that serve it; empty for a foreign or absent one.
        waiting: open requests of this agent.
    """

    name: str
    workers: tuple[WorkerInfo, ...] = ()
    waiting: int = 0

    @property
    def note(self) -> str:
        """What its workers want to be known of them, such as a scripted model."""
        return ", ".join(dict.fromkeys(w.note for w in self.workers if w.note))


@dataclass(frozen=True, slots=True)
class Streaming:
    """A message while a model still writes it."""

    message_id: str
    agent: str
    text: str = ""
    next_seq: int = 0
    started_ms: int = field(default=0, compare=False)
