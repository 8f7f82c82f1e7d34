"""What entries of contexts become: facts of what was said, and the summary of each context.

The only place that decides which entries are told. Of a context that nobody reads, those are that
requests follow from; whatever else is said in it shows in its summary.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from desktop.engine.batch import Batch
from desktop.engine.entries import FIRST, read_progress, request_id_of
from desktop.engine.kept_words import KeptWords
from desktop.engine.positions import Positions
from desktop.engine.summaries import (
    BEGUN_ANEW,
    CALL_REMOVED,
    ENTRIES_MISSED,
    STAYING,
    Look,
    fold,
    look,
)
from desktop.engine.transcripts import Transcripts
from desktop.store import facts
from desktop.store.records import ContextStatus, Source, Summary
from workers.wire.events import ContextSummary
from workers.wire.ids import StreamId
from workers.wire.streams.reader import Extent, StreamEntry

#: What every interrupt has in it; most contexts have none, and are not looked at any closer.
_INTERRUPT = b'"interrupt"'
GONE = "The conversation was deleted at the broker."
_GAP = "Messages may be missing here: the broker removed entries before they were read."


class Teller:
    """Tells what is read of contexts, each entry once."""

    def __init__(
        self, batch: Batch, positions: Positions, transcripts: Transcripts, words: KeptWords
    ) -> None:
        self._batch = batch
        self._words = words
        self._positions = positions
        self._transcripts = transcripts
        # Of which nothing has been told since they were begun anew.
        self._anew: set[str] = set()

    def index(self, context_id: str, indexed: ContextSummary) -> None:
        """Tell of a context by the workers' index, unless more is known of it."""
        if self._positions.get(context_id) is None:
            self._positions.underived.add(context_id)
            self._see(
                Summary(
                    context_id,
                    sys.intern(indexed.agent),
                    indexed.status,
                    indexed.last_activity_ms,
                    waiting=indexed.waiting,
                    source=Source.INDEX,
                )
            )

    def last(self, context_id: str, entry: StreamEntry, length: int) -> None:
        """Tell of a context by its newest entry alone; the rest of it is derived later."""
        seen = look(context_id, *entry)
        known = self._positions.get(context_id)
        self._positions.underived.add(context_id)
        self._see(fold(context_id, [seen], known, length=length, guess=False))

    def newer(
        self,
        context_id: str,
        entries: Sequence[StreamEntry],
        length: int | None = None,
        *,
        live: bool = True,
    ) -> None:
        """Tell entries of a context that come after those that were told.

        Args:
            entries: in the order of the stream; see `after`.
            length: how many there are; unless given, these are counted to those before.
            live: see `facts.EventSeen`.
        """
        begins = self._positions.read(context_id) is None
        self._words.hear(context_id, entries, is_tail=begins, is_start=begins)
        self._take(context_id, entries, length, live=live)

    def _take(
        self, context_id: str, entries: Sequence[StreamEntry], length: int | None, *, live: bool
    ) -> None:
        known = self._positions.get(context_id)
        if known is not None and length is not None and length < known.entries + len(entries):
            self._positions.shorter.add(context_id)
        if entries:
            looks = [look(context_id, *entry) for entry in entries]
            self._tell(context_id, looks, live=live)
            self._see(fold(context_id, looks, known, length=length))
        elif known is not None and length is not None and length != known.entries:
            self._see(replace(known, entries=length))

    def derive(self, context_id: str, tail: Sequence[StreamEntry], *, is_all: bool) -> None:
        """Tell what a context's newest entries say of requests, and of itself.

        Args:
            tail: those up to the last one that was glanced at, and what is newer.
            is_all: the stream has no others.
        """
        self._words.hear(context_id, tail, is_tail=True, is_start=is_all)
        known = self._positions.read(context_id)
        fresh = after(tail, known)
        old = tail[: len(tail) - len(fresh)]
        asks = any(_INTERRUPT in entry.data for entry in old)
        is_plain = known is None or (known.agent and known.preview)
        if asks or not is_plain or context_id in self._transcripts.opened:
            looks = [look(context_id, *entry) for entry in old]
            self._tell(context_id, looks, live=False)
            if looks and known is not None and not is_plain:
                self._see(fold(context_id, looks, known, length=known.entries))
        self._positions.underived.discard(context_id)
        if fresh:
            self._take(context_id, fresh, None, live=True)

    def older(self, context_id: str, entry: StreamEntry) -> None:
        """Tell a call that waits further back than was read."""
        self._emit(context_id, entry, live=False, is_interrupt=True)

    def gap(self, context_id: str, new: Sequence[StreamEntry], extent: Extent | None) -> None:
        """Tell that entries were removed before they were read.

        Args:
            new: those after them; they are told next.
        """
        known = self._positions.get(context_id)
        if known is not None and known.note != CALL_REMOVED:
            self._see(replace(known, note=ENTRIES_MISSED))
        last = extent.last_generated if extent else StreamId(0, 0)
        before = new[0].entry_id if new else str(StreamId(last.milliseconds, last.sequence + 1))
        self._batch.emit(facts.GapSeen(context_id, before, _GAP))

    def removed(self, context_id: str, entry_ids: frozenset[str], note: str) -> None:
        """Tell that a stream no longer holds what it held.

        Args:
            entry_ids: of interrupts among that of which nobody tells any more.
            note: what happened, for a person.
        """
        known = self._positions.get(context_id)
        is_news = known is not None and (known.note not in STAYING or note == CALL_REMOVED)
        if known is not None and is_news and known.note != note:
            self._see(replace(known, note=note))
            if context_id in self._transcripts.opened:
                self._batch.emit(facts.GapSeen(context_id, FIRST, note))
        if entry_ids:
            for entry_id in entry_ids:
                self._positions.asked.get(context_id, {}).pop(entry_id, None)
            self._batch.emit(facts.InterruptsRemoved(context_id, entry_ids))

    def reset(self, context_id: str, title: str) -> None:
        """Tell that what was known of a context is void."""
        self._positions.drop(context_id)
        self._words.forget(context_id)
        self._batch.reset(context_id, title, is_gone=title == GONE)
        if title == BEGUN_ANEW:
            self._anew.add(context_id)
        else:
            self._anew.discard(context_id)
        self._transcripts.begin_anew((context_id,))

    def odd(self, context_id: str, problem: str) -> None:
        """Tell that something is there that is no stream."""
        known = self._positions.get(context_id)
        if known is not None and known.note == problem:
            return
        if known is not None:
            self.reset(context_id, problem)
        self._see(Summary(context_id, "", ContextStatus.FAILED, 0, note=problem))

    def _tell(self, context_id: str, looks: Iterable[Look], *, live: bool) -> None:
        """Tell those entries that somebody reads, or that requests follow from."""
        is_open, asked = context_id in self._transcripts.opened, self._positions.asked
        for one in looks:
            if (
                not one.is_interrupt
                and not is_open
                and not (context_id in asked and one.is_tool_message)
            ):
                continue
            entry = StreamEntry(one.entry_id, one.data)
            self._emit(context_id, entry, live=live, is_interrupt=one.is_interrupt)

    def _emit(self, context_id: str, entry: StreamEntry, *, live: bool, is_interrupt: bool) -> None:
        fact = read_progress(context_id, entry, live=live)
        if is_interrupt:
            asked = self._positions.asked.setdefault(context_id, {})
            asked[entry.entry_id] = request_id_of(fact)
        self._batch.emit(fact)

    def _see(self, summary: Summary) -> None:
        if summary.context_id in self._anew:
            self._anew.discard(summary.context_id)
            if summary.context_id in self._transcripts.opened:
                self._batch.emit(facts.GapSeen(summary.context_id, FIRST, BEGUN_ANEW))
            summary = replace(summary, note=summary.note or BEGUN_ANEW)
        self._positions.put(summary)
        self._batch.see(summary)


def after(entries: Sequence[StreamEntry], known: Summary | None) -> Sequence[StreamEntry]:
    """Those that were not told before."""
    if known is None or not entries:
        return entries
    if entries[-1].entry_id == known.as_of:
        return ()  # nothing is the usual case, and costs no look at the ids
    position = StreamId.parse(known.as_of)
    for number, entry in enumerate(entries):
        if StreamId.parse(entry.entry_id) > position:
            return entries[number:]
    return ()
