"""The event loop of a worker process.

The only place that chooses it. A worker with fifty runs is mostly busy with switching between them
and with small writes; a loop in C does that for a third of the price. There is none for Windows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def quick_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the quickest loop there is; None for the one that comes with Python."""
    try:
        import uvloop  # noqa: PLC0415 - not there on every system
    except ImportError:
        return None
    return uvloop.new_event_loop
