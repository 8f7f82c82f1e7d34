"""What facts say of requests: that they were asked, decided, answered.

The only place that feeds evidence, and that notices when it leads to another conclusion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from desktop.store import facts
from desktop.store.changes import Changes
from desktop.store.evidence import Evidence, Sending
from desktop.store.listing import annotate
from desktop.store.records import RequestKey, RequestState
from desktop.store.signing import Proof
from desktop.store.state import State
from desktop.store.trails import Asked, Telling, Trail
from workers.wire.approvals import Outcome, Receipt
from workers.wire.dialects import PendingCall
from workers.wire.events import AgentProgress, Event
from workers.wire.ids import StreamId
from workers.wire.messages import ChatMessage


def ask(
    state: State,
    fact: facts.EventSeen,
    progress: AgentProgress,
    call: PendingCall,
    changes: Changes,
) -> list[Asked]:
    """Take in an interrupt that a person may answer.

    Returns:
        The requests that it may have made a difference to, that which it asks among them.
    """
    name = RequestKey(fact.context_id, _name_of(call) or fact.entry_id)
    docket = state.docket(fact.context_id)
    trail = docket.trail(name.call)
    at = StreamId.parse(fact.entry_id)
    told = Telling(at, call, _requester(fact.event, progress, call))
    asked = trail.ask(name, progress.callee_agent, told)
    new = [one.key for one in asked if one.key not in docket.requests]
    _review(state, fact.context_id, trail, asked, changes)
    if fact.live or state.caught_up:
        waits = RequestState.WAITING
        changes.arrived += [key for key in new if docket.requests[key].state is waits]
    return asked


def hear_answer(
    state: State, fact: facts.EventSeen, agent: str, message: ChatMessage, changes: Changes
) -> list[Asked]:
    """Take in a tool's message.

    Returns:
        The requests that it may have made a difference to.
    """
    trail = state.docket(fact.context_id).trail(message.tool_call_id)
    name = RequestKey(fact.context_id, message.tool_call_id)
    asked = trail.answer(name, StreamId.parse(fact.entry_id), agent, message)
    _review(state, fact.context_id, trail, asked, changes)
    return asked


def lose(state: State, context_id: str, before: StreamId, changes: Changes) -> None:
    """Entries before this one were removed, some of them unread: answers may be among them."""
    docket = state.docket(context_id)
    docket.removed_before = max(docket.removed_before, before)
    for trail in docket.trails.values():
        _review(state, context_id, trail, trail.asked, changes)


def hear_receipt(state: State, receipt: Receipt, changes: Changes) -> None:
    """Take in what a worker says became of a decision or a message."""
    if receipt.kind is Outcome.PARKED:
        _parked(state, receipt.context_id, receipt.note, changes)
    name = receipt.tool_call_id or receipt.request_id
    if name:
        trail = state.docket(receipt.context_id).trail(name)
        trail.tell(receipt)
        about = [one for one in trail.asked if receipt.request_id in {"", one.request_id}]
        _review(state, receipt.context_id, trail, about, changes)


def miss(state: State, fact: facts.InterruptsRemoved, changes: Changes) -> None:
    """Take in that what asked is gone from the stream; what is told again counts again."""
    docket = state.docket(fact.context_id)
    docket.removed.update(StreamId.parse(entry_id) for entry_id in fact.entry_ids)
    for trail in docket.trails.values():
        _review(state, fact.context_id, trail, trail.asked, changes)


def send(state: State, key: RequestKey, sending: Sending, changes: Changes) -> None:
    """A decision of this desk is on its way."""
    known = state.docket(key.context_id).evidence.get(key, Evidence(key))
    _conclude(state, replace(known, sending=sending), changes)


def left(state: State, fact: facts.DecisionLeft, changes: Changes) -> None:
    """It reached the broker."""
    evidence = state.docket(fact.key.context_id).evidence.get(fact.key)
    if evidence is not None and evidence.sending and evidence.sending.nonce == fact.nonce:
        send(state, fact.key, replace(evidence.sending, left=True), changes)


def joined(state: State, fact: facts.DecisionJoined, changes: Changes) -> None:
    """It waits for other signatures."""
    evidence = state.docket(fact.key.context_id).evidence.get(fact.key)
    if evidence is not None and evidence.sending and evidence.sending.nonce == fact.nonce:
        send(state, fact.key, replace(evidence.sending, joined=True), changes)


def see(
    state: State, fact: facts.VotesSeen | facts.ClaimSeen | facts.ProofSeen, changes: Changes
) -> None:
    """Take in what surrounds a request: votes, who looks at it, whether its worker signed it."""
    key = fact.key
    docket = state.docket(key.context_id)
    exactly = docket.evidence.get(key, Evidence(key))
    match fact:
        case facts.VotesSeen() if fact.request_id:
            docket.votes[fact.request_id] = fact.votes
        case facts.ClaimSeen() if fact.request_id:
            docket.claims[fact.request_id] = fact.claim
        case facts.ProofSeen() if fact.entry_id:
            docket.trail(key.call).proofs[StreamId.parse(fact.entry_id)] = fact.proof
        case facts.VotesSeen():
            return _conclude(state, replace(exactly, votes=fact.votes), changes)
        case facts.ClaimSeen():
            return _conclude(state, replace(exactly, claim=fact.claim), changes)
        case facts.ProofSeen():
            docket.bare_proofs[key] = fact.proof
            return _conclude(state, replace(exactly, proof=fact.proof), changes)
    trail = docket.trail(key.call)
    return _review(state, key.context_id, trail, trail.asked, changes)


def name_reviewers(state: State, names: Mapping[str, str], changes: Changes) -> None:
    """Take in the registry: whoever decided is called by their printed name."""
    state.reviewers = dict(names)
    for docket in state.dockets.values():
        decided = [evidence for evidence in docket.evidence.values() if evidence.has_word]
        for evidence in decided:
            _conclude(state, evidence, changes)


def not_sent(state: State, fact: facts.DecisionNotSent, changes: Changes) -> None:
    """It did not leave, or somebody else's did before it."""
    evidence = state.docket(fact.key.context_id).evidence.get(fact.key)
    if evidence is None or evidence.sending is None or evidence.sending.nonce != fact.nonce:
        return
    failure = f"{fact.title} {fact.hint}".strip()
    sending = replace(evidence.sending, failure=failure, lost_race=fact.decided_elsewhere)
    send(state, fact.key, sending, changes)


def _name_of(call: PendingCall) -> str:
    """What a receipt calls it, too: a question of a hosted graph has no tool call."""
    request_id = call.request.request_id if call.request else ""
    return call.tool_call_id or request_id or call.interrupt_id


def _version_of(call: PendingCall) -> int:
    policy = call.request.policy if call.request else None
    return policy.version if policy else 0


def _requester(event: Event, progress: AgentProgress, call: PendingCall) -> str:
    if call.request is not None:
        return call.request.requester.id
    named = event.data_extra.get("requester")
    return named if isinstance(named, str) else progress.caller_agent


def _parked(state: State, context_id: str, invocation_id: str, changes: Changes) -> None:
    docket = state.dockets.get(context_id)
    waits = bool(docket and docket.open_requests())
    note = "Waits for the decision above" if waits else "Waits until the agent is free"
    if annotate(state, context_id, invocation_id, note):
        changes.transcripts.add(context_id)


def _review(
    state: State, context_id: str, trail: Trail, requests: Iterable[Asked], changes: Changes
) -> None:
    """Conclude anew on requests of a trail; only what differs counts as changed."""
    docket = state.docket(context_id)
    for asked in requests:
        evidence = docket.evidence.get(asked.key, Evidence(asked.key)).told(
            trail.answer_to(asked), trail.receipts_for(asked)
        )
        at, call = trail.last_told(asked)
        # Not that of the evidence: it may be of this request told elsewhere in other words.
        proof = trail.proofs.get(at, docket.bare_proofs.get(asked.key, Proof.NONE))
        evidence = replace(
            evidence,
            agent=asked.agent,
            call=call,
            since_ms=asked.at.milliseconds,
            requester=asked.told[0].requester,
            asked_under=_version_of(asked.told[0].call),
            asked_again=trail.asks_again(asked),
            removed=docket.is_removed(asked),
            used_again=trail.is_used_again(asked),
            proof=proof,
        )
        _conclude(state, docket.around(evidence, asked), changes)


def _conclude(state: State, evidence: Evidence, changes: Changes) -> None:
    key = evidence.key
    docket = state.docket(key.context_id)
    docket.evidence[key] = evidence
    request = evidence.conclude(state.reviewers)
    if request is None or request == docket.requests.get(key):
        return
    docket.put(request)
    state.line_up.put(request)
    changes.requests.add(key)
    changes.contexts.add(key.context_id)
    changes.transcripts.add(key.context_id)
    changes.agents = True
