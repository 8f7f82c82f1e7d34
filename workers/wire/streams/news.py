"""News from the broker: which keys changed, and what agents are typing.

The only place that listens. News come by client tracking in broadcast mode (RESP3): the broker
names every key that changed, whoever changed it and however, and the entries are then read from
the stream itself, so nothing is missed that a channel would have dropped.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from workers.wire import keys
from workers.wire.codec import decode_struct
from workers.wire.errors import BrokerUnreachable, DecodeError
from workers.wire.events import TokenDelta
from workers.wire.streams.connection import Client, Connection, translated

_TRACKED = (keys.PROGRESS_PREFIX, keys.INBOX_PREFIX, keys.RECEIPTS)
#: After so long without news the broker is asked whether it is still there.
IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Touched:
    """Keys that changed. `everything`: the broker forgot all keys (a flush)."""

    names: frozenset[str] = frozenset()
    everything: bool = False


async def listen(connection: Connection) -> AsyncGenerator[Touched | TokenDelta, None]:
    """Listen until the connection ends.

    The first item comes when listening has begun: what is read after it misses nothing.

    Raises:
        BrokerUnreachable: the connection went away, or is silent and answers no ping.
        BrokerRefused: the broker does not permit tracking.
    """
    wire = connection.listener()
    try:
        with translated():
            await wire.connect()
            _route_pushes(wire)
            prefixes = [word for prefix in _TRACKED for word in ("PREFIX", prefix)]
            await wire.send_command("CLIENT", "TRACKING", "ON", "BCAST", *prefixes)
            await wire.read_response()
            await wire.send_command("PSUBSCRIBE", f"{keys.TOKEN_PREFIX}*")
        yield Touched()
        awaiting_pong = False
        while True:
            with translated():
                item = await wire.read_response(timeout=IDLE_SECONDS, push_request=True)
                if item is None and awaiting_pong:
                    raise BrokerUnreachable("The broker is silent.", "The connection is renewed.")
                if item is None:
                    await wire.send_command("PING")
            awaiting_pong = item is None
            if isinstance(item, Touched | TokenDelta):
                yield item
    finally:
        await wire.disconnect()


def _route_pushes(wire: Client) -> None:
    """Let the parser hand us what the broker pushes; redis-py has no public door for that."""
    parser = wire._parser  # noqa: SLF001
    parser.set_invalidation_push_handler(_on_invalidated)
    parser.set_pubsub_push_handler(_on_published)


async def _on_invalidated(push: list[object]) -> Touched:
    names = push[1]
    if not isinstance(names, list):
        return Touched(everything=True)
    return Touched(frozenset(name.decode(errors="backslashreplace") for name in names))


async def _on_published(push: list[object]) -> TokenDelta | bool:
    if push[0] != b"pmessage" or not isinstance(push[3], bytes):
        return False
    try:
        return decode_struct(push[3], TokenDelta)
    except DecodeError:
        return False  # a lost delta loses nothing: the whole message follows on the stream
