"""Decisions that enough people have signed, and that nobody sent: their console ended before it.

The only place that sends in place of another desk. Whoever completes a set of votes sends it; that
desk may die between the two. After a while any other sends the same: the signatures are what
counts, and of two commands the worker takes the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import structlog
from msgspec import structs

from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.engine.permission import Permission
from desktop.engine.voting import Complete
from desktop.engine.waiting import Interrupt, RequestName
from workers.wire.answers import answer
from workers.wire.approvals import Binding, Decision, Reviewer
from workers.wire.errors import MalformedDecision
from workers.wire.events import AgentCommand, Event
from workers.wire.signing.statements import DecisionStatement
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send

#: So long the desk that completed it, and the worker, have time.
LATE_SECONDS: Final = 10.0
_DETAIL: Final = "sent in place of the desk that completed it"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Late:
    """What is complete; it is late at a time of the monotonic clock."""

    at: float
    asked: Interrupt
    enough: Complete


class Completing:
    """Sends each of them once. Used on the engine's loop."""

    def __init__(self, note: Callable[[AuditEntry], None], permission: Permission) -> None:
        self._note = note
        self._permission = permission
        self._late: dict[RequestName, _Late] = {}
        self._sent: set[RequestName] = set()

    def see(self, name: RequestName, asked: Interrupt, enough: Complete | None) -> None:
        """Take in what the votes on a request come to; None: not enough yet, or not any more."""
        if enough is None:
            self._late.pop(name, None)
            return
        known = self._late.get(name)
        at = known.at if known else time.monotonic() + LATE_SECONDS
        self._late[name] = _Late(at, asked, enough)

    async def send_late(self, connection: Connection, waiting: Collection[RequestName]) -> None:
        """Send what is late.

        Args:
            waiting: requests that no worker has answered.

        Raises:
            BrokerError: the broker is away.
        """
        for name in [one for one in self._late if one not in waiting]:
            del self._late[name]
        for name, late in tuple(self._late.items()):
            if name not in self._sent and self._permission.given and time.monotonic() >= late.at:
                self._sent.add(name)
                await self._send(connection, late)

    async def _send(self, connection: Connection, late: _Late) -> None:
        asked, said = late.asked, late.enough.completed_by
        decision = Decision(
            kind=said.decision,
            args=late.enough.args,
            message=late.enough.comment,
            binding=_binding(said),
            envelopes=late.enough.envelopes,
        )
        try:
            payload = answer(asked.call, decision)
        except MalformedDecision as error:
            _log.warning("votes that fit no answer", reason=error.title)
            return
        call = asked.call.tool_call_id
        command = AgentCommand(type="resume", tool_call_id=call, payload=payload)
        await send(connection, asked.agent, Event(asked.context_id, command))
        _log.info(_DETAIL, agent=asked.agent, request_id=said.request_id)
        self._note(
            structs.replace(
                happened(AuditKind.DECISION_SENT),
                context_id=asked.context_id,
                agent=asked.agent,
                tool_call_id=call,
                request_id=said.request_id,
                action=said.action,
                decision=str(said.decision),
                detail=_DETAIL,
            )
        )


def _binding(said: DecisionStatement) -> Binding:
    """What the worker compares, as the desk would have made it whose signature completed it."""
    return Binding(
        aud=said.aud,
        context_id=said.context_id,
        tool_call_id=said.tool_call_id,
        request_id=said.request_id,
        action=said.action,
        args_digest=said.args_digest,
        decision=said.decision,
        edited_args_digest=said.edited_args_digest,
        reviewer=Reviewer(id=said.reviewer.id, name=said.reviewer.name),
        iat=said.iat,
        nonce=said.nonce,
    )
