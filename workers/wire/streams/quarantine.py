"""The quarantine of an agent's inbox: entries that could not be handled, and the way back.

The only place that reads a quarantine. Entries are put there by the worker that could not handle
them; they leave it by a person's word alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.wire import keys
from workers.wire.ids import StreamId
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.numerals import number
from workers.wire.streams.scripts import Script, lua

#: Workers keep about so many of an agent, and the newest.
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One quarantined entry.

    Attributes:
        dead_id: its id in quarantine.
        data: what the inbox entry held, as it arrived; empty when it held no `data` field.
        reason: one short stable word, such as `not_json`.
        error: the same for a person.
        entry_id: the id it had in the inbox.
        worker: the consumer that put it here.
        context_id: empty where it is not known.
        attempts: how often it was started; 0 where it is not known.
    """

    dead_id: str
    data: bytes = field(repr=False)
    reason: str
    error: str
    entry_id: str
    worker: str
    context_id: str = ""
    attempts: int = 0

    @property
    def since_ms(self) -> int:
        """When it was put here, by the broker's clock."""
        return StreamId.parse(self.dead_id).milliseconds


class NoData(Exception):
    """The entry holds nothing that could be put back."""


class Quarantine:
    """What is quarantined of one agent's inbox."""

    def __init__(self, connection: Connection, agent: str) -> None:
        self._client = connection.client
        self._inbox = keys.inbox(agent)
        self._key = keys.dead_letters(agent)
        self._discarded = keys.discarded(agent)
        self._discard = Script(connection, lua("discard"))
        self._requeue = Script(connection, lua("requeue"))

    async def length(self) -> int:
        """How many entries it holds."""
        with translated():
            return int(await self._client.xlen(self._key))

    async def newest(self, count: int) -> list[DeadLetter]:
        """The last `count` entries, oldest first."""
        with translated():
            entries = await self._client.xrevrange(self._key, count=count)
        return [_dead_letter(entry_id, fields) for entry_id, fields in reversed(entries)]

    async def get(self, dead_id: str) -> DeadLetter | None:
        """One entry; None when it is not, or no longer, there."""
        with translated():
            entries = await self._client.xrange(self._key, dead_id, dead_id)
        return _dead_letter(*entries[0]) if entries else None

    async def requeue(self, dead_id: str) -> str | None:
        """Put an entry back into the inbox, behind what waits there, and out of quarantine.

        One step on the broker: two people who do it at the same time requeue it once.

        Returns:
            The id it has in the inbox now; None when it is not, or no longer, in quarantine.

        Raises:
            NoData: nothing was changed.
        """
        answer = await self._requeue.run((self._inbox, self._key), dead_id)
        if answer == b"empty":
            raise NoData
        return None if answer is None else str(answer.decode())

    async def discard(self, dead_id: str, by: str) -> bool:
        """Take an entry out for good; it is kept apart, with who did it, among the last 10,000.

        Args:
            by: the person's id.

        Returns:
            Whether it was there.
        """
        answer = await self._discard.run((self._key, self._discarded), dead_id, by, MOST_KEPT)
        return answer is not None

    async def drop(self, dead_id: str) -> bool:
        """Delete an entry for ever. Returns whether it was there."""
        with translated():
            return bool(await self._client.xdel(self._key, dead_id))


def _dead_letter(entry_id: bytes, fields: Mapping[bytes, bytes]) -> DeadLetter:
    return DeadLetter(
        dead_id=entry_id.decode(),
        data=fields.get(b"data", b""),
        reason=_text(fields, b"reason"),
        error=_text(fields, b"error"),
        entry_id=_text(fields, b"entry_id"),
        worker=_text(fields, b"worker"),
        context_id=_text(fields, b"context_id"),
        attempts=number(fields.get(b"attempts", b"")) or 0,
    )


def _text(fields: Mapping[bytes, bytes], name: bytes) -> str:
    return fields.get(name, b"").decode(errors="backslashreplace")
