"""What is done with each message of an inbox.

The only place that knows the rules of the three kinds: a task starts a run or is parked behind
what the context waits for, a command answers a request, a response answers a delegation.
"""

from __future__ import annotations

import time
import uuid

import structlog

from workers.runtime.approvals import DecisionDesk
from workers.runtime.ports import AgentPort, Answer, Begin, Caller, Reported, Review, RunFailed
from workers.runtime.runs import CHAIN, Runs
from workers.wire.approvals import Outcome, Receipt
from workers.wire.codec import MAX_INBOX_BYTES, decode_event
from workers.wire.errors import BadName, DecodeError
from workers.wire.events import AgentCommand, AgentInvocation, AgentResponse, Event
from workers.wire.ids import check_agent_name, check_context_id
from workers.wire.messages import ERROR_PREFIX
from workers.wire.streams.inbox import Inbox, InboxEntry
from workers.wire.streams.progress import ProgressWriter

_log = structlog.get_logger(__name__)


def read_entry(entry: InboxEntry) -> Event:
    """What an inbox entry says.

    Raises:
        DecodeError: too large, not an event, or an event that does not belong into an inbox.
        BadName: a context or caller that cannot be part of a key.
    """
    event = decode_event(entry.data, max_bytes=MAX_INBOX_BYTES)
    check_context_id(event.context_id)
    if not isinstance(event.body, AgentInvocation | AgentCommand | AgentResponse):
        raise DecodeError("wrong_kind", "An entry is of a kind that no agent reads.", entry.data)
    if isinstance(event.body, AgentInvocation):
        check_agent_name(event.body.caller_agent)
    return event


class Handler:
    """Handles the messages of one agent, one at a time for each context."""

    def __init__(
        self, agent: AgentPort, inbox: Inbox, writer: ProgressWriter, runs: Runs, desk: DecisionDesk
    ) -> None:
        self._agent = agent
        self._inbox = inbox
        self._writer = writer
        self._runs = runs
        self._desk = desk

    async def handle(self, entry: InboxEntry, event: Event) -> None:
        """Let a message have its effect, then settle it. Safe to be called again for it."""
        context_id, body = event.context_id, event.body
        match body:
            case AgentInvocation():
                if not await self._begin(entry, event, body):
                    return
            case AgentCommand():
                await self._decide(entry, context_id, body)
            case AgentResponse():
                await self._report(entry, context_id, body)
            case _:
                raise TypeError(f"{type(body).__name__} was let past read_entry")
        await self._inbox.settle(entry, context_id)

    async def next_parked(self, context_id: str) -> tuple[InboxEntry, Event] | None:
        """The oldest parked task of a context that waits for nothing (any more)."""
        while (entry := await self._inbox.next_parked(context_id)) is not None:
            try:
                event = read_entry(entry)
            except (DecodeError, BadName) as error:
                # We parked it ourselves, so somebody has written here; it must not block the rest.
                await self._inbox.quarantine(entry, "parked", error.title)
                await self._inbox.settle(entry, context_id)
                continue
            thread = await self._agent.thread(context_id)
            is_free = not thread.waits or thread.cause == _cause(entry, event)
            return (entry, event) if is_free else None
        return None

    async def give_up(self, entry: InboxEntry, event: Event, reason: str) -> None:
        """Handling ended with an error of our own: keep the entry aside, leave nobody waiting."""
        await self._inbox.quarantine(entry, "failed", reason)
        if entry.parked:
            await self._inbox.settle(entry, event.context_id)
        if isinstance(event.body, AgentInvocation):
            caller = _caller(event, event.body)
            await self._runs.give_up(event.context_id, caller, reason, _cause(entry, event))

    async def _begin(self, entry: InboxEntry, event: Event, body: AgentInvocation) -> bool:
        """Start on a task. False: it was parked, and is not to be settled."""
        context_id, cause = event.context_id, _cause(entry, event)
        caller = _caller(event, body)
        thread = await self._agent.thread(context_id)
        if thread.cause == cause:
            await self._runs.take_up(context_id, thread, cause)
        elif self._agent.name in caller.chain:
            # Parked behind a delegation that waits for this very answer, it would wait for ever.
            circle = RunFailed(f"{self._agent.name} has asked for this itself, and waits for it.")
            await self._runs.answer(context_id, caller, f"{ERROR_PREFIX} {circle}")
        elif thread.waits:
            # After a restart of this worker nobody else would say what is waited for.
            self._runs.unanswered.expect(context_id, thread.delegations)
            if not entry.parked:
                await self._inbox.park(entry, context_id)
                await self._tell_parked(context_id, body)
            return False
        else:
            order = Begin(body.task, str(uuid.uuid4()), caller)
            await self._runs.carry_out(context_id, order, caller, cause)
        return True

    async def _decide(self, entry: InboxEntry, context_id: str, command: AgentCommand) -> None:
        thread = await self._agent.thread(context_id)
        answer = await self._desk.decide(context_id, command, thread, entry.entry_id)
        if answer is not None:
            if isinstance(answer.value, Review):
                await self._writer.unindex_request(answer.value.request_id)
            await self._runs.carry_out(context_id, answer, thread.caller, entry.entry_id)
        elif thread.cause == entry.entry_id:
            await self._runs.take_up(context_id, thread, entry.entry_id)

    async def _report(self, entry: InboxEntry, context_id: str, body: AgentResponse) -> None:
        """Give a delegation its answer. One that nobody waits for (any more) is dropped."""
        thread = await self._agent.thread(context_id)
        for delegation in thread.delegations:
            if delegation.tool_call_id == body.invocation_id:
                answer = Answer(delegation.interrupt_id, Reported(body.content))
                await self._runs.carry_out(context_id, answer, thread.caller, entry.entry_id)
                return
        if thread.cause == entry.entry_id:
            await self._runs.take_up(context_id, thread, entry.entry_id)
            return
        _log.info("response to nothing", agent=self._agent.name, context_id=context_id)

    async def _tell_parked(self, context_id: str, body: AgentInvocation) -> None:
        _log.info("task parked", agent=self._agent.name, context_id=context_id)
        await self._writer.receipt(
            Receipt(
                outcome=str(Outcome.PARKED),
                request_id="",
                context_id=context_id,
                agent=self._agent.name,
                note=body.invocation_id,
                at_ms=time.time_ns() // 1_000_000,
            )
        )


def _caller(event: Event, body: AgentInvocation) -> Caller:
    chain = event.data_extra.get(CHAIN)
    names = chain if isinstance(chain, list) else []
    return Caller(
        agent=body.caller_agent,
        invocation_id=body.invocation_id,
        context=body.context or {},
        chain=tuple(name for name in names if isinstance(name, str)),
    )


def _cause(entry: InboxEntry, event: Event) -> str:
    """What names a delivery of this entry; a parked one has lost its id on the stream."""
    if entry.parked and isinstance(event.body, AgentInvocation):
        return f"parked:{event.body.invocation_id}"
    return entry.entry_id
