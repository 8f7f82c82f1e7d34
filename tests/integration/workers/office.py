"""An office of real agents: workers on a real broker, a model over real HTTP, people who decide.

The only place where these tests talk to workers. A person here does what a console does: reads
the progress stream, and sends decisions bound to what was read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.tools import BaseTool
from msgspec import structs

from tests.support.stub_model import StubModel
from tests.support.waiting import await_until
from workers import AgentRunner
from workers.runtime.marks import make_mark
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.approvals import (
    Binding,
    Decision,
    DecisionKind,
    Mode,
    Receipt,
    Reviewer,
    decision_payload,
    digest_in,
)
from workers.wire.canonical import JSON
from workers.wire.codec import decode_event, decode_struct
from workers.wire.dialects import PendingCall, read_interrupt
from workers.wire.events import (
    AgentCommand,
    AgentInvocation,
    AgentProgress,
    ContextSummary,
    Event,
    ProgressType,
)
from workers.wire.ids import new_context_id, new_invocation_id, new_nonce
from workers.wire.messages import ChatMessage, Role, read_message
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send
from workers.wire.streams.progress import ProgressWriter
from workers.wire.streams.reader import Reader

#: As usual, but what failed is tried again at once.
QUICK = Pace(first_retry_seconds=0.01, longest_retry_seconds=0.02)
#: What is due later is looked for ten times a second, too.
ATTENTIVE = replace(QUICK, heartbeat_seconds=0.1)
REVIEWER = Reviewer(id="rkramer", name="R. Kramer")


class Office:
    """Agents at work, and a person who talks to them.

    Attributes:
        connection: the person's own connection to the broker.
        model: what the agents think with.
    """

    def __init__(self, connection: Connection, model: StubModel) -> None:
        self.connection = connection
        self.model = model
        self._reader = Reader(connection)
        self._at_work: list[asyncio.Task[None]] = []

    async def hire(
        self,
        name: str,
        tools: Sequence[BaseTool | Callable[..., Any]] = (),
        *,
        experts: Sequence[str] = (),
        mode: Mode = Mode.BOUND,
        **options: Any,  # noqa: ANN401 - see AgentRunner
    ) -> AgentRunner:
        """Start an agent, and wait until it listens."""
        runner = self.describe(name, tools, experts=experts, mode=mode, **options)
        await self.start(runner)
        return runner

    def describe(
        self,
        name: str,
        tools: Sequence[BaseTool | Callable[..., Any]] = (),
        *,
        experts: Sequence[str] = (),
        idempotent: Collection[str] = (),
        **options: Any,  # noqa: ANN401 - see AgentRunner
    ) -> AgentRunner:
        """An agent that is not started yet."""
        options.setdefault("checkpoint_url", ":memory:")
        options.setdefault("pace", QUICK)
        runner = AgentRunner(
            agent_name=name,
            system_prompt="You are an agent in a test.",
            redis_url=self.connection.url,
            openai_base_url=self.model.url,
            openai_model="stub",
            openai_api_key="not-a-key",
            **options,
        )
        for tool in tools:
            name = tool.name if isinstance(tool, BaseTool) else tool.__name__
            runner.add_tool(tool, idempotent=name in idempotent)
        for expert in experts:
            runner.add_subagent(expert, f"Knows what {expert} knows.")
        return runner

    async def start(self, runner: AgentRunner) -> asyncio.Task[None]:
        """Start a runner, and wait until it listens."""
        name = runner.agent_name
        task = asyncio.create_task(runner.start(), name=f"runner of {name}")
        self._at_work.append(task)

        async def listens() -> bool:
            if task.done():
                await task
            return any(name in worker.agents for worker in await self._reader.workers())

        await await_until(listens, f"{name} to listen")
        return task

    async def send_home(self, task: asyncio.Task[None]) -> None:
        """Stop an agent as Ctrl+C would."""
        self._at_work.remove(task)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """Stop everybody."""
        for task in list(self._at_work):
            await self.send_home(task)

    async def ask(
        self, agent: str, text: str, context_id: str = "", context: dict[str, JSON] | None = None
    ) -> str:
        """Give an agent a task. Returns the context ID."""
        context_id = context_id or new_context_id()
        invocation = AgentInvocation(
            task=text, caller_agent="human", invocation_id=new_invocation_id(), context=context
        )
        await send(self.connection, agent, Event(context_id, invocation))
        return context_id

    async def progress(self, context_id: str) -> list[AgentProgress]:
        """Everything the agents told about a context."""
        entries = await self._reader.after({keys.progress(context_id): "0-0"})
        events = [decode_event(one.data) for one in entries.get(keys.progress(context_id), [])]
        return [event.body for event in events if isinstance(event.body, AgentProgress)]

    async def said(self, context_id: str, role: Role = Role.AGENT) -> list[ChatMessage]:
        """The messages of one role."""
        bodies = await self.progress(context_id)
        told = [read_message(b.message) for b in bodies if b.type is ProgressType.MESSAGE]
        return [one for one in told if isinstance(one, ChatMessage) and one.role is role]

    async def results(self, context_id: str) -> list[str]:
        """What the tools said, in the order it was told."""
        return [message.text for message in await self.said(context_id, Role.TOOL)]

    async def answer(self, context_id: str, agent: str, nth: int = 1) -> str:
        """Wait for the agent's nth final answer, and return it."""

        async def final() -> str | None:
            ends = [
                read_message(body.message)
                for body in await self.progress(context_id)
                if body.is_finish and body.callee_agent == agent
            ]
            last = ends[nth - 1] if len(ends) >= nth else None
            return last.text if isinstance(last, ChatMessage) else None

        return await await_until(final, f"answer {nth} of {agent}")

    async def error(self, context_id: str) -> str:
        """Wait for the error a run ended with, and return it."""

        async def told() -> str | None:
            texts = [read_message(body.message) for body in await self.progress(context_id)]
            return next((text for text in texts if isinstance(text, str)), None)

        return await await_until(told, "an error")

    async def requests(
        self, context_id: str, count: int = 1, *, after: PendingCall | None = None
    ) -> list[PendingCall]:
        """Wait until so many requests wait, and return them as told last, oldest first.

        Args:
            after: was decided; do not count it.
        """

        async def waiting() -> list[PendingCall] | None:
            asked: dict[str, PendingCall] = {}
            for body in await self.progress(context_id):
                if body.type is ProgressType.INTERRUPT:
                    call = read_interrupt(body.message)
                    asked[call.interrupt_id] = call  # one that was told again stands as it was
            answered = {m.tool_call_id for m in await self.said(context_id, Role.TOOL)}
            if after is not None:
                answered.add(after.tool_call_id)
            left = [call for call in asked.values() if call.tool_call_id not in answered]
            return left if len(left) == count else None

        return await await_until(waiting, f"{count} requests to wait in {context_id}")

    async def decide(
        self,
        call: PendingCall,
        kind: DecisionKind = DecisionKind.APPROVE,
        *,
        message: str = "",
        args: JSON = None,
        to: str = "",
        envelopes: Sequence[JSON] = (),
        **forged: Any,  # noqa: ANN401 - fields of a Binding
    ) -> Decision:
        """Send a decision bound to a request, except for what is forged.

        Args:
            envelopes: signed decisions that go with it.
        """
        decision = self.bound(call, kind, message=message, args=args, **forged)
        decision = structs.replace(decision, envelopes=tuple(envelopes))
        await self.repeat(call, decision, to=to)
        return decision

    def bound(
        self,
        call: PendingCall,
        kind: DecisionKind = DecisionKind.APPROVE,
        *,
        message: str = "",
        args: JSON = None,
        **forged: Any,  # noqa: ANN401 - fields of a Binding
    ) -> Decision:
        """A decision bound to a request, except for what is forged."""
        request = call.request
        assert request is not None
        fields = {
            "aud": request.agent,
            "context_id": request.context_id,
            "tool_call_id": request.tool_call_id,
            "request_id": request.request_id,
            "action": request.action,
            "args_digest": request.args_digest,
            "decision": kind,
            "edited_args_digest": "" if args is None else digest_in(request, args),
            "reviewer": REVIEWER,
            "iat": int(time.time()),
            "nonce": new_nonce(),
        }
        binding = Binding(**{**fields, **forged})
        return Decision(kind=kind, args=args, message=message, binding=binding)

    async def leave_mark(self, call: PendingCall, decision: Decision) -> None:
        """What a worker leaves that dies right after it took a decision."""
        assert call.request is not None
        mark = make_mark(decision, call.tool_call_id, "1-0")
        writer = ProgressWriter(self.connection)
        await writer.consume_decision(call.request.context_id, call.request.request_id, mark)

    async def last_is_interrupt(self, context_id: str, call: PendingCall) -> None:
        """Wait until the newest progress event is this request."""

        async def is_last() -> bool:
            last = (await self.progress(context_id))[-1]
            if last.type is not ProgressType.INTERRUPT:
                return False
            return read_interrupt(last.message).interrupt_id == call.interrupt_id

        await await_until(is_last, "the request to be the last entry")

    async def repeat(self, call: PendingCall, decision: Decision, *, to: str = "") -> None:
        """Send a decision (again)."""
        request = call.request
        assert request is not None
        await self.command(
            to or request.context_id, request.agent, call.tool_call_id, decision_payload(decision)
        )

    async def command(
        self, context_id: str, agent: str, tool_call_id: str, payload: JSON, kind: str = "resume"
    ) -> None:
        """Send a command as it stands, such as a client of the base package would."""
        body = AgentCommand(type=kind, tool_call_id=tool_call_id, payload=payload)
        await send(self.connection, agent, Event(context_id, body))

    async def receipts(self) -> list[Receipt]:
        """All receipts so far."""
        entries = await self._reader.tail(keys.RECEIPTS, 1000)
        return [decode_struct(entry.data, Receipt) for entry in entries]

    async def outcomes(self, count: int) -> list[str]:
        """Wait until there are so many receipts, and return their outcomes."""

        async def enough() -> list[Receipt] | None:
            found = await self.receipts()
            return found if len(found) >= count else None

        found = await await_until(enough, f"{count} receipts")
        return [receipt.outcome for receipt in found]

    async def quarantined(self, agent: str, count: int) -> list[dict[str, str]]:
        """Wait until so many entries are in quarantine, and return them (without their data)."""

        async def enough() -> list[dict[str, str]] | None:
            raw = await self.connection.client.xrange(keys.dead_letters(agent))
            found = [
                {name.decode(): value.decode() for name, value in fields.items() if name != b"data"}
                for _id, fields in raw
            ]
            return found if len(found) >= count else None

        return await await_until(enough, f"{count} entries in quarantine")

    async def throw(self, agent: str, data: bytes) -> None:
        """Put anything into an agent's inbox."""
        await self.connection.client.xadd(keys.inbox(agent), {"data": data})

    async def inbox_is_empty(self, agent: str) -> None:
        """Wait until everything in an inbox is settled, and so deleted."""

        async def is_empty() -> bool:
            return bool(await self.connection.client.xlen(keys.inbox(agent)) == 0)

        await await_until(is_empty, f"the inbox of {agent} to be empty")

    async def summary(self, context_id: str) -> ContextSummary:
        """What the index says of a context."""
        raw = await self.connection.client.hget(keys.CONTEXT, context_id)
        return decode_struct(raw, ContextSummary)

    async def stands(self, context_id: str, status: str) -> None:
        """Wait until the index says that a context stands so."""

        async def as_wanted() -> bool:
            return str((await self.summary(context_id)).status) == status

        await await_until(as_wanted, f"the context to be {status}")
