"""A worker whose standard error leads nowhere, because what started it is gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import JSON_LINE, StartProcess
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until
from workers.client.client import AgentClient
from workers.wire import keys
from workers.wire.ids import new_context_id
from workers.wire.streams.connection import Connection

SERVED = "tests.integration.workers.served:one"


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A named pipe and the descriptor that reads it; whoever closes that leaves writers deaf."""
    path = tmp_path / "stderr"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    return path, reading


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in the file system")
async def test_messages_are_handled_when_nobody_reads_the_log_any_more(
    start_process: StartProcess, pipe: tuple[Path, int], redis_url: str, stub_model: StubModel
) -> None:
    """The console that started the worker is gone: a line that cannot be written loses nothing."""
    path, reading = pipe
    worker = start_process(
        *("sh", "-c", 'exec "$@" 2>"$0"', str(path)),
        *(sys.executable, "-m", "workers", "run", SERVED),
        env={
            "SIGNOFF_REDIS_URL": redis_url,
            "OPENAI_BASE_URL": stub_model.url,
            "OPENAI_MODEL": "stub",
            "OPENAI_API_KEY": "not-a-key",
        },
        ready=JSON_LINE,
    )
    os.close(reading)
    async with Connection(redis_url) as connection:
        client = AgentClient("demo_agent", redis_url)
        # Each of these makes the worker log a line.
        for _ in range(3):
            await connection.client.xadd(keys.inbox("demo_agent"), {"data": b"{"})
        context = new_context_id()
        await client.send_message("gdp of Oslo", context)
        events = [event async for event in client.progress_events(context)]
        await client.disconnect()

        async def quarantined() -> bool:
            return bool(await connection.client.xlen(keys.dead_letters("demo_agent")) == 3)

        await await_until(quarantined, "what cannot be read is in quarantine")

    assert events[-1].data.type == "interrupt"
    assert worker.stop() == 0
