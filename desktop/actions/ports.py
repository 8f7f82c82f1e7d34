"""What actions need from the outside, as protocols.

The only place that names the ways out of the console. An order leaves without waiting; what became
of it comes back as a fact, by the way everything comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from desktop.audit.entries import AuditEntry
from desktop.store.health import RepairKey
from desktop.store.records import RequestKey
from workers.wire.canonical import JSON


@dataclass(frozen=True, slots=True)
class SendDecision:
    """Send a decision to the agent that waits for it.

    Attributes:
        nonce: this decision's.
        record: what is written down of it before it leaves.
        guard: for a worker that cannot tell calls apart: the name under which the first console
            to decide marks the call as its own. Empty for a Signoff worker, which checks itself.
    """

    key: RequestKey
    agent: str
    tool_call_id: str
    payload: JSON
    nonce: str
    record: AuditEntry
    guard: str = ""


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Give an agent a task, in a person's name."""

    context_id: str
    agent: str
    text: str
    invocation_id: str
    user: dict[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenTranscript:
    """Read the newest entries of a context and follow it until it is closed."""

    context_id: str


@dataclass(frozen=True, slots=True)
class ReadOlder:
    """Read the page of an open transcript that comes before an entry."""

    context_id: str
    before: str


@dataclass(frozen=True, slots=True)
class CloseTranscript:
    """Nobody looks at this transcript any more."""

    context_id: str


@dataclass(frozen=True, slots=True)
class WatchMonitor:
    """Somebody looks at the monitor, or nobody does any more."""

    on: bool


@dataclass(frozen=True, slots=True)
class DoRepair:
    """Do what a person asked for: requeue or discard an entry, or remove what readers left.

    Attributes:
        by: the person's id, kept beside a discarded entry.
    """

    key: RepairKey
    by: str


@dataclass(frozen=True, slots=True)
class Search:
    """Find the contexts that hold every word of a text in their id, agent or last words.

    What is found comes back as one `SearchFound`, unless a search of a higher number came first.

    Attributes:
        text: any text; an empty one ends the search and finds nothing.
    """

    text: str
    number: int


#: What is asked of the broker and leaves nothing there.
Reading: TypeAlias = OpenTranscript | ReadOlder | CloseTranscript
#: What leaves something there.
Sending: TypeAlias = SendDecision | SendMessage | DoRepair
Order: TypeAlias = Sending | Reading | Search | WatchMonitor


class Outbox(Protocol):
    """The one mouth out."""

    def post(self, order: Order) -> None:
        """Take an order; never blocks, never raises for what happens to it later."""
        ...
