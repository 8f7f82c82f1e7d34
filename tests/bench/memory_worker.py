"""`python -m tests.bench.memory_worker URL KIND CONTEXTS`: how a worker grows while it works.

KIND `runtime`: the whole runtime with an agent that only says a word; `graph`: with LangGraph and
its saver in a file. Prints the growth over CONTEXTS finished contexts, in MB: resident memory after
them, less that after a tenth of them, by which time everything is loaded and every pool is full.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench import turns_ours
from tests.bench.turns_sent import AGENT
from workers.operations.collecting import spare_the_collector
from workers.runtime.judging import Judge
from workers.runtime.ports import (
    Begin,
    Caller,
    MessageProduced,
    Order,
    RunEnded,
    RunEvent,
    Thread,
)
from workers.runtime.service import serve
from workers.runtime.worker import Worker
from workers.wire import keys
from workers.wire.approvals import Mode
from workers.wire.canonical import JSON
from workers.wire.codec import encode_event
from workers.wire.events import AgentInvocation, Event
from workers.wire.ids import HUMAN, new_consumer_name
from workers.wire.streams.connection import Connection

#: What the broker keeps of finished contexts is thrown away in between; it is not what is measured.
AT_ONCE = 1000
_LOOK_SECONDS = 0.02


class OneWord:
    """An agent that answers at once and keeps nothing."""

    name = AGENT
    tools: Sequence[str] = ()

    async def thread(self, context_id: str) -> Thread:  # noqa: ARG002 - see AgentPort
        """Always as if it were new."""
        return Thread(Caller())

    async def run(self, context_id: str, order: Order, cause: str) -> AsyncGenerator[RunEvent]:  # noqa: ARG002 - see AgentPort
        """Say one word."""
        assert isinstance(order, Begin)
        message: dict[str, JSON] = {"type": "ai", "content": "Yes.", "id": cause}
        said = MessageProduced(cause, message, "Yes.", may_be_last=True)
        yield said
        yield RunEnded(said)

    def edit_problem(self, action: str, args: JSON) -> str:  # noqa: ARG002 - see AgentPort
        """There are no tools."""
        return ""

    def drain(self) -> None:
        """Every run ends at once anyway."""


async def main(url: str, kind: str, contexts: str) -> None:
    """Serve in this process, and send from it, too."""
    count, stop, listening = int(contexts), asyncio.Event(), asyncio.Event()
    consumer = new_consumer_name()
    async with Connection(url) as connection, _worker(kind, connection, consumer) as worker:
        serving = asyncio.create_task(
            serve([worker], consumer, stop, on_listening=listening.set), name="worker"
        )
        await listening.wait()
        spare_the_collector()
        await _send(connection, "warm", count // 10)
        before = _resident_mb()
        await _send(connection, "context", count)
        print(_resident_mb() - before)
        stop.set()
        await serving


@asynccontextmanager
async def _worker(kind: str, connection: Connection, consumer: str) -> AsyncIterator[Worker]:
    if kind == "runtime":
        yield Worker(OneWord(), connection, Judge("bench", Mode.BOUND), consumer)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        runner = turns_ours.runner(connection.url, str(Path(folder) / "threads.db"))
        await runner.create()
        try:
            yield runner.worker(consumer)
        finally:
            await runner.close()


async def _send(connection: Connection, name: str, count: int) -> None:
    """Send tasks to new contexts, a thousand at once, and wait until they are done."""
    for start in range(0, count, AT_ONCE):
        async with connection.client.pipeline(transaction=False) as batch:
            for number in range(start, min(start + AT_ONCE, count)):
                context = f"{name}-{number}"
                task = AgentInvocation(
                    task="Well?", caller_agent=HUMAN, invocation_id=context, context={}
                )
                batch.xadd(keys.inbox(AGENT), {"data": encode_event(Event(context, task))})
            await batch.execute()
        while await connection.client.xlen(keys.inbox(AGENT)):  # noqa: ASYNC110 - the broker's
            await asyncio.sleep(_LOOK_SECONDS)
        await _forget(connection)


async def _forget(connection: Connection) -> None:
    """Delete what the broker keeps of contexts."""
    client = connection.client
    kept = (keys.inbox_keys(AGENT).encode(), keys.inbox(AGENT).encode(), b"signoff:worker")
    async for key in client.scan_iter(count=5000):
        if not key.startswith(kept):
            await client.unlink(key)


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
