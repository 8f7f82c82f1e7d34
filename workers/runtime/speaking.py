"""What an agent tells about a context while it runs: messages, requests, how it stands.

The only place that writes progress events. It knows the rules that keep clients of the base
package alive: a request that waits is the last entry of its stream, and the end is said once.
"""

from __future__ import annotations

import time
from datetime import datetime

from workers.runtime.leases import fence
from workers.runtime.policy_news import policy_text
from workers.runtime.ports import Caller, MessageProduced, PendingApproval
from workers.wire.canonical import JSON
from workers.wire.events import (
    AgentProgress,
    ContextStatus,
    ContextSummary,
    Event,
    ProgressType,
    RequestSummary,
)
from workers.wire.ids import HUMAN
from workers.wire.messages import ERROR_PREFIX
from workers.wire.streams.progress import ProgressWriter


class Speaker:
    """One agent's voice in one context, during one run.

    A message that may be the run's last is held back until it is known whether it is; so only
    the true end carries `is_finish`.

    Attributes:
        caller: on whose behalf the agent speaks.
    """

    def __init__(
        self, writer: ProgressWriter, agent: str, context_id: str, caller: Caller, cause: str
    ) -> None:
        self.caller = caller
        self._writer = writer
        self._agent = agent
        self._context_id = context_id
        self._cause = cause
        self._held: MessageProduced | None = None
        self._said_after_request = False

    async def echo(self, task: str, message_id: str) -> None:
        """Show what a person said; an agent's task is shown by the agent that gave it."""
        if self.caller.agent != HUMAN:
            return
        message: dict[str, JSON] = {
            "content": task,
            "additional_kwargs": {},
            "response_metadata": {},
            "type": "human",
            "name": None,
            "id": message_id,
        }
        await self._emit(f"human:{self.caller.invocation_id}", ProgressType.MESSAGE, message)

    async def say(self, message: MessageProduced) -> None:
        """Tell a message of the run."""
        if self._held is not None and self._held.key == message.key:
            return  # a run that goes on says again what was stored last
        await self.release(is_finish=False)
        if message.may_be_last:
            self._held = message
        else:
            await self._tell(message, is_finish=False)

    async def release(self, *, is_finish: bool) -> None:
        """Tell the message that was held back."""
        held, self._held = self._held, None
        if held is not None:
            await self._tell(held, is_finish=is_finish)

    async def ask(self, approval: PendingApproval) -> None:
        """Tell an approval request, and list it as waiting."""
        await self.release(is_finish=False)
        await self._ask(approval, _key(approval))

    async def ask_last(self, approvals: tuple[PendingApproval, ...]) -> None:
        """Tell the requests that wait now, again if something was said after them.

        Clients of the base package look at the last entry only.
        """
        for approval in approvals:
            await self._ask(approval, _key(approval))
        if self._said_after_request:
            for approval in approvals:
                await self._ask(approval, f"{_key(approval)}:{self._cause}")

    async def complain(self, reason: str) -> None:
        """Tell that the run failed, in the words of the base package."""
        await self.release(is_finish=False)
        key = f"err:{self._cause}"
        await self._emit(key, ProgressType.MESSAGE, f"{ERROR_PREFIX} {reason}")

    async def stand(self, status: ContextStatus, waiting: int = 0) -> None:
        """Renew the index entry of the context, which is that of the agent it began with."""
        chain = self.caller.chain
        if chain and status in {ContextStatus.DONE, ContextStatus.FAILED}:
            status = ContextStatus.RUNNING  # we are done; the agent that asked us goes on
        summary = ContextSummary(
            agent=chain[0] if chain else self._agent,
            status=status,
            last_activity_ms=_now_ms(),
            waiting=waiting,
        )
        await self._writer.index_context(self._context_id, summary)

    async def _tell(self, message: MessageProduced, *, is_finish: bool) -> None:
        await self._emit(message.key, ProgressType.MESSAGE, message.message, is_finish=is_finish)

    async def _ask(self, approval: PendingApproval, key: str) -> None:
        value: dict[str, JSON] = {**approval.value, "interrupt_id": approval.interrupt_id}
        request = approval.request
        summary = RequestSummary(
            context_id=request.context_id,
            agent=request.agent,
            action=request.action,
            risk=str(request.risk),
            since_ms=_since_ms(request.issued_at),
            policy=policy_text(request),
        )
        if await self._emit(key, ProgressType.INTERRUPT, value):
            self._said_after_request = False
        await self._writer.index_request(request.request_id, summary)

    async def _emit(
        self, key: str, kind: ProgressType, message: JSON, *, is_finish: bool = False
    ) -> bool:
        body = AgentProgress(
            type=kind,
            caller_agent=self.caller.agent,
            callee_agent=self._agent,
            invocation_id=self.caller.invocation_id,
            message=message,
            is_finish=is_finish,
        )
        event = Event(self._context_id, body)
        is_new = await self._writer.emit(event, key, fence(self._agent))
        if is_new and kind is ProgressType.MESSAGE:
            self._said_after_request = True
        return is_new


def _key(approval: PendingApproval) -> str:
    """Names a request within its context; asked again, or under another policy, it is another."""
    attempt, policy = approval.request.attempt, approval.request.policy
    again = f":again-{attempt}" if attempt else ""
    under = f":{policy.id}-{policy.version}" if policy else ""
    return f"int:{approval.interrupt_id}{again}{under}"


def _since_ms(issued_at: str) -> int:
    try:
        return int(datetime.fromisoformat(issued_at).timestamp() * 1000)
    except ValueError:
        return _now_ms()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
