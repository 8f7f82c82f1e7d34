"""What is done with each message of an inbox.

The only place that knows the rules of the three kinds: a task starts a run or is parked behind
what the context waits for, a command answers a request, a response answers a delegation.
"""

from __future__ import annotations

import hashlib
import time
import uuid

import structlog

from workers.runtime.approvals import DecisionDesk
from workers.runtime.expiry import let_sleep
from workers.runtime.inbox import Verb, Verdict
from workers.runtime.pace import Pace
from workers.runtime.policy_news import at_present
from workers.runtime.ports import AgentPort, Answer, Begin, Caller, Reported, RunFailed, Thread
from workers.runtime.runs import CHAIN, Runs
from workers.wire.approvals import Outcome, Receipt
from workers.wire.codec import MAX_INBOX_BYTES, decode_event
from workers.wire.errors import DecodeError
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
        self,
        agent: AgentPort,
        inbox: Inbox,
        writer: ProgressWriter,
        runs: Runs,
        desk: DecisionDesk,
        pace: Pace,
    ) -> None:
        self._agent = agent
        self._inbox = inbox
        self._writer = writer
        self._runs = runs
        self._desk = desk
        self._pace = pace

    async def handle(self, entry: InboxEntry, event: Event) -> Verdict:
        """Let a message have its effect. Safe to be called again for it.

        Raises:
            RunFailed: transient, or the thread cannot be read.
            LeaseLost: the context is not ours any more.
            BrokerError: the broker could not be used.
        """
        context_id, body = event.context_id, event.body
        match body:
            case AgentInvocation():
                return await self._begin(entry, event, body)
            case AgentCommand():
                waits = await self._decide(entry, context_id, body)
            case AgentResponse():
                waits = await self._report(entry, context_id, body)
            case _:
                raise TypeError(f"{type(body).__name__} was let past read_entry")
        return Verdict(Verb.DONE, frees=not waits)

    async def give_up(self, entry: InboxEntry, event: Event, reason: str) -> None:
        """A message goes to quarantine: leave nobody waiting for it."""
        if isinstance(event.body, AgentInvocation):
            caller = _caller(entry, event, event.body)
            await self._runs.give_up(event.context_id, caller, reason, entry.entry_id)
        else:
            # On whose behalf the thread runs is not known; people read the progress.
            await self._runs.complain(event.context_id, reason, entry.entry_id)

    async def _begin(self, entry: InboxEntry, event: Event, body: AgentInvocation) -> Verdict:
        """Start on a task, or park it behind what its context waits for."""
        context_id, cause = event.context_id, entry.entry_id
        caller = _caller(entry, event, body)
        thread = await self._thread(context_id)
        waits = thread.waits
        if thread.cause == cause:
            waits = await self._runs.take_up(
                context_id, thread, cause, may_retry=self._may_retry(entry)
            )
        elif not await self._is_first(entry, caller):
            await self._answer_again(context_id, caller)
        elif self._agent.name in caller.chain:
            # Parked behind a delegation that waits for this very answer, it would wait for ever.
            circle = RunFailed(f"{self._agent.name} has asked for this itself, and waits for it.")
            await self._runs.answer(context_id, caller, f"{ERROR_PREFIX} {circle}")
        elif thread.waits:
            # After a restart of this worker nobody else would say what is waited for.
            self._runs.unanswered.expect(context_id, thread.delegations)
            await self._tell_parked(context_id, body)
            return Verdict(Verb.PARK)
        else:
            order = Begin(body.task, str(uuid.uuid4()), caller)
            waits = await self._runs.carry_out(
                context_id, order, caller, cause, may_retry=self._may_retry(entry)
            )
        return Verdict(Verb.DONE, frees=not waits)

    async def _is_first(self, entry: InboxEntry, caller: Caller) -> bool:
        if not caller.invocation_id:
            return True
        return await self._inbox.is_first(
            caller.agent, caller.invocation_id, caller.digest, entry.entry_id
        )

    async def _answer_again(self, context_id: str, caller: Caller) -> None:
        """A task was sent again: its sender gets the answer again, if there is one yet."""
        answer = await self._inbox.response(caller.agent, caller.invocation_id, caller.digest)
        _log.info(
            "task known already",
            agent=self._agent.name,
            context_id=context_id,
            is_answered=answer is not None,
        )
        if answer is not None:
            await self._runs.answer(context_id, caller, answer)

    async def _decide(self, entry: InboxEntry, context_id: str, command: AgentCommand) -> bool:
        """Apply a decision, if it counts. Returns whether the thread waits afterwards."""
        thread, cause = await self._thread(context_id), entry.entry_id
        answer = await self._desk.decide(context_id, command, thread, cause)
        may_retry = self._may_retry(entry)
        if answer is not None:
            for approval in thread.approvals:
                if approval.interrupt_id == answer.interrupt_id:
                    await self._writer.unindex_request(approval.request.request_id)
                    await let_sleep(self._runs.connection, approval.request)
            return await self._runs.carry_out(
                context_id, answer, thread.caller, cause, may_retry=may_retry
            )
        # What waits may not have been told: the worker died after it had changed the question.
        if thread.cause == cause or thread.approvals or thread.between_steps:
            return await self._runs.take_up(context_id, thread, cause, may_retry=may_retry)
        return thread.waits

    async def _report(self, entry: InboxEntry, context_id: str, body: AgentResponse) -> bool:
        """Give a delegation its answer. One that nobody waits for (any more) is dropped."""
        thread, cause = await self._thread(context_id), entry.entry_id
        may_retry = self._may_retry(entry)
        for delegation in thread.delegations:
            if delegation.tool_call_id == body.invocation_id:
                answer = Answer(delegation.interrupt_id, Reported(body.content))
                return await self._runs.carry_out(
                    context_id, answer, thread.caller, cause, may_retry=may_retry
                )
        if thread.cause == cause or thread.between_steps:
            return await self._runs.take_up(context_id, thread, cause, may_retry=may_retry)
        _log.info("response to nothing", agent=self._agent.name, context_id=context_id)
        return thread.waits

    async def _thread(self, context_id: str) -> Thread:
        """How the thread stands, its requests under the policy of now."""
        return at_present(await self._agent.thread(context_id), self._desk.judge)

    def _may_retry(self, entry: InboxEntry) -> bool:
        return entry.starts < self._pace.most_starts

    async def _tell_parked(self, context_id: str, body: AgentInvocation) -> None:
        _log.info("task parked", agent=self._agent.name, context_id=context_id)
        await self._desk.tell(
            Receipt(
                outcome=str(Outcome.PARKED),
                request_id="",
                context_id=context_id,
                agent=self._agent.name,
                note=body.invocation_id,
                at_ms=time.time_ns() // 1_000_000,
            )
        )


def _caller(entry: InboxEntry, event: Event, body: AgentInvocation) -> Caller:
    chain = event.data_extra.get(CHAIN)
    names = chain if isinstance(chain, list) else []
    return Caller(
        agent=body.caller_agent,
        invocation_id=body.invocation_id,
        context=body.context or {},
        chain=tuple(name for name in names if isinstance(name, str)),
        digest=hashlib.sha256(entry.data).hexdigest(),
    )
