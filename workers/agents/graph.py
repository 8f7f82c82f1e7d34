"""A LangGraph agent behind the runtime's port.

The only place that runs graphs. Resuming is always strict and by interrupt id: a bare value would
go to whatever waits, and an old one to whatever comes next.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeAlias

import msgspec
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.errors import GraphDrained
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, Interrupt, StateSnapshot, StreamMode

from workers.agents.calls import edited_call
from workers.agents.failures import explain
from workers.agents.mapping import CAUSE, produced, read_approval, read_thread, unanswered
from workers.agents.state import caller_in, new_task_state
from workers.runtime.ports import (
    Answer,
    ApprovalRaised,
    Begin,
    Caller,
    MessageProduced,
    Order,
    PendingApproval,
    RunEnded,
    RunEvent,
    RunFailed,
    RunStopped,
    Thread,
    TokensProduced,
)
from workers.wire.canonical import JSON
from workers.wire.errors import BrokerError, NotApprovable

#: Steps of one run; a model that goes on calling tools for ever is stopped here.
MAX_STEPS = 200

Graph: TypeAlias = CompiledStateGraph[Any, Any, Any, Any]

#: What this task saw of a thread when it looked last, by context. A run begins right after a look,
#: under the same lease, so nobody can have written between; it need not look again.
_seen: ContextVar[tuple[str, StateSnapshot] | None] = ContextVar("signoff_seen", default=None)


def writes_in_pieces(model: BaseChatModel) -> bool:
    """Whether a model can say something before it has said all of it."""
    kind = type(model)
    names = ("_stream", "_astream", "_stream_chat_model_events", "_astream_chat_model_events")
    can = any(getattr(kind, name, None) is not getattr(BaseChatModel, name, None) for name in names)
    return can and model.disable_streaming is not True


class LangGraphAgent:
    """An agent built by `create_agent`; implements `AgentPort`."""

    #: Whether a run that says its last word, and raises nothing, has come to its end. A foreign
    #: graph may stop before any node.
    _ends_with_last_word = True

    def __init__(
        self,
        name: str,
        graph: Graph,
        tools: Sequence[BaseTool],
        secrets: Sequence[str] = (),
        *,
        in_pieces: bool = True,
    ) -> None:
        """Put a graph behind the port.

        Args:
            secrets: texts that no error message may hold.
            in_pieces: whether a model of the graph may write piece by piece; listening costs.
        """
        self._name = name
        self._graph = graph
        self._tools = {tool.name: tool for tool in tools}
        self._final_tools = frozenset(tool.name for tool in tools if tool.return_direct)
        self._secrets = secrets
        self._modes: list[StreamMode] = ["updates", "messages"] if in_pieces else ["updates"]
        # One for all runs: it is only ever used to stop them all.
        self._control = RunControl()

    @property
    def name(self) -> str:
        """See `AgentPort.name`."""
        return self._name

    @property
    def tools(self) -> Sequence[str]:
        """See `AgentPort.tools`."""
        return tuple(self._tools)

    async def thread(self, context_id: str) -> Thread:
        """See `AgentPort.thread`."""
        return read_thread(await self._look(context_id), self._final_tools)

    def edit_problem(self, action: str, args: JSON) -> str:
        """See `AgentPort.edit_problem`."""
        tool = self._tools.get(action)
        if tool is None:
            return f"There is no tool {action!r}."
        try:
            edited_call(tool, args)
        except NotApprovable as error:
            return error.title
        return ""

    async def run(self, context_id: str, order: Order, cause: str) -> AsyncGenerator[RunEvent]:
        """See `AgentPort.run`."""
        config = self._config(context_id, cause)
        snapshot = await self._seen_before(context_id)
        match order:
            case Begin():
                context: Mapping[str, Any] = order.caller.context
                given: Any = self._task(order, snapshot, config)
            case Answer():
                context = self._caller(snapshot).context
                config["configurable"]["__pregel_strict_resume"] = True
                given = Command(resume={order.interrupt_id: await self._answer(order, snapshot)})
            case _:
                context = self._caller(snapshot).context
                given = None
        if not isinstance(order, Begin):
            self._go_on(snapshot, config)
        last: MessageProduced | None = None
        raised = False
        try:
            async for mode, chunk in self._graph.astream(
                given,
                config,
                stream_mode=self._modes,
                durability="sync",
                context=self._context(context),
                control=self._control,
            ):
                is_step = mode == "updates"
                raised = raised or (is_step and "__interrupt__" in chunk)
                for event in self._updates(chunk) if is_step else self._tokens(chunk):
                    last = event if isinstance(event, MessageProduced) else last
                    yield event
        except BrokerError:
            raise  # the runtime's own; it waits and comes again
        except GraphDrained as drained:
            raise RunStopped from drained
        # The door for errors of models and of the agent's own code.
        except Exception as error:
            failure = explain(error, self._secrets)
            if isinstance(order, Answer):
                failure = await self._broken(context_id, order, error, failure)
            raise failure from error
        # After an answer, others may still be waited for; and of several last words of tools the
        # thread decides which one counts.
        knows_end = self._ends_with_last_word and isinstance(order, Begin) and not raised
        if knows_end and not self._final_tools and last is not None and last.may_be_last:
            yield RunEnded(last)

    async def _look(self, context_id: str) -> StateSnapshot:
        """Read how a thread stands."""
        snapshot = await self._graph.aget_state(self._config(context_id))
        _seen.set((context_id, snapshot))
        return snapshot

    async def _seen_before(self, context_id: str) -> StateSnapshot:
        """How a thread stood when it was looked at last, which is before the run that begins."""
        seen = _seen.get()
        _seen.set(None)
        if seen is not None and seen[0] == context_id:
            return seen[1]
        return await self._graph.aget_state(self._config(context_id))

    def _task(
        self,
        order: Begin,
        snapshot: StateSnapshot,
        config: RunnableConfig,  # noqa: ARG002 - for graphs that keep more in it
    ) -> object:
        """What the graph begins a task with."""
        message = HumanMessage(order.task, id=order.message_id)
        return {"messages": [*unanswered(snapshot), message], **new_task_state(order.caller)}

    async def _answer(
        self,
        order: Answer,
        snapshot: StateSnapshot,  # noqa: ARG002 - for answers that depend on the question
    ) -> object:
        """What an interrupt is resumed with."""
        return msgspec.to_builtins(order.value)

    def _go_on(self, snapshot: StateSnapshot, config: RunnableConfig) -> None:
        """Prepare a run that goes on with what a thread began."""

    async def _broken(
        self,
        context_id: str,  # noqa: ARG002 - for graphs that can break on an answer
        order: Answer,  # noqa: ARG002
        error: Exception,  # noqa: ARG002
        failure: RunFailed,
    ) -> RunFailed:
        """What a failure after an answer comes to. A wrong answer is never stored: ours are typed.

        Returns:
            The failure, to be tried again or not.
        """
        return failure

    def _caller(self, snapshot: StateSnapshot) -> Caller:
        """On whose behalf the thread runs."""
        return caller_in(snapshot.values or {})

    def _context(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the graph's runtime is told of the user."""
        return dict(context)

    def _approval(self, raised: Interrupt) -> PendingApproval | None:
        """The approval request an interrupt of this run stands for, if it is one."""
        return read_approval(raised)

    def drain(self) -> None:
        """See `AgentPort.drain`."""
        self._control.request_drain()

    def _config(self, context_id: str, cause: str = "") -> RunnableConfig:
        config: RunnableConfig = {
            "configurable": {"thread_id": f"{self._name}#{context_id}"},
            "recursion_limit": MAX_STEPS,
        }
        if cause:
            config["metadata"] = {CAUSE: cause}
        return config

    def _updates(self, chunk: Any) -> list[RunEvent]:  # noqa: ANN401 - as LangGraph gives it
        """What a finished step did: messages, or interrupts."""
        events: list[RunEvent] = []
        for node, update in chunk.items():
            if node == "__interrupt__":
                raised = [self._approval(one) for one in update if isinstance(one, Interrupt)]
                events.extend(ApprovalRaised(one) for one in raised if one is not None)
                continue
            # A node gives one update, or several as a list; "__metadata__" is no update.
            for part in update if isinstance(update, list) else [update]:
                messages = part.get("messages", []) if isinstance(part, Mapping) else []
                events.extend(
                    produced(message, self._final_tools)
                    for message in messages
                    if isinstance(message, BaseMessage)
                )
        return events

    def _tokens(self, chunk: Any) -> list[RunEvent]:  # noqa: ANN401 - as LangGraph gives it
        """What the model is writing: text only, calls are told when they are complete."""
        message, metadata = chunk
        if not isinstance(message, AIMessageChunk) or not self._is_model(metadata):
            return []
        text = str(message.text)
        return [TokensProduced(message.id, text)] if text and message.id else []

    def _is_model(self, metadata: Mapping[str, Any]) -> bool:
        """Whether what a node writes is for people to read along."""
        return bool(metadata.get("langgraph_node") == "model")
