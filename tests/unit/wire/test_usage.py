"""The counters of a worker: how they add up, what happened between two looks, and older peers."""

from __future__ import annotations

import pytest

from workers.wire.codec import decode_struct
from workers.wire.events import WorkerInfo
from workers.wire.usage import AgentUsage, Calls


def test_a_quantile_lies_within_its_bucket() -> None:
    """Half of ten calls of up to 100 ms and ten of up to 1 s: the slow ones begin at half."""
    calls = Calls(count=20, buckets=[0, 0, 0, 10, 0, 0, 10])

    assert calls.quantile_ms(0.25) == 75
    assert calls.quantile_ms(0.5) == 100
    assert calls.quantile_ms(0.95) == pytest.approx(950)
    assert Calls().quantile_ms(0.5) is None


@pytest.mark.parametrize("buckets", [[-3], [0] * 40 + [1], [1] * 40, [0, -5, 3]])
def test_what_a_hostile_worker_counts_hurts_nobody(buckets: list[int]) -> None:
    """Too many buckets, or fewer calls than none: a figure or none, never an error."""
    calls = Calls(count=-1, buckets=buckets)

    assert calls.mean_ms is None
    assert calls.quantile_ms(0.95) is None or calls.quantile_ms(0.95) >= 0
    assert calls.plus(calls).since(calls).count >= 0


def test_what_came_between_two_looks_is_the_difference() -> None:
    """Also of buckets that were left out before; a counter that went back counts as nothing."""
    early = Calls(count=2, failed=1, total_ms=30, buckets=[1, 1])
    late = Calls(count=5, failed=1, total_ms=900, buckets=[1, 1, 0, 0, 0, 3])

    assert late.since(early) == Calls(count=3, total_ms=870, buckets=[0, 0, 0, 0, 0, 3])
    assert early.since(late).count == 0


def test_two_workers_of_an_agent_add_up() -> None:
    """A cost that only one of them knows is what is known; currencies are not mixed silently."""
    one = AgentUsage(finished=1, tools={"a": Calls(count=1)}, cost=0.5, currency="EUR")
    other = AgentUsage(finished=2, tools={"a": Calls(count=2), "b": Calls(count=4)}, unpriced=3)

    both = one.plus(other)

    assert (both.finished, both.cost, both.unpriced, both.currency) == (3, 0.5, 3, "EUR")
    assert (both.tools["a"].count, both.all_tools.count) == (3, 7)
    assert both.plus(AgentUsage(currency="USD")).currency == "EUR/USD"


def test_an_older_worker_is_read_and_a_newer_one_too() -> None:
    """What it does not say is nothing; what it says beyond is passed over."""
    common = (
        b'"consumer":"signoff:a:1:b","agents":["x"],"tools":{},"version":"0","mode":"enforce",'
        b'"started_ms":1'
    )

    older = decode_struct(b"{" + common + b"}", WorkerInfo)
    newer = decode_struct(
        b"{" + common + b',"usage":{"x":{"finished":2,"energy":3}},"mood":1}', WorkerInfo
    )

    assert (older.at_ms, older.usage) == (0, {})
    assert newer.usage["x"] == AgentUsage(finished=2)
