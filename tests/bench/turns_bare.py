"""`python -m tests.bench.turns_bare URL CHECKPOINTS DURABILITY KIND`: our worker's graph, alone.

The same compiled graph, model, tool and saver; `astream`, 50 at once; no inbox, no leases, nothing
told to anybody. Prints turns per second. KIND is `as ours`, `stock` for LangGraph's saver as it
comes, or `spared` for a collector set as our worker sets it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from tests.bench.turns_ours import IN_MEMORY, runner
from tests.bench.turns_sent import CONTEXTS, WARM
from workers.agents.checkpoints import open_checkpoints
from workers.agents.state import new_task_state
from workers.operations.collecting import spare_the_collector
from workers.runtime.ports import Caller

AT_ONCE = 50


async def main(url: str, checkpoints: str, durability: str, kind: str) -> None:
    """Time it."""
    made = runner(url, IN_MEMORY)
    await made.create()
    async with AsyncExitStack() as resources:
        resources.push_async_callback(made.close)
        saver: Any = InMemorySaver()
        if checkpoints != IN_MEMORY and kind == "stock":
            opening = AsyncSqliteSaver.from_conn_string(checkpoints)
            saver = await resources.enter_async_context(opening)
        elif checkpoints != IN_MEMORY:
            saver = await resources.enter_async_context(open_checkpoints(checkpoints))
        agent: Any = made._agent  # the very graph that the worker runs
        graph = agent._graph.copy({"checkpointer": saver})
        room = asyncio.Semaphore(AT_ONCE)

        async def turn(name: str) -> None:
            given = {"messages": [HumanMessage("How is Bern?")], **new_task_state(Caller())}
            async with room:
                async for _ in graph.astream(
                    given,
                    {"configurable": {"thread_id": name}},
                    stream_mode="updates",
                    durability=durability,
                    context={},
                ):
                    pass

        if kind == "spared":
            spare_the_collector()
        await asyncio.gather(*(turn(f"warm-{number}") for number in range(WARM)))
        began = time.perf_counter()
        await asyncio.gather(*(turn(f"context-{number}") for number in range(CONTEXTS)))
        print(CONTEXTS / (time.perf_counter() - began))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
