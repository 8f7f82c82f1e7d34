"""`python -m tests.bench.holding URL`: a worker that says when it begins, and never ends."""

from __future__ import annotations

import asyncio
import sys

import structlog

from workers.runtime.dispatch import Dispatcher
from workers.runtime.inbox import Taken, Verdict
from workers.runtime.pace import Pace
from workers.wire.ids import new_consumer_name
from workers.wire.streams.connection import Connection


async def main(url: str) -> None:
    """Serve until killed."""

    async def handle(_taken: Taken) -> Verdict:
        print("began", flush=True)
        await asyncio.Event().wait()
        raise AssertionError

    async with Connection(url) as connection:
        pace = Pace(heartbeat_seconds=1, lease_seconds=3)
        dispatcher = Dispatcher(connection, "bench_agent", new_consumer_name(), pace, handle)
        await dispatcher.open()
        print("ready", flush=True)
        await dispatcher.serve(asyncio.Event())


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    asyncio.run(main(sys.argv[1]))
