"""`python peers_core.py PEER URL`: how fast another engine runs tasks that do nothing.

Runs in the environment of `peers_env`, so it imports nothing of ours. Each engine has its own
defaults, room for 50 tasks at once, and a full queue before it begins.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from datetime import timedelta

TASKS = 5000


async def docket(url: str) -> float:
    """One worker, 50 tasks at once."""
    from docket import Docket, Worker

    async def nothing() -> None:
        return

    async with Docket(name="bench", url=url) as queue:
        for _ in range(TASKS):
            await queue.add(nothing)()
        async with Worker(
            queue, concurrency=50, minimum_check_interval=timedelta(milliseconds=10)
        ) as worker:
            began = time.perf_counter()
            await worker.run_until_finished()
            return TASKS / (time.perf_counter() - began)


async def taskiq(url: str) -> float:
    """One receiver, 50 tasks at once."""
    from taskiq.receiver import Receiver
    from taskiq_redis import RedisStreamBroker

    broker = RedisStreamBroker(url)
    done, all_done = 0, asyncio.Event()

    @broker.task
    async def nothing() -> None:
        nonlocal done
        done += 1
        if done == TASKS:
            all_done.set()

    await broker.startup()
    for _ in range(TASKS):
        await nothing.kiq()
    finish = asyncio.Event()
    receiver = Receiver(broker, max_async_tasks=50, run_startup=False)
    began = time.perf_counter()
    listening = asyncio.create_task(receiver.listen(finish))
    await all_done.wait()
    rate = TASKS / (time.perf_counter() - began)
    finish.set()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await broker.shutdown()
    return rate


def dramatiq(url: str) -> float:
    """One worker with its usual eight threads."""
    import dramatiq as engine
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=url)
    engine.set_broker(broker)
    lock, all_done, done = threading.Lock(), threading.Event(), 0

    @engine.actor
    def nothing() -> None:
        nonlocal done
        with lock:
            done += 1
            if done == TASKS:
                all_done.set()

    for _ in range(TASKS):
        nothing.send()
    worker = engine.Worker(broker, worker_threads=8)
    began = time.perf_counter()
    worker.start()
    all_done.wait(60)
    rate = TASKS / (time.perf_counter() - began)
    worker.stop()
    return rate


def main() -> None:
    """Print the rate."""
    peer, url = sys.argv[1:]
    if peer == "dramatiq":
        print(dramatiq(url))
    else:
        print(asyncio.run(docket(url) if peer == "docket" else taskiq(url)))


if __name__ == "__main__":
    main()
