"""Runs: an agent carries out one order, and what it says and asks is told as it happens.

The only place that drives an agent, and that answers whoever asked it.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

import structlog

from workers.runtime.expiry import wake_at_expiry
from workers.runtime.leases import fence
from workers.runtime.metering import Meter
from workers.runtime.ports import (
    AgentPort,
    ApprovalRaised,
    Begin,
    Caller,
    GoOn,
    MessageProduced,
    Order,
    PendingDelegation,
    RunEnded,
    RunFailed,
    Thread,
    TokensProduced,
)
from workers.runtime.speaking import Speaker
from workers.runtime.tokens import TokenBatches
from workers.runtime.unanswered import Unanswered
from workers.wire.canonical import JSON
from workers.wire.events import (
    AgentInvocation,
    AgentResponse,
    ContextStatus,
    Event,
)
from workers.wire.ids import HUMAN
from workers.wire.messages import ERROR_PREFIX
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import keep_response, send
from workers.wire.streams.progress import ProgressWriter

#: A longer answer would go to its receiver's quarantine, and the receiver would wait for ever.
MAX_ANSWER_CHARACTERS = 32 * 1024
#: The member of an invocation that names the agents a task came through; others ignore it.
CHAIN = "chain"
#: The member that tells two invocations apart which are alike otherwise.
MARK = "mark"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one agent. One at a time for each context; the caller sees to that."""

    agent: AgentPort
    connection: Connection
    writer: ProgressWriter
    unanswered: Unanswered
    meter: Meter

    async def carry_out(
        self,
        context_id: str,
        order: Order,
        caller: Caller,
        cause: str,
        *,
        may_retry: bool = False,
        untold: tuple[MessageProduced, ...] = (),
    ) -> bool:
        """Run until the thread ends or waits, and tell everybody concerned.

        Args:
            may_retry: a failure that may pass is not told but raised; the order comes again.
            untold: messages of an earlier start that may not have been told.

        Returns:
            Whether the thread waits for a person or another agent.

        Raises:
            RunFailed: a transient failure, told unless `may_retry`; or the thread cannot be read,
                and nobody was told.
        """
        speaker = self._speaker(context_id, caller, cause)
        if isinstance(order, Begin):
            await speaker.echo(order.task, order.message_id)
        for message in untold:
            await speaker.say(message)
        await speaker.stand(ContextStatus.RUNNING)
        failure: RunFailed | None = None
        last: MessageProduced | None = None
        try:
            last = await self._run(context_id, order, speaker, cause)
        except RunFailed as error:
            if may_retry and error.is_transient:
                self.meter.run_ended(failed=True)
                raise
            failure = error
        if last is not None:
            thread = Thread(caller, cause, turn=(last,))
        else:
            thread = await self.agent.thread(context_id)
        if failure is None and thread.unfinished and not thread.waits:
            failure = RunFailed("The agent stopped in the middle and does not say why.")
        if failure is not None:
            await self._fail(context_id, speaker, failure, thread)
        await self._conclude(context_id, speaker, thread, failure)
        if failure is not None and failure.is_transient:
            failure.is_told = True
            raise failure
        return thread.waits

    async def take_up(
        self, context_id: str, thread: Thread, cause: str, *, may_retry: bool = False
    ) -> bool:
        """Finish a run that was cut off: do what is left, and tell what was not told.

        Returns and raises as `carry_out`.
        """
        if thread.unfinished and not thread.waits:
            return await self.carry_out(
                context_id, GoOn(), thread.caller, cause, may_retry=may_retry, untold=thread.turn
            )
        speaker = self._speaker(context_id, thread.caller, cause)
        for message in thread.turn:
            await speaker.say(message)
        await self._conclude(context_id, speaker, thread, None)
        return thread.waits

    async def give_up(self, context_id: str, caller: Caller, reason: str, cause: str) -> None:
        """Tell everybody that a task was not done, because of an error of our own."""
        speaker = self._speaker(context_id, caller, cause)
        await speaker.complain(reason)
        await speaker.stand(ContextStatus.FAILED)
        await self.answer(context_id, caller, f"{ERROR_PREFIX} {reason}")

    async def complain(self, context_id: str, reason: str, cause: str) -> None:
        """Tell people that an answer to a thread was not given to it."""
        await self._speaker(context_id, Caller(), cause).complain(reason)

    async def answer(self, context_id: str, caller: Caller, content: str) -> None:
        """Tell the agent that asked what came of its task. People read the progress instead."""
        if caller.agent == HUMAN:
            return
        if len(content) > MAX_ANSWER_CHARACTERS:
            content = content[:MAX_ANSWER_CHARACTERS] + " [cut: the answer was longer]"
        if caller.invocation_id and caller.digest:
            await keep_response(
                self.connection,
                self.agent.name,
                caller.agent,
                caller.invocation_id,
                caller.digest,
                content,
            )
        response = AgentResponse(invocation_id=caller.invocation_id, content=content)
        await send(self.connection, caller.agent, Event(context_id, response))

    async def _run(
        self, context_id: str, order: Order, speaker: Speaker, cause: str
    ) -> MessageProduced | None:
        """Run and tell. Returns the last word, if the agent says that it was the last."""
        last: MessageProduced | None = None
        async with (
            TokenBatches(self.writer, context_id, self.agent.name) as tokens,
            aclosing(self.agent.run(context_id, order, cause)) as events,
        ):
            async for event in events:
                match event:
                    case TokensProduced():
                        tokens.add(event.message_id, event.text)
                    case MessageProduced():
                        await tokens.flush()
                        await speaker.say(event)
                    case ApprovalRaised():
                        await speaker.ask(event.approval)
                    case RunEnded():
                        last = event.last
        return last

    async def _fail(
        self, context_id: str, speaker: Speaker, failure: RunFailed, thread: Thread
    ) -> None:
        _log.warning(
            "run failed", agent=self.agent.name, context_id=context_id, reason=failure.kind
        )
        await speaker.complain(str(failure))
        if not thread.waits:
            content = f"{ERROR_PREFIX} {failure}"
            await self.answer(context_id, speaker.caller, content)

    async def _conclude(
        self, context_id: str, speaker: Speaker, thread: Thread, failure: RunFailed | None
    ) -> None:
        """Say how the thread stands now, and send out the tasks it gave to others."""
        self.meter.run_ended(failed=failure is not None)
        self.unanswered.expect(context_id, thread.delegations)
        await speaker.release(is_finish=failure is None and not thread.waits)
        if thread.approvals:
            await speaker.ask_last(thread.approvals)
            await wake_at_expiry(self.connection, thread.approvals)
            await speaker.stand(ContextStatus.WAITING, len(thread.approvals))
        elif thread.delegations:
            await speaker.stand(ContextStatus.RUNNING)
        elif failure is not None:
            await speaker.stand(ContextStatus.FAILED)
        else:
            await self.answer(context_id, speaker.caller, thread.final_text)
            await speaker.stand(ContextStatus.DONE)
        for delegation in thread.delegations:
            await self._delegate(context_id, thread.caller, delegation)

    async def _delegate(
        self, context_id: str, caller: Caller, delegation: PendingDelegation
    ) -> None:
        """Send a task to another agent, once; after a crash in between, twice, never not at all.

        The mark is kept by interrupt id: some models use the same tool call ids in every turn.
        """
        mark = f"delegate:{delegation.interrupt_id}"
        if (
            await self.writer.tool_started(context_id, mark, "sending", fence(self.agent.name))
            == "sent"
        ):
            return
        invocation = AgentInvocation(
            task=delegation.task,
            caller_agent=self.agent.name,
            invocation_id=delegation.tool_call_id,
            context=dict(caller.context),
        )
        names: list[JSON] = [*caller.chain, self.agent.name]
        # The mark makes this task unlike any other; sent twice, it is the same to the last byte.
        event = Event(context_id, invocation, data_extra={CHAIN: names, MARK: mark})
        await send(self.connection, delegation.agent, event)
        await self.writer.tool_done(context_id, mark, "sent")
        _log.info(
            "task delegated",
            agent=self.agent.name,
            context_id=context_id,
            to=delegation.agent,
        )

    def _speaker(self, context_id: str, caller: Caller, cause: str) -> Speaker:
        return Speaker(self.writer, self.agent.name, context_id, caller, cause)
