"""The survey: everything the broker holds is read once, the most useful first.

The only place that decides in which order. First rows for the list: those of the workers' index,
newest first, then all streams by their last entries. Then what follows from what lies further back:
the requests, beginning where the index says that one waits. News are read beside it and go first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing

from desktop.engine.batch import Batch
from desktop.engine.deriving import Deriving
from desktop.engine.feed import Feed
from desktop.engine.kept_words import KeptWords
from desktop.engine.positions import START, Positions
from desktop.engine.receipts import Receipts
from desktop.engine.telling import Teller
from desktop.engine.transcripts import Transcripts
from desktop.engine.turns import Turns
from desktop.store import facts
from desktop.store.records import ContextStatus, Summary, Survey
from workers.wire.streams.reader import Reader

#: Requests of so many contexts are derived at once.
DERIVE_SLICE = 100
#: Deriving takes at most half of this thread's time: nobody waits for it.
REST = 1.0
#: So many streams are looked at, at their last entries, before what changed is read.
GLANCE_SLICE = 5000
#: Progress is told so often.
PROGRESS_SECONDS = 0.1


class Surveyor:
    """Surveys one broker, each time it is connected to."""

    def __init__(
        self,
        batch: Batch,
        teller: Teller,
        positions: Positions,
        deriving: Deriving,
        feed: Feed,
        receipts: Receipts,
        transcripts: Transcripts,
        words: KeptWords,
    ) -> None:
        self._batch = batch
        self._words = words
        self._teller = teller
        self._positions = positions
        self._deriving = deriving
        self._feed = feed
        self._receipts = receipts
        self._transcripts = transcripts
        self._first: list[str] = []
        self._read = 0
        self._total = 0
        self._told_at = 0.0

    async def begin(self, reader: Reader) -> None:
        """Tell the first page of the workers' index, if there is one."""
        self._first = []
        self._batch.emit(facts.SurveyChanged(Survey()))
        async with aclosing(reader.index_pages()) as pages:
            async for page in pages:
                for context_id, indexed in page:
                    self._teller.index(context_id, indexed)
                self._first = [context_id for context_id, _ in page]
                break

    async def read_index(self, reader: Reader) -> None:
        """Tell the rest of the index, and what waits by it; `begin` comes before."""
        self._feed.is_settled = False
        await self._feed.read(reader, await self._deriving.glance(reader, self._first))
        await self._receipts.tell_new(reader)
        waiting = await reader.waiting_contexts()
        fresh = [one for one in waiting if self._positions.get(one) is None]
        self._positions.underived.update(fresh)
        await self._deriving.derive(reader, waiting)
        turns = Turns()
        async with aclosing(reader.index_pages()) as pages:
            async for page in pages:
                for context_id, indexed in page:
                    self._teller.index(context_id, indexed)
                    await turns.pause_if_due()
                self._tell_progress()

    async def read_streams(self, reader: Reader) -> None:
        """Tell of all streams by their last entries, also of those that are in no index."""
        self._read, self._total = 0, 0
        found = await self._find(reader)
        await self._drop_all_but(reader, found)
        self._feed.is_settled = True

    async def derive(self, reader: Reader) -> None:
        """Derive the requests of all that are left, those first that have not ended."""
        await self._derive(reader)
        held = frozenset(self._positions)
        self._words.keep_only(held)
        self._batch.divide(facts.CaughtUp(held))
        # Who reads a conversation that does not exist yet goes on waiting for it.
        self._transcripts.begin_anew(self._transcripts.opened.difference(self._positions))
        self._tell_progress(is_done=True)

    async def _find(self, reader: Reader) -> set[str]:
        """Tell of all streams by their last entries. Returns what has one."""
        found: set[str] = set()
        unread: list[str] = []
        async with aclosing(reader.scan_contexts()) as chunks:
            async for chunk in chunks:
                is_first = not found
                found.update(chunk)
                self._total = len(found)
                if is_first:
                    await self._glance(reader, chunk)
                else:
                    unread += chunk
        for start in range(0, len(unread), GLANCE_SLICE):
            await self._glance(reader, unread[start : start + GLANCE_SLICE])
        return found

    async def _glance(self, reader: Reader, context_ids: Sequence[str]) -> None:
        await self._feed.read(reader, await self._deriving.glance(reader, context_ids))
        self._read += len(context_ids)
        self._tell_progress()

    async def _drop_all_but(self, reader: Reader, found: set[str]) -> None:
        """Drop what has no stream: it was deleted during a cut, or is in the index alone."""
        missing: dict[str, Summary | None] = {}
        turns = Turns()
        for context_id in tuple(self._positions):
            await turns.pause_if_due()
            if context_id not in found:
                missing[context_id] = self._positions.get(context_id)
        extents = await reader.extents(dict.fromkeys(missing, START))
        for context_id, known in missing.items():
            # What was told of it meanwhile is of a stream that has begun since it was asked about.
            if context_id not in extents and self._positions.get(context_id) is known:
                self._positions.drop(context_id)

    async def _derive(self, reader: Reader) -> None:
        running: list[str] = []
        ended: list[str] = []
        turns = Turns()
        for context_id in tuple(self._positions):
            await turns.pause_if_due()
            known = self._positions.get(context_id)
            if known is not None and context_id in self._positions.underived:
                (ended if known.status is ContextStatus.DONE else running).append(context_id)
        for context_ids in (running, ended):
            for start in range(0, len(context_ids), DERIVE_SLICE):
                began = time.perf_counter()
                await self._deriving.derive(reader, context_ids[start : start + DERIVE_SLICE])
                self._tell_progress()
                await asyncio.sleep((time.perf_counter() - began) * REST)

    def _tell_progress(self, *, is_done: bool = False) -> None:
        now = time.monotonic()
        if not is_done and now - self._told_at < PROGRESS_SECONDS:
            return
        self._told_at = now
        known = len(self._positions) if is_done else self._read
        total = known if is_done else max(self._total, len(self._positions))
        derived = max(len(self._positions) - len(self._positions.underived), 0)
        self._batch.emit(
            facts.SurveyChanged(Survey(min(known, total), min(derived, total), total, is_done))
        )
