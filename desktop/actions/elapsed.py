"""How long something lasts, whatever somebody does to the clock meanwhile.

The only place that reads a clock which is never set, and which goes on while the computer sleeps.
"""

from __future__ import annotations

import sys
import time


def awake_and_asleep() -> float:
    """Seconds of such a clock; it began at any time.

    `time.monotonic` stands still in the sleep of Linux and macOS; on Windows it goes on.
    """
    if sys.platform == "win32":
        return time.monotonic()
    # CLOCK_BOOTTIME is Linux's alone; of the others, CLOCK_MONOTONIC counts sleep on macOS.
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)
