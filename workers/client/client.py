"""`AgentClient`: tasks and decisions for an agent, with the names of the base package.

The only place that follows a context for a caller. It reads progress without a consumer group, so
that two clients of one context do not take events from each other.
"""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import AsyncIterator
from typing import Any

from workers.client.events import ProgressEvent, lines_of, read_progress
from workers.client.foreign import send_to_foreign
from workers.client.receipts import DecisionRefused, read_receipt
from workers.client.signing import ClientSigner
from workers.client.waiting import WaitingCall, still_waiting, waiting_call
from workers.wire import keys
from workers.wire.approvals import (
    Binding,
    Decision,
    DecisionKind,
    Outcome,
    Refusal,
    Reviewer,
    decision_payload,
    digest_matches,
)
from workers.wire.canonical import JSON
from workers.wire.dialects import PendingCall
from workers.wire.errors import MalformedDecision
from workers.wire.events import AgentCommand, AgentInvocation, Event
from workers.wire.ids import HUMAN, StreamId, new_invocation_id, new_nonce
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.statements import Signer
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send
from workers.wire.streams.reader import Reader, StreamEntry

_POLL_SECONDS = 0.05
#: How many of the newest receipts are searched for ours.
_RECEIPTS = 100


class AgentClient:
    """Talks to one agent; usable for several contexts.

    Attributes:
        target_agent: the agent that gets the messages.
    """

    def __init__(
        self,
        target_agent: str,
        redis_url: str,
        *,
        reviewer: str = "",
        signing_key: SigningKey | None = None,
        reviewer_name: str = "",
        role: str = "",
    ) -> None:
        """Make a client. It connects when it is first used.

        Args:
            reviewer: who decides; default: the user of this computer.
            signing_key: the reviewer's, in the registry of workers that want signatures.
            reviewer_name, role: of the reviewer, as in that registry.

        Raises:
            BrokerRefused: not a broker's address.
        """
        self.target_agent = target_agent
        self._reviewer = reviewer or getpass.getuser()
        self._signer = (
            ClientSigner(signing_key, Signer(id=self._reviewer, name=reviewer_name, role=role))
            if signing_key is not None
            else None
        )
        self._connection = Connection(redis_url)
        self._reader = Reader(self._connection)
        self._positions: dict[str, str] = {}
        self._decided: set[str] = set()
        self._unconfirmed: dict[str, tuple[str, str]] = {}

    async def send_message(
        self, content: str, context_id: str, context_dict: dict[str, JSON] | None = None
    ) -> None:
        """Give the agent a task.

        Args:
            context_dict: what the agent may know of the user, e.g. `user_id`, `user_name`.

        Raises:
            BrokerError: it could not be sent.
        """
        await self._follow(context_id)
        body = AgentInvocation(
            task=content,
            caller_agent=HUMAN,
            invocation_id=new_invocation_id(),
            context=context_dict or {},
        )
        await send(self._connection, self.target_agent, Event(context_id, body))

    async def accept_tool_invocation(self, context_id: str) -> bool:
        """Approve the call that waits longest in a context.

        Returns:
            Whether there was one, and nobody else had decided it.

        Raises:
            MalformedDecision, CallsNotToldApart: see `decide`.
        """
        waiting = await self.waiting_call(context_id)
        return waiting is not None and await self.decide(waiting, DecisionKind.APPROVE)

    async def reject_tool_invocation(self, context_id: str, reason: str = "") -> bool:
        """Reject the call that waits longest in a context.

        Args:
            reason: reaches the model of a Signoff worker.

        Returns:
            Whether there was one, and nobody else had decided it.

        Raises:
            CallsNotToldApart: see `decide`.
        """
        waiting = await self.waiting_call(context_id)
        return waiting is not None and await self.decide(waiting, DecisionKind.REJECT, reason)

    async def waiting_call(self, context_id: str) -> WaitingCall | None:
        """The call that waits longest in a context and was not decided by this client."""
        waiting = still_waiting(await self._events(context_id))
        return next((one for one in waiting if one.key not in self._decided), None)

    async def decide(self, waiting: WaitingCall, kind: DecisionKind, message: str = "") -> bool:
        """Send a decision on exactly this call.

        Args:
            message: the reason of a rejection.

        Returns:
            Whether it was sent. A Signoff worker says itself what came of it; for another one,
            False means that somebody else had decided the call.

        Raises:
            MalformedDecision: to be approved, but not about the arguments shown with it.
            CallsNotToldApart: it is a foreign worker's, and not its only one there.
            BrokerError: it could not be sent.
        """
        call = waiting.call
        decision = self._decision(call, kind, message)
        await self._follow(waiting.context_id)
        body = AgentCommand(
            type="resume", tool_call_id=call.tool_call_id, payload=decision_payload(decision)
        )
        event = Event(waiting.context_id, body)
        is_sent = True
        if decision.binding is None:
            known = still_waiting(await self._events(waiting.context_id))
            is_sent = await send_to_foreign(self._connection, waiting, event, known)
        else:
            await send(self._connection, waiting.agent, event)
            self._unconfirmed[waiting.context_id] = (decision.binding.nonce, waiting.key)
        self._decided.add(waiting.key)
        return is_sent

    async def progress_events(self, context_id: str) -> AsyncIterator[ProgressEvent]:
        """What is told about a context from here on, until it is finished or waits for a person.

        Called again, it goes on where it stopped.

        Raises:
            DecisionRefused: nothing follows, because the worker refused this client's decision.
        """
        key = keys.progress(context_id)
        while True:
            position = self._positions.get(context_id, "0-0")
            found = await self._reader.after({key: position})
            for entry in found.get(key, []):
                self._positions[context_id] = entry.entry_id
                event = read_progress(entry)
                if event is None:
                    continue
                told = waiting_call(event)
                if told is not None and told.key in self._decided:
                    continue  # told again, because another call of the same turn was decided
                yield event
                if event.ends(self.target_agent):
                    return
            if not found:
                await self._raise_refusal(context_id)
                await asyncio.sleep(_POLL_SECONDS)

    async def get_last_event(self, context_id: str) -> ProgressEvent | None:
        """The newest event of a context."""
        entry = await self._last_entry(context_id)
        return read_progress(entry) if entry is not None else None

    async def get_chat_history(self, context_id: str) -> list[dict[str, Any]]:
        """All events of a context: `{"id", "timestamp" (ms), "data": ProgressEvent}` for each."""
        history = ((entry, read_progress(entry)) for entry in await self._entries(context_id))
        return [
            {
                "id": entry.entry_id,
                "timestamp": self.parse_redis_timestamp(entry.entry_id),
                "data": event,
            }
            for entry, event in history
            if event is not None
        ]

    @staticmethod
    def print_progress_event(event: ProgressEvent, display_human_message: bool = True) -> None:
        """Print an event."""
        for line in lines_of(event, with_human=display_human_message):
            print(line)

    @staticmethod
    def parse_redis_timestamp(message_id: str) -> int:
        """The time in a stream id, in ms; 0 if it is none."""
        try:
            return StreamId.parse(message_id).milliseconds
        except ValueError:
            return 0

    async def disconnect(self) -> None:
        """Close the connection."""
        await self._connection.close()

    def _decision(self, call: PendingCall, kind: DecisionKind, message: str) -> Decision:
        """A decision, bound to the request where the worker gave us one."""
        request = call.request
        if request is None:
            return Decision(kind=kind, message=message)
        if kind is DecisionKind.APPROVE and not digest_matches(request, call.args):
            raise MalformedDecision(
                "The request is not about the arguments shown with it.",
                "Do not approve it; somebody has changed one of them.",
            )
        binding = Binding(
            aud=request.agent,
            context_id=request.context_id,
            tool_call_id=request.tool_call_id,
            request_id=request.request_id,
            action=request.action,
            args_digest=request.args_digest,
            decision=kind,
            reviewer=Reviewer(id=self._reviewer),
            iat=int(time.time()),
            nonce=new_nonce(),
        )
        decision = Decision(kind=kind, message=message, binding=binding)
        return decision if self._signer is None else self._signer.signed(decision, request)

    async def _follow(self, context_id: str) -> None:
        """Follow a context from here on, unless it is followed already."""
        if context_id not in self._positions:
            entry = await self._last_entry(context_id)
            self._positions[context_id] = entry.entry_id if entry is not None else "0-0"

    async def _raise_refusal(self, context_id: str) -> None:
        """Look for the receipt of the decision sent last, until it is there."""
        nonce, key = self._unconfirmed.get(context_id, ("", ""))
        if not nonce:
            return
        for entry in await self._reader.tail(keys.RECEIPTS, _RECEIPTS):
            receipt = read_receipt(entry)
            if receipt is None or receipt.nonce != nonce:
                continue
            self._unconfirmed.pop(context_id, None)
            if receipt.kind is Outcome.REFUSED:
                if receipt.refusal not in {Refusal.ALREADY_DECIDED, Refusal.NOT_PENDING}:
                    self._decided.discard(key)  # it waits still, and may be decided again
                raise DecisionRefused(receipt)

    async def _entries(self, context_id: str) -> list[StreamEntry]:
        key = keys.progress(context_id)
        return (await self._reader.after({key: "0-0"})).get(key, [])

    async def _events(self, context_id: str) -> list[ProgressEvent]:
        events = (read_progress(entry) for entry in await self._entries(context_id))
        return [event for event in events if event is not None]

    async def _last_entry(self, context_id: str) -> StreamEntry | None:
        entries = await self._reader.tail(keys.progress(context_id), 1)
        return entries[-1] if entries else None
