"""The store: facts go in here, records come out here.

The one mouth into what the console knows. Used on one thread (the GUI's; the event loop's in a
command); whoever learns something elsewhere sends facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from desktop.store import reduce, troubles
from desktop.store.changes import Changes
from desktop.store.clock import Clock
from desktop.store.facts import Fact
from desktop.store.halts import Halts, HaltState
from desktop.store.health import Troubles
from desktop.store.local_records import Demo, Found, Memory
from desktop.store.local_workers import LocalWorker
from desktop.store.monitor import Monitor
from desktop.store.record import AuditOpened, AuditPage, AuditStanding
from desktop.store.records import (
    Agent,
    Context,
    Entry,
    Link,
    LinkState,
    Loss,
    Request,
    RequestKey,
    Risk,
    Streaming,
    Survey,
)
from desktop.store.signing import Signing
from desktop.store.state import State

Listener = Callable[[Changes], None]


class Store:
    """What the console knows.

    Attributes:
        link: how it stands with the broker.
        demo: how the bundled demo stands.
        local_workers: a person's own workers, run by this console.
    """

    def __init__(self) -> None:
        self._state = State()
        self._listeners: list[Listener] = []

    def apply(self, facts: Iterable[Fact]) -> Changes:
        """Take in a batch of facts, in order, and tell the listeners once what changed."""
        changes = Changes()
        for fact in facts:
            reduce.apply(self._state, fact, changes)
        if changes:
            for listener in tuple(self._listeners):
                listener(changes)
        return changes

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each batch that changed something. Returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def link(self) -> Link:
        """How the console stands with the broker."""
        return self._state.link

    @property
    def loss(self) -> Loss:
        """What the broker holds no longer, since it is followed."""
        return self._state.loss

    @property
    def demo(self) -> Demo:
        """How the bundled demo stands."""
        return self._state.demo

    @property
    def found(self) -> Found:
        """What the last search found."""
        return self._state.found

    @property
    def memory(self) -> Memory:
        """What this computer remembers of conversations."""
        return self._state.memory

    @property
    def local_workers(self) -> tuple[LocalWorker, ...]:
        """The workers that this console runs, by name."""
        return self._state.local_workers

    @property
    def is_online(self) -> bool:
        """Whether what is shown is what the broker holds."""
        return self._state.link.state is LinkState.ONLINE

    @property
    def survey(self) -> Survey:
        """How far the console is with reading what the broker holds."""
        return self._state.survey

    @property
    def read_only(self) -> bool:
        """Whether this console writes nothing to the broker, by its person's choice."""
        return self._state.read_only

    @property
    def monitor(self) -> Monitor:
        """What the monitor has seen; to be read only."""
        return self._state.monitor

    @property
    def halts(self) -> Halts:
        """Which calls are halted."""
        return self._state.halts

    def halt_said(self, scope: str) -> HaltState | None:
        """What came of what this desk said last of a scope; None for nothing."""
        return self._state.halts_said.get(scope)

    def troubles(self) -> Troubles:
        """What does not go on by itself. Looks at every context: ask once for each change."""
        return troubles.find(self._state)

    @property
    def context_count(self) -> int:
        """How many conversations are known; cheaper than listing them."""
        known, sending = self._state.summaries, self._state.sending
        return len(known) + sum(context_id not in known for context_id in sending)

    def context_ids(self) -> list[str]:
        """All conversations, in no order; cheaper than their rows."""
        return self._state.context_ids()

    def contexts(self) -> list[Context]:
        """All conversations, the latest first."""
        found = (self._state.context(context_id) for context_id in self._state.context_ids())
        rows = [row for row in found if row is not None]
        # Names decide between equal times, so that no list jumps from one look to the next.
        return sorted(rows, key=lambda row: (row.last_activity_ms, row.context_id), reverse=True)

    def context(self, context_id: str) -> Context | None:
        """One conversation, or None if there is none of this id."""
        return self._state.context(context_id)

    def is_open(self, context_id: str) -> bool:
        """Whether the transcript of a conversation is followed."""
        return context_id in self._state.transcripts

    def is_read(self, context_id: str) -> bool:
        """Whether the newest entries of an open transcript are here."""
        transcript = self._state.transcripts.get(context_id)
        return transcript is not None and transcript.is_read

    def reaches_start(self, context_id: str) -> bool:
        """Whether an open transcript is here from its first entry on."""
        transcript = self._state.transcripts.get(context_id)
        return transcript is not None and transcript.reaches_start

    def read_from(self, context_id: str) -> str:
        """Id of the oldest entry that was read of an open transcript; empty if none was."""
        transcript = self._state.transcripts.get(context_id)
        read_from = transcript.read_from if transcript else None
        return str(read_from) if read_from is not None else ""

    def is_sending(self, context_id: str) -> bool:
        """Whether a message of this desk is on its way there."""
        return context_id in self._state.sending

    def entries(self, context_id: str) -> list[Entry]:
        """What is here of an open transcript, messages still on their way at the end."""
        transcript = self._state.transcripts.get(context_id)
        sending = self._state.sending.get(context_id, {})
        return [*(transcript.entries if transcript else ()), *sending.values()]

    def streaming(self, context_id: str) -> list[Streaming]:
        """The messages that models are writing in an open transcript."""
        transcript = self._state.transcripts.get(context_id)
        return list(transcript.streaming.values()) if transcript else []

    def requests(self) -> list[Request]:
        """All requests, open ones first, among those the longest waiting first; may be many."""
        return self._state.requests()

    def request_keys(self) -> list[RequestKey]:
        """All requests by name, in the same order; cheaper than their records."""
        return list(self._state.line_up)

    def open_keys(self) -> list[RequestKey]:
        """Those nobody has decided yet, in the same order."""
        return list(self._state.line_up.open_keys())

    @property
    def request_count(self) -> int:
        """How many requests are known."""
        return len(self._state.line_up)

    @property
    def open_count(self) -> int:
        """How many of them nobody has decided yet."""
        return self._state.line_up.open_count

    @property
    def waiting_count(self) -> int:
        """How many of those no decision is on its way for."""
        return len(self._state.line_up.waiting)

    @property
    def waiting_risks(self) -> Mapping[Risk, int]:
        """How many of those there are of each risk."""
        return self._state.line_up.risks

    @property
    def asking(self) -> Mapping[str, int]:
        """How many open requests each agent has that has any."""
        return self._state.line_up.asking

    def longest_waiting(self) -> RequestKey | None:
        """The request that waits longest, if one does."""
        line_up = self._state.line_up
        return next((key for key in line_up.open_keys() if key in line_up.waiting), None)

    def request(self, key: RequestKey) -> Request | None:
        """One request, or None if it is not known."""
        return self._state.request(key)

    def requests_in(self, context_id: str) -> list[Request]:
        """The requests of one conversation, in the order they arrived."""
        docket = self._state.dockets.get(context_id)
        found = docket.requests.values() if docket else ()
        return sorted(found, key=lambda request: (request.since_ms, request.key))

    @property
    def signing(self) -> Signing:
        """Who signs at this desk, and whether they can now."""
        return self._state.signing

    @property
    def clock(self) -> Clock:
        """How this computer's clock stands beside the broker's."""
        return self._state.clock

    @property
    def audit_page(self) -> AuditPage:
        """What was found in the audit log last."""
        return self._state.audit_page

    @property
    def audit_opened(self) -> AuditOpened:
        """The entry of the audit log that was opened last."""
        return self._state.audit_opened

    @property
    def audit_standing(self) -> AuditStanding:
        """How the audit log stands."""
        return self._state.audit_standing

    def agents(self) -> tuple[Agent, ...]:
        """Everybody one can talk to, by name."""
        return self._state.agents()
