"""Counting what an agent does: never more tools than can be told, never a cost nobody named."""

from __future__ import annotations

import pytest

from workers.errors import NotConfigured
from workers.runtime.metering import MOST_TOOLS, Meter
from workers.settings import Price, Prices, WorkerSettings


def test_a_call_that_raises_has_failed() -> None:
    """The error goes on its way."""
    meter = Meter()

    with pytest.raises(LookupError), meter.tool_call("look_up"):
        raise LookupError
    with meter.tool_call("look_up"):
        pass

    calls = meter.usage(0, 1).tools["look_up"]
    assert (calls.count, calls.failed, sum(calls.buckets)) == (2, 1, 2)


def test_tools_without_end_are_told_together() -> None:
    """A heartbeat stays small, whatever names a model makes up."""
    meter = Meter()
    for number in range(MOST_TOOLS + 10):
        meter.tool_called(f"tool_{number}", 400.0, failed=False)

    usage = meter.usage(2, 50)

    assert len(usage.tools) == MOST_TOOLS + 1
    assert usage.tools[""].count == 10
    assert usage.all_tools.count == MOST_TOOLS + 10
    assert usage.tools[""].quantile_ms(0.5) == 300_000
    assert (usage.running, usage.limit) == (2, 50)


def test_cost_is_told_only_of_models_with_a_price() -> None:
    """By the name under which it is asked or by which it answers; others are counted apart."""
    meter = Meter(Prices({"big": Price(2.0, 10.0)}, "USD"))

    meter.tokens(1000, 100, "small")
    before = meter.usage(0, 0)
    meter.tokens(1_000_000, 100_000, "alias", "big")
    after = meter.usage(0, 0)

    assert (before.cost, before.unpriced) == (None, 1)
    assert (after.cost, after.unpriced, after.currency) == (3.0, 1, "USD")
    assert (after.tokens_in, after.tokens_out) == (1_001_000, 100_100)


def test_prices_come_from_the_environment() -> None:
    """JSON, for a million tokens."""
    said = {"SIGNOFF_PRICES": '{"m": {"in": 1.25, "out": 10}}', "SIGNOFF_CURRENCY": "EUR"}

    assert WorkerSettings.from_environment(said).prices == Prices({"m": Price(1.25, 10.0)}, "EUR")
    assert WorkerSettings.from_environment({}).prices == Prices()


@pytest.mark.parametrize("text", ["1", "{", '{"m": 3}', '{"m": {"in": -1, "out": 1}}'])
def test_what_holds_no_prices_is_refused(text: str) -> None:
    """A worker does not start with a price that nobody meant."""
    with pytest.raises(NotConfigured, match="SIGNOFF_PRICES"):
        WorkerSettings.from_environment({"SIGNOFF_PRICES": text})
