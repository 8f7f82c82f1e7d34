"""News from the broker: which keys changed, and what agents are typing.

The only place that listens. News come by client tracking in broadcast mode (RESP3): the broker
names every key that changed, whoever changed it and however, and the entries are then read from
the stream itself, so nothing is missed that a channel would have dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from workers.wire import keys
from workers.wire.codec import decode_struct
from workers.wire.errors import BrokerUnreachable, DecodeError
from workers.wire.events import TokenDelta
from workers.wire.streams.connection import Client, Connection, translated
from workers.wire.streams.places import Place

_TRACKED = (keys.PROGRESS_PREFIX, keys.INBOX_PREFIX, keys.RECEIPTS)
#: A Cluster, or its Sentinels, are asked so often who the primaries are.
WATCH_SECONDS = 3.0
#: So much is heard ahead of who listens; the rest waits at the broker.
_AHEAD = 1000
#: After so long without news the broker is asked whether it is still there.
IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Touched:
    """Keys that changed. `everything`: the broker forgot all keys (a flush)."""

    names: frozenset[str] = frozenset()
    everything: bool = False


News: TypeAlias = AsyncGenerator[Touched | TokenDelta, None]


async def listen(connection: Connection) -> News:
    """Listen until a connection ends, or the broker has other primaries than at the beginning.

    The first item comes when listening has begun: what is read after it misses nothing.

    Raises:
        BrokerUnreachable: a connection went away, or is silent and answers no ping; or other
            servers have to be listened to.
        BrokerRefused: the broker does not permit tracking.
    """
    first, *others = await connection.primaries()
    # Each server names the keys it holds. What is published reaches all, so one tells it.
    news = [_listen_to(first, with_tokens=True)]
    news += [_listen_to(place, with_tokens=False) for place in others]
    if connection.may_move:
        news.append(_watch(connection, {place.name for place in (first, *others)}))
    async with aclosing(_merged(news) if connection.may_move else news[0]) as items:
        async for item in items:
            yield item


async def _listen_to(place: Place, *, with_tokens: bool) -> News:
    """What one server tells, from a first empty item on."""
    wire = place.wire(protocol=3, socket_timeout=None)
    try:
        with translated():
            await wire.connect()
            _route_pushes(wire)
            prefixes = [word for prefix in _TRACKED for word in ("PREFIX", prefix)]
            await wire.send_command("CLIENT", "TRACKING", "ON", "BCAST", *prefixes)
            await wire.read_response()
            if with_tokens:
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


async def _watch(connection: Connection, names: set[str]) -> News:
    """Nothing, until the broker has other primaries than these."""
    yield Touched()
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if {place.name for place in await connection.primaries()} != names:
            title = "The broker is served by other servers than before."
            raise BrokerUnreachable(title, "The connection is renewed.")


async def _merged(sources: Sequence[News]) -> News:
    """Several sources as one, which ends with the first of them."""
    heard: asyncio.Queue[Touched | TokenDelta | Exception] = asyncio.Queue(_AHEAD)

    async def hand_on(source: News) -> None:
        try:
            async with aclosing(source):
                async for item in source:
                    await heard.put(item)
        except Exception as error:  # noqa: BLE001 - raised again by who listens
            await heard.put(error)

    tasks = [asyncio.create_task(hand_on(source), name="news of a server") for source in sources]
    try:
        beginning = len(sources)
        while True:
            item = await heard.get()
            if isinstance(item, Exception):
                raise item
            if beginning:
                # What else comes before all have begun will be read by who waits for that.
                beginning -= item == Touched()
                if not beginning:
                    yield Touched()
                continue
            yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
