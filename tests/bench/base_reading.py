"""The base package as a reader of progress: how fast it decodes, and how soon it tells an event.

`decode FILE`: entries a second, of a file with one entry on each line. `follow URL CONTEXT COUNT`:
a JSON list of the milliseconds from the broker to `progress_events`, of so many events. Runs in
`.base-env`, so it imports nothing of ours. `progress_events` does not tell the ids of entries;
they are noted from the answers of its client on their way to it.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from langgraph_distributed_agent.agent_client import AgentClient
from langgraph_distributed_agent.distributed_agent_worker import ContextProgressEvent

_ROUNDS = 5
_SECONDS = 60


def decode(path: str) -> float:
    """The best of five rounds, by the two calls with which the base package reads an entry."""
    lines = Path(path).read_text().splitlines()
    best = 0.0
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for line in lines:
            ContextProgressEvent.model_validate(json.loads(line))
        best = max(best, len(lines) / (time.perf_counter() - began))
    return best


async def follow(url: str, context: str, count: str) -> list[float]:
    """How long each event took."""
    client = AgentClient("demo_agent", url)
    arrived_ms: list[int] = []
    read = client.redis.xreadgroup

    async def noting(**arguments: Any) -> Any:  # noqa: ANN401 - the client's
        answer = await read(**arguments)
        for _, entries in answer or ():
            arrived_ms.extend(int(entry_id.partition("-")[0]) for entry_id, _ in entries)
        return answer

    client.redis.xreadgroup = noting
    taken_ms: list[float] = []
    print("ready", flush=True)
    async with asyncio.timeout(_SECONDS):
        async for _ in client.progress_events(context):
            taken_ms.append(time.time() * 1000 - arrived_ms[len(taken_ms)])
            if len(taken_ms) == int(count):
                break
    await client.redis.aclose()
    return taken_ms


def main() -> None:
    """Do one of them."""
    job, *rest = sys.argv[1:]
    print(json.dumps(decode(*rest) if job == "decode" else asyncio.run(follow(*rest))))


if __name__ == "__main__":
    main()
