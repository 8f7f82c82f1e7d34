"""Whoever is told to end at a command to the broker ends, in whatever moment it is told."""

from __future__ import annotations

import asyncio

from workers.wire.streams.connection import Connection

#: A command takes a few turns of the loop; each is tried several times.
TURNS = 40
TRIES = 5


async def test_a_cancelled_task_ends_in_whatever_moment(redis_url: str) -> None:
    """A cancellation dropped once means a console or worker that never stops."""
    async with Connection(redis_url) as connection:

        async def ask_for_ever() -> None:
            while True:
                await connection.client.ping()

        for turns in [*range(TURNS)] * TRIES:
            asking = asyncio.create_task(ask_for_ever(), name=f"cancelled after {turns} turns")
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            ended, _ = await asyncio.wait([asking], timeout=2)
            asking.cancel()
            assert ended, f"still running: {asking.get_name()}"


async def test_the_broker_answers_the_next_one(redis_url: str) -> None:
    """A command that was cut off leaves no answer behind that the next command would read."""
    async with Connection(redis_url) as connection:
        await connection.client.set("mine", "1", ex=60)
        for turns in range(TURNS):
            cut_off = asyncio.create_task(connection.client.echo(f"turn {turns}"))
            for _ in range(turns):
                await asyncio.sleep(0)
            cut_off.cancel()
            await asyncio.wait([cut_off])
            assert await connection.client.get("mine") == b"1"
