"""Reading along: everything the broker holds once, then everything new, as facts.

The only place that keeps positions in streams. It listens before it scans, so that nothing falls
between, and it always reads entries from the stream itself, so that a cut loses nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from desktop.engine.older import waiting_before
from desktop.store import facts
from workers.wire import keys
from workers.wire.approvals import Receipt
from workers.wire.codec import decode_event, decode_struct
from workers.wire.errors import DecodeError
from workers.wire.streams.news import Touched
from workers.wire.streams.progress import MAX_RECEIPTS
from workers.wire.streams.reader import Reader, StreamEntry

Emit: TypeAlias = Callable[[facts.Fact], None]

#: Entries of each context read at the start. Of older ones only calls that still wait are told.
TAIL_ENTRIES = 200
EXCERPT_LENGTH = 400
_START = "0-0"


class Feed:
    """Follows one broker.

    Attributes:
        positions: stream key to the id of the last entry told; kept over a reconnect.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self.positions: dict[str, str] = {}

    def forget(self) -> None:
        """Another broker follows: positions of the last one mean nothing there."""
        self.positions.clear()

    async def catch_up(self, reader: Reader, pause: Callable[[], Awaitable[None]]) -> None:
        """Tell everything the broker holds that was not told before.

        Args:
            pause: awaited between contexts, so that what was learned can leave in batches.
        """
        context_ids = await reader.contexts()
        known = {keys.progress(c): c for c in context_ids if keys.progress(c) in self.positions}
        await self._tell_after(reader, known)
        unknown = [c for c in context_ids if keys.progress(c) not in known]
        cut_off: list[tuple[str, list[StreamEntry]]] = []
        async for context_id, entries in reader.tails(unknown, TAIL_ENTRIES):
            self._tell(keys.progress(context_id), entries)
            if len(entries) == TAIL_ENTRIES:
                cut_off.append((context_id, entries))
            await pause()
        for context_id, entries in cut_off:
            async for entry in waiting_before(reader, context_id, entries):
                self._emit(read_progress(context_id, entry))
            await pause()
        if keys.RECEIPTS in self.positions:
            await self._tell_after(reader, (keys.RECEIPTS,))
        else:
            self._tell(keys.RECEIPTS, await reader.tail(keys.RECEIPTS, MAX_RECEIPTS))
        await self.tell_agents(reader)
        self._emit(facts.CaughtUp(frozenset(context_ids)))

    async def tell_news(self, reader: Reader, touched: Touched) -> None:
        """Tell the new entries of streams that changed."""
        streams = [name for name in touched.names if _is_followed(name)]
        await self._tell_after(reader, streams)
        if any(name.startswith(keys.INBOX_PREFIX) for name in touched.names - self._agents_known):
            await self.tell_agents(reader)

    async def tell_agents(self, reader: Reader) -> None:
        """Tell who is on the broker."""
        agents = await reader.agents()
        self._agents_known = frozenset(keys.inbox(agent) for agent in agents)
        self._emit(facts.AgentsSeen(tuple(agents), tuple(await reader.workers())))

    _agents_known: frozenset[str] = frozenset()

    async def _tell_after(self, reader: Reader, streams: Iterable[str]) -> None:
        positions = {name: self.positions.get(name, _START) for name in streams}
        for key, entries in (await reader.after(positions)).items():
            self._tell(key, entries)

    def _tell(self, key: str, entries: list[StreamEntry]) -> None:
        for entry in entries:
            if key == keys.RECEIPTS:
                self._tell_receipt(entry)
            else:
                self._emit(read_progress(key.removeprefix(keys.PROGRESS_PREFIX), entry))
        if entries:
            self.positions[key] = entries[-1].entry_id

    def _tell_receipt(self, entry: StreamEntry) -> None:
        try:
            self._emit(facts.ReceiptSeen(decode_struct(entry.data, Receipt)))
        except DecodeError:
            # A receipt nobody can read proves nothing; the request stays as it is.
            return


def read_progress(context_id: str, entry: StreamEntry) -> facts.EventSeen | facts.UnreadableSeen:
    """One entry of a progress stream as a fact, whatever it holds."""
    try:
        event = decode_event(entry.data)
    except DecodeError as error:
        excerpt = error.raw[:EXCERPT_LENGTH].decode(errors="backslashreplace")
        return facts.UnreadableSeen(context_id, entry.entry_id, error.title, excerpt)
    if event.context_id != context_id:
        title = "An entry names another conversation than the one it lies in."
        return facts.UnreadableSeen(context_id, entry.entry_id, title, event.context_id[:200])
    return facts.EventSeen(context_id, entry.entry_id, event)


def _is_followed(name: str) -> bool:
    return name.startswith(keys.PROGRESS_PREFIX) or name == keys.RECEIPTS
