"""Which request a tool's message or a receipt is about.

Tool call ids are the model's own, and some models use the same ones again for every agent or in
every turn. The only place that tells such calls apart: by agent, by the worker's request id, and
by their order in the stream.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from desktop.store.records import RequestKey
from desktop.store.signing import Proof
from workers.wire.approvals import Receipt
from workers.wire.dialects import PendingCall
from workers.wire.ids import StreamId
from workers.wire.messages import ChatMessage


class Telling(NamedTuple):
    """An interrupt where it stands in the stream, and on whose behalf it was told."""

    at: StreamId
    call: PendingCall
    requester: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One or more interrupts that made a request.

    Attributes:
        made_at: the interrupt that its key was given for; the key stays with it.
        request_id: the worker's; empty from a foreign one.
        told: each time it was told, oldest first; by a Signoff worker on other terms, should its
            policy have changed.
    """

    key: RequestKey
    agent: str
    made_at: StreamId
    told: tuple[Telling, ...]

    @property
    def at(self) -> StreamId:
        """Where it stands in the stream, first."""
        return self.told[0].at

    @property
    def request_id(self) -> str:
        """The worker's; empty from a foreign one."""
        request = self.told[0].call.request
        return request.request_id if request else ""

    @property
    def attempt(self) -> int:
        """How often the same call was in doubt before."""
        request = self.told[0].call.request
        return request.attempt if request else 0

    def says(self, call: PendingCall) -> bool:
        """Whether a foreign worker that tells this tells the same call again."""
        known = self.told[0].call
        return (known.interrupt_id, known.action, known.args) == (
            call.interrupt_id,
            call.action,
            call.args,
        )


@dataclass(slots=True)
class Trail:
    """Everything seen in one context under one tool call id.

    Attributes:
        proofs: whether the signature under an interrupt holds, by its place in the stream.
    """

    proofs: dict[StreamId, Proof] = field(default_factory=dict)
    _asked: dict[str, list[Asked]] = field(default_factory=dict)  # by agent, oldest first
    _ours: dict[tuple[str, str], Asked] = field(default_factory=dict)  # by agent and request id
    _keys: set[RequestKey] = field(default_factory=set)
    _answered: dict[str, list[StreamId]] = field(default_factory=dict)  # by agent, oldest first
    _answers: dict[StreamId, ChatMessage] = field(default_factory=dict)
    _receipts: list[Receipt] = field(default_factory=list)
    _tangled: set[str] = field(default_factory=set)  # agents whose requests tell of each other

    @property
    def asked(self) -> list[Asked]:
        """Every request, agent by agent."""
        return [one for asked in self._asked.values() for one in asked]

    def ask(self, name: RequestKey, agent: str, told: Telling) -> list[Asked]:
        """Take in an interrupt. What still waits may be told again; it counts where it came first.

        A foreign worker's call is told again while no answer stands between, in the same words; all
        else under its id is another call.

        Args:
            name: the context and the tool call id.

        Returns:
            The requests that this may have made a difference to.
        """
        known = self._told_before(agent, told)
        if known is None:
            self._put(Asked(self._name(name, told.at), agent, told.at, (told,)))
            return self._around(agent, told.at)
        tellings = {one.at: one for one in (*known.told, told)}
        if len(tellings) > len(known.told):
            self._drop(known)
            self._put(replace(known, told=tuple(tellings[at] for at in sorted(tellings))))
        beside = [*self._around(agent, told.at), *self._around(agent, known.at)]
        return [*{one.key: one for one in beside}.values()]

    def answer(
        self, name: RequestKey, at: StreamId, agent: str, message: ChatMessage
    ) -> list[Asked]:
        """Take in a tool's message.

        Args:
            name: the context and the tool call id.

        Returns:
            The requests that this may have made a difference to.
        """
        if at not in self._answers:
            self._answers[at] = message
            bisect.insort(self._answered.setdefault(agent, []), at)
            for one in self._between(agent, *self._period(agent, at)):
                if not one.request_id and one.at < at < one.told[-1].at:
                    self._split(name, one, at)
        return self._around(agent, at)

    def last_told(self, asked: Asked) -> tuple[StreamId, PendingCall]:
        """How it was told last; what its worker did not sign takes the place of nothing.

        A foreign worker never asks on other terms: there the first word counts.
        """
        if not asked.request_id:
            return asked.at, asked.told[0].call
        genuine = [one for one in asked.told if self.proofs.get(one.at) is not Proof.BROKEN]
        last = (genuine or asked.told[:1])[-1]
        return last.at, last.call

    def tell(self, receipt: Receipt) -> None:
        """Take in a receipt."""
        if receipt not in self._receipts:
            self._receipts.append(receipt)

    def answer_to(self, asked: Asked) -> ChatMessage | None:
        """The first message of the tool after this request.

        One of a Signoff worker is before the agent's next request. A foreign call waits until any
        follows, whatever else was asked under its id meanwhile.
        """
        answered = self._answered.get(asked.agent, [])
        place = bisect.bisect_right(answered, asked.at)
        if place == len(answered):
            return None
        later = self._asked[asked.agent]
        follows = _place(later, asked.at) + 1
        if asked.request_id and follows < len(later) and later[follows].at < answered[place]:
            return None
        return self._answers[answered[place]]

    def is_used_again(self, asked: Asked) -> bool:
        """Whether a foreign worker's request has the id of an earlier call of its agent.

        Nobody could tell the two apart, and an answer to the one might run the other.
        """
        foreign = (one for one in self._asked[asked.agent] if not one.request_id)
        return not asked.request_id and next(foreign) is not asked

    def asks_again(self, asked: Asked) -> bool:
        """Whether the call of this request, whose outcome is in doubt, is asked about again."""
        return asked.agent in self._tangled and any(
            one.at > asked.at and one.attempt == asked.attempt + 1
            for one in self._asked[asked.agent]
        )

    def receipts_for(self, asked: Asked) -> list[Receipt]:
        """What its worker said of this request; of a refusal without a request, of each."""
        return [
            receipt
            for receipt in self._receipts
            if receipt.agent == asked.agent
            and (receipt.request_id == asked.request_id or not receipt.request_id)
        ]

    def _around(self, agent: str, at: StreamId) -> list[Asked]:
        """The requests that an entry of an agent can make a difference to: those beside it."""
        asked = self._asked.get(agent, [])
        if agent in self._tangled:
            return [*asked]
        start, end = self._period(agent, at)
        first = max(_place(asked, start) - 1, 0) if start is not None else 0
        return asked[first : _place(asked, end) + 1 if end is not None else None]

    def _told_before(self, agent: str, told: Telling) -> Asked | None:
        if told.call.request is not None:
            return self._ours.get((agent, told.call.request.request_id))
        beside = self._between(agent, *self._period(agent, told.at))
        return next((one for one in beside if not one.request_id and one.says(told.call)), None)

    def _period(self, agent: str, at: StreamId) -> tuple[StreamId | None, StreamId | None]:
        """The answers before and after a place in the stream; None where there is none."""
        answered = self._answered.get(agent, [])
        before, after = bisect.bisect_left(answered, at), bisect.bisect_right(answered, at)
        return (
            answered[before - 1] if before else None,
            answered[after] if after < len(answered) else None,
        )

    def _between(self, agent: str, start: StreamId | None, end: StreamId | None) -> list[Asked]:
        asked = self._asked.get(agent, [])
        first = _place(asked, start) if start is not None else 0
        return asked[first : _place(asked, end) if end is not None else None]

    def _split(self, name: RequestKey, one: Asked, at: StreamId) -> None:
        """Two calls were taken for one, until the answer to the first was read."""
        self._drop(one)
        parts = (
            tuple(told for told in one.told if told.at < at),
            tuple(told for told in one.told if told.at > at),
        )
        for part in parts:
            if any(told.at == one.made_at for told in part):
                self._put(replace(one, told=part))
            else:
                first = part[0].at
                self._put(Asked(self._name(name, first), one.agent, first, part))

    def _name(self, name: RequestKey, at: StreamId) -> RequestKey:
        key = RequestKey(name.context_id, f"{name.call}@{at}") if name in self._keys else name
        self._keys.add(key)
        return key

    def _put(self, one: Asked) -> None:
        asked = self._asked.setdefault(one.agent, [])
        if one.attempt or (asked and bool(asked[0].request_id) != bool(one.request_id)):
            self._tangled.add(one.agent)
        bisect.insort(asked, one, key=_at)
        if one.request_id:
            self._ours[one.agent, one.request_id] = one

    def _drop(self, one: Asked) -> None:
        asked = self._asked[one.agent]
        del asked[_place(asked, one.at)]


def _at(one: Asked) -> StreamId:
    return one.at


def _place(asked: list[Asked], at: StreamId) -> int:
    """How many of these stand before a place in the stream."""
    return bisect.bisect_left(asked, at, key=_at)
