"""What one agent of this process has done so far, counted.

The only place that counts. The counters go out with each heartbeat; nothing here waits, and nothing
here can fail a run.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from workers.settings import Prices
from workers.wire.usage import BUCKETS_MS, AgentUsage, Calls

#: More tools than this are counted together, under an empty name.
MOST_TOOLS = 32
_OTHERS = ""
_PER_MILLION = 1_000_000


class Timed:
    """One call while it lasts.

    Attributes:
        failed: set it when the call came to nothing without raising.
    """

    __slots__ = ("failed",)

    def __init__(self) -> None:
        self.failed = False


class _Counter:
    """Calls of one kind."""

    __slots__ = ("_buckets", "_count", "_failed", "_total_seconds")

    def __init__(self) -> None:
        self._count = self._failed = 0
        self._total_seconds = 0.0
        self._buckets = [0] * (len(BUCKETS_MS) + 1)

    @contextmanager
    def timed(self) -> Iterator[Timed]:
        """Count what the block does as one call; one that raises has failed."""
        call, began = Timed(), time.monotonic()
        try:
            yield call
        except BaseException:
            call.failed = True
            raise
        finally:
            self.add(time.monotonic() - began, failed=call.failed)

    def add(self, seconds: float, *, failed: bool) -> None:
        """Count a call."""
        self._count += 1
        self._failed += failed
        self._total_seconds += seconds
        self._buckets[bisect_left(BUCKETS_MS, seconds * 1000)] += 1

    def told(self) -> Calls:
        """The counters as they go out."""
        buckets = self._buckets[:]
        while buckets and not buckets[-1]:
            buckets.pop()
        return Calls(
            count=self._count,
            failed=self._failed,
            total_ms=round(self._total_seconds * 1000),
            buckets=buckets,
        )


class Meter:
    """Counts for one agent. Used on the event loop only."""

    def __init__(self, prices: Prices | None = None) -> None:
        self._prices = prices or Prices()
        self._finished = self._failed = 0
        self._model = _Counter()
        self._tools: dict[str, _Counter] = {}
        self._tokens_in = self._tokens_out = 0
        self._cost: float | None = None
        self._unpriced = 0

    def run_ended(self, *, failed: bool) -> None:
        """Count a run that came to its end or to a question, or that failed, perhaps for now."""
        if failed:
            self._failed += 1
        else:
            self._finished += 1

    def model_call(self) -> AbstractContextManager[Timed]:
        """Count what the block does as one call of a model."""
        return self._model.timed()

    def model_called(self, seconds: float, *, failed: bool) -> None:
        """Count a call of a model that somebody else has timed."""
        self._model.add(seconds, failed=failed)

    def tool_call(self, name: str) -> AbstractContextManager[Timed]:
        """Count what the block does as one call of a tool."""
        return self._tool(name).timed()

    def tool_called(self, name: str, seconds: float, *, failed: bool) -> None:
        """Count a call of a tool that somebody else has timed."""
        self._tool(name).add(seconds, failed=failed)

    def tokens(self, tokens_in: int, tokens_out: int, *models: str) -> None:
        """Count the tokens of one answer.

        Args:
            models: the names its model is known by; the first that has a price counts.
        """
        self._tokens_in += tokens_in
        self._tokens_out += tokens_out
        price = next((p for p in map(self._prices.models.get, models) if p is not None), None)
        if price is None:
            self._unpriced += 1
            return
        paid = tokens_in * price.tokens_in + tokens_out * price.tokens_out
        self._cost = (self._cost or 0.0) + paid / _PER_MILLION

    def usage(self, running: int, limit: int) -> AgentUsage:
        """Everything counted so far.

        Args:
            running: contexts being worked on now.
            limit: of them, at a time.
        """
        return AgentUsage(
            finished=self._finished,
            failed=self._failed,
            running=running,
            limit=limit,
            model=self._model.told(),
            tools={name: counter.told() for name, counter in self._tools.items()},
            tokens_in=self._tokens_in,
            tokens_out=self._tokens_out,
            cost=None if self._cost is None else round(self._cost, 6),
            unpriced=self._unpriced,
            currency=self._prices.currency,
        )

    def _tool(self, name: str) -> _Counter:
        if name not in self._tools and len(self._tools) >= MOST_TOOLS:
            name = _OTHERS
        return self._tools.setdefault(name, _Counter())
