"""Halting and resuming on the broker.

The only place that writes halts.
"""

from __future__ import annotations

from workers.wire import keys
from workers.wire.codec import encode_struct
from workers.wire.halts import HaltStatement
from workers.wire.signing.assertions import read_halt
from workers.wire.streams.connection import Connection, translated

#: Fields are read in pages of about so many.
_PAGE = 200


async def halt(connection: Connection, statement: HaltStatement) -> None:
    """Halt a scope, or lift its halt; a newer statement takes the place of an older one.

    Raises:
        BrokerError: it could not be written.
    """
    with translated():
        await connection.client.hset(keys.HALT, statement.scope, encode_struct(statement))


async def resume(connection: Connection, scope: str) -> bool:
    """Empty the field of a scope; others stay. Returns whether something stood there.

    A halt with a valid signature is lifted only by a signed statement; see `Halts`.

    Raises:
        BrokerError: it could not be lifted.
    """
    with translated():
        return bool(await connection.client.hdel(keys.HALT, scope))


async def standing(connection: Connection, scope: str) -> HaltStatement | None:
    """What stands of a scope; None for nothing that can be read.

    Raises:
        BrokerError: it could not be read.
    """
    with translated():
        return read_halt(await connection.client.hget(keys.HALT, scope))


async def all_halts(connection: Connection, most: int) -> dict[str, bytes]:
    """Everything that stands, by scope, lifts too.

    Args:
        most: no more are read, whoever filled the hash.

    Raises:
        BrokerError: it could not be read.
    """
    found: dict[str, bytes] = {}
    cursor = 0
    with translated():
        while True:
            cursor, page = await connection.client.hscan(keys.HALT, cursor, count=_PAGE)
            found.update((scope.decode(errors="replace"), raw) for scope, raw in page.items())
            if cursor == 0 or len(found) >= most:
                return found
