"""Reading along: what is new in contexts, whatever happened to their streams meanwhile.

The only place that reads what changed. It always reads entries from the stream itself, and asks how
far a stream reaches where they do not follow on what was known, so that nothing is missed in
silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from typing import NamedTuple

from desktop.engine.cuts import Verdict, is_doubtful, judge
from desktop.engine.deriving import Deriving
from desktop.engine.positions import START, Positions
from desktop.engine.receipts import Receipts
from desktop.engine.summaries import BEGUN_ANEW
from desktop.engine.telling import GONE, Teller
from desktop.engine.transcripts import Transcripts
from desktop.engine.turns import Turns
from desktop.store.records import Summary
from workers.wire.streams.reader import Newer, Reader

#: A context's new entries come in pages of so many.
PAGE_ENTRIES = 200
#: So many contexts are asked about at once; what is found out is told as it comes.
SLICE = 1000


class _Doubt(NamedTuple):
    """A context of which something was removed, or may have been, if nothing worse."""

    known: Summary
    newer: Newer


class Feed:
    """Follows the contexts of one broker.

    Attributes:
        is_settled: every context that was there at first is known; others are new.
    """

    def __init__(
        self,
        teller: Teller,
        positions: Positions,
        deriving: Deriving,
        receipts: Receipts,
        transcripts: Transcripts,
    ) -> None:
        self._teller = teller
        self._positions = positions
        self._deriving = deriving
        self._receipts = receipts
        self._transcripts = transcripts
        self.is_settled = False
        # Counts, not a flag: the survey and the news read side by side, and either may be cut off.
        self._resets = self._resets_made_good = 0

    async def read(self, reader: Reader, context_ids: Iterable[str]) -> None:
        """Tell what is new in these contexts."""
        wanted = list(context_ids)
        for start in range(0, len(wanted), SLICE):
            slice_ = wanted[start : start + SLICE]
            while slice_:
                slice_ = await self._read_once(reader, slice_)
                await asyncio.sleep(0)
        resets = self._resets
        if self._resets_made_good < resets:
            # With a context, what was said of its requests was forgotten.
            await self._receipts.tell_all(reader)
            self._resets_made_good = max(self._resets_made_good, resets)
        await self._transcripts.read(reader)

    async def _read_once(self, reader: Reader, context_ids: list[str]) -> list[str]:
        """Tell a page of each. Returns the contexts of which there may be more."""
        # The survey may derive them at the same moment, from older tails: they are read on, too.
        await self._deriving.derive(reader, context_ids)
        underived = self._positions.underived
        before = {one: self._positions.read(one) for one in context_ids if one not in underived}
        positions = {one: known.as_of if known else START for one, known in before.items()}
        again = [one for one in context_ids if one in underived]
        doubts: list[_Doubt] = []
        turns = Turns()
        async with aclosing(reader.newer(positions, PAGE_ENTRIES)) as answers:
            async for chunk in answers:
                for newer in chunk:
                    await turns.pause_if_due()
                    if self._is_unfinished(newer, before[newer.context_id], doubts):
                        again.append(newer.context_id)
        return again + await self._settle(reader, doubts)

    def _is_unfinished(self, newer: Newer, known: Summary | None, doubts: list[_Doubt]) -> bool:
        """Tell a page of one context, or note a doubt. Returns whether there may be more."""
        context_id, entries, length, problem = newer
        if self._positions.read(context_id) is not known or context_id in self._positions.underived:
            return True  # somebody else was quicker
        if problem:
            self._resets += known is not None
            self._teller.odd(context_id, problem)
        elif known is None:
            return not self._begin(newer)
        elif is_doubtful(known, entries, length, is_all=len(entries) < PAGE_ENTRIES):
            doubts.append(_Doubt(known, newer))
        else:
            self._teller.newer(context_id, entries, length)
        return False

    def _begin(self, newer: Newer) -> bool:
        """Tell of a context that is not known. Returns whether that is all of it."""
        context_id, entries, length, _problem = newer
        if len(entries) == PAGE_ENTRIES and length > PAGE_ENTRIES:
            self._positions.underived.add(context_id)
            return False
        if entries:
            self._teller.newer(context_id, entries, length, live=self.is_settled)
        elif self._positions.get(context_id) is not None:
            self._teller.reset(context_id, GONE)  # what was no stream is not there any more
        return True

    async def _settle(self, reader: Reader, doubts: list[_Doubt]) -> list[str]:
        """Find out what happened where something is missing. Returns what is to be read anew."""
        if not doubts:
            return []
        anew: list[str] = []
        extents = await reader.extents(
            {doubt.known.context_id: doubt.known.as_of for doubt in doubts}
        )
        for known, (context_id, entries, length, _problem) in doubts:
            extent = extents.get(context_id)
            if self._positions.read(context_id) is not known:
                anew.append(context_id)
                continue
            verdict = judge(known, entries, extent)
            if verdict is Verdict.OTHER_STREAM:
                self._teller.reset(context_id, BEGUN_ANEW if extent else GONE)
                self._resets += 1
                if extent:
                    anew.append(context_id)
                continue
            if verdict is Verdict.GAP:
                self._teller.gap(context_id, entries, extent)
            if len(entries) < PAGE_ENTRIES:
                self._teller.newer(context_id, entries, length)
            else:
                self._teller.newer(context_id, entries)
                anew.append(context_id)
        return anew
