"""What actions need from the outside, as protocols.

The only place that names the ways out of the console. An order leaves without waiting; what became
of it comes back as a fact, by the way everything comes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from desktop.audit.entries import AuditEntry
from desktop.audit.exporting.formats import ExportFormat as ExportFormat
from desktop.settings import Person, SigningRule
from desktop.store.health import RepairKey
from desktop.store.record import AuditQuery
from desktop.store.records import RequestKey
from workers.wire.approvals import ApprovalRequest
from workers.wire.canonical import JSON
from workers.wire.halts import HaltStatement
from workers.wire.signing.statements import DecisionStatement


@dataclass(frozen=True, slots=True)
class SendDecision:
    """Send a decision to the agent that waits for it.

    Attributes:
        nonce: this decision's.
        record: what is written down of it before it leaves.
        statement: what the reviewer's key signs; None where the worker could not verify it.
        secrets: what only the log's encrypted part may hold, by name.
        request: what a Signoff worker asked; None of a foreign one.
        args: those the statement's `edited_args_digest` is of; they travel beside a vote.
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
    statement: DecisionStatement | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    request: ApprovalRequest | None = None
    args: JSON = field(default=None, repr=False)


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
class SayHalt:
    """Halt a scope, or lift its halt.

    Attributes:
        statement: what is to stand there.
        sign: with the key of this desk.
        record: what is written down of it before it leaves.
    """

    statement: HaltStatement
    sign: bool
    record: AuditEntry


@dataclass(frozen=True, slots=True)
class Unlock:
    """Open the signing key of this desk.

    Attributes:
        to_sign: for a decision; else only to show who is there, as on the lock page.
    """

    passphrase: str = field(repr=False)
    to_sign: bool = True


@dataclass(frozen=True, slots=True)
class Lock:
    """Forget the signing key until the passphrase is given again."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class ChooseSigner:
    """Say who signs at this desk from now on, and by which rule; the session before ends.

    Attributes:
        signers: whose keys the keyring of this computer may hold.
        minutes: how long a session lasts at most.
        trust: the folder with the registry.
        bundled: the folder with the demo's own reviewers, who sign by themselves; None while
            another broker than the demo's is followed.
    """

    person: Person
    signers: tuple[Person, ...]
    rule: SigningRule
    minutes: int
    trust: Path
    bundled: Path | None = None


@dataclass(frozen=True, slots=True)
class TakeClaim:
    """Tell the others that somebody here looks at a request, or does no more."""

    key: RequestKey
    by_id: str
    by_name: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """Write something down in the audit log that happened at this desk.

    Attributes:
        secrets: what only its encrypted part may hold, by name.
    """

    entry: AuditEntry
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class FindAudit:
    """Search the audit log; what is found comes back as `AuditFound` of this number."""

    query: AuditQuery
    number: int


@dataclass(frozen=True, slots=True)
class OpenAudit:
    """Open one entry of the audit log; it comes back as `AuditEntryOpened`.

    Attributes:
        number: its place in the log; 0 to close the one that is open.
    """

    number: int


@dataclass(frozen=True, slots=True)
class VerifyAudit:
    """Verify the audit log as a whole; `AuditChanged` says how it stands."""


@dataclass(frozen=True, slots=True)
class ExportAudit:
    """Write what a query finds to a file; `AuditChanged` says what became of it."""

    query: AuditQuery
    kind: ExportFormat
    path: str
    made: AuditEntry


@dataclass(frozen=True, slots=True)
class TellOtherDesks:
    """From now on tell the other desks this one's audit log, and co-sign theirs; or only listen."""

    on: bool


@dataclass(frozen=True, slots=True)
class Search:
    """Find the contexts that hold every word of a text in their id, agent or last words.

    Where text is kept on this computer, also in what was said earlier. What is found comes back as
    a `SearchFound`, unless a search of a higher number came first, and as another one of the same
    number when all that is kept has been read.

    Attributes:
        text: any text; an empty one ends the search and finds nothing.
    """

    text: str
    number: int


#: What is asked of the broker and leaves nothing there.
Reading: TypeAlias = OpenTranscript | ReadOlder | CloseTranscript
#: What leaves something there.
Sending: TypeAlias = SendDecision | SendMessage | DoRepair
#: About the signing key and the audit log of this desk; nothing of it reaches the broker.
AtThisDesk: TypeAlias = (
    Unlock | Lock | ChooseSigner | Note | FindAudit | OpenAudit | VerifyAudit | ExportAudit
)
Order: TypeAlias = (
    Sending | SayHalt | Reading | Search | WatchMonitor | AtThisDesk | TakeClaim | TellOtherDesks
)


class Outbox(Protocol):
    """The one mouth out."""

    def post(self, order: Order) -> None:
        """Take an order; never blocks, never raises for what happens to it later."""
        ...
