"""All requests with what the list sorts and filters them by.

The only place that decides which requests are listed, and in which order. No Qt; it takes in what
changed a piece at a time, because 100,000 may change at once.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Container, Iterable
from enum import StrEnum
from typing import NamedTuple

from desktop.store.records import Request, RequestKey, Risk
from desktop.store.store import Store


class Show(StrEnum):
    """Which requests are listed."""

    WAITING = "waiting"
    DECIDED = "decided"
    ALL = "all"


class Order(StrEnum):
    """Which of those that wait stands on top."""

    AGE = "age"
    RISK = "risk"
    NEWEST = "newest"


class Standings(NamedTuple):
    """Where some requests belong.

    Attributes:
        ranks: the lowest on top; None for one that is gone.
        hidden: those of them that the filters keep back.
    """

    ranks: dict[RequestKey, int | None]
    hidden: set[RequestKey]


#: Any two times lie closer together than this; ids with later ones are made up.
_EVER_MS = 2**60
#: Whatever waits stands above whatever is decided.
_DECIDED = 8 * _EVER_MS
#: More changes at once are not what people and agents do, but a broker that is read.
_FEW = 400
_RISKS = (Risk.HIGH, Risk.MEDIUM, Risk.LOW)


class RequestRegister(Container[RequestKey]):
    """Holds those requests that the filters let through.

    Attributes:
        show, agent: the only ones that are listed; an empty agent stands for all.
        chosen: stays among those that wait, in its place, when it is decided: a row must not be
            pulled away from under the reviewer who reads it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._order = Order.AGE
        self._sought: list[str] = []
        self.show = Show.WAITING
        self.agent = ""
        self.chosen: RequestKey | None = None
        self._agent_of: dict[RequestKey, str] = {}
        self._agents: Counter[str] = Counter()
        self._stale: set[RequestKey] = set()
        # In this order; some may have been read by now.
        self._queue: deque[RequestKey] = deque()

    def __contains__(self, key: object) -> bool:
        """Whether a request is listed."""
        request = self._store.request(key) if isinstance(key, RequestKey) else None
        return request is not None and self._is_listed(request)

    @property
    def is_behind(self) -> bool:
        """Whether something changed that was not taken in yet."""
        return bool(self._stale)

    def note(self, keys: Iterable[RequestKey]) -> None:
        """These changed. A few are read before the many that came earlier: somebody acts there."""
        new = [key for key in dict.fromkeys(keys) if key not in self._stale]
        if len(new) > _FEW:
            self._queue.extend(new)
        else:
            self._queue.extendleft(reversed(new))
        self._stale.update(new)

    def note_reset(self) -> None:
        """Some went away, or nothing is known yet."""
        self.note(self._agent_of)
        self.note(self._store.request_keys())

    def take_in(self, limit: int) -> Standings:
        """Read anew some of what changed, at most so many."""
        chosen: list[RequestKey] = []
        while self._queue and len(chosen) < limit:
            key = self._queue.popleft()
            if key in self._stale:
                chosen.append(key)
        return self.read(chosen)

    def read(self, keys: Iterable[RequestKey]) -> Standings:
        """Read these anew."""
        standings = Standings({}, set())
        for key in keys:
            self._stale.discard(key)
            request = self._store.request(key)
            self._know(key, request)
            standings.ranks[key] = None if request is None else self._rank(request)
            if request is not None and not self._is_listed(request):
                standings.hidden.add(key)
        return standings

    def choose(self, key: RequestKey | None) -> None:
        """Somebody reads this one now; the one before may go from where it stays."""
        self.note(one for one in (self.chosen, key) if one is not None)
        self.chosen = key

    def show_only(self, show: Show) -> None:
        """List others; the one that is chosen may stand elsewhere among them."""
        self.show = show
        self.choose(self.chosen)

    def sort_by(self, order: Order) -> None:
        """Put others on top. What waits is to be read anew; the rest keeps its place."""
        self._order = order
        self.note(self._store.open_keys())
        self.choose(self.chosen)

    def seek(self, text: str) -> None:
        """List only what has all of these words."""
        self._sought = text.casefold().split()

    def matches(self, request: Request) -> bool:
        """Whether every word sought is in the tool, the agent, the context ID or the arguments."""
        if not self._sought:
            return True
        parts = (
            request.call.action,
            request.agent,
            request.key.context_id,
            json.dumps(request.args, ensure_ascii=False),
        )
        hay = "\n".join(parts).casefold()
        return all(word in hay for word in self._sought)

    def agents(self) -> list[str]:
        """Agents there are requests of, by name."""
        return sorted(filter(None, self._agents))

    @property
    def agent_count(self) -> int:
        """How many agents there are requests of."""
        return len(self._agents)

    def _know(self, key: RequestKey, request: Request | None) -> None:
        before = self._agent_of.pop(key, None)
        after = None if request is None else request.agent
        if after is not None:
            self._agent_of[key] = after
        if before == after:
            return
        if after is not None:
            self._agents[after] += 1
        if before is not None:
            self._agents[before] -= 1
            if not self._agents[before]:
                del self._agents[before]

    def _is_listed(self, request: Request) -> bool:
        if self.agent not in {"", request.agent}:
            return False
        match self.show:
            case Show.WAITING:
                is_shown = request.is_open or request.key == self.chosen
            case Show.DECIDED:
                is_shown = not request.is_open
            case Show.ALL:
                is_shown = True
        return is_shown and self.matches(request)

    def _rank(self, request: Request) -> int:
        since = min(max(request.since_ms, 0), _EVER_MS - 1)
        stays = self.show is Show.WAITING and request.key == self.chosen
        if not request.is_open and not stays:
            return _DECIDED - since
        match self._order:
            case Order.AGE:
                return since
            case Order.RISK:
                return _RISKS.index(request.risk) * _EVER_MS + since
            case Order.NEWEST:
                return _EVER_MS - since
