"""The agent of the benchmarks: `signoff-worker run tests.bench.turns_ours:runner`.

The environment names the broker and the checkpoints, as everywhere: a file, or `memory.db` for
LangGraph's in-memory saver; and how long the model takes for an answer (seconds).
"""

from __future__ import annotations

import os
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from tests.bench.instant import InstantModel, look_up
from tests.bench.turns_sent import AGENT
from workers.agents.runner import AgentRunner

IN_MEMORY = "memory.db"
MODEL_SECONDS = "BENCH_MODEL_SECONDS"


class BenchRunner(AgentRunner):
    """A runner that can also keep its threads in LangGraph's in-memory saver."""

    async def _open_saver(self) -> BaseCheckpointSaver[Any]:
        if self._checkpoint_url == IN_MEMORY:
            return InMemorySaver()
        return await super()._open_saver()


def runner(redis_url: str = "", checkpoints: str = "") -> BenchRunner:
    """The agent, not created yet."""
    model = InstantModel(seconds=float(os.environ.get(MODEL_SECONDS, "0")))
    made = BenchRunner(AGENT, redis_url=redis_url, checkpoint_url=checkpoints, model=model)
    made.add_tool(look_up)
    return made
