"""Reading transcripts: opening one, reading on towards its beginning, letting it go.

The only place that decides which transcripts are kept open. Few are: what nobody looks at is read
again from the broker when somebody does.
"""

from __future__ import annotations

from typing import Final

from desktop.actions.ports import CloseTranscript, OpenTranscript, Outbox, ReadOlder
from desktop.store.store import Store

#: So many stay open, the ones looked at last: going back and forth between them costs nothing.
MOST_OPEN: Final = 8


class Transcripts:
    """The transcripts that somebody at this desk reads."""

    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._store = store
        self._outbox = outbox
        self._looked_at: dict[str, None] = {}  # the latest last
        self._asked_before: dict[str, str] = {}

    def open(self, context_id: str) -> None:
        """Have the newest entries of a context read, and follow it."""
        self._looked_at.pop(context_id, None)
        self._looked_at[context_id] = None
        if not self._store.is_open(context_id):
            self._asked_before.pop(context_id, None)
            self._outbox.post(OpenTranscript(context_id))
        self._close_the_oldest()

    def read_older(self, context_id: str) -> bool:
        """Have the page before the oldest entry read that was. Returns whether there may be one.

        Not that before the first line: most entries of a page may make none, and a call that waits
        far back has its line before anything around it was read.
        """
        if not self._store.is_read(context_id) or self._store.reaches_start(context_id):
            return False
        first = self._store.read_from(context_id) or "+"
        # Readers ask again while the page is on its way.
        if self._asked_before.get(context_id) != first:
            self._asked_before[context_id] = first
            self._outbox.post(ReadOlder(context_id, first))
        return True

    def _close_the_oldest(self) -> None:
        for context_id in list(self._looked_at)[:-MOST_OPEN]:
            # What is being said there comes back as an entry, which only an open one is told.
            if not self._store.is_sending(context_id):
                del self._looked_at[context_id]
                self._asked_before.pop(context_id, None)
                self._outbox.post(CloseTranscript(context_id))
