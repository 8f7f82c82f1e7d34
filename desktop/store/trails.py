"""Which request a tool's message or a receipt is about.

Tool call ids are the model's own, and some models use the same ones again for every agent or in
every turn. The only place that tells such calls apart: by agent, by the worker's request id, and
by their order in the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from desktop.store.records import RequestKey
from desktop.store.signing import Proof
from workers.wire.approvals import Receipt
from workers.wire.dialects import PendingCall
from workers.wire.ids import StreamId
from workers.wire.messages import ChatMessage


@dataclass(frozen=True, slots=True)
class Asked:
    """An interrupt that made a request.

    Attributes:
        at: where it stands in the stream, first.
        last_at: and where it was told last.
        request_id: the worker's; empty from a foreign one.
        attempt: how often the same call was in doubt before.
        told: each time a Signoff worker told it, oldest first: on other terms, should its policy
            have changed.
    """

    key: RequestKey
    at: StreamId
    last_at: StreamId
    agent: str
    request_id: str
    attempt: int = 0
    told: tuple[tuple[StreamId, PendingCall], ...] = ()


@dataclass(slots=True)
class Trail:
    """Everything seen in one context under one tool call id.

    Attributes:
        proofs: whether the signature under an interrupt holds, by its place in the stream.
    """

    asked: list[Asked] = field(default_factory=list)
    proofs: dict[StreamId, Proof] = field(default_factory=dict)
    _answers: dict[StreamId, tuple[str, ChatMessage]] = field(default_factory=dict)
    _receipts: list[Receipt] = field(default_factory=list)

    def ask(self, name: RequestKey, at: StreamId, agent: str, call: PendingCall) -> Asked:
        """Take in an interrupt. What still waits may be told again; it counts where it came first.

        A foreign worker's call is known by its agent alone. If its id came again for another call,
        nobody could tell, and an answer to the one might run the other.

        Args:
            name: the context and the tool call id.

        Returns:
            What it asks; stands elsewhere (`Asked.at`) if it only repeats an earlier one.
        """
        request_id = call.request.request_id if call.request else ""
        for number, one in enumerate(self.asked):
            if one.agent == agent and one.request_id == request_id:
                told = dict([*one.told, (at, call)])
                # A foreign worker never asks on other terms: there the first word counts.
                ats = sorted(told) if call.request else [min(told)]
                in_order = tuple((at, told[at]) for at in ats)
                first = replace(one, at=min(ats), last_at=max(one.last_at, at), told=in_order)
                self.asked[number] = first
                return first
        is_taken = any(one.key == name for one in self.asked)
        key = RequestKey(name.context_id, f"{name.call}@{at}") if is_taken else name
        attempt = call.request.attempt if call.request else 0
        asked = Asked(key, at, at, agent, request_id, attempt, ((at, call),))
        self.asked.append(asked)
        return asked

    def last_told(self, asked: Asked) -> tuple[StreamId, PendingCall]:
        """How it was told last; what its worker did not sign takes the place of nothing."""
        genuine = [one for one in asked.told if self.proofs.get(one[0]) is not Proof.BROKEN]
        return (genuine or asked.told[:1])[-1]

    def answer(self, at: StreamId, agent: str, message: ChatMessage) -> None:
        """Take in a tool's message."""
        self._answers[at] = (agent, message)

    def tell(self, receipt: Receipt) -> None:
        """Take in a receipt."""
        if receipt not in self._receipts:
            self._receipts.append(receipt)

    def answer_to(self, asked: Asked) -> ChatMessage | None:
        """The first message of the tool after this request and before the agent's next one."""
        later = [one.at for one in self.asked if one.agent == asked.agent and one.at > asked.at]
        end = min(later, default=None)
        for at in sorted(self._answers):
            agent, message = self._answers[at]
            if agent == asked.agent and at > asked.at and (end is None or at < end):
                return message
        return None

    def asks_again(self, asked: Asked) -> bool:
        """Whether the call of this request, whose outcome is in doubt, is asked about again."""
        return any(
            one.agent == asked.agent and one.at > asked.at and one.attempt == asked.attempt + 1
            for one in self.asked
        )

    def receipts_for(self, asked: Asked) -> list[Receipt]:
        """What its worker said of this request; of a refusal without a request, of each."""
        return [
            receipt
            for receipt in self._receipts
            if receipt.agent == asked.agent
            and (receipt.request_id == asked.request_id or not receipt.request_id)
        ]
