"""How long a worker waits before it tries again, and what it refuses to be told."""

from __future__ import annotations

import pytest

from workers.errors import NotConfigured
from workers.runtime.pace import Pace


def test_pauses_grow_with_full_jitter_and_end_at_the_longest() -> None:
    """What failed together does not come back together."""
    pace = Pace(first_retry_seconds=1, longest_retry_seconds=6)

    for starts, longest in ((1, 1), (2, 2), (3, 4), (4, 6), (40, 6)):
        pauses = [pace.retry_seconds(starts) for _ in range(300)]
        assert min(pauses) < 0.2 * longest
        assert 0.8 * longest < max(pauses) <= longest


def test_a_service_that_says_how_long_to_wait_is_obeyed() -> None:
    """But not for a day."""
    pace = Pace(first_retry_seconds=1, longest_retry_seconds=60)

    assert pace.retry_seconds(1, 17) == 17
    assert pace.retry_seconds(1, 86_400) == 60


def test_a_lease_that_ends_between_two_heartbeats_is_refused() -> None:
    """One lost renewal must not cost the lease."""
    with pytest.raises(NotConfigured):
        Pace(heartbeat_seconds=3, lease_seconds=8)
