"""Being told to stop: the first signal asks, the second insists.

The only place of a worker that listens to signals.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def stopped_by_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set; a second one cancels the task inside the block."""
    stop, loop, task = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def on_signal() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        # Windows has no handlers in the loop; its handlers run between two steps of it.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, on_signal)
            continue
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal))
    try:
        yield stop
    finally:
        for number in numbers:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
