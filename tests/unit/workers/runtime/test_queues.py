"""Messages of a context in order, contexts side by side, and no task that outlives its work."""

from __future__ import annotations

import asyncio

from tests.support.waiting import await_until
from workers.runtime.queues import ContextQueues


async def test_each_context_keeps_its_order_and_none_waits_for_another() -> None:
    """A context that takes long holds up itself only."""
    done: list[tuple[str, int]] = []
    gate = asyncio.Event()

    async def work(context_id: str, number: int) -> None:
        if context_id == "slow":
            await gate.wait()
        done.append((context_id, number))

    queues = ContextQueues[int]("demo_agent", work)
    for number in range(3):
        queues.put("slow", number)
        queues.put("quick", number)
    await await_until(lambda: len(done) == 3, "the quick context")
    assert done == [("quick", 0), ("quick", 1), ("quick", 2)]
    assert queues.running == 1

    gate.set()
    await queues.drained()

    assert done[3:] == [("slow", 0), ("slow", 1), ("slow", 2)]
    assert (queues.running, queues.waiting) == (0, 0)


async def test_no_more_contexts_run_at_once_than_there_are_slots() -> None:
    """A burst of a thousand conversations does not start a thousand runs."""
    most = 0
    running = 0

    async def work(_context_id: str, _number: int) -> None:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    queues = ContextQueues[int]("demo_agent", work, slots=3)
    for number in range(100):
        queues.put(f"context {number}", number)
    await queues.drained()

    assert most == 3


async def test_a_message_that_comes_while_the_last_one_ends_is_not_forgotten() -> None:
    """The task of a context ends with its queue; the next message starts another."""
    done: list[int] = []

    async def work(_context_id: str, number: int) -> None:
        done.append(number)
        if number < 5:
            queues.put("context", number + 1)

    queues = ContextQueues[int]("demo_agent", work)
    queues.put("context", 0)
    await queues.drained()
    queues.put("context", 9)
    await queues.drained()

    assert done == [0, 1, 2, 3, 4, 5, 9]


async def test_cancelling_ends_what_runs_and_forgets_what_waits() -> None:
    """The second signal: what was not settled is delivered again to another worker."""
    started = asyncio.Event()
    done: list[int] = []

    async def work(_context_id: str, number: int) -> None:
        started.set()
        await asyncio.Event().wait()
        done.append(number)

    queues = ContextQueues[int]("demo_agent", work)
    queues.put("context", 1)
    queues.put("context", 2)
    await started.wait()
    await queues.cancel()

    assert done == []
    assert queues.waiting == 0
