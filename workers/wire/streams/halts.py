"""Halting and resuming on the broker.

The only place that writes halts.
"""

from __future__ import annotations

from workers.wire import keys
from workers.wire.codec import encode_struct
from workers.wire.halts import HaltStatement
from workers.wire.streams.connection import Connection, translated


async def halt(connection: Connection, statement: HaltStatement) -> None:
    """Halt a scope; a newer statement takes the place of an older one.

    Raises:
        BrokerError: it could not be written.
    """
    with translated():
        await connection.client.hset(keys.HALT, statement.scope, encode_struct(statement))


async def resume(connection: Connection, scope: str) -> bool:
    """Lift the halt of a scope; others stay. Returns whether there was one.

    Raises:
        BrokerError: it could not be lifted.
    """
    with translated():
        return bool(await connection.client.hdel(keys.HALT, scope))
