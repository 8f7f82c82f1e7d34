"""How each fact changes what is known.

The only place that gives facts a meaning. One function per kind of fact; each says in `Changes`
what it touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import assert_never

from desktop.store import facts
from desktop.store.changes import Changes
from desktop.store.conversation import Conversation, entry_of_interrupt, entry_of_message
from desktop.store.evidence import Evidence, Sending
from desktop.store.monitor import Monitor
from desktop.store.records import (
    Agent,
    Demo,
    Entry,
    EntryKind,
    Link,
    Request,
    RequestKey,
    RequestState,
    Streaming,
)
from desktop.store.trails import Trail
from workers.wire.approvals import Outcome, Receipt
from workers.wire.dialects import Dialect, PendingCall, read_interrupt
from workers.wire.events import AgentProgress, Event, ProgressType, Unrecognised, WorkerInfo
from workers.wire.ids import HUMAN, StreamId
from workers.wire.messages import ChatMessage, Role, read_message

#: So much of the name of an unknown kind is shown.
KIND_LENGTH = 200


@dataclass(slots=True)
class State:
    """Everything the console knows."""

    link: Link = field(default_factory=Link)
    demo: Demo = field(default_factory=Demo)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    evidence: dict[RequestKey, Evidence] = field(default_factory=dict)
    trails: dict[RequestKey, Trail] = field(default_factory=dict)
    requests: dict[RequestKey, Request] = field(default_factory=dict)
    keys_by_context: dict[str, dict[RequestKey, None]] = field(default_factory=dict)
    agent_names: tuple[str, ...] = ()
    workers: tuple[WorkerInfo, ...] = ()
    caught_up: bool = False
    monitor: Monitor = field(default_factory=Monitor)
    read_only: bool = False

    def conversation(self, context_id: str) -> Conversation:
        """The conversation of this id, made if it is new."""
        found = self.conversations.get(context_id)
        if found is None:
            found = self.conversations[context_id] = Conversation(context_id)
        return found

    def trail(self, name: RequestKey) -> Trail:
        """What was seen under a tool call id of a context, made if it is new."""
        return self.trails.setdefault(name, Trail())

    def waiting_in(self, context_id: str) -> int:
        """Open requests of one context."""
        keys = self.keys_by_context.get(context_id, {})
        return sum(key in self.requests and self.requests[key].is_open for key in keys)

    def agents(self) -> tuple[Agent, ...]:
        """Everybody one can talk to, by name."""
        served = {name for worker in self.workers for name in worker.agents}
        names = sorted({*self.agent_names, *served} - {HUMAN})
        open_requests = [request for request in self.requests.values() if request.is_open]
        return tuple(
            Agent(
                name,
                tuple(worker for worker in self.workers if name in worker.agents),
                sum(request.agent == name for request in open_requests),
            )
            for name in names
        )


def apply(state: State, fact: facts.Fact, changes: Changes) -> None:
    """Change the state by one fact, and note what changed."""
    if isinstance(fact, facts.MonitorFact):
        state.monitor.apply(fact)
        changes.monitor = True
    elif isinstance(fact, facts.ReadOnlyChanged):
        state.read_only = fact.read_only
        changes.read_only = changes.link = True
    else:
        _of_conversations(state, fact, changes)


def _of_conversations(state: State, fact: facts.ConversationFact, changes: Changes) -> None:
    match fact:
        case facts.EventSeen():
            _event(state, fact, changes)
        case facts.UnreadableSeen():
            _unreadable(state, fact, changes)
        case facts.TokenSeen():
            _token(state, fact, changes)
        case facts.ReceiptSeen():
            _receipt(state, fact.receipt, changes)
        case facts.AgentsSeen():
            state.agent_names, state.workers = fact.agents, fact.workers
            state.monitor.hear(fact.workers)
            changes.agents = True
        case facts.Forgotten():
            _forget(state, changes)
        case facts.CaughtUp():
            _caught_up(state, fact, changes)
        case facts.LinkChanged():
            state.link = fact.link
            changes.link = True
        case facts.DemoChanged():
            state.demo = fact.demo
            changes.demo = True
        case facts.DecisionSending():
            _send(state, fact.key, Sending(fact.kind, fact.nonce), changes)
        case facts.DecisionNotSent():
            _not_sent(state, fact, changes)
        case facts.MessageSending():
            _message_sending(state, fact, changes)
        case facts.MessageNotSent():
            _message_not_sent(state, fact, changes)
        case _:
            assert_never(fact)


def _event(state: State, fact: facts.EventSeen, changes: Changes) -> None:
    body = fact.event.body
    if not isinstance(body, AgentProgress):
        title = "An event that this version does not know, or that does not belong here."
        kind = body.event_type if isinstance(body, Unrecognised) else type(body).__name__
        unread = facts.UnreadableSeen(fact.context_id, fact.entry_id, title, kind[:KIND_LENGTH])
        _unreadable(state, unread, changes)
    elif body.type is ProgressType.INTERRUPT:
        _interrupt(state, fact, body, changes)
    else:
        _message(state, fact, body, changes)


def _message(
    state: State, fact: facts.EventSeen, progress: AgentProgress, changes: Changes
) -> None:
    message = read_message(progress.message)
    entry = entry_of_message(fact.entry_id, progress, message)
    if entry is None:
        return
    _add(state, fact.context_id, entry, progress, changes)
    if isinstance(message, ChatMessage) and message.role is Role.TOOL and message.tool_call_id:
        trail = state.trail(RequestKey(fact.context_id, message.tool_call_id))
        trail.answer(StreamId.parse(fact.entry_id), progress.callee_agent, message)
        _review(state, trail, changes)


def _interrupt(
    state: State, fact: facts.EventSeen, progress: AgentProgress, changes: Changes
) -> None:
    call = read_interrupt(progress.message)
    entry = entry_of_interrupt(fact.entry_id, progress, call)
    if call.dialect is Dialect.MACHINE:
        _add(state, fact.context_id, entry, progress, changes)
        return
    name = RequestKey(fact.context_id, _name_of(call) or fact.entry_id)
    trail = state.trail(name)
    asked = trail.ask(name, StreamId.parse(fact.entry_id), progress.callee_agent, call)
    if asked is None:
        return
    key = asked.key
    _add(state, fact.context_id, replace(entry, tool_call_id=key.call), progress, changes)
    known = state.evidence.get(key, Evidence(key))
    state.evidence[key] = replace(
        known,
        call=call,
        agent=progress.callee_agent,
        since_ms=entry.at_ms,
        requester=_requester(fact.event, progress, call),
    )
    _review(state, trail, changes)
    request = state.requests.get(key)
    if state.caught_up and request is not None and request.state is RequestState.WAITING:
        changes.arrived.append(key)


def _name_of(call: PendingCall) -> str:
    """What a receipt calls it, too: a question of a hosted graph has no tool call."""
    request_id = call.request.request_id if call.request else ""
    return call.tool_call_id or request_id or call.interrupt_id


def _requester(event: Event, progress: AgentProgress, call: PendingCall) -> str:
    if call.request is not None:
        return call.request.requester.id
    named = event.data_extra.get("requester")
    return named if isinstance(named, str) else progress.caller_agent


def _add(
    state: State, context_id: str, entry: Entry, progress: AgentProgress, changes: Changes
) -> bool:
    conversation = state.conversation(context_id)
    if not conversation.add(entry):
        return False
    if progress.caller_agent == HUMAN or not conversation.agent:
        conversation.agent = progress.callee_agent
    changes.contexts.add(context_id)
    changes.transcripts.add(context_id)
    return True


def _unreadable(state: State, fact: facts.UnreadableSeen, changes: Changes) -> None:
    at_ms = StreamId.parse(fact.entry_id).milliseconds
    text = f"{fact.title}\n{fact.excerpt}" if fact.excerpt else fact.title
    entry = Entry(fact.entry_id, at_ms, EntryKind.UNREADABLE, "", text)
    if state.conversation(fact.context_id).add(entry):
        changes.contexts.add(fact.context_id)
        changes.transcripts.add(fact.context_id)


def _token(state: State, fact: facts.TokenSeen, changes: Changes) -> None:
    delta = fact.delta
    conversation = state.conversations.get(delta.context_id)
    if conversation is None or conversation.has_message(delta.message_id):
        return
    at = conversation.streaming.get(delta.message_id, Streaming(delta.message_id, delta.agent))
    if delta.seq < at.next_seq:
        return
    conversation.streaming[delta.message_id] = replace(
        at, text=at.text + delta.delta, next_seq=delta.seq + 1
    )
    changes.streaming.add(delta.context_id)


def _receipt(state: State, receipt: Receipt, changes: Changes) -> None:
    if receipt.kind is Outcome.PARKED:
        _parked(state, receipt.context_id, receipt.note, changes)
    name = receipt.tool_call_id or receipt.request_id
    if not name:
        return
    trail = state.trail(RequestKey(receipt.context_id, name))
    trail.tell(receipt)
    _review(state, trail, changes)


def _parked(state: State, context_id: str, invocation_id: str, changes: Changes) -> None:
    conversation = state.conversations.get(context_id)
    entry = conversation.sending.get(invocation_id) if conversation else None
    if conversation is None or entry is None:
        return
    waits = state.waiting_in(context_id)
    note = "Waits for the decision above" if waits else "Waits until the agent is free"
    conversation.sending[invocation_id] = replace(entry, note=note)
    changes.transcripts.add(context_id)


def _not_sent(state: State, fact: facts.DecisionNotSent, changes: Changes) -> None:
    evidence = state.evidence.get(fact.key)
    if evidence is None or evidence.sending is None or evidence.sending.nonce != fact.nonce:
        return
    failure = f"{fact.title} {fact.hint}".strip()
    sending = replace(evidence.sending, failure=failure, lost_race=fact.decided_elsewhere)
    _send(state, fact.key, sending, changes)


def _send(state: State, key: RequestKey, sending: Sending, changes: Changes) -> None:
    known = state.evidence.get(key, Evidence(key))
    _conclude(state, replace(known, sending=sending), changes)


def _review(state: State, trail: Trail, changes: Changes) -> None:
    """Conclude anew on every request of a trail; only what differs counts as changed."""
    for asked in trail.asked:
        news = (trail.answer_to(asked), trail.receipts_for(asked))
        evidence = state.evidence[asked.key].told(*news)
        _conclude(state, replace(evidence, asked_again=trail.asks_again(asked)), changes)


def _conclude(state: State, evidence: Evidence, changes: Changes) -> None:
    key = evidence.key
    state.evidence[key] = evidence
    request = evidence.conclude()
    if request is None or request == state.requests.get(key):
        return
    state.requests[key] = request
    state.keys_by_context.setdefault(key.context_id, {})[key] = None
    changes.requests.add(key)
    changes.contexts.add(key.context_id)
    changes.transcripts.add(key.context_id)
    changes.agents = True


def _forget(state: State, changes: Changes) -> None:
    state.conversations.clear()
    state.evidence.clear()
    state.trails.clear()
    state.requests.clear()
    state.keys_by_context.clear()
    state.agent_names, state.workers = (), ()
    state.caught_up = False
    state.monitor.forget()
    changes.reset = changes.agents = changes.monitor = True


def _caught_up(state: State, fact: facts.CaughtUp, changes: Changes) -> None:
    state.caught_up = True
    gone = [
        context_id
        for context_id, conversation in state.conversations.items()
        if context_id not in fact.context_ids and not conversation.sending
    ]
    for context_id in gone:
        del state.conversations[context_id]
        for key in state.keys_by_context.pop(context_id, {}):
            state.requests.pop(key, None)
    if gone:
        lost = frozenset(gone)
        state.evidence = {k: e for k, e in state.evidence.items() if k.context_id not in lost}
        state.trails = {k: t for k, t in state.trails.items() if k.context_id not in lost}
        changes.reset = changes.agents = True


def _message_sending(state: State, fact: facts.MessageSending, changes: Changes) -> None:
    conversation = state.conversation(fact.context_id)
    conversation.agent = conversation.agent or fact.agent
    conversation.sending[fact.invocation_id] = Entry(
        "0-0",
        fact.at_ms,
        EntryKind.SENDING,
        HUMAN,
        fact.text,
        invocation_id=fact.invocation_id,
        to_human=True,
    )
    changes.contexts.add(fact.context_id)
    changes.transcripts.add(fact.context_id)


def _message_not_sent(state: State, fact: facts.MessageNotSent, changes: Changes) -> None:
    conversation = state.conversations.get(fact.context_id)
    entry = conversation.sending.get(fact.invocation_id) if conversation else None
    if conversation is None or entry is None:
        return
    note = f"Not sent: {fact.title} {fact.hint}".rstrip()
    conversation.sending[fact.invocation_id] = replace(entry, note=note, failed=True)
    changes.contexts.add(fact.context_id)
    changes.transcripts.add(fact.context_id)
