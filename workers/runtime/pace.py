"""How fast a worker notices, retries and gives up.

The only place that knows these times and limits.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from workers.errors import NotConfigured


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of one worker. All workers of an agent should keep the same.

    Attributes:
        heartbeat_seconds: between two renewals of everything that is leased.
        lease_seconds: so long after the last renewal a context may be taken over.
        slots: contexts that run at the same time in one process, for each agent.
        most_starts: a message that was started so often is put in quarantine.
        first_retry_seconds: the longest pause before the second start; doubled for each more.
        longest_retry_seconds: no pause is longer.
        grace_seconds: so long what is running may take to end after a stop.
        model_seconds: so long a model may take for one answer.
        tool_seconds: so long a tool may take for one call.
    """

    heartbeat_seconds: float = 3.0
    lease_seconds: float = 12.0
    slots: int = 50
    most_starts: int = 5
    first_retry_seconds: float = 1.0
    longest_retry_seconds: float = 300.0
    grace_seconds: float = 30.0
    model_seconds: float = 300.0
    tool_seconds: float = 300.0

    def __post_init__(self) -> None:
        if self.heartbeat_seconds <= 0 or self.lease_seconds < 3 * self.heartbeat_seconds:
            raise NotConfigured(
                "A lease must last at least three heartbeats.",
                "Check SIGNOFF_LEASE_SECONDS and SIGNOFF_HEARTBEAT_SECONDS.",
            )

    @property
    def lease_ms(self) -> int:
        """The time of a lease, in milliseconds."""
        return int(self.lease_seconds * 1000)

    @property
    def safe_seconds(self) -> float:
        """So long after the last renewal we may still act: others take over only later."""
        return self.lease_seconds * 2 / 3

    def retry_seconds(self, starts: int, wanted_seconds: float = 0.0) -> float:
        """How long to wait before a message is started again.

        Exponential with full jitter, so that what failed together does not come back together.

        Args:
            starts: how often it was started so far.
            wanted_seconds: what the service that refused asked for; waited at least.
        """
        longest = self.first_retry_seconds * 2 ** max(starts - 1, 0)
        longest = min(longest, self.longest_retry_seconds)
        pause = random.uniform(0, longest)  # noqa: S311 - spreads load, hides nothing
        return max(pause, min(wanted_seconds, self.longest_retry_seconds))
