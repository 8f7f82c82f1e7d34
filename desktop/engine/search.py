"""Searching what is known of contexts, away from the window's thread.

The only place that answers `Search`. It hears facts on their way out and keeps no text of its own
until somebody searches; a while after the last search the index is given up again. What was said
earlier `Earlier` finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog

from desktop.actions.ports import Search
from desktop.engine.earlier import Earlier
from desktop.engine.kept_words import KeptWords
from desktop.engine.search_index import SearchIndex
from desktop.store import facts
from desktop.store.local_records import Found
from desktop.store.records import Source, Summary
from desktop.store.seeking import searched_text, sought_words

T = TypeVar("T")
_log = structlog.get_logger(__name__)

#: Contexts taken into the index in one go: a newer search waits for no more than that.
_CHUNK = 500
#: Texts indexed in one go, and for how many times as long as that took we pause.
_SETTLED = 200
_PAUSES = 4
#: A longer text cannot be in what is searched.
_LONGEST = 2000
_IDLE_SECONDS = 120.0
_QUIET_SECONDS = 1.0


class Searcher:
    """Finds contexts by words. All of it is used on the engine's loop."""

    def __init__(self, emit: Callable[[facts.Fact], None], words: KeptWords) -> None:
        """Make it.

        Args:
            emit: takes what was found.
            words: what was said and is kept on this computer.
        """
        self._emit = emit
        self._known: dict[str, Summary] = {}
        self._changed: set[str] = set()
        self._index: SearchIndex | None = None
        self._asked: Search | None = None
        self._finding = False
        self._wake = asyncio.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._earlier = Earlier(words, self._do, self._wake.set)

    def see(self, batch: Iterable[facts.Fact]) -> None:
        """Hear what is told to the store."""
        for fact in batch:
            match fact:
                case facts.ContextsSeen(summaries):
                    self._learn(summaries)
                case facts.ContextReset(context_id):
                    self._forget((context_id,))
                case facts.CaughtUp(context_ids):
                    self._forget([name for name in self._known if name not in context_ids])
                case facts.Forgotten():
                    self._forget(list(self._known))
                case _:
                    pass

    def ask(self, search: Search) -> None:
        """Answer this search, and none before it."""
        self._asked = search
        self._interrupt()
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                await self._wake.wait()
                try:
                    await self._serve()
                except Exception:  # noqa: BLE001 - the door for errors in background work
                    _log.exception("the search failed")
                    self._close()  # the next search begins anew
        finally:
            self._interrupt()
            # What runs now ends at once, so this waits for nothing.
            self._pool.shutdown()
            self._close()

    async def _serve(self) -> None:
        """Answer, then index as long as there is quiet, then give the index up."""
        self._wake.clear()
        if self._earlier.is_void:
            self._earlier.close()
        if self._asked is not None:
            await self._answer(self._asked)
        # Who types goes on typing, and indexing would take the other core from what is typed.
        await self._wait(_QUIET_SECONDS)
        while self._index is not None and not self._wake.is_set():
            if not self._asked_for_words():
                await self._wait(_IDLE_SECONDS)
                if not self._wake.is_set():
                    self._close()
                return
            began = asyncio.get_running_loop().time()
            more = await self._settle(self._index)
            if not more and not self._wake.is_set():
                more = await self._earlier.settle(_SETTLED)
            took = asyncio.get_running_loop().time() - began
            await self._wait(max(took * _PAUSES, 0.05) if more else 1.0)

    async def _answer(self, search: Search) -> None:
        words = sought_words(search.text[: _LONGEST + 1])
        found: Found | None = Found(search.number, search.text)
        if words and len(search.text) <= _LONGEST:
            index = await self._catch_up(search)
            found = await self._find(index, words, search) if index else None
        if found is not None and search is self._asked:
            self._emit(facts.SearchFound(found))

    async def _find(
        self, index: SearchIndex, words: tuple[str, ...], search: Search
    ) -> Found | None:
        """What is found now, and by what was said earlier; None if interrupted."""
        self._finding = True
        try:
            names = await self._do(partial(index.find, words))
        finally:
            self._finding = False
        if names is None:
            return None
        if self._earlier.is_behind:
            # Reading what is kept takes its time; what the list shows need not wait for it.
            self._emit(facts.SearchFound(Found(search.number, search.text, names)))
        earlier = await self._earlier.find(words, self._known, names, lambda: search is self._asked)
        if earlier is None:
            return None
        return Found(search.number, search.text, names.union(earlier), earlier)

    def _interrupt(self) -> None:
        """End the query that runs now, if one does."""
        if self._finding and self._index is not None:
            self._index.interrupt()
        self._earlier.interrupt()

    async def _catch_up(self, search: Search | None) -> SearchIndex | None:
        """Take what changed into the index. None if a newer search came meanwhile."""
        if self._index is not None and self._index.is_wasteful:
            self._close()
        if self._index is None:
            self._index = SearchIndex()
            self._changed = set(self._known)
        while self._changed:
            # Not one by one out of a set, which looks for each among the places of those before.
            names, self._changed = list(self._changed), set()
            for start in range(0, len(names), _CHUNK):
                chunk = names[start : start + _CHUNK]
                summaries = [(name, self._known.get(name)) for name in chunk]
                await self._do(partial(_take, self._index, summaries))
                if search is not None and search is not self._asked:
                    self._changed.update(names[start + _CHUNK :])
                    return None
        return self._index

    async def _settle(self, index: SearchIndex) -> bool:
        await self._catch_up(None)
        return self._index is index and await self._do(partial(index.settle, _SETTLED))

    def _asked_for_words(self) -> bool:
        return self._asked is not None and bool(self._asked.text.strip())

    def _learn(self, summaries: Iterable[Summary]) -> None:
        for summary in summaries:
            name = summary.context_id
            if summary.source is not Source.CACHE or name not in self._known:
                self._known[name] = summary
                if self._index is not None:
                    self._changed.add(name)

    def _forget(self, context_ids: Iterable[str]) -> None:
        for name in context_ids:
            self._known.pop(name, None)
            if self._index is not None:
                self._changed.add(name)

    def _close(self) -> None:
        if self._index is not None:
            self._index.close()
        self._index = None
        self._changed.clear()
        self._earlier.close()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _take(index: SearchIndex, summaries: Iterable[tuple[str, Summary | None]]) -> None:
    """On the index's thread: what changed, as it is searched."""
    index.take(
        {
            name: searched_text(name, known.agent, known.preview) if known else None
            for name, known in summaries
        }
    )
