"""Taking turns: long work on this thread in pieces between which others go on.

The only place that says how long a piece may be. The loop has news to hear meanwhile, and the
window, which shares the interpreter with this thread, a screen to paint.
"""

from __future__ import annotations

import asyncio
import time

from desktop.precedence import WINDOW

#: A screen shows no pause of two milliseconds.
TURN_SECONDS = 0.002


class Turns:
    """Lets others have their turn when work has gone on for long enough."""

    def __init__(self) -> None:
        self._ends = time.perf_counter() + TURN_SECONDS

    async def pause_if_due(self) -> None:
        """Call it after each small step of the work."""
        if WINDOW.is_taken or time.perf_counter() >= self._ends:
            await asyncio.sleep(0)
            self._ends = time.perf_counter() + TURN_SECONDS
