"""Entries of progress streams as facts.

The only place that reads an entry whole. What cannot be read is told with the reason, where it
stands.
"""

from __future__ import annotations

from desktop.engine.summaries import ELSEWHERE
from desktop.store import facts
from workers.wire.codec import decode_event
from workers.wire.dialects import read_interrupt
from workers.wire.errors import DecodeError
from workers.wire.events import AgentProgress
from workers.wire.streams.reader import StreamEntry

EXCERPT_LENGTH = 400
#: No entry of a stream comes before this one.
FIRST = "0-1"


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


def request_id_of(fact: facts.EventSeen | facts.UnreadableSeen) -> str:
    """The id that a Signoff worker gave the request of an interrupt; empty for none."""
    body = fact.event.body if isinstance(fact, facts.EventSeen) else None
    call = read_interrupt(body.message) if isinstance(body, AgentProgress) else None
    return call.request.request_id if call is not None and call.request is not None else ""
