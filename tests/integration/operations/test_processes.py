"""`signoff-worker run --processes N`: several at work, the dead replaced, none left behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.processes import Process, StartProcess
from tests.support.waiting import await_until, wait_until
from workers import AgentClient
from workers.wire.ids import new_context_id
from workers.wire.streams.connection import Connection
from workers.wire.streams.reader import Reader

SERVED = "tests.integration.workers.served"
CREW = "tests.integration.operations.crew"
StartWorker = Callable[..., Process]


async def test_three_serve_and_all_end_when_asked(
    worker_process: StartWorker, environment: dict[str, str], redis_url: str
) -> None:
    """One line when all listen; each has its own heartbeat; SIGTERM ends them all in good order."""
    worker = worker_process("run", "--processes", "3", f"{SERVED}:two", env=environment)

    assert worker.ready["agents"] == ["demo_agent", "economics_agent"]
    assert worker.ready["pid"] == worker.pid
    assert len(set(worker.ready["processes"])) == 3
    assert len(worker.json_lines()) == 1, "the processes' own lines are not passed on"
    async with Connection(redis_url) as connection:
        infos = await Reader(connection).workers()
        pids = {int(info.consumer.split(":")[2]) for info in infos}
        assert pids == set(worker.ready["processes"])

        assert worker.stop() == 0
        assert await Reader(connection).workers() == [], "each said goodbye"
    assert not any(is_alive(pid) for pid in pids)


async def test_one_that_dies_is_replaced(
    worker_process: StartWorker, environment: dict[str, str], redis_url: str
) -> None:
    """The others go on, and after a short pause there are as many as before."""
    worker = worker_process("run", "--processes", "2", f"{SERVED}:one", env=environment)
    before = set(worker.ready["processes"])
    victim = min(before)

    os.kill(victim, signal.SIGKILL)

    async with Connection(redis_url) as connection:

        async def two_again() -> bool:
            infos = await Reader(connection).workers()
            pids = {int(info.consumer.split(":")[2]) for info in infos}
            return len(pids - {victim}) == 2

        await await_until(two_again, "another to take its place", 20)
    assert '"exit_code": 137' in worker.errors()

    client = AgentClient("demo_agent", redis_url)
    context = new_context_id()
    await client.send_message("hello", context)
    events = [event async for event in client.progress_events(context)]
    await client.disconnect()
    assert "You said: hello" in str(events[-1].data.message)
    assert worker.stop() == 0


def test_a_second_signal_kills_what_does_not_end(
    worker_process: StartWorker, environment: dict[str, str]
) -> None:
    """A tool that never returns holds a stop up, until somebody insists."""
    worker = worker_process("run", "--processes", "2", f"{CREW}:stubborn", env=environment)

    worker.send_signal(signal.SIGINT)
    wait_until(lambda: "I will not go" in worker.errors(), "the processes to be asked")
    assert worker.exit_code is None
    worker.send_signal(signal.SIGTERM)

    assert worker.wait_until_ended(10) == 130
    assert not any(is_alive(pid) for pid in worker.ready["processes"])


def test_none_outlives_the_one_that_started_them(
    worker_process: StartWorker, environment: dict[str, str]
) -> None:
    """Not even when it has no time to say so."""
    worker = worker_process("run", "--processes", "2", f"{SERVED}:one", env=environment)

    worker.kill()

    wait_until(
        lambda: not any(is_alive(pid) for pid in worker.ready["processes"]),
        "the processes to notice",
    )


def test_what_is_configured_wrongly_is_said_once(
    start_process: StartProcess, environment: dict[str, str]
) -> None:
    """By the first process; the others are not even started."""
    worker = start_process(
        sys.executable, "-m", "workers", "run", "--processes", "4", f"{SERVED}:no_such",
        env=environment,
    )  # fmt: skip

    assert worker.wait_until_ended() == 2
    assert worker.errors().count("has no 'no_such'") == 1
    assert len(worker.errors().strip().splitlines()) == 2


def test_what_tools_print_is_passed_on(
    worker_process: StartWorker, environment: dict[str, str]
) -> None:
    """Lines stay whole, and a line that only looks like a ready line is no ready line."""
    worker = worker_process(
        "run", "--processes", "2", f"{CREW}:talkative", env=environment, ready='"processes"'
    )

    assert worker.output().count("a tool was made\n") == 2
    assert worker.output().count('{"agents": ["somebody"], "pid": 1}\n') == 2
    assert worker.json_lines()[-1]["pid"] == worker.pid


def is_alive(pid: int) -> bool:
    """Whether such a process runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
