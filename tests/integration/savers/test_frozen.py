"""A real process, stopped exactly between asking the broker and writing, and thawed too late."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable
from pathlib import Path

from tests.support.databases import DatabaseServer
from tests.support.processes import Process
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until, wait_until
from workers import AgentClient
from workers.agents.checkpoints import open_checkpoints
from workers.wire.ids import new_context_id

SERVED = "tests.integration.savers.frozen:runner"


async def test_a_process_frozen_past_its_lease_leaves_no_trace_in_the_store(
    worker_process: Callable[..., Process],
    redis_url: str,
    stub_model: StubModel,
    postgres_server: DatabaseServer,
    tmp_path: Path,
) -> None:
    """The other one looks the weather up again, and its answer is the only one kept."""
    store, frozen_file = postgres_server.new_database(), tmp_path / "frozen"
    environment = {
        "CHECKPOINT_DB_URL": store,
        "FREEZE_AT": str(frozen_file),
        "SIGNOFF_REDIS_URL": redis_url,
        "OPENAI_BASE_URL": stub_model.url,
        "OPENAI_MODEL": "stub",
        "OPENAI_API_KEY": "not-a-key",
        "SIGNOFF_HEARTBEAT_SECONDS": "0.5",
        "SIGNOFF_LEASE_SECONDS": "1.5",
    }
    client, context = AgentClient("demo_agent", redis_url), new_context_id()
    frozen = worker_process("run", SERVED, env=environment)
    await client.send_message("weather in Oslo", context)
    wait_until(frozen_file.exists, "the first one to freeze", may_block_loop=True)

    second = worker_process("run", SERVED, env=environment)
    async with asyncio.timeout(30):
        events = [event async for event in client.progress_events(context)]
    assert f"says {second.pid}" in str(events[-1].data.message)
    frozen.send_signal(signal.SIGCONT)
    # Either the thread that renews leases is first to know, or the write itself.
    noticed = re.compile("lease lost|taken over")
    await await_until(lambda: noticed.search(frozen.errors()), "the first one to notice", 30)
    await client.disconnect()

    async with open_checkpoints(store) as saver:
        config = {"configurable": {"thread_id": f"demo_agent#{context}", "checkpoint_ns": ""}}
        kept = [repr(one) async for one in saver.alist(config)]  # type: ignore[arg-type]
    assert any(f"says {second.pid}" in one for one in kept)
    assert not any(f"says {frozen.pid}" in one for one in kept)
    assert frozen.stop() == 0
