"""Open transcripts: their newest entries, and page by page what comes before.

The only place that knows which ones somebody reads. What is new in them is told by the feed; a
transcript that could not be read for want of a connection is read with the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from desktop.actions.ports import CloseTranscript, OpenTranscript, Reading, ReadOlder
from desktop.engine.batch import Batch
from desktop.engine.entries import FIRST, read_progress
from desktop.engine.kept_words import KeptWords
from desktop.engine.positions import START
from desktop.engine.summaries import ENTRIES_REMOVED
from desktop.store import facts
from workers.wire import keys
from workers.wire.streams.reader import Reader

PAGE_ENTRIES = 200
_END = "+"


@dataclass(eq=False, slots=True)
class _Page:
    """One that was asked for; the very object tells whether it is still wanted."""

    before: str


class Transcripts:
    """The open transcripts of a console, whichever broker it follows.

    Attributes:
        opened: context IDs.
        words: hears all entries that are read, those of open transcripts and others.
    """

    def __init__(self, batch: Batch, words: KeptWords) -> None:
        self.opened: set[str] = set()
        self._batch = batch
        self.words = words
        self._wanted: dict[str, _Page] = {}

    def take(self, order: Reading) -> None:
        """Take an order; `read` carries it out."""
        match order:
            case OpenTranscript():
                self.opened.add(order.context_id)
                self._begin(order.context_id)
            case ReadOlder():
                if order.context_id in self.opened:
                    self._wanted.setdefault(order.context_id, _Page(order.before))
            case CloseTranscript():
                self.opened.discard(order.context_id)
                self._wanted.pop(order.context_id, None)
                self._batch.emit(facts.TranscriptClosed(order.context_id))

    def begin_anew(self, context_ids: Iterable[str]) -> None:
        """What was told of these transcripts is void; `read` tells it anew."""
        for context_id in context_ids:
            if context_id in self.opened:
                self._begin(context_id)

    async def read(self, reader: Reader) -> None:
        """Read every page that was asked for and has not been told yet."""
        for context_id, page in tuple(self._wanted.items()):
            entries = await reader.before(keys.progress(context_id), page.before, PAGE_ENTRIES)
            reaches_start = len(entries) < PAGE_ENTRIES
            is_short = reaches_start and await _is_short(reader, context_id)
            if self._wanted.get(context_id) is not page:
                continue  # told or closed meanwhile, or begun anew
            del self._wanted[context_id]
            reaches_start, is_tail = len(entries) < PAGE_ENTRIES, page.before == _END
            self.words.hear(context_id, entries, is_tail=is_tail, is_start=reaches_start)
            self._batch.emit(
                facts.TranscriptRead(
                    context_id,
                    tuple(read_progress(context_id, entry, live=False) for entry in entries),
                    reaches_start=reaches_start,
                    is_tail=is_tail,
                )
            )
            if is_short:
                self._batch.emit(facts.GapSeen(context_id, FIRST, ENTRIES_REMOVED))

    def _begin(self, context_id: str) -> None:
        self._batch.emit(facts.TranscriptRead(context_id))
        self._wanted[context_id] = _Page(_END)


async def _is_short(reader: Reader, context_id: str) -> bool:
    """Whether a stream ever had more entries than it holds, as far as its broker can tell."""
    extents = await reader.extents({context_id: START})
    return bool(context_id in extents and extents[context_id].is_short)
