"""News from the broker: which keys changed, and what agents are typing.

The only place that listens. The broker names keys, whoever changed them and however, and the
entries are then read from the stream itself, so nothing is missed that a channel would have
dropped. Where a broker refuses to tell (see `ears`), it is looked for what changed (see
`checking`), and said so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeAlias

from workers.wire.errors import BrokerUnreachable
from workers.wire.events import TokenDelta
from workers.wire.streams.checking import Checker
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.ears import Ear
from workers.wire.streams.heard import Heard
from workers.wire.streams.heard import Method as Method
from workers.wire.streams.heard import Touched as Touched
from workers.wire.streams.places import Place

#: A Cluster, or its Sentinels, are asked so often who the primaries are.
WATCH_SECONDS = 3.0
#: After so long without news the broker is asked whether it is still there, and has as long again
#: for its answer: people are told of a lost route within three seconds.
IDLE_SECONDS = 1.0
#: Between two rounds of looking, where the broker does not tell what changed.
CHECK_SECONDS = 5.0

News: TypeAlias = AsyncGenerator[Touched | TokenDelta, None]
# Not the coroutine itself: one whose task is cancelled before it began would never be awaited.
_Work: TypeAlias = Callable[[], Awaitable[None]]


async def listen(
    connection: Connection, on_failure: Callable[[Exception], None] | None = None
) -> News:
    """Listen until a connection ends, or the broker has other primaries than at the beginning.

    The first item comes when listening has begun: what is read after it misses nothing. It says by
    which method, and whether tokens are heard. While nobody asks for the next item, news are
    merged, and none is lost.

    Args:
        on_failure: hears at once what is raised with the next item: whoever reads from a broker
            that is silent would wait for longer than that.

    Raises:
        BrokerUnreachable: a connection went away, or is silent and answers no ping; or other
            servers have to be listened to.
        BrokerRefused: the broker does not permit what has to be done.
    """
    heard = Heard(on_failure)
    places = await connection.primaries()
    async with _listening(places, heard) as untold:
        work: list[_Work] = []
        if untold:
            checker = Checker(connection.bulk, untold)
            await checker.changed()
            work.append(partial(_check, checker, heard))
        if connection.may_move:
            work.append(partial(_watch, connection, {place.name for place in places}))
        async with _running(work, heard):
            yield heard.touched()
            while True:
                for item in await heard.take():
                    yield item


@asynccontextmanager
async def _listening(places: Iterable[Place], heard: Heard) -> AsyncIterator[list[Place]]:
    """Hear all servers in the block; those are given that do not tell what changed."""
    ears = [(place, Ear(place, heard)) for place in places]
    untold: list[Place] = []
    try:
        with translated():
            for place, ear in ears:
                await ear.open()
                if not await ear.track():
                    untold.append(place)
            # Each server names the keys it holds. What is published reaches all, so one tells it.
            _, first = ears[0]
            heard.hears_tokens = await first.subscribe_to_tokens()
            if untold:
                heard.method = Method.CHECKING
                await first.subscribe_to_events()
        async with _running((partial(ear.drain, IDLE_SECONDS) for _, ear in ears), heard):
            yield untold
    finally:
        for _, ear in ears:
            await ear.close()


@asynccontextmanager
async def _running(work: Iterable[_Work], heard: Heard) -> AsyncIterator[None]:
    """Work in the background of the block; a failure is heard."""

    async def run(one: _Work) -> None:
        try:
            with translated():
                await one()
        except Exception as error:  # noqa: BLE001 - raised again by who listens
            heard.fail(error)

    tasks = [asyncio.create_task(run(one), name="news of a server") for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _check(checker: Checker, heard: Heard) -> None:
    """Look again and again for what changed."""
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        was_empty = checker.knows_nothing
        changed = await checker.changed()
        if checker.knows_nothing and not was_empty:
            heard.flush()
        heard.touch(changed)


async def _watch(connection: Connection, names: set[str]) -> None:
    """Fail when the broker has other primaries than these."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if {place.name for place in await connection.primaries()} != names:
            title = "The broker is served by other servers than before."
            raise BrokerUnreachable(title, "The connection is renewed.")
