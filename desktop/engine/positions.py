"""How far each context has been read.

The only place that keeps positions in progress streams. A position is the summary that was told:
the very object that the store keeps, so that a context that rests costs no more here than its place
in a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from desktop.store.records import Source, Summary

#: Before the first entry of any stream.
START = "0-0"


class Positions:
    """What was told of every context of one broker; kept over a reconnect.

    Attributes:
        asked: contexts in which an interrupt was seen; tool messages of others answer nothing. With
            the entry of each that was told, and the id of its request (empty for none).
        shorter: contexts that seem to hold fewer entries than they should; see `removals`.
        underived: contexts that were there before the console, and whose requests are not told.
    """

    def __init__(self) -> None:
        self._summaries: dict[str, Summary] = {}
        self.asked: dict[str, dict[str, str]] = {}
        self.shorter: set[str] = set()
        self.underived: set[str] = set()

    def __len__(self) -> int:
        return len(self._summaries)

    def __iter__(self) -> Iterator[str]:
        """Every context; those of the index first, the newest first."""
        return iter(self._summaries)

    def get(self, context_id: str) -> Summary | None:
        """What was told last, from the stream or from the index."""
        return self._summaries.get(context_id)

    def read(self, context_id: str) -> Summary | None:
        """What was told last, if it is from the stream and names an entry."""
        known = self._summaries.get(context_id)
        return (
            known if known is not None and known.source is Source.STREAM and known.as_of else None
        )

    def put(self, summary: Summary) -> None:
        """This was told."""
        self._summaries[summary.context_id] = summary

    def end_deriving(self, context_ids: Iterable[str]) -> None:
        """What requests these have was told, or there are none."""
        self.underived.difference_update(context_ids)
        if not self.underived:
            self.underived.clear()  # gives back the room that the survey took

    def drop(self, context_id: str) -> None:
        """Nothing of a context counts any more."""
        self._summaries.pop(context_id, None)
        self.asked.pop(context_id, None)
        self.shorter.discard(context_id)
        self.underived.discard(context_id)

    def clear(self) -> None:
        """Another broker follows, or this one was emptied."""
        self._summaries.clear()
        self.asked.clear()
        self.shorter.clear()
        self.underived.clear()
