"""What a stream held and holds no longer, though nothing new in it was missed.

The only place that finds out which interrupts were removed, and that a call waits of which nothing
is left. Where numbers do not add up the broker is asked, and only there: a length is asked for
after the entries, so what arrives in between looks like a loss until more is known.
"""

from __future__ import annotations

from contextlib import aclosing

from desktop.engine.feed import Feed
from desktop.engine.positions import START, Positions
from desktop.engine.summaries import CALL_REMOVED, ENTRIES_REMOVED, STAYING
from desktop.engine.telling import Teller
from workers.wire.ids import StreamId
from workers.wire.streams.reader import Extent, Reader


class Removals:
    """Looks for what is gone from the streams of one broker."""

    def __init__(self, teller: Teller, positions: Positions, feed: Feed) -> None:
        self._teller = teller
        self._positions = positions
        self._feed = feed

    async def look(self, reader: Reader) -> None:
        """Tell what is gone from the contexts that seem to hold fewer entries than they should."""
        if not self._positions.shorter:
            return
        doubted = {one for one in self._positions.shorter if self._is_worth_it(one)}
        self._positions.shorter.clear()
        try:
            extents = await reader.extents(dict.fromkeys(doubted, START))
            doubted.intersection_update(extents)
            for context_id, extent in extents.items():
                # A broker that cannot tell is taken at the word of its lengths.
                if extent.is_short is not False:
                    await self._tell(reader, context_id, extent)
                doubted.discard(context_id)
        finally:
            self._positions.shorter |= doubted  # after a cut

    async def look_for_calls(self, reader: Reader) -> None:
        """Tell where the workers' index names a call that waits, and its entry is gone.

        To be called when everything the streams hold of requests was told.
        """
        unseen = await self._unseen(reader)
        extents = await reader.extents(dict.fromkeys(unseen, START))
        short = [context_id for context_id, extent in extents.items() if extent.is_short]
        if not short:
            return
        # What asks now is in the index, too; what was decided meanwhile is there no more.
        await self._feed.read(reader, short)
        for context_id in (await self._unseen(reader)).intersection(short):
            self._teller.removed(context_id, frozenset(), CALL_REMOVED)

    async def _unseen(self, reader: Reader) -> set[str]:
        """Contexts in which a call waits by the index, and none that was told is that."""
        asked = self._positions.asked
        return {
            context_id
            for request_id, context_id in (await _waiting(reader)).items()
            if self._positions.get(context_id) is not None
            and request_id not in asked.get(context_id, {}).values()
        }

    def _is_worth_it(self, context_id: str) -> bool:
        """Whether there is more to be told of it: a stream with a limit loses entries all day."""
        known = self._positions.read(context_id)
        is_said = known is not None and known.note in STAYING
        return known is not None and not (is_said and not self._positions.asked.get(context_id))

    async def _tell(self, reader: Reader, context_id: str, extent: Extent) -> None:
        asked = self._positions.asked.get(context_id)
        gone = await _gone(reader, context_id, extent, dict(asked or {}))
        if self._positions.asked.get(context_id) is asked:  # else it was begun anew meanwhile
            self._teller.removed(context_id, gone, ENTRIES_REMOVED)


async def _gone(
    reader: Reader, context_id: str, extent: Extent, asked: dict[str, str]
) -> frozenset[str]:
    """The interrupts that are neither in the stream any more nor told of by their workers.

    Args:
        asked: the entry of each that was told, and the id of its request.
    """
    parsed = {entry_id: StreamId.parse(entry_id) for entry_id in asked}
    # Later ones came after the broker had been asked.
    ids = {entry_id: at for entry_id, at in parsed.items() if at <= extent.last_generated}
    first, deleted = extent.first, extent.deleted
    gone = {one for one, at in ids.items() if first is None or at < first}
    # Trimming takes the oldest; others go one by one, and the broker knows the highest of them.
    doubted = [
        one for one, at in ids.items() if one not in gone and (deleted is None or at <= deleted)
    ]
    if doubted:
        gone.update(set(doubted) - await reader.held(context_id, doubted))
    if any(asked[one] for one in gone):
        waiting = await _waiting(reader)
        gone = {one for one in gone if asked[one] not in waiting}
    return frozenset(gone)


async def _waiting(reader: Reader) -> dict[str, str]:
    """Requests that wait by the workers' index, and their contexts."""
    async with aclosing(reader.waiting_requests()) as requests:
        return {request_id: summary.context_id async for request_id, summary in requests}
