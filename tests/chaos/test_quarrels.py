"""Quarrels short enough for every run of the tests; `make chaos` has the long ones."""

from __future__ import annotations

from tests.chaos.quarrel import Quarrel
from tests.chaos.storm import Plan
from tests.support.redis_server import RedisServer


async def test_of_many_decisions_at_once_one_counts(own_redis: RedisServer) -> None:
    """Two to eight people decide on each request; what runs is what the winner said, once."""
    plan = Plan(messages=60, contexts=12, processes=2, kills=0, freezes=0, restarts=0)

    ruling = await Quarrel(own_redis, plan).blow()

    assert ruling.is_good, ruling
    assert ruling.requests >= 60
    assert set(ruling.refused) >= {"already_decided", "mismatch", "malformed"}


async def test_one_decision_counts_in_a_storm_too(own_redis: RedisServer) -> None:
    """The agents are killed and frozen in the middle; no money is paid twice, or unasked."""
    plan = Plan(
        messages=100, contexts=12, processes=2, kills=2, freezes=1, restarts=1, blow_seconds=0.3
    )

    ruling = await Quarrel(own_redis, plan).blow()

    assert ruling.is_good, ruling
