"""People who do not agree: they send different decisions on one request at the same moment.

The only place that makes their decisions, good and bad ones. Each person has a connection of their
own; some use the real client, some that of the base package, which sends bare answers.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from enum import StrEnum

from msgspec import structs

from workers.client.client import AgentClient
from workers.client.waiting import WaitingCall
from workers.wire.approvals import (
    Binding,
    Decision,
    DecisionKind,
    Reviewer,
    decision_payload,
    digest_in,
)
from workers.wire.canonical import JSON
from workers.wire.dialects import PendingCall
from workers.wire.events import AgentCommand, Event
from workers.wire.ids import new_nonce
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send


class Way(StrEnum):
    """How somebody decides. The second half can never count where the worker is strict."""

    APPROVE = "approve"
    REJECT = "reject"
    EDIT = "edit"
    CLIENT = "client"  # the real client approves
    AGAIN = "again"  # what another has just sent, sent once more
    WRONG_DIGEST = "wrong digest"
    WRONG_EDIT = "wrong edit"  # bound to other arguments than it carries
    BARE_ACCEPT = "bare accept"
    BARE_REJECT = "bare reject"
    BY_INTERRUPT = "by interrupt"  # bare, and names its own target


#: At least one of these comes for each request, so that there is somebody to win.
GOOD = (Way.APPROVE, Way.REJECT, Way.EDIT, Way.CLIENT)
BARE = {Way.BARE_ACCEPT, Way.BARE_REJECT, Way.BY_INTERRUPT}
#: Nobody has a call in doubt run again here, so that each second start is a broken promise.
AFTER_DOUBT = (Way.REJECT, Way.WRONG_DIGEST, Way.BARE_ACCEPT, Way.BARE_REJECT, Way.EDIT)

_BARE_PAYLOADS = {Way.BARE_ACCEPT: "accept", Way.BARE_REJECT: "reject"}


@dataclass(frozen=True, slots=True)
class Word:
    """One decision that was sent.

    Attributes:
        reviewer: of a bound one; nobody else has this name.
        amount: that would be paid if it won; None when nothing would.
    """

    way: Way
    reviewer: str = ""
    decision: Decision | None = None
    amount: int | None = None

    @property
    def is_bare(self) -> bool:
        return self.way in BARE


def words_on(call: PendingCall, count: int, name: str) -> list[Word]:
    """So many decisions on one request, of which at least one counts.

    Args:
        name: what the names of their reviewers begin with.
    """
    request = call.request
    assert request is not None
    is_first = request.attempt == 0
    ways = list(Way) if is_first else list(AFTER_DOUBT)
    first = _word(call, random.choice(GOOD) if is_first else Way.REJECT, f"{name}-0")
    words = [first]
    for number in range(1, count):
        way = random.choice(ways)
        is_again = way is Way.AGAIN
        words.append(first if is_again else _word(call, way, f"{name}-{number}"))
    random.shuffle(words)
    return words


def late_word(call: PendingCall, name: str) -> Word:
    """An approval that comes when everything is over."""
    return _word(call, Way.APPROVE, f"{name}-late")


class Decider:
    """One person, with connections of their own. Close it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = Connection(url)

    async def say(self, call: PendingCall, word: Word) -> None:
        """Send a decision.

        Raises:
            BrokerError: nobody knows whether it arrived.
        """
        request = call.request
        assert request is not None
        if word.way is Way.CLIENT:
            client = AgentClient(request.agent, self._url, reviewer=word.reviewer)
            try:
                waiting = WaitingCall(request.context_id, request.agent, call)
                await client.decide(waiting, DecisionKind.APPROVE)
            finally:
                await client.disconnect()
            return
        payload: JSON = {"type": _BARE_PAYLOADS.get(word.way, "")}
        if word.way is Way.BY_INTERRUPT:
            payload = {call.interrupt_id: {"type": "accept"}}
        if word.decision is not None:
            payload = decision_payload(word.decision)
        body = AgentCommand(type="resume", tool_call_id=call.tool_call_id, payload=payload)
        await send(self._connection, request.agent, Event(request.context_id, body))

    async def aclose(self) -> None:
        await self._connection.close()


def _word(call: PendingCall, way: Way, reviewer: str) -> Word:
    amount = _amount(call.args)
    match way:
        case Way.CLIENT:
            return Word(way, reviewer, amount=amount)
        case Way.BARE_ACCEPT | Way.BARE_REJECT | Way.BY_INTERRUPT:
            return Word(way, amount=amount if way is Way.BARE_ACCEPT else None)
        case Way.EDIT | Way.WRONG_EDIT:
            assert isinstance(call.args, dict)
            other: JSON = {**call.args, "amount": random.randrange(1000, 1_000_000)}
            shown = call.args if way is Way.WRONG_EDIT else other
            decision = _bound(call, DecisionKind.EDIT, reviewer, other, shown)
            return Word(way, reviewer, decision, _amount(other))
        case Way.REJECT:
            return Word(way, reviewer, _bound(call, DecisionKind.REJECT, reviewer))
        case Way.WRONG_DIGEST:
            decision = _bound(call, DecisionKind.APPROVE, reviewer)
            assert decision.binding is not None
            binding = structs.replace(decision.binding, args_digest="sha-256:" + "0" * 64)
            return Word(way, reviewer, structs.replace(decision, binding=binding), amount)
        case _:
            return Word(way, reviewer, _bound(call, DecisionKind.APPROVE, reviewer), amount)


def _amount(args: JSON) -> int:
    assert isinstance(args, dict)
    amount = args["amount"]
    assert isinstance(amount, int)
    return amount


def _bound(
    call: PendingCall, kind: DecisionKind, reviewer: str, args: JSON = None, shown: JSON = None
) -> Decision:
    """A decision bound to a request, and to the arguments that its reviewer was shown."""
    request = call.request
    assert request is not None
    binding = Binding(
        aud=request.agent,
        context_id=request.context_id,
        tool_call_id=request.tool_call_id,
        request_id=request.request_id,
        action=request.action,
        args_digest=request.args_digest,
        decision=kind,
        edited_args_digest="" if shown is None else digest_in(request, shown),
        reviewer=Reviewer(id=reviewer),
        iat=int(time.time()),
        nonce=new_nonce(),
    )
    return Decision(kind=kind, args=args, binding=binding)
