"""Tasks sent to a worker in a process of its own, and how soon they are answered.

The only place that starts workers for benchmarks, ours and the base package's alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import msgspec
import redis

from tests.support.environment import ROOT
from tests.support.redis_server import RedisServer
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import AgentInvocation, Event
from workers.wire.ids import HUMAN

AGENT = "bench_agent"
CONTEXTS = 300
#: Contexts before those that count, so that nothing is loaded for the first time any more.
WARM = 20
#: A worker that has told nothing for so long has lost what is left; the base package's lock on a
#: context is polled ten times a second.
QUIET_SECONDS = 6.0
#: The first task is answered when the worker has started.
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Turns:
    """What came of tasks that were sent at once.

    Attributes:
        rate: answered per second, up to the last answer.
        lost: those that were never answered.
    """

    rate: float
    lost: int


def our_worker(
    server: RedisServer, checkpoints: str, processes: int = 1, model_seconds: float = 0.0
) -> AbstractContextManager[None]:
    """Our worker, as its command starts it."""
    agent = "tests.bench.turns_ours:runner"
    command = [sys.executable, "-m", "workers", "run", agent, "--processes", str(processes)]
    environment = {
        "SIGNOFF_REDIS_URL": server.url,
        "CHECKPOINT_DB_URL": checkpoints,
        "BENCH_MODEL_SECONDS": str(model_seconds),
    }
    return _worker(server, command, environment)


def base_worker(server: RedisServer, checkpoints: str, python: str) -> AbstractContextManager[None]:
    """The base package's worker, run by the interpreter that has it."""
    command = [python, "-m", "tests.bench.turns_base", server.url, checkpoints]
    return _worker(server, command, {})


def turns_of(
    server: RedisServer, worker: AbstractContextManager[None], count: int = CONTEXTS
) -> Turns:
    """The turns of a worker that is started for them."""
    server.flush()
    with worker, server.client() as client:
        send_and_wait(client, "warm", WARM)
        return send_and_wait(client, "context", count)


@contextmanager
def _worker(
    server: RedisServer, command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[None]:
    # What it prints goes to a file, as it would where it is used.
    with (server.folder / "worker.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, **environment}
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def send_and_wait(client: redis.Redis, name: str, count: int) -> Turns:
    """Send a task to each of `count` new contexts at once, and wait for their answers."""
    told = client.pubsub(ignore_subscribe_messages=False)
    told.psubscribe(f"{keys.progress('')}*")
    while told.get_message(timeout=1) is None:
        pass
    batch = client.pipeline(transaction=False)
    for number in range(count):
        context = f"{name}-{number}"
        task = AgentInvocation(
            task="How is Bern?", caller_agent=HUMAN, invocation_id=context, context={}
        )
        batch.xadd(keys.inbox(AGENT), {"data": encode_event(Event(context, task))})
    began = last = time.perf_counter()
    batch.execute()
    done = 0
    while done < count:
        message = told.get_message(timeout=QUIET_SECONDS)
        silence = time.perf_counter() - last
        if message is None and silence > (QUIET_SECONDS if done else _START_SECONDS):
            break
        if message is not None and _is_last(message["data"]):
            done, last = done + 1, time.perf_counter()
    told.close()
    return Turns(done / max(last - began, 1e-9), count - done)


def _is_last(data: object) -> bool:
    event = msgspec.json.decode(str(data))
    return bool(isinstance(event, dict) and event["data"]["is_finish"])
