"""Which requests wait, as the engine knows them: whose votes and claims are followed.

The only place of the engine that keeps requests, and that adds to an interrupt, as it is told,
whether its worker's signature holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from desktop.engine.trust import Trust
from desktop.store import facts
from desktop.store.records import RequestKey
from desktop.store.signing import Proof
from workers.wire.approvals import ApprovalRequest, Outcome, Receipt
from workers.wire.dialects import Dialect, PendingCall, read_interrupt
from workers.wire.events import AgentProgress, ProgressType
from workers.wire.ids import StreamId

_ENDED = frozenset((Outcome.APPLIED, Outcome.EXPIRED, Outcome.EXECUTED, Outcome.FAILED))


class RequestName(NamedTuple):
    """A request by the names that all desks use."""

    context_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """An interrupt that asks for a decision.

    Attributes:
        at: where it stands in its stream, first.
        told_at: and where it was told last, on the terms of now.
    """

    context_id: str
    agent: str
    call: PendingCall
    at: StreamId
    told_at: StreamId

    @property
    def key(self) -> RequestKey:
        """The request as facts name it: by context and tool call."""
        return RequestKey(self.context_id, _name_of(self.call) or str(self.at))

    @property
    def request(self) -> ApprovalRequest | None:
        """What a Signoff worker asked; None of a foreign one."""
        return self.call.request


class Waiting:
    """The requests of one broker that nobody has decided yet.

    Attributes:
        generation: another one whenever something that was told is void.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._asked: dict[RequestName, Interrupt] = {}
        self._ended: set[RequestName] = set()
        self.generation = 0

    def see(self, leaving: Iterable[facts.Fact]) -> list[facts.Fact]:
        """Take in what is told, and tell of each interrupt whether it is proven, right after it."""
        told: list[facts.Fact] = []
        for fact in leaving:
            told.append(fact)
            match fact:
                case facts.EventSeen():
                    told += self._hear(fact)
                case facts.TranscriptRead():
                    for entry in fact.entries:
                        if isinstance(entry, facts.EventSeen):
                            told += self._hear(entry)
                case facts.ReceiptSeen():
                    self._end(fact.receipt)
                case facts.ContextReset():
                    self._drop(fact.context_id)
                case facts.Forgotten():
                    self._drop()
                case _:
                    pass
        return told

    def prove_again(self) -> list[facts.Fact]:
        """Whether what waits is proven, by the registry as it is now."""
        return [self._proof(asked) for asked in self._asked.values()]

    def open(self) -> list[tuple[RequestName, Interrupt]]:
        """Those that wait, the oldest first."""
        return sorted(self._asked.items(), key=lambda pair: pair[1].at)

    def find(self, key: RequestKey) -> RequestName | None:
        """The request that a desk calls so; None if it is not known, or not a Signoff worker's."""
        for name, asked in self._asked.items():
            called = asked.key.call
            if asked.context_id == key.context_id and key.call in {called, f"{called}@{asked.at}"}:
                return name
        return None

    def _hear(self, fact: facts.EventSeen) -> list[facts.Fact]:
        body = fact.event.body
        if not isinstance(body, AgentProgress) or body.type is not ProgressType.INTERRUPT:
            return []
        call = read_interrupt(body.message)
        if call.dialect is Dialect.MACHINE:
            return []
        at = StreamId.parse(fact.entry_id)
        asked = Interrupt(fact.context_id, body.callee_agent, call, at, at)
        proof = self._proof(asked)
        if asked.request is not None:
            name = RequestName(fact.context_id, asked.request.request_id)
            if name not in self._ended:
                known = self._asked.get(name, asked)
                is_forged = proof.proof is Proof.BROKEN
                self._asked[name] = _joined(known, asked, is_forged=is_forged)
        return [proof]

    def _proof(self, asked: Interrupt) -> facts.ProofSeen:
        proof = self._trust.proof(asked.agent, asked.context_id, asked.call, asked.told_at)
        return facts.ProofSeen(asked.key, proof, str(asked.told_at))

    def _end(self, receipt: Receipt) -> None:
        name = RequestName(receipt.context_id, receipt.request_id)
        if receipt.kind in _ENDED and receipt.request_id:
            self._ended.add(name)
            self._asked.pop(name, None)

    def _drop(self, context_id: str = "") -> None:
        """What was told of a context is void; of all of them unless of one."""
        self.generation += 1
        kept = {name: one for name, one in self._asked.items() if name.context_id != context_id}
        self._asked = kept if context_id else {}
        ended = {name for name in self._ended if name.context_id != context_id}
        self._ended = ended if context_id else set()


def _joined(known: Interrupt, other: Interrupt, *, is_forged: bool) -> Interrupt:
    """A request that was told twice: it stands where it came first, in the words of the last.

    Args:
        is_forged: no worker of the agent told the other.
    """
    first = min(known.at, other.at)
    is_newer = other.told_at > known.told_at and not is_forged
    return replace(other if is_newer else known, at=first)


def _name_of(call: PendingCall) -> str:
    """As the store names it; see `store.asking`."""
    request_id = call.request.request_id if call.request else ""
    return call.tool_call_id or request_id or call.interrupt_id
