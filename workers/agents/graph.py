"""A LangGraph agent behind the runtime's port.

The only place that runs graphs. Resuming is always strict and by interrupt id: a bare value would
go to whatever waits, and an old one to whatever comes next.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.errors import GraphDrained
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, Interrupt

from workers.agents.calls import edited_call
from workers.agents.failures import explain
from workers.agents.mapping import CAUSE, produced, read_approval, read_thread, unanswered
from workers.agents.state import new_task_state
from workers.runtime.ports import (
    Answer,
    ApprovalRaised,
    Begin,
    Order,
    RunEvent,
    RunStopped,
    Thread,
    TokensProduced,
)
from workers.wire.canonical import JSON
from workers.wire.errors import BrokerError, NotApprovable

#: Steps of one run; a model that goes on calling tools for ever is stopped here.
MAX_STEPS = 200

Graph: TypeAlias = CompiledStateGraph[Any, Any, Any, Any]


class LangGraphAgent:
    """An agent built by `create_agent`; implements `AgentPort`."""

    def __init__(
        self, name: str, graph: Graph, tools: Sequence[BaseTool], secrets: Sequence[str] = ()
    ) -> None:
        """Put a graph behind the port.

        Args:
            secrets: texts that no error message may hold.
        """
        self._name = name
        self._graph = graph
        self._tools = {tool.name: tool for tool in tools}
        self._final_tools = frozenset(tool.name for tool in tools if tool.return_direct)
        self._secrets = secrets
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
        snapshot = await self._graph.aget_state(self._config(context_id))
        return read_thread(snapshot, self._final_tools)

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
        snapshot = await self._graph.aget_state(config)
        match order:
            case Begin():
                context: Mapping[str, Any] = order.caller.context
                message = HumanMessage(order.task, id=order.message_id)
                messages = [*unanswered(snapshot), message]
                given: Any = {"messages": messages, **new_task_state(order.caller)}
            case Answer():
                context = snapshot.values.get("context") or {}
                config["configurable"]["__pregel_strict_resume"] = True
                given = Command(resume={order.interrupt_id: msgspec.to_builtins(order.value)})
            case _:
                context = snapshot.values.get("context") or {}
                given = None
        try:
            async for mode, chunk in self._graph.astream(
                given,
                config,
                stream_mode=["updates", "messages"],
                durability="sync",
                context=dict(context),
                control=self._control,
            ):
                events = self._updates(chunk) if mode == "updates" else _tokens(chunk)
                for event in events:
                    yield event
        except BrokerError:
            raise  # the runtime's own; it waits and comes again
        except GraphDrained as drained:
            raise RunStopped from drained
        # The door for errors of models and of the agent's own code.
        except Exception as error:
            raise explain(error, self._secrets) from error

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
                raised = [read_approval(one) for one in update if isinstance(one, Interrupt)]
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


def _tokens(chunk: Any) -> list[RunEvent]:  # noqa: ANN401 - as LangGraph gives it
    """What the model is writing: text only, calls are told when they are complete."""
    message, metadata = chunk
    if not isinstance(message, AIMessageChunk) or metadata.get("langgraph_node") != "model":
        return []
    text = str(message.text)
    return [TokensProduced(message.id, text)] if text and message.id else []
