"""Stored answers that a graph cannot go on with are taken back, and the question is asked again.

The only place that changes what a checkpoint store holds of a thread. An interrupt that is not
typed keeps whatever it was given; a node that fails on it fails each time it is run again. Going
back to the checkpoint before would run the node's siblings, and their effects, a second time; so
only the answer is replaced, by the answers that were there before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.constants import END
from langgraph.types import Interrupt, PregelTask, StateSnapshot

from workers.agents.graph import Graph

#: LangGraph's channel of answers. A saver replaces what it holds there for a task.
_RESUME = "__resume__"
#: Our own namespace beside a thread's checkpoints.
_NAMESPACE = "signoff"
_COUNTS = "signoff_asked_again_v2"


async def take_back(graph: Graph, config: RunnableConfig, interrupt_id: str) -> None:
    """Drop what is stored as the answer to a pending interrupt, if anything is."""
    saver = _saver(graph)
    snapshot = await graph.aget_state(_head(config), subgraphs=True)
    for owner, task in _tasks(snapshot):
        if all(raised.id != interrupt_id for raised in task.interrupts):
            continue
        stored = await saver.aget_tuple(owner.config)
        writes = (stored.pending_writes or []) if stored is not None else []
        answers = [write[2] for write in writes if write[0] == task.id and write[1] == _RESUME]
        kept = _answered_before(owner, task, interrupt_id, len(answers[0]) if answers else 0)
        if stored is not None and answers and len(answers[0]) > kept:
            await saver.aput_writes(stored.config, [(_RESUME, answers[0][:kept])], task.id)


async def end_run(graph: Graph, config: RunnableConfig) -> None:
    """Give up what a run still has to do, and what it waits for; what it did is kept."""
    await graph.aupdate_state(_head(config), None, as_node=END)


class Again(msgspec.Struct, frozen=True, array_like=True):
    """How a question came to be asked again.

    Attributes:
        times: how often it was.
        in_doubt: the last time because what it had let run may have had its effect.
    """

    times: int
    in_doubt: bool = False


class Reasked:
    """How often each interrupt of a thread was asked again; kept beside the thread itself."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def known(self, config: RunnableConfig) -> dict[str, Again]:
        """By interrupt id."""
        stored = await _saver(self._graph).aget_tuple(_beside(config))
        metadata: dict[str, Any] = dict(stored.metadata) if stored is not None else {}
        return msgspec.json.decode(metadata.get(_COUNTS, "{}"), type=dict[str, Again])

    async def note(
        self, config: RunnableConfig, interrupt_id: str, *, in_doubt: bool = False
    ) -> None:
        """Count one more, so that the next request for it has an id of its own."""
        known = await self.known(config)
        times = known.get(interrupt_id, Again(0)).times + 1
        known[interrupt_id] = Again(times, in_doubt)
        text = msgspec.json.encode(known).decode()
        metadata: Any = {"source": "update", "step": 0, _COUNTS: text}
        await _saver(self._graph).aput(_beside(config), empty_checkpoint(), metadata, {})


def _saver(graph: Graph) -> BaseCheckpointSaver[Any]:
    saver = graph.checkpointer
    assert isinstance(saver, BaseCheckpointSaver)  # noqa: S101 - the runner has put it there
    return saver


def _head(config: RunnableConfig) -> RunnableConfig:
    return {"configurable": {"thread_id": config["configurable"]["thread_id"]}}


def _beside(config: RunnableConfig) -> RunnableConfig:
    thread_id = config["configurable"]["thread_id"]
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": _NAMESPACE}}


def _tasks(snapshot: StateSnapshot) -> Iterator[tuple[StateSnapshot, PregelTask]]:
    """The tasks that raised something themselves, down through all subgraphs."""
    for task in snapshot.tasks:
        if isinstance(task.state, StateSnapshot):
            yield from _tasks(task.state)
        else:
            yield snapshot, task


def _answered_before(owner: StateSnapshot, task: PregelTask, interrupt_id: str, stored: int) -> int:
    """How many questions of its task were answered before this one was asked."""
    parent = owner.config["configurable"].get("checkpoint_ns", "")
    place = f"{parent}|{task.name}:{task.id}" if parent else f"{task.name}:{task.id}"
    for count in range(stored + 1):
        if Interrupt.from_ns(None, f"{place}|{count}" if count else place).id == interrupt_id:
            return count
    return 0
