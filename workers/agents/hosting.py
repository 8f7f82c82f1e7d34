"""Any compiled LangGraph graph as an agent: its own state, its own nodes, its own interrupts.

The only place that runs graphs which know nothing of us. What our own graphs keep in their state
(the caller, the seed of the salts) is kept in the metadata of the thread's checkpoints here.

An interrupt is bound to its decision before the graph resumes. What the graph does afterwards is
its own: there is no second check at the point of use. That an approved step goes on is noted before
and after; one that was cut off, or failed, in between is never run again by itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias

import msgspec
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Interrupt, StateSnapshot

from workers.agents.delegation import read_delegation
from workers.agents.failures import is_of_service
from workers.agents.graph import Graph, LangGraphAgent
from workers.agents.hearing import Hearing
from workers.agents.hosted_calls import HostedCalls
from workers.agents.interrupts import HostedThread, shown_interrupt
from workers.agents.mapping import CAUSE, is_between_steps, messages_of_turn, unanswered
from workers.agents.poison import Reasked, end_run, take_back
from workers.errors import NotServable
from workers.runtime.judging import Judge
from workers.runtime.metering import Meter
from workers.runtime.ports import (
    Answer,
    ApprovedCall,
    Begin,
    Caller,
    Ledger,
    Order,
    PendingApproval,
    Review,
    RunEvent,
    RunFailed,
    RunStopped,
    Thread,
)
from workers.wire.answers import native_answer
from workers.wire.approvals import Decision
from workers.wire.canonical import JSON
from workers.wire.dialects import read_interrupt

#: Makes the input of a graph from a task and the caller's context.
GraphInput: TypeAlias = Callable[[str, Mapping[str, JSON]], Any]

#: A question whose answers break the run is asked so often again.
MOST_QUESTIONS = 3
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
        judge: Judge,
        graph_input: GraphInput | None = None,
        secrets: Sequence[str] = (),
        expires_after_seconds: float | None = None,
        meter: Meter | None = None,
    ) -> None:
        """Put a graph behind the port.

        Args:
            graph: with a checkpointer.
            graph_input: not needed where the graph begins with `messages`.
            secrets: texts that no error message may hold.
            expires_after_seconds: a decision counts so long, where a question can be answered with
                no; None: for ever.
            meter: counts the calls of models and tools that the graph makes.

        Raises:
            NotServable: nobody says what the graph begins with.
        """
        super().__init__(name, graph, (), secrets)
        if graph_input is None and _MESSAGES not in _begins_with(graph):
            raise NotServable(
                f"The graph of {name} does not begin with messages.",
                "Give graph_input: a function that makes its input from a task and a context.",
            )
        self._hearing = Hearing(meter or Meter())
        self._graph_input = graph_input
        self._ledger = ledger
        self._judge = judge
        self._expires_after_seconds = expires_after_seconds
        self._reasked = Reasked(graph)
        self._calls = HostedCalls(graph, ledger, self._reasked)

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

    def _config(self, context_id: str, cause: str = "") -> RunnableConfig:
        return {**super()._config(context_id, cause), "callbacks": [self._hearing]}

    def _go_on(self, snapshot: StateSnapshot, config: RunnableConfig) -> None:
        kept = {name: (snapshot.metadata or {}).get(name) for name in (_CALLER, _SEED)}
        known = {name: value for name, value in kept.items() if value}
        config["metadata"] = {**config.get("metadata", {}), **known}

    async def run(self, context_id: str, order: Order, cause: str) -> AsyncGenerator[RunEvent]:
        """See `AgentPort.run`. A step whose outcome is not known is asked about instead."""
        call = None
        if isinstance(order, Answer):
            snapshot = await self._graph.aget_state(self._config(context_id))
            call = await self._called(context_id, order, snapshot)
            if call is not None and not await self._calls.may_start(
                call, order.interrupt_id, snapshot
            ):
                return
        try:
            async with aclosing(super().run(context_id, order, cause)) as events:
                async for event in events:
                    yield event
        except (RunFailed, RunStopped):
            if call is not None and await self._is_over(context_id, call):
                await self._ledger.ended(call)
            raise
        if call is not None:
            await self._ledger.ended(call)

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

    async def _broken(
        self, context_id: str, order: Answer, error: Exception, failure: RunFailed
    ) -> RunFailed:
        """See `LangGraphAgent._broken`.

        A step that let something run is asked about: it may have had its effect. Where the answer
        may be what broke it, it is taken back and asked for again, a few times. Else, or when that
        did not help, the run is given up, so that the next task finds the thread free.
        """
        snapshot = await self._graph.aget_state(self._config(context_id))
        raised = _find(snapshot, order)
        review = order.value
        if raised is None or not isinstance(review, Review):
            return failure  # the step that asked came to its end: the answer was right
        call = await self._called(context_id, order, snapshot)
        if call is not None:
            await self._calls.doubt(call, raised.id, snapshot.config)
            return RunFailed(failure.title, failure.hint, kind=failure.kind)
        if failure.is_transient:
            return failure
        hosted = await self._hosted(context_id, snapshot)
        request = hosted.approval(raised).request
        if is_of_service(error) or request.attempt >= MOST_QUESTIONS:
            await end_run(self._graph, snapshot.config)
            return failure
        await self._reasked.note(snapshot.config, raised.id)
        await take_back(self._graph, snapshot.config, raised.id)
        digest = request.args_digest
        answered = ApprovedCall(
            request, review.kind, digest, review.reviewer, review.nonce, review.reviewers
        )
        await self._ledger.taken_back(answered)
        return failure

    async def _is_over(self, context_id: str, call: ApprovedCall) -> bool:
        """Whether the step that asked has come to its end, so that another one failed."""
        tool_call_id, digest = call.request.tool_call_id, call.request.args_digest
        thread = await self.thread(context_id)
        waiting = {(one.request.tool_call_id, one.request.args_digest) for one in thread.approvals}
        return (tool_call_id, digest) not in waiting

    async def _called(
        self, context_id: str, order: Answer, snapshot: StateSnapshot
    ) -> ApprovedCall | None:
        """What an answer lets the graph run, if it approves a call."""
        raised = _find(snapshot, order)
        if raised is None:
            return None
        return self._calls.called(order, raised, await self._hosted(context_id, snapshot))

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
            judge=self._judge,
            again=await self._reasked.known(self._config(context_id)),
            expires_after_seconds=self._expires_after_seconds,
        )


def _find(snapshot: StateSnapshot, order: Answer) -> Interrupt | None:
    """The interrupt that an order answers, while it waits."""
    return next((one for one in snapshot.interrupts if one.id == order.interrupt_id), None)


def _begins_with(graph: Graph) -> Collection[str]:
    """The names of what a graph can be given at its start."""
    return graph.builder.schemas[graph.builder.input_schema]
