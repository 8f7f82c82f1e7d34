"""What the console learns, one frozen fact at a time.

The only things that change the store. They come from the broker (through the engine) or from this
desk (through the actions), and say what happened, never what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from desktop.store.halts import Halts, HaltState
from desktop.store.local_records import Demo, Found, Memory
from desktop.store.local_workers import LocalWorker
from desktop.store.monitor_facts import MonitorSeen as MonitorSeen
from desktop.store.monitor_facts import RepairDone as RepairDone
from desktop.store.monitor_facts import RepairNotDone as RepairNotDone
from desktop.store.monitor_facts import RepairSending as RepairSending
from desktop.store.record import AuditOpened, AuditPage, AuditStanding
from desktop.store.records import (
    Link,
    RequestKey,
    Summary,
    Survey,
    WorkerInfo,
)
from desktop.store.signing_facts import ClaimSeen as ClaimSeen
from desktop.store.signing_facts import ClockSeen as ClockSeen
from desktop.store.signing_facts import DecisionJoined as DecisionJoined
from desktop.store.signing_facts import ProofSeen as ProofSeen
from desktop.store.signing_facts import ReviewersSeen as ReviewersSeen
from desktop.store.signing_facts import SigningChanged as SigningChanged
from desktop.store.signing_facts import VotesSeen as VotesSeen
from workers.wire.approvals import DecisionKind, Receipt
from workers.wire.events import Event, TokenDelta


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link to the broker changed its state."""

    link: Link


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An entry of a progress stream was read.

    Of a context whose transcript is not open, only entries that tell of requests are.

    Attributes:
        live: it arrived while the console followed; else it was found when reading what there was.
    """

    context_id: str
    entry_id: str
    event: Event
    live: bool = True


@dataclass(frozen=True, slots=True)
class ContextsSeen:
    """Contexts as the list shows them. Of two summaries of one, that of the newer entry counts."""

    summaries: tuple[Summary, ...]


@dataclass(frozen=True, slots=True)
class ContextReset:
    """A context's stream was emptied or begun anew: what was known of it is void.

    Attributes:
        title: what happened, for a person.
        is_gone: it was deleted, and nothing is in its place.
    """

    context_id: str
    title: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class InterruptsRemoved:
    """Interrupts are no longer in their stream, and their workers do not tell of them elsewhere."""

    context_id: str
    entry_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class SurveyChanged:
    """How far the reading of the broker is."""

    survey: Survey


@dataclass(frozen=True, slots=True)
class TranscriptRead:
    """A page of a transcript; the first one, which may be empty, opens it.

    From then on the entries of this context arrive as `EventSeen` and `UnreadableSeen`, too.

    Attributes:
        entries: in the order of the stream.
        reaches_start: there are no entries before these.
        is_tail: they are the newest of the stream (else a page that was asked for further back).
    """

    context_id: str
    entries: tuple[EventSeen | UnreadableSeen, ...] = ()
    reaches_start: bool = False
    is_tail: bool = True


@dataclass(frozen=True, slots=True)
class TranscriptClosed:
    """A transcript is no longer followed, and need not be kept."""

    context_id: str


@dataclass(frozen=True, slots=True)
class GapSeen:
    """Entries of a context were removed at the broker before they were read.

    Where its transcript is open, it shows that; what had been asked before them counts as lost.

    Attributes:
        before: id of the first entry after the gap.
        title: what happened, for a person.
    """

    context_id: str
    before: str
    title: str


@dataclass(frozen=True, slots=True)
class UnreadableSeen:
    """An entry of a progress stream could not be read.

    Attributes:
        title: why, for a person.
        excerpt: its first characters, as they came.
    """

    context_id: str
    entry_id: str
    title: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class TokenSeen:
    """A piece of a message arrived while its model writes."""

    delta: TokenDelta


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """A worker said what became of a decision."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class AgentsSeen:
    """Who is on the broker now."""

    agents: tuple[str, ...]
    workers: tuple[WorkerInfo, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was known is void: another broker is followed, or this one was emptied.

    Attributes:
        title: what happened, for a person; empty if they did it.
    """

    title: str = ""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Everything the broker holds has been read once, and all requests in it are known.

    Contexts not named here are gone.
    """

    context_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class DecisionSending:
    """A reviewer at this desk decided; the decision is on its way.

    Attributes:
        by: their id, if they sign it.
        edited: digest of the changed arguments it is about; empty if they are not changed.
    """

    key: RequestKey
    kind: DecisionKind
    nonce: str
    by: str = ""
    edited: str = ""


@dataclass(frozen=True, slots=True)
class DecisionLeft:
    """It is on the broker, and no other decision on this call came before it."""

    key: RequestKey
    nonce: str


@dataclass(frozen=True, slots=True)
class DecisionNotSent:
    """It did not leave, or somebody else's did before it."""

    key: RequestKey
    nonce: str
    title: str
    hint: str = ""
    decided_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class MessageSending:
    """A person at this desk wrote to an agent."""

    context_id: str
    agent: str
    text: str
    invocation_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class MessageNotSent:
    """It did not leave."""

    context_id: str
    invocation_id: str
    title: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SearchFound:
    """What a search found. Of several the one with the highest number counts; of these the last."""

    found: Found


@dataclass(frozen=True, slots=True)
class MemoryChanged:
    """What this computer remembers of conversations changed its state, or could not be used."""

    memory: Memory


@dataclass(frozen=True, slots=True)
class DemoChanged:
    """The bundled demo changed its state."""

    demo: Demo


@dataclass(frozen=True, slots=True)
class ReadOnlyChanged:
    """Whether this console may write to the broker was chosen anew."""

    read_only: bool


@dataclass(frozen=True, slots=True)
class LocalWorkersChanged:
    """How the workers that this console runs stand now, all of them."""

    workers: tuple[LocalWorker, ...]


@dataclass(frozen=True, slots=True)
class AuditFound:
    """What a search of the audit log found; see `store.record`."""

    page: AuditPage


@dataclass(frozen=True, slots=True)
class AuditEntryOpened:
    """One entry of the audit log, as somebody asked for it."""

    opened: AuditOpened


@dataclass(frozen=True, slots=True)
class AuditChanged:
    """How the audit log stands."""

    standing: AuditStanding


@dataclass(frozen=True, slots=True)
class HaltsSeen:
    """Which calls are halted now, all of them."""

    halts: Halts


@dataclass(frozen=True, slots=True)
class HaltSaid:
    """Somebody at this desk asked for a halt or a lift: it is on its way, or what came of it."""

    scope: str
    state: HaltState


#: Of what the monitor looks at, and of repairs.
OfMonitor: TypeAlias = MonitorSeen | RepairSending | RepairDone | RepairNotDone
#: Of halts.
OfHalts: TypeAlias = HaltsSeen | HaltSaid
#: Of the desk itself, and of who is on the broker.
OfDesk: TypeAlias = (
    LinkChanged
    | SurveyChanged
    | AgentsSeen
    | DemoChanged
    | SearchFound
    | MemoryChanged
    | LocalWorkersChanged
    | ReadOnlyChanged
    | SigningChanged
    | ClockSeen
    | ReviewersSeen
    | AuditFound
    | AuditEntryOpened
    | AuditChanged
    | OfMonitor
    | OfHalts
)
#: Of contexts as the list shows them.
OfContexts: TypeAlias = (
    ContextsSeen | ContextReset | Forgotten | CaughtUp | MessageSending | MessageNotSent
)
#: Of open transcripts.
OfTranscripts: TypeAlias = (
    EventSeen | UnreadableSeen | TokenSeen | TranscriptRead | TranscriptClosed | GapSeen
)
#: Of requests; events are, too.
OfRequests: TypeAlias = (
    ReceiptSeen
    | InterruptsRemoved
    | DecisionSending
    | DecisionLeft
    | DecisionNotSent
    | DecisionJoined
    | VotesSeen
    | ClaimSeen
    | ProofSeen
)
Fact: TypeAlias = OfDesk | OfContexts | OfTranscripts | OfRequests
