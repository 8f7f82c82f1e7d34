"""Requests of contexts that were there before the console.

The only place that reads the end of a context to find what waits in it. A context without any
interrupt among its newest entries costs one search through their bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing

from desktop.engine.older import waiting_before
from desktop.engine.positions import Positions
from desktop.engine.telling import Teller
from desktop.engine.turns import Turns
from desktop.store.records import Summary
from workers.wire.streams.reader import Last, Reader, StreamEntry

#: Entries of a context that are read. Of older ones only calls that still wait are told.
TAIL_ENTRIES = 200


class Deriving:
    """Derives the requests of contexts, of each once."""

    def __init__(self, teller: Teller, positions: Positions) -> None:
        self._teller = teller
        self._positions = positions

    async def derive(self, reader: Reader, context_ids: Iterable[str]) -> None:
        """Tell what waits in these contexts, and what became of what waited.

        Args:
            context_ids: those whose requests are known already, or that are gone, are passed over.
        """
        wanted = [one for one in context_ids if one in self._positions.underived]
        unread = [one for one in wanted if self._positions.read(one) is None]
        await self.glance(reader, unread)
        cut_off: list[tuple[str, list[StreamEntry]]] = []
        turns = Turns()
        async with aclosing(reader.tails(wanted, TAIL_ENTRIES)) as tails:
            async for context_id, tail in tails:
                await turns.pause_if_due()
                if context_id in self._positions.underived:  # nobody was quicker
                    is_all = len(tail) < TAIL_ENTRIES
                    self._teller.derive(context_id, tail, is_all=is_all)
                    if not is_all:
                        cut_off.append((context_id, tail))
        self._positions.end_deriving(wanted)  # also what is no stream
        for context_id, tail in cut_off:
            async with aclosing(waiting_before(reader, context_id, tail)) as waiting:
                async for entry in waiting:
                    self._teller.older(context_id, entry)

    async def glance(self, reader: Reader, context_ids: Sequence[str]) -> list[str]:
        """Tell of contexts by their last entries.

        Returns:
            Those that were known, and have changed since.
        """
        before = {one: self._positions.read(one) for one in context_ids}
        changed: list[str] = []
        turns = Turns()
        async with aclosing(reader.last_entries(context_ids)) as chunks:
            async for chunk in chunks:
                for last in chunk:
                    await turns.pause_if_due()
                    known = before[last.context_id]
                    if self._positions.read(last.context_id) is not known:
                        continue  # somebody was quicker
                    if known is not None:
                        if not _is_same(known, last):
                            changed.append(last.context_id)
                    elif last.problem:
                        self._teller.odd(last.context_id, last.problem)
                    elif last.entry is not None:
                        self._teller.last(last.context_id, last.entry, last.length)
        return changed


def _is_same(known: Summary, last: Last) -> bool:
    newest = last.entry.entry_id if last.entry else known.as_of
    return newest == known.as_of and last.length == known.entries
