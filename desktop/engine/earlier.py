"""Searching what was said earlier, as far as it is kept on this computer.

The only place that has kept words in clear: in memory, from the first search until a while after
the last. What is kept meanwhile is looked at with the next search.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

from desktop.engine.kept_words import KeptWords
from desktop.engine.search_index import SearchIndex
from desktop.engine.words_table import Message
from desktop.store.records import Summary
from desktop.store.seeking import excerpt, searched_text

T = TypeVar("T")

#: Contexts whose words are taken into the index in one go.
_CHUNK: Final = 250
#: Excerpts are made of so many of those found, the latest; nobody scrolls through more.
_EXCERPTS: Final = 500


class Do(Protocol):
    """Runs work on the thread that searches."""

    def __call__(self, work: Callable[[], T]) -> Coroutine[Any, Any, T]:
        """Run it and return what it returns."""
        ...


class Earlier:
    """Finds contexts by words of older messages. Used on the engine's loop, by one task.

    Attributes:
        is_void: nothing that was read counts any more.
    """

    def __init__(self, words: KeptWords, do: Do, on_void: Callable[[], None]) -> None:
        """Make it, with nothing read.

        Args:
            on_void: called when nothing that was read counts any more, to be closed soon.
        """
        self._words, self._do, self._on_void = words, do, on_void
        self._index: SearchIndex | None = None
        # In this order.
        self._changed: dict[str, None] = {}
        self.is_void = False
        self._finding = False
        words.on_kept = self._on_kept

    @property
    def is_behind(self) -> bool:
        """Whether much has to be read before a search can be answered."""
        return self._words.is_on and (self._index is None or len(self._changed) > _CHUNK)

    def interrupt(self) -> None:
        """End the query that runs now, if one does."""
        if self._finding and self._index is not None:
            self._index.interrupt()

    def close(self) -> None:
        """Give the memory back. Nothing may be running."""
        if self._index is not None:
            self._index.close()
        self._index, self.is_void = None, False
        self._changed.clear()

    async def find(
        self,
        sought: Sequence[str],
        known: Mapping[str, Summary],
        found: Collection[str],
        is_wanted: Callable[[], bool],
    ) -> dict[str, str] | None:
        """Find contexts that hold all words in what was said at any time.

        Args:
            known: all contexts there are.
            found: those that are found already, by what the list shows.
            is_wanted: whether nobody has asked for something else meanwhile.

        Returns:
            Those found beside, with an excerpt, empty for the oldest of very many; None if
            interrupted.
        """
        if not self._words.is_on:
            return {}
        index = await self._catch_up(known, is_wanted)
        if index is None:
            return None
        self._finding = True
        try:
            names = await self._do(partial(index.find, sought))
        finally:
            self._finding = False
        if names is None:
            return None
        choose = partial(_choose, names, known, found, self._words.holds)
        beside, latest = await self._do(choose)
        messages = await self._words.messages(latest)
        if not is_wanted():
            return None
        return await self._do(partial(_with_excerpts, beside, messages, sought))

    async def settle(self, limit: int) -> bool:
        """Index some of what was read, for the next search. Returns whether there is more."""
        return self._index is not None and await self._do(partial(self._index.settle, limit))

    async def _catch_up(
        self, known: Mapping[str, Summary], is_wanted: Callable[[], bool]
    ) -> SearchIndex | None:
        """Read what is kept, or what is new of it. None if somebody asks for something else."""
        if self.is_void or (self._index is not None and self._index.is_wasteful):
            self.close()
        if self._index is None:
            self._index = SearchIndex()
            self._changed = dict.fromkeys(await self._words.names())
        while self._changed:
            if not is_wanted():
                return None
            chunk = list(islice(self._changed, _CHUNK))
            for name in chunk:
                del self._changed[name]
            agents = {name: known[name].agent if name in known else "" for name in chunk}
            messages = await self._words.messages(chunk)
            await self._do(partial(_take, self._index, agents, messages))
        return self._index

    def _on_kept(self, changed: Collection[str] | None) -> None:
        if self._index is None:
            return
        if changed is None:
            self.is_void = True
            self.interrupt()
            self._on_void()
        else:
            self._changed.update(dict.fromkeys(changed))


def _take(
    index: SearchIndex, agents: Mapping[str, str], messages: Mapping[str, Sequence[Message]]
) -> None:
    """On the index's thread: what was said, as it is searched."""
    texts: dict[str, str | None] = {}
    for name, agent in agents.items():
        said = messages.get(name)
        text = "\n".join(one.text for one in said) if said else ""
        texts[name] = searched_text(name, agent, text) if said else None
    index.take(texts)


def _choose(
    names: Collection[str],
    known: Mapping[str, Summary],
    found: Collection[str],
    holds: Callable[[str], bool],
) -> tuple[list[str], list[str]]:
    """Of those found the ones that count, and the latest of these.

    Not on the loop, which a hundred thousand would hold up; it goes on learning meanwhile.
    """
    times = {
        name: summary.last_activity_ms
        for name in names
        if name not in found and holds(name) and (summary := known.get(name)) is not None
    }
    return list(times), heapq.nlargest(_EXCERPTS, times, key=times.__getitem__)


def _with_excerpts(
    names: Collection[str], messages: Mapping[str, Sequence[Message]], sought: Sequence[str]
) -> dict[str, str]:
    earlier = dict.fromkeys(names, "")
    for name, said in messages.items():
        earlier[name] = excerpt([one.text for one in said], sought)
    return earlier
