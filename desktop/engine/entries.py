"""Entries of progress streams as facts.

The only place that reads an entry whole. What cannot be read is told with the reason, where it
stands.
"""

from __future__ import annotations

from desktop.engine.summaries import ELSEWHERE
from desktop.store import facts
from workers.wire.codec import decode_event
from workers.wire.errors import DecodeError
from workers.wire.streams.reader import StreamEntry

EXCERPT_LENGTH = 400


def read_progress(
    context_id: str, entry: StreamEntry, *, live: bool = True
) -> facts.EventSeen | facts.UnreadableSeen:
    """One entry of a progress stream as a fact, whatever it holds."""
    try:
        event = decode_event(entry.data)
    except DecodeError as error:
        excerpt = error.raw[:EXCERPT_LENGTH].decode(errors="backslashreplace")
        return facts.UnreadableSeen(context_id, entry.entry_id, error.title, excerpt)
    if event.context_id != context_id:
        excerpt = event.context_id[:200]
        return facts.UnreadableSeen(context_id, entry.entry_id, ELSEWHERE, excerpt)
    return facts.EventSeen(context_id, entry.entry_id, event, live)
