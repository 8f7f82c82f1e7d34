"""One queue for each context: its messages in order, the contexts side by side.

The only place that starts tasks for messages. A task lives as long as its queue has something in
it; how many run at the same time is bounded, and so is how much may wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

SLOTS = 50


class ContextQueues(Generic[Item]):
    """The queues of one agent.

    Attributes:
        running: how many contexts are being worked on now.
    """

    def __init__(
        self, agent: str, work: Callable[[str, Item], Awaitable[None]], slots: int = SLOTS
    ) -> None:
        """Make them.

        Args:
            work: does one message of a context; it must not raise.
        """
        self.running = 0
        self._agent = agent
        self._work = work
        self._slots = asyncio.Semaphore(slots)
        self._queues: dict[str, deque[Item]] = {}
        # A task that nobody holds may be collected while it runs.
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many messages wait or are being worked on."""
        return sum(len(queue) for queue in self._queues.values())

    def put(self, context_id: str, item: Item) -> None:
        """Add a message behind the others of its context."""
        queue = self._queues.get(context_id)
        if queue is not None:
            queue.append(item)
            return
        self._queues[context_id] = deque([item])
        name = f"{self._agent} in context {context_id}"
        task = asyncio.create_task(self._serve(context_id), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drained(self) -> None:
        """Wait until nothing is left to do."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """End what still runs, now."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._queues.clear()

    async def _serve(self, context_id: str) -> None:
        queue = self._queues[context_id]
        try:
            while queue:
                async with self._slots:
                    self.running += 1
                    try:
                        await self._work(context_id, queue[0])
                    finally:
                        self.running -= 1
                queue.popleft()
        finally:
            # Nothing is awaited between the look at the queue and this: no message falls between.
            self._queues.pop(context_id, None)
