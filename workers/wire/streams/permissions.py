"""Which commands the broker permits us, found out without running one.

The only place that asks. A user who may work may not look at ACLs, so each command is queued in a
transaction that is then discarded: the broker checks permissions when it queues.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from redis.exceptions import NoPermissionError, ResponseError

from workers.wire.streams.connection import COMMAND_TIMEOUT_SECONDS, Connection, translated

Command: TypeAlias = Sequence[str]


async def not_permitted(connection: Connection, commands: Iterable[Command]) -> list[Command]:
    """Those of `commands` that the broker would refuse to the current user. None has an effect.

    Raises:
        BrokerRefused: not even a transaction is permitted, so that nothing can be found out.
        BrokerUnreachable: the broker went away.
    """
    refused: list[Command] = []
    place, *_ = await connection.primaries()
    with translated():
        # On a Cluster all servers permit the same.
        line = place.wire(protocol=2, socket_timeout=COMMAND_TIMEOUT_SECONDS)
        try:
            await line.connect()
            for command in commands:
                await line.send_command("MULTI")
                await line.read_response()
                await line.send_command(*command)
                try:
                    await line.read_response()
                except NoPermissionError:
                    refused.append(command)
                except ResponseError:
                    pass  # permitted, and wrong in another way: of another node of a Cluster
                await line.send_command("DISCARD")
                await line.read_response()
        finally:
            # In whatever state it is: nothing that was queued can be executed any more.
            await line.disconnect()
    return refused
