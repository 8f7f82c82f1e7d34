"""What a worker counts of its agents' work: calls, how long they took, tokens and cost.

The only place that defines these counters and how they are added up. They only grow while a worker
lives, so that whoever reads them twice knows what happened between.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Annotated, Final, TypeAlias

import msgspec

#: Calls are sorted by how long they took, milliseconds; one more bucket holds what took longer.
BUCKETS_MS: Final = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000)

#: As large as JSON can say exactly. Anybody may write a heartbeat, and of a number of 400 digits no
#: rate can be made; such a heartbeat is not read.
Count: TypeAlias = Annotated[int, msgspec.Meta(gt=-(2**53), lt=2**53)]


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one kind that came to an end.

    Attributes:
        count: all of them, failed ones included.
        total_ms: how long they took together.
        buckets: how many fell into each of `BUCKETS_MS` and above; zeros at the end are left out.
    """

    count: Count = 0
    failed: Count = 0
    total_ms: Count = 0
    buckets: list[Count] = []

    @property
    def mean_ms(self) -> float | None:
        """How long one took; None without any."""
        return self.total_ms / self.count if self.count > 0 else None

    def quantile_ms(self, share: float) -> float | None:
        """So long took the quickest `share` of them, at most; None without any.

        Within a bucket they are taken to be spread evenly; of what took longer than the last bound
        no more is known than that.
        """
        total = sum(self.buckets)
        if total <= 0:
            return None
        wanted, below, low = share * total, 0, 0
        for high, count in zip(BUCKETS_MS, self.buckets, strict=False):
            if count > 0 and below + count >= wanted:
                return low + (high - low) * max(wanted - below, 0) / count
            below += count
            low = high
        return float(BUCKETS_MS[-1])

    def plus(self, other: Calls) -> Calls:
        """Both together."""
        return self._combined(other, 1)

    def since(self, earlier: Calls) -> Calls:
        """What came after an earlier look at the same counters."""
        return self._combined(earlier, -1)

    def _combined(self, other: Calls, sign: int) -> Calls:
        pairs = zip_longest(self.buckets, other.buckets, fillvalue=0)
        return Calls(
            count=max(self.count + sign * other.count, 0),
            failed=max(self.failed + sign * other.failed, 0),
            total_ms=max(self.total_ms + sign * other.total_ms, 0),
            buckets=[max(mine + sign * others, 0) for mine, others in pairs],
        )


class AgentUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent did in one worker since that began, and how busy it is.

    Attributes:
        finished: runs that came to an end or to a question; `failed` ones are not among them.
        running: contexts being worked on now; `limit` of them can be at a time, 0 if unknown.
        tools: by name; those beyond the first few are counted together under an empty name.
        cost: of the calls of models that have a price; None where none has one.
        unpriced: calls of models without a price, which `cost` does not hold.
        currency: what the operator said the prices are in; may be empty.
    """

    finished: Count = 0
    failed: Count = 0
    running: Count = 0
    limit: Count = 0
    model: Calls = Calls()
    tools: dict[str, Calls] = {}
    tokens_in: Count = 0
    tokens_out: Count = 0
    cost: float | None = None
    unpriced: Count = 0
    currency: str = ""

    @property
    def all_tools(self) -> Calls:
        """The calls of all tools together."""
        together = Calls()
        for calls in self.tools.values():
            together = together.plus(calls)
        return together

    def plus(self, other: AgentUsage) -> AgentUsage:
        """Both together, as of two workers that serve the same agent."""
        names = dict.fromkeys((*self.tools, *other.tools))
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        currencies = dict.fromkeys(c for c in (self.currency, other.currency) if c)
        return AgentUsage(
            finished=self.finished + other.finished,
            failed=self.failed + other.failed,
            running=self.running + other.running,
            limit=self.limit + other.limit,
            model=self.model.plus(other.model),
            tools={
                name: self.tools.get(name, Calls()).plus(other.tools.get(name, Calls()))
                for name in names
            },
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cost=sum(costs) if costs else None,
            unpriced=self.unpriced + other.unpriced,
            currency="/".join(currencies),
        )
