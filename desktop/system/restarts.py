"""When a worker that ended by itself is started again: with growing pauses, and not for ever.

The only place that decides it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from desktop.store.local_workers import RestartPolicy

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
#: One that lived so long did not die of its start; pauses begin with the first again.
STEADY_SECONDS = 60.0
#: So many restarts, and no more, within so long.
MOST_RESTARTS = 5
WITHIN_SECONDS = 600.0


class Restarts:
    """The restarts of one worker since a person started it.

    Attributes:
        count: how many there were.
        first_pause_seconds: before the first one.
    """

    def __init__(
        self,
        now_seconds: Callable[[], float] = time.monotonic,
        *,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self.count = 0
        self.first_pause_seconds = first_pause_seconds
        self._now_seconds = now_seconds
        self._pause_seconds = first_pause_seconds
        self._recent: deque[float] = deque(maxlen=MOST_RESTARTS)

    def begin_anew(self) -> None:
        """A person started it: what was before does not count."""
        self.count = 0
        self._pause_seconds = self.first_pause_seconds
        self._recent.clear()

    def wanted(self, policy: RestartPolicy, *, failed: bool) -> bool:
        """Whether the policy wants it to run again after such an end."""
        return policy is RestartPolicy.ALWAYS or (policy is RestartPolicy.ON_FAILURE and failed)

    def next_pause(self, lived_seconds: float) -> float | None:
        """Seconds to wait before the next start; None when there have been too many.

        Args:
            lived_seconds: how long the process lived that has just ended.
        """
        now = self._now_seconds()
        if len(self._recent) == MOST_RESTARTS and now - self._recent[0] < WITHIN_SECONDS:
            return None
        if lived_seconds >= STEADY_SECONDS:
            self._pause_seconds = self.first_pause_seconds
        pause = self._pause_seconds
        self._pause_seconds = min(2 * pause, LONGEST_PAUSE_SECONDS)
        self._recent.append(now)
        self.count += 1
        return pause
