"""The streams on which desks tell each other their audit logs, one for each month.

The only place that reads and writes them. They are a transport and no record: whoever may add an
entry can also cut them off (`XADD` takes `MAXLEN`), so a reader keeps what it has read, and can
tell that there is less than there was.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from workers.wire import keys
from workers.wire.auditing import AuditMessage, write_message
from workers.wire.ids import StreamId
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.entries import StreamEntry
from workers.wire.streams.translation import wrong_type_is_nothing

#: Before the first entry of any stream.
BEGINNING: Final = "0-0"
#: Page by page: an entry can be large, and anybody's.
PAGE: Final = 16


def months(now: float, back: int) -> list[str]:
    """The months that may hold something, the oldest first; clocks of others may be ahead.

    Args:
        now: seconds since the epoch.
        back: so many before the present one, and one after it.
    """
    today = datetime.fromtimestamp(now, UTC)
    present = today.year * 12 + today.month - 1
    each = range(present - back, present + 2)
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in each]


class AuditTransport:
    """The streams of one broker."""

    def __init__(self, connection: Connection) -> None:
        self._client = connection.client

    async def post(self, message: AuditMessage, now: float) -> None:
        """Tell the other desks something.

        Args:
            now: seconds since the epoch; says in which month it lies.

        Raises:
            BrokerError: the broker is away, or does not permit it.
        """
        key = keys.audit(months(now, 0)[0])
        with translated():
            # Never with MAXLEN: what has not been read by all must stay.
            await self._client.xadd(key, {"data": write_message(message)})

    async def read(self, month: str, after: str) -> list[StreamEntry]:
        """The next entries of a month after a place; an entry without `data` has none.

        Raises:
            BrokerError: the broker is away, or does not permit it.
        """
        page = []
        with translated(), wrong_type_is_nothing():
            page = await self._client.xrange(keys.audit(month), f"({after}", "+", PAGE)
        return [StreamEntry(name.decode(), fields.get(b"data", b"")) for name, fields in page]

    async def extent(self, month: str) -> tuple[int, str]:
        """How many entries a month holds, and the id of its newest; `BEGINNING` if it has none.

        Raises:
            BrokerError: the broker is away, or does not permit it.
        """
        key, length, newest = keys.audit(month), 0, []
        with translated(), wrong_type_is_nothing():
            length = await self._client.xlen(key)
            newest = await self._client.xrevrange(key, "+", "-", 1)
        return length, newest[0][0].decode() if newest else BEGINNING


def is_before(entry_id: str, other: str) -> bool:
    """Whether one entry lies before another."""
    return StreamId.parse(entry_id) < StreamId.parse(other)
