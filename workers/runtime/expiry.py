"""Requests that nobody decides in time: an answer that comes later does not count.

The only place that says when a request has expired, and that has the worker woken then. The time
that counts is when a message reached the inbox, by the broker's clock: it is in the id of its
entry, the same whoever handles it and however often. The wake-up lies on the broker, so that any
worker of the agent finds it, also after all have been away.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from workers.runtime.ports import PendingApproval
from workers.wire.approvals import ApprovalRequest
from workers.wire.canonical import JSON
from workers.wire.events import AgentCommand, Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send_later, send_not

#: The command that the worker sends to itself.
EXPIRE = "expire"
#: What is said in place of a reviewer's reason.
NOBODY = "Nobody decided in time."
_REQUEST = "request_id"


def has_expired(request: ApprovalRequest, entry_id: str) -> bool:
    """Whether a message that came in this entry of the inbox is too late for a request."""
    expiry = _expiry_ms(request)
    return expiry > 0 and int(entry_id.partition("-")[0]) > expiry


async def wake_at_expiry(connection: Connection, approvals: Iterable[PendingApproval]) -> None:
    """Have the agent told when these requests expire. Said twice, it is told once."""
    for approval in approvals:
        request = approval.request
        expiry = _expiry_ms(request)
        if expiry:
            await send_later(connection, request.agent, _wake_up(request), expiry + 1)


async def let_sleep(connection: Connection, request: ApprovalRequest) -> None:
    """The request was answered: nobody has to be told that it expires."""
    if request.expires_at:
        await send_not(connection, request.agent, _wake_up(request))


def expiring(
    command: AgentCommand, approvals: Iterable[PendingApproval], entry_id: str
) -> PendingApproval | None:
    """The request whose time is over by such a command; None if it waits no more, or still may."""
    payload = command.payload
    wanted = payload.get(_REQUEST) if isinstance(payload, dict) else None
    late = (a for a in approvals if has_expired(a.request, entry_id))
    return next((a for a in late if a.request.request_id == wanted), None)


def _wake_up(request: ApprovalRequest) -> Event:
    """The same to the last byte each time it is made."""
    # Whatever a worker of another kind makes of the command, this approves nothing.
    payload: JSON = {"type": "reject", "message": NOBODY, _REQUEST: request.request_id}
    body = AgentCommand(type=EXPIRE, tool_call_id=request.tool_call_id, payload=payload)
    return Event(request.context_id, body)


def _expiry_ms(request: ApprovalRequest) -> int:
    """When a request expires, ms since the epoch; 0 if it never does."""
    try:
        return int(datetime.fromisoformat(request.expires_at).timestamp() * 1000)
    except ValueError:
        return 0
