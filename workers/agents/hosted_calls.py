"""Approved calls of hosted graphs: what a person let run is started once, as far as can be told.

The only place that says which answers let a graph run something. Where a graph makes a call is its
own affair; what can be watched is the step that asked. A step that was given its approval and did
not come to its end is not run again by itself: what it did is not known, so a person is asked.
"""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig
from langgraph.types import Interrupt, StateSnapshot

from workers.agents.graph import Graph
from workers.agents.interrupts import HostedThread, shown_interrupt
from workers.agents.poison import Reasked, take_back
from workers.runtime.ledger import HALTED
from workers.runtime.ports import Answer, ApprovedCall, Ledger, Review
from workers.wire.approvals import DecisionKind
from workers.wire.dialects import Dialect, read_interrupt

_CALLS = frozenset(
    (
        Dialect.TOOL_APPROVAL,
        Dialect.HITL_BATCH,
        Dialect.AGENT_INBOX,
        Dialect.BASE,
        Dialect.SIGNOFF,
    )
)


class HostedCalls:
    """The approved calls of one hosted graph."""

    def __init__(self, graph: Graph, ledger: Ledger, reasked: Reasked) -> None:
        self._graph = graph
        self._ledger = ledger
        self._reasked = reasked

    def called(self, order: Answer, raised: Interrupt, hosted: HostedThread) -> ApprovedCall | None:
        """What an answer lets the graph run; None if it is no approval of a call."""
        review = order.value
        if not isinstance(review, Review) or review.kind is DecisionKind.REJECT:
            return None
        if read_interrupt(shown_interrupt(raised)).dialect not in _CALLS:
            return None
        request = hosted.approval(raised).request
        digest = request.args_digest
        return ApprovedCall(
            request, review.kind, digest, review.reviewer, review.nonce, review.reviewers
        )

    async def may_start(self, call: ApprovedCall, interrupt_id: str, at: StateSnapshot) -> bool:
        """Note that the step goes on. False: it did before, or was halted; it is asked again."""
        earlier = await self._ledger.start(call)
        if earlier is None:
            return True
        is_halted = earlier.result is not None and earlier.result.content == HALTED
        await self._reasked.note(at.config, interrupt_id, in_doubt=not is_halted)
        await take_back(self._graph, at.config, interrupt_id)
        return False

    async def doubt(self, call: ApprovedCall, interrupt_id: str, config: RunnableConfig) -> None:
        """Ask about a call that was started, and is not known to have ended well."""
        await self._ledger.doubt(call)
        await self._reasked.note(config, interrupt_id, in_doubt=True)
        await take_back(self._graph, config, interrupt_id)
