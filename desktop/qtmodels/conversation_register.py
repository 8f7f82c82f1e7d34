"""All conversations with what the list sorts and filters them by.

The only place that decides which conversations are listed, and in which order. No Qt; it takes in
what changed a piece at a time, because 100,000 may change at once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, cast

from desktop.store.records import Context, ContextStatus, Risk
from desktop.store.seeking import holds, searched_text, sought_words
from desktop.store.store import Store


class Sort(StrEnum):
    """What stands on top."""

    NEWEST = "newest"
    AGE = "age"
    RISK = "risk"


class Kind(NamedTuple):
    """What conversations are filtered by; few kinds for many conversations."""

    status: ContextStatus
    agent: str


class Places(NamedTuple):
    """Where some conversations belong.

    Attributes:
        ranks: the greatest on top; None for one that is gone.
        hidden: those of them that the filters keep back.
    """

    ranks: dict[str, int | None]
    hidden: set[str]


#: Any two times lie closer together than this; ids with later ones are made up.
_EVER_MS = 2**60
#: More changes at once are not what people and agents do, but a broker that is read.
_FEW = 400
_RISKS = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


class ConversationRegister:
    """Knows every conversation by a number that stands for its kind.

    Attributes:
        status: the only one that is listed; None for all.
        agent: the only one whose conversations are listed; empty for all.
    """

    def __init__(self, store: Store) -> None:
        self._sort = Sort.NEWEST
        self.status: ContextStatus | None = None
        self.agent = ""
        self._store = store
        # A number for each kind and not the kind: a row must cost little.
        self._kinds: list[Kind] = []
        self._numbers: dict[Kind, int] = {}
        self._known: dict[str, int] = {}
        self._agents: Counter[str] = Counter()
        self._waiting: set[str] = set()
        self._words: tuple[str, ...] = ()
        self._text = ""
        self._found: AbstractSet[str] | None = None
        # What is found is not copied, which would take milliseconds: those that changed since, and
        # whether they match, lie beside it.
        self._judged: dict[str, bool] = {}
        self._asking = False
        self._since_asked: set[str] = set()
        self._stale: set[str] = set()
        # In this order; some may have been read by now.
        self._queue: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, context_id: str) -> bool:
        return context_id in self._known

    @property
    def is_behind(self) -> bool:
        """Whether something changed that was not taken in yet."""
        return bool(self._stale)

    def note(self, context_ids: Collection[str]) -> None:
        """These changed. A few are read before the many that came earlier: somebody acts there."""
        if len(context_ids) > _FEW:
            self._wait_for(context_ids)
            return
        # Each once: a list that is not seen reads nothing for hours.
        self._queue.extendleft(name for name in context_ids if name not in self._stale)
        self._stale.update(context_ids)

    def forget(self) -> None:
        """All went away."""
        self._known, self._stale, self._queue = {}, set(), deque()
        self._agents.clear()
        self._waiting.clear()
        self._since_asked.clear()
        self._judged.clear()
        if self._found is not None:
            self._found = frozenset()

    def note_reset(self) -> None:
        """Some went away; which ones, only the store knows."""
        names = self._store.context_ids()
        now = set(names)
        gone = [name for name in self._known if name not in now]
        self._wait_for(gone)
        if len(now) > len(self._known) - len(gone):
            self._wait_for([name for name in names if name not in self._known])

    def take_in(self, limit: int) -> Places:
        """Read anew some of what changed, at most so many."""
        chosen: list[str] = []
        while self._queue and len(chosen) < limit:
            context_id = self._queue.popleft()
            if context_id in self._stale:
                self._stale.discard(context_id)
                chosen.append(context_id)
        places = self.read(chosen)
        if not self._stale:
            self._stale.clear()  # gives back the room that a survey took
        return places

    def read(self, context_ids: Iterable[str]) -> Places:
        """Read these anew."""
        places = Places({}, set())
        for context_id in context_ids:
            self._stale.discard(context_id)
            context = self._store.context(context_id)
            places.ranks[context_id] = rank = self._take(context_id, context)
            if rank is not None and not self._is_listed(context_id):
                places.hidden.add(context_id)
        return places

    def sort_by(self, sort: Sort) -> None:
        """Put others on top. What waits is to be read anew; the rest keeps its place."""
        self._sort = sort
        self._wait_for(self._waiting)

    def listed(self) -> Container[str] | None:
        """The conversations that the filters let through; None for all."""
        if self._found is not None and self._judged:
            matching = {name for name, matches in self._judged.items() if matches}
            self._found = (self._found - self._judged.keys()) | matching
            self._judged = {}
        if self.status is None and not self.agent:
            return self._found
        numbers = {number for kind, number in self._numbers.items() if self._is_wanted(kind)}
        return _Filtered(self._known, numbers, self._found)

    @property
    def agent_count(self) -> int:
        """How many agents there are conversations of."""
        return len(self._agents)

    def agents(self, limit: int) -> list[str]:
        """Agents there are conversations of, by name; at most so many."""
        return sorted(islice(filter(None, self._agents), limit))

    def seek(self, text: str) -> bool:
        """Look for a text from now on. Returns whether there is anything to look for.

        What is listed stays until `find` says what was found.
        """
        self._since_asked.clear()
        self._asking = bool(sought_words(text))
        if not self._asking:
            self._words, self._found, self._judged = (), None, {}
        return self._asking

    def find(self, text: str, context_ids: AbstractSet[str]) -> None:
        """List what was found. What changed since it was asked for is judged anew."""
        self._words, self._found, self._judged = sought_words(text), context_ids, {}
        self._text = text
        self._wait_for(self._since_asked)
        self._since_asked.clear()
        self._asking = False

    def earlier(self, context: Context) -> str | None:
        """The words by which a listed context was found, if none that its row shows did it.

        Returns:
            Empty if it was found by older words that are not at hand; else None.
        """
        if self._found is None or self._shows(context):
            return None
        return self._by_older().get(context.context_id)

    def _by_older(self) -> Mapping[str, str]:
        """Found by what was said earlier; the store knows which of these have begun anew since."""
        found = self._store.found
        return found.earlier if found.text == self._text else {}

    def _shows(self, context: Context) -> bool:
        text = searched_text(context.context_id, context.agent, context.preview)
        return holds(text, self._words)

    def _wait_for(self, context_ids: Iterable[str]) -> None:
        """Read these when what came before is read."""
        new = [name for name in context_ids if name not in self._stale]
        self._queue.extend(new)
        self._stale.update(new)

    def _take(self, context_id: str, context: Context | None) -> int | None:
        before = self._known.get(context_id)
        after = None if context is None else self._number_of(context)
        if before != after:
            self._change_kind(context_id, before, after)
        if self._asking:
            self._since_asked.add(context_id)
        if context is None:
            return None
        if self._found is not None:
            self._judged[context_id] = self._matches(context)
        return _RANKS[self._sort](context)

    def _number_of(self, context: Context) -> int:
        kind = Kind(context.status, context.agent)
        number = self._numbers.get(kind)
        if number is None:
            number = self._numbers[kind] = len(self._kinds)
            self._kinds.append(kind)
        return number

    def _change_kind(self, context_id: str, before: int | None, after: int | None) -> None:
        self._waiting.discard(context_id)
        if before is not None:
            del self._known[context_id]
            agent = self._kinds[before].agent
            self._agents[agent] -= 1
            if not self._agents[agent]:
                del self._agents[agent]
        if after is not None:
            self._known[context_id] = after
            self._agents[self._kinds[after].agent] += 1
            if self._kinds[after].status is ContextStatus.WAITING:
                self._waiting.add(context_id)

    def _matches(self, context: Context) -> bool:
        return self._shows(context) or context.context_id in self._by_older()

    def _is_listed(self, context_id: str) -> bool:
        if not self._is_wanted(self._kinds[self._known[context_id]]):
            return False
        if self._found is None:
            return True
        judged = self._judged.get(context_id)
        return context_id in self._found if judged is None else judged

    def _is_wanted(self, kind: Kind) -> bool:
        return self.status in {None, kind.status} and self.agent in {"", kind.agent}


class _Filtered(Container[str]):
    """Conversations of some kinds, of those found if something is sought; decided one by one."""

    def __init__(
        self, known: Mapping[str, int], numbers: AbstractSet[int], found: AbstractSet[str] | None
    ) -> None:
        self._known, self._numbers, self._found = known, numbers, found

    def __contains__(self, context_id: object) -> bool:
        return self._known.get(cast("str", context_id)) in self._numbers and (
            self._found is None or context_id in self._found
        )


def _waits(context: Context) -> bool:
    return context.status is ContextStatus.WAITING


def _newest(context: Context) -> int:
    return min(max(context.last_activity_ms, 0), _EVER_MS - 1)


def _age(context: Context) -> int:
    """Those that wait, the longest first; then the others, the newest first."""
    if not _waits(context):
        return _newest(context)
    since = context.waiting_since_ms or context.last_activity_ms
    return 2 * _EVER_MS - min(max(since, 0), _EVER_MS - 1)


def _risk(context: Context) -> int:
    """Those that wait, the riskiest first, and of these the longest waiting."""
    if not _waits(context):
        return _newest(context)
    risk = _RISKS.index(context.risk) + 1 if context.risk is not None else 0
    return 2 * _EVER_MS * risk + _age(context)


_RANKS: dict[Sort, Callable[[Context], int]] = {
    Sort.NEWEST: _newest,
    Sort.AGE: _age,
    Sort.RISK: _risk,
}
