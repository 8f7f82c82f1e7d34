"""The order of all requests: open ones first, among those the longest waiting first.

The only place that keeps it. It is kept sorted, because lists ask for it after each batch of facts
and a thousand requests may wait.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeAlias

from desktop.store.records import Request, RequestKey

#: Not open, since when (for decided ones the latest first), and the key to tell equals apart.
_Place: TypeAlias = tuple[bool, int, RequestKey]


@dataclass(slots=True)
class LineUp:
    """Every request at its place."""

    _places: list[_Place] = field(default_factory=list)
    _place_of: dict[RequestKey, _Place] = field(default_factory=dict)

    def put(self, request: Request) -> None:
        """Put a request at its place, wherever it was before."""
        since = request.since_ms if request.is_open else -request.since_ms
        place = (not request.is_open, since, request.key)
        if self._place_of.get(request.key) == place:
            return
        self.drop(request.key)
        bisect.insort(self._places, place)
        self._place_of[request.key] = place

    def drop(self, key: RequestKey) -> None:
        """Forget a request, if it is here."""
        place = self._place_of.pop(key, None)
        if place is not None:
            del self._places[bisect.bisect_left(self._places, place)]

    def clear(self) -> None:
        """Forget all."""
        self._places.clear()
        self._place_of.clear()

    def __iter__(self) -> Iterator[RequestKey]:
        """All, in order."""
        return (key for _closed, _since, key in self._places)

    def open_keys(self) -> Iterable[RequestKey]:
        """Those nobody has decided yet, in order."""
        return (key for _closed, _since, key in takewhile(lambda place: not place[0], self._places))
