"""The order of all requests: open ones first, among those the longest waiting first.

The only place that keeps it, and that counts them. Both are kept, because it is asked after each
batch of facts, and 100,000 requests may be known.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeAlias

from desktop.store.records import Request, RequestKey, RequestState, Risk

#: Not open, since when (for decided ones the latest first), and the key to tell equals apart.
_Place: TypeAlias = tuple[bool, int, RequestKey]


@dataclass(slots=True)
class LineUp:
    """Every request at its place.

    Attributes:
        asking: how many requests of each agent nobody has decided yet; those of the others are 0.
        waiting: those of them no decision is on its way for, and the risk of each.
        risks: how many of those are of each risk.
        doubtful: which of all are about a call of which nobody knows how it ended.
    """

    asking: Counter[str] = field(default_factory=Counter)
    waiting: dict[RequestKey, Risk] = field(default_factory=dict)
    risks: Counter[Risk] = field(default_factory=Counter)
    doubtful: set[RequestKey] = field(default_factory=set)
    _open: dict[RequestKey, str] = field(default_factory=dict)  # and its agent
    _places: list[_Place] = field(default_factory=list)
    _place_of: dict[RequestKey, _Place] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def open_count(self) -> int:
        """How many nobody has decided yet."""
        return len(self._open)

    def put(self, request: Request) -> None:
        """Put a request at its place, wherever it was before."""
        since = request.since_ms if request.is_open else -request.since_ms
        place = (not request.is_open, since, request.key)
        self._uncount(request.key)
        self._count(request)
        if self._place_of.get(request.key) == place:
            return
        self._displace(request.key)
        bisect.insort(self._places, place)
        self._place_of[request.key] = place

    def drop(self, key: RequestKey) -> None:
        """Forget a request, if it is here."""
        self._uncount(key)
        self._displace(key)

    def clear(self) -> None:
        """Forget all."""
        for kept in (self._places, self._place_of, self._open):
            kept.clear()
        for counted in (self.asking, self.waiting, self.risks, self.doubtful):
            counted.clear()

    def _displace(self, key: RequestKey) -> None:
        place = self._place_of.pop(key, None)
        if place is not None:
            del self._places[bisect.bisect_left(self._places, place)]

    def _count(self, request: Request) -> None:
        if request.is_open:
            self._open[request.key] = request.agent
            self.asking[request.agent] += 1
        if request.state is RequestState.WAITING:
            self.waiting[request.key] = request.risk
            self.risks[request.risk] += 1
        if request.state is RequestState.IN_DOUBT or request.call.is_in_doubt:
            self.doubtful.add(request.key)

    def _uncount(self, key: RequestKey) -> None:
        agent = self._open.pop(key, None)
        if agent is not None:
            self.asking[agent] -= 1
            if not self.asking[agent]:
                del self.asking[agent]
        risk = self.waiting.pop(key, None)
        if risk is not None:
            self.risks[risk] -= 1
        self.doubtful.discard(key)

    def __iter__(self) -> Iterator[RequestKey]:
        """All, in order."""
        return (key for _closed, _since, key in self._places)

    def open_keys(self) -> Iterable[RequestKey]:
        """Those nobody has decided yet, in order."""
        return (key for _closed, _since, key in takewhile(lambda place: not place[0], self._places))
