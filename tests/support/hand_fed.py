"""A console whose store is fed by hand: everything of a window but the engine and the broker.

The only place where tests put store, bridge and actions together for the views.
"""

from __future__ import annotations

from typing import Self

import msgspec

from desktop.actions.approvals import Approvals
from desktop.actions.audit import Audit
from desktop.actions.conversations import Conversations
from desktop.actions.guard import GuardedOutbox
from desktop.actions.halts import HaltActions
from desktop.actions.ports import Order, Search
from desktop.actions.repairs import Repairs
from desktop.actions.signing import SigningActions
from desktop.engine.summaries import summarise
from desktop.qtmodels.bridge import Bridge
from desktop.settings import Person
from desktop.store.facts import (
    AgentsSeen,
    CaughtUp,
    ContextsSeen,
    DemoChanged,
    Fact,
    LinkChanged,
    ReadOnlyChanged,
    ReceiptSeen,
    SearchFound,
    TokenSeen,
    TranscriptRead,
)
from desktop.store.local_records import Demo, DemoState, Found
from desktop.store.records import Link, LinkState, RequestKey, Summary
from desktop.store.seeking import holds, searched_text, sought_words
from desktop.store.store import Store
from tests.support.kept_desk import KeptDesk
from tests.support.learning import arrived
from tests.support.outbox import KeptOutbox
from tests.support.scenes import NONCE, receipt
from workers.wire.approvals import DecisionKind, Outcome, Receipt
from workers.wire.codec import encode_event
from workers.wire.events import Event, TokenDelta, WorkerInfo

#: 2 March 2026, 09:15:05 UTC: when it is now, unless a test moves the clock.
NOW_MS = 1_772_442_905_000
ADDRESS = "redis://127.0.0.1:6379/0"


class HandFed:
    """Feeds facts, and keeps what would leave.

    Attributes:
        now_ms: the time as pages see it.
    """

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.store = Store()
        self.bridge = Bridge(self.store)
        self.outbox = KeptOutbox(self._answer_search)
        guarded = GuardedOutbox(self.outbox, self.store)
        self.approvals = Approvals(self.store, guarded, self._person)
        self.conversations = Conversations(self.store, guarded, self._person)
        self.repairs = Repairs(self.store, guarded, self._person)
        self.audit = Audit(self.store, guarded, self._person)
        self.signing = SigningActions(self.store, guarded)
        self.halts = HaltActions(self.store, guarded, self._person)
        self.desk = KeptDesk(
            repairs=self.repairs, audit=self.audit, signing=self.signing, halts=self.halts
        )
        self._sequence = 0
        self._summaries: dict[str, Summary] = {}

    def clock(self) -> int:
        """What pages take for the time."""
        return self.now_ms

    def feed(self, *facts: Fact) -> Self:
        """Let the store learn."""
        self.store.apply(facts)
        return self

    def online(self) -> Self:
        """Connected, and everything there is has been read."""
        link = Link(LinkState.ONLINE, "Connected", "", ADDRESS)
        return self.feed(LinkChanged(link), CaughtUp(frozenset()))

    def online_again(self) -> Self:
        """The broker is back, with everything it held."""
        held = frozenset(context.context_id for context in self.store.contexts())
        link = Link(LinkState.ONLINE, "Connected", "", ADDRESS)
        return self.feed(LinkChanged(link), CaughtUp(held))

    def offline(self) -> Self:
        """The broker went away."""
        hint = "Signoff tries again by itself."
        link = Link(LinkState.CONNECTING, "The broker is not reachable", hint, ADDRESS)
        return self.feed(LinkChanged(link))

    def read_only(self, *, wanted: bool = True) -> Self:
        """Let the person want nothing sent, or change their mind."""
        return self.feed(ReadOnlyChanged(wanted))

    def tell(self, *events: Event, seconds_ago: float = 0) -> Self:
        """Let entries of progress streams arrive, in this order."""
        for event in events:
            self._sequence += 1
            entry_id = f"{self.now_ms - round(seconds_ago * 1000)}-{self._sequence}"
            self.tell_at(entry_id, event)
        return self

    def tell_at(self, entry_id: str, event: Event) -> Self:
        """Let an entry arrive under an id; its transcript is open from then on."""
        if not self.store.is_open(event.context_id):
            self.feed(TranscriptRead(event.context_id, reaches_start=True))
        return self.feed(*arrived(event, entry_id, self._summaries))

    def hold(self, *events: Event, seconds_ago: float) -> Self:
        """Let the broker hold these contexts, whose transcripts nobody has opened."""
        entry_id = f"{self.now_ms - round(seconds_ago * 1000)}-0"
        entries = ((event.context_id, [(entry_id, encode_event(event))]) for event in events)
        summaries = tuple(summarise(context_id, entry) for context_id, entry in entries)
        self._summaries.update((summary.context_id, summary) for summary in summaries)
        return self.feed(ContextsSeen(summaries))

    def write(self, context_id: str, agent: str, message_id: str, *pieces: str) -> Self:
        """Let a model write, piece by piece."""
        for number, piece in enumerate(pieces):
            delta = TokenDelta(
                context_id=context_id,
                agent=agent,
                message_id=message_id,
                delta=piece,
                seq=number,
            )
            self.feed(TokenSeen(delta))
        return self

    def receive(self, *receipts: Receipt) -> Self:
        """Let workers say what became of decisions."""
        return self.feed(*(ReceiptSeen(told) for told in receipts))

    def answer(self, outcome: Outcome | str, *, order: int = -1) -> Self:
        """Let the worker answer a decision that was sent; the last one unless told otherwise."""
        sent = self.outbox.decisions[order]
        kinds = {"accept": DecisionKind.APPROVE, "reject": DecisionKind.REJECT}
        payload = sent.payload
        assert isinstance(payload, dict)
        return self.decide(sent.key, outcome, kinds[str(payload["type"])], "r.mora", sent.nonce)

    def decide(
        self,
        key: RequestKey,
        outcome: Outcome | str,
        kind: DecisionKind = DecisionKind.APPROVE,
        reviewer: str = "l.park",
        nonce: str = NONCE,
    ) -> Self:
        """Let the worker say what became of a decision on a request, of another desk by default."""
        request = self.store.request(key)
        assert request is not None
        told = receipt(
            outcome,
            call=request.call.tool_call_id,
            decision=kind,
            nonce=nonce,
            reviewer=reviewer,
            context_id=key.context_id,
            agent=request.agent,
        )
        return self.receive(msgspec.structs.replace(told, request_id=request.request_id))

    def serve(self, agent: str, *tools: str, note: str = "", mode: str = "enforce") -> Self:
        """Let a worker say that it serves an agent, beside those that did before."""
        before = tuple(worker for known in self.store.agents() for worker in known.workers)
        worker = WorkerInfo(
            consumer=f"signoff:office-1:{agent}",
            agents=[agent],
            tools={agent: list(tools)},
            version="0.1.0",
            mode=mode,
            started_ms=self.now_ms - 3_600_000,
            note=note,
        )
        workers = (*before, worker)
        names = tuple(name for one in workers for name in one.agents)
        return self.feed(AgentsSeen(names, workers))

    def demo(self, state: DemoState, title: str = "", hint: str = "") -> Self:
        """Let the demo change its state."""
        return self.feed(DemoChanged(Demo(state, title, hint)))

    def keys(self) -> list[RequestKey]:
        """All requests, open ones first."""
        return [request.key for request in self.store.requests()]

    def _answer_search(self, order: Order) -> None:
        """What the engine finds, at once."""
        if isinstance(order, Search):
            words = sought_words(order.text)
            found = frozenset(
                row.context_id
                for row in self.store.contexts()
                if words and holds(searched_text(row.context_id, row.agent, row.preview), words)
            )
            self.feed(SearchFound(Found(order.number, order.text, found)))

    def _person(self) -> Person:
        return Person("r.mora", "Rosa Mora")
