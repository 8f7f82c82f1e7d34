"""Calls that wait in a context, worked out from what was told about it.

The only place of the client that says what waits. The stream has no event for "decided": a call
waits until a tool message answers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workers.client.events import ProgressEvent
from workers.wire.dialects import PendingCall, read_interrupt
from workers.wire.events import ProgressType
from workers.wire.messages import ChatMessage, Role, read_message


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A call that waits for a person.

    Attributes:
        agent: whose call it is, and who gets the decision.
    """

    context_id: str
    agent: str
    call: PendingCall

    @property
    def key(self) -> str:
        """Names it, however often it is told."""
        request = self.call.request
        return request.request_id if request else f"{self.agent} {self.call.tool_call_id}"


def waiting_call(event: ProgressEvent) -> WaitingCall | None:
    """The call an event tells of, if it tells of one that a person can decide on."""
    if event.data.type is not ProgressType.INTERRUPT:
        return None
    call = read_interrupt(event.data.message)
    agent = call.request.agent if call.request else event.data.callee_agent
    return WaitingCall(event.context_id, agent, call) if call.allowed else None


def still_waiting(events: Iterable[ProgressEvent]) -> list[WaitingCall]:
    """What waits at the end of these events, oldest first."""
    waiting: dict[str, WaitingCall] = {}
    for event in events:
        told = waiting_call(event)
        if told is not None:
            waiting = {k: one for k, one in waiting.items() if not _is_asked_again(one, told)}
            waiting.setdefault(told.key, told)
            continue
        message = read_message(event.data.message)
        if isinstance(message, ChatMessage) and message.role is Role.TOOL:
            answered = message.tool_call_id
            waiting = {k: one for k, one in waiting.items() if one.call.tool_call_id != answered}
    return list(waiting.values())


def _is_asked_again(one: WaitingCall, later: WaitingCall) -> bool:
    """Whether a later request is about the same call, whose first answer came to nothing."""
    first, again = one.call.request, later.call.request
    return (
        first is not None
        and again is not None
        and first.agent == again.agent
        and first.attempt < again.attempt
        and (one.call.tool_call_id or one.call.interrupt_id)
        == (later.call.tool_call_id or later.call.interrupt_id)
    )
