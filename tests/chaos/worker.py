"""`python -m tests.chaos.worker URL [POINT [WORLD_URL]]`: a worker of the real core, and its world.

Each third message has an effect outside, behind the ledger as an approved tool is. With POINT the
process kills itself there, as a power cut would, the first time it comes by.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from typing import Any

import structlog
from redis import exceptions

from tests.chaos.world import Fenced, World
from workers.runtime.dispatch import Dispatcher
from workers.runtime.inbox import Taken, Verb, Verdict
from workers.runtime.leases import confirm_lease, fence
from workers.runtime.pace import Pace
from workers.wire.errors import BrokerUnreachable, LeaseLost
from workers.wire.ids import new_consumer_name
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter

AGENT = "storm_agent"
#: The environment's name for the address of the world, when it is not the broker's own.
WORLD_URL = "STORM_WORLD_URL"
PACE = Pace(heartbeat_seconds=1.0, lease_seconds=3.0, slots=20, most_starts=50, grace_seconds=5.0)
POINTS = (
    "after_read",
    "after_take",
    "after_reserve",
    "after_effect",
    "after_record",
    "after_checkpoint",
    "after_settle",
)


class Hands:
    """Handles messages, and dies where it is told to."""

    def __init__(self, connection: Connection, world: World, point: str) -> None:
        self._world = world
        self._writer = ProgressWriter(connection)
        self._point = point

    async def handle(self, taken: Taken) -> Verdict:
        while True:
            try:
                await self._apply(taken)
            except Fenced:
                raise LeaseLost("The checkpoint was written by another worker.") from None
            except (BrokerUnreachable, exceptions.ConnectionError, exceptions.TimeoutError):
                await asyncio.sleep(0.1)  # until it is back, or the lease is given up
            except exceptions.RedisError as error:
                # It would never pass by trying again, and a storm that waits for it says nothing.
                print(f"the world refuses: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            else:
                return Verdict(Verb.DONE)

    def die_at(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)

    async def _apply(self, taken: Taken) -> None:
        self.die_at("after_take")
        context_id, entry_id = taken.context.decode(), taken.entry.entry_id
        number = json.loads(taken.entry.data)["data"]["number"]
        if await self._world.look(context_id, taken.token) == entry_id:
            return
        await asyncio.sleep(random.uniform(0.001, 0.02))  # a model thinks
        if number % 3 == 0:
            await self._run_tool(context_id, entry_id)
        await confirm_lease()
        await self._world.apply(context_id, taken.token, entry_id, number)
        self.die_at("after_checkpoint")

    async def _run_tool(self, context_id: str, entry_id: str) -> None:
        await confirm_lease()
        earlier = await self._writer.tool_started(context_id, entry_id, "started", fence(AGENT))
        if earlier == "done":
            return
        if earlier is not None:
            await self._world.doubt(context_id, entry_id)
            return
        self.die_at("after_reserve")
        await self._world.take_effect(context_id, entry_id)
        self.die_at("after_effect")
        await self._writer.tool_done(context_id, entry_id, "done")
        self.die_at("after_record")


async def main(url: str, point: str = "", world_url: str = "") -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # Whose user may do no more than a worker needs has no say in the world outside.
    world = World(os.environ.get(WORLD_URL, url))
    async with Connection(url) as connection:
        hands = Hands(connection, world, point)
        dispatcher = Dispatcher(connection, AGENT, new_consumer_name(), PACE, hands.handle)
        _die_around(dispatcher, hands)
        await dispatcher.open()
        print("{}", flush=True)
        await dispatcher.serve(stop)
        await dispatcher.close()
    await world.aclose()


def _die_around(dispatcher: Dispatcher, hands: Hands) -> None:
    """The two points that lie inside the core."""
    leased = dispatcher._leased
    take, settle = leased.take, leased.settle

    async def taking(newest: str, free: int) -> list[Taken]:
        if newest:
            hands.die_at("after_read")
        return await take(newest, free)

    async def settling(*arguments: Any) -> Taken | None:  # noqa: ANN401 - handed on
        following = await settle(*arguments)
        hands.die_at("after_settle")
        return following

    leased.take, leased.settle = taking, settling  # type: ignore[method-assign]


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
