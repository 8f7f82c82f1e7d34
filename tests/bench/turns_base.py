"""`python -m tests.bench.turns_base URL CHECKPOINTS`: the base package's worker, as it is.

Runs in `.base-env`, so it imports nothing of ours but the model. The base package can be given no
model; its name for `ChatOpenAI` is the only thing of it that is replaced, and its name for the
saver where the figure is about the in-memory one (CHECKPOINTS is `memory.db` then).
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys

from langgraph.checkpoint.memory import InMemorySaver
from langgraph_distributed_agent import agent_runner

from tests.bench.instant import InstantModel, look_up


async def main(url: str, checkpoints: str) -> None:
    """Serve until killed."""
    agent_runner.ChatOpenAI = lambda **_: InstantModel()
    if checkpoints == "memory.db":
        agent_runner.AsyncSqliteSaver = lambda _: InMemorySaver()
    runner = agent_runner.AgentRunner("bench_agent", "", "", "", url, checkpoints)
    runner.add_tool(look_up)
    await runner.start()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
