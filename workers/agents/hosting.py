"""Any compiled LangGraph graph as an agent: its own state, its own nodes, its own interrupts.

The only place that runs graphs which know nothing of us. What our own graphs keep in their state
(the caller, the seed of the salts) is kept in the metadata of the thread's checkpoints here.

An interrupt is bound to its decision before the graph resumes. What the graph does afterwards is
its own: there is no second check at the point of use, and no ledger of what was started.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Interrupt, StateSnapshot

from workers.agents.delegation import read_delegation
from workers.agents.graph import Graph, LangGraphAgent
from workers.agents.interrupts import HostedThread, shown_interrupt
from workers.agents.mapping import CAUSE, is_between_steps, messages_of_turn, unanswered
from workers.agents.poison import Reasked, take_back
from workers.errors import NotServable
from workers.runtime.ports import (
    Answer,
    ApprovedCall,
    Begin,
    Caller,
    Ledger,
    PendingApproval,
    Review,
    Thread,
)
from workers.wire.answers import native_answer
from workers.wire.approvals import Decision, Mode
from workers.wire.canonical import JSON
from workers.wire.dialects import read_interrupt

#: Makes the input of a graph from a task and the caller's context.
GraphInput: TypeAlias = Callable[[str, Mapping[str, JSON]], Any]

_CALLER = "signoff_caller"
_SEED = "signoff_seed"
_MESSAGES = "messages"


class HostedGraph(LangGraphAgent):
    """A graph that somebody else built; implements `AgentPort`."""

    _ends_with_last_word = False

    def __init__(
        self,
        name: str,
        graph: Graph,
        ledger: Ledger,
        mode: Mode,
        graph_input: GraphInput | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        """Put a graph behind the port.

        Args:
            graph: with a checkpointer.
            graph_input: not needed where the graph begins with `messages`.
            secrets: texts that no error message may hold.

        Raises:
            NotServable: nobody says what the graph begins with.
        """
        super().__init__(name, graph, (), secrets)
        if graph_input is None and _MESSAGES not in _begins_with(graph):
            raise NotServable(
                f"The graph of {name} does not begin with messages.",
                "Give graph_input: a function that makes its input from a task and a context.",
            )
        self._graph_input = graph_input
        self._ledger = ledger
        self._mode = mode
        self._reasked = Reasked(graph)

    async def thread(self, context_id: str) -> Thread:
        """See `AgentPort.thread`."""
        snapshot = await self._look(context_id)
        hosted = await self._hosted(context_id, snapshot)
        delegations = [read_delegation(raised) for raised in snapshot.interrupts]
        values = snapshot.values if isinstance(snapshot.values, Mapping) else {}
        return Thread(
            caller=hosted.caller,
            cause=str((snapshot.metadata or {}).get(CAUSE, "")),
            approvals=tuple(
                hosted.approval(raised)
                for raised, delegation in zip(snapshot.interrupts, delegations, strict=True)
                if delegation is None
            ),
            delegations=tuple(one for one in delegations if one is not None),
            unfinished=bool(snapshot.tasks),
            between_steps=is_between_steps(snapshot),
            turn=messages_of_turn(values.get(_MESSAGES, []), self._final_tools),
        )

    def edit_problem(self, action: str, args: JSON) -> str:  # noqa: ARG002 - see AgentPort
        """See `AgentPort.edit_problem`."""
        return "The arguments of a hosted graph's calls cannot be edited from here."

    def _task(self, order: Begin, snapshot: StateSnapshot, config: RunnableConfig) -> object:
        caller = json.dumps(msgspec.to_builtins(order.caller))
        seed = base64.b64encode(secrets.token_bytes(16)).decode()
        config["metadata"] = {**config.get("metadata", {}), _CALLER: caller, _SEED: seed}
        if self._graph_input is not None:
            return self._graph_input(order.task, order.caller.context)
        return {_MESSAGES: [*unanswered(snapshot), HumanMessage(order.task, id=order.message_id)]}

    def _go_on(self, snapshot: StateSnapshot, config: RunnableConfig) -> None:
        kept = {name: (snapshot.metadata or {}).get(name) for name in (_CALLER, _SEED)}
        known = {name: value for name, value in kept.items() if value}
        config["metadata"] = {**config.get("metadata", {}), **known}

    async def _answer(self, order: Answer, snapshot: StateSnapshot) -> object:
        # What a run that was cut off has stored would be there twice, and answer the next question.
        await take_back(self._graph, snapshot.config, order.interrupt_id)
        if not isinstance(order.value, Review):
            return msgspec.to_builtins(order.value)
        review = order.value
        raised = next(one for one in snapshot.interrupts if one.id == order.interrupt_id)
        value = shown_interrupt(raised)
        decision = Decision(kind=review.kind, message=review.message, args=review.args)
        return native_answer(read_interrupt(value), value, decision)

    async def _broken(self, context_id: str, order: Answer) -> None:
        """Take a stored answer back, if the run broke on it, so that it can be asked again."""
        config = self._config(context_id)
        snapshot = await self._graph.aget_state(config)
        hosted = await self._hosted(context_id, snapshot)
        for raised in snapshot.interrupts:
            if raised.id == order.interrupt_id and isinstance(order.value, Review):
                review, request = order.value, hosted.approval(raised).request
                await self._reasked.note(config, raised.id)
                await take_back(self._graph, snapshot.config, raised.id)
                digest = request.args_digest
                call = ApprovedCall(request, review.kind, digest, review.reviewer, review.nonce)
                await self._ledger.taken_back(call)

    def _caller(self, snapshot: StateSnapshot) -> Caller:
        text = (snapshot.metadata or {}).get(_CALLER)
        return msgspec.json.decode(str(text), type=Caller) if text else Caller()

    def _context(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """Only what the graph knows by name: a dataclass takes nothing else."""
        schema = self._graph.context_schema
        names = getattr(schema, "__annotations__", {})
        return {name: value for name, value in context.items() if name in names}

    def _is_model(self, metadata: Mapping[str, Any]) -> bool:  # noqa: ARG002 - any node is
        return True

    def _approval(self, raised: Interrupt) -> PendingApproval | None:  # noqa: ARG002 - see below
        """None: requests are told when the run stands, with all that the thread knows of them."""
        return None

    async def _hosted(self, context_id: str, snapshot: StateSnapshot) -> HostedThread:
        seed = str((snapshot.metadata or {}).get(_SEED) or "")
        return HostedThread(
            agent=self._name,
            context_id=context_id,
            caller=self._caller(snapshot),
            # A thread that somebody else began has none: then only its ids make the salt.
            seed=base64.b64decode(seed) or hashlib.sha256(context_id.encode()).digest(),
            asked_at=snapshot.created_at or "",
            mode=self._mode,
            attempts=await self._reasked.counts(self._config(context_id)),
        )


def _begins_with(graph: Graph) -> Collection[str]:
    """The names of what a graph can be given at its start."""
    return graph.builder.schemas[graph.builder.input_schema]
