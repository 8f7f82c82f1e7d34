"""Commands of many tasks go to the broker together, and each task is told its own answer."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.redis_server import RedisServer
from workers.wire.errors import BrokerUnreachable
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.joining import LINES, MOST_AT_ONCE

TASKS = 3 * MOST_AT_ONCE * LINES


async def test_each_of_many_gets_its_own_answer(redis_url: str) -> None:
    """However many ask at once, nobody is told what another asked for."""
    async with Connection(redis_url) as connection:

        async def ask(number: int) -> bool:
            await connection.client.set(f"test:{number}", number, ex=60)
            return int(await connection.client.get(f"test:{number}")) == number

        assert all(await asyncio.gather(*(ask(number) for number in range(TASKS))))


async def test_many_commands_cost_few_connections(
    redis_server: RedisServer, redis_url: str
) -> None:
    """That is what it is for: a worker with fifty contexts needs a few lines, not fifty."""
    async with Connection(redis_url) as connection:
        await asyncio.gather(*(connection.client.ping() for _ in range(TASKS)))
        with redis_server.client() as client:
            others = [one for one in client.client_list() if one["cmd"] == "ping"]

    assert 0 < len(others) <= LINES


async def test_a_refused_command_fails_for_its_task_alone(redis_url: str) -> None:
    """The others in the same write are answered."""
    async with Connection(redis_url) as connection:
        await connection.client.set("test:text", "no list", ex=60)
        asked = [connection.client.lpush("test:text", "x"), connection.client.get("test:text")]
        refused, answered = await asyncio.gather(*asked, return_exceptions=True)

    assert "WRONGTYPE" in str(refused)
    assert answered == b"no list"


async def test_a_batch_gives_errors_back_when_it_was_asked_to(redis_url: str) -> None:
    """The doctor looks at many keys of any kind this way."""
    async with Connection(redis_url) as connection:
        await connection.client.set("test:text", "no list", ex=60)
        async with connection.client.pipeline(transaction=False) as batch:
            batch.llen("test:text")
            batch.get("test:text")
            refused, answered = await batch.execute(raise_on_error=False)

    assert "WRONGTYPE" in str(refused)
    assert answered == b"no list"


async def test_who_is_cancelled_takes_nobody_along(redis_url: str) -> None:
    """A run that is stopped was in one write with nine others."""
    async with Connection(redis_url) as connection:
        tasks = [asyncio.create_task(connection.client.ping()) for _ in range(10)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        first, *rest = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(first, asyncio.CancelledError)
    assert all(answer is True for answer in rest)


async def test_everybody_learns_that_the_broker_is_gone(own_redis: RedisServer) -> None:
    """Each task decides for itself what that means to it."""
    async with Connection(own_redis.url) as connection:
        own_redis.kill()

        async def ask() -> None:
            with translated():
                await connection.client.ping()

        told = await asyncio.gather(*(ask() for _ in range(5)), return_exceptions=True)

    assert [type(one) for one in told] == [BrokerUnreachable] * 5


async def test_who_waits_while_it_is_closed_is_told(redis_url: str) -> None:
    """Nobody waits for an answer that cannot come any more."""
    connection = Connection(redis_url)
    await connection.client.ping()
    waiting = asyncio.create_task(connection.client.blpop("test:never", timeout=0))
    await asyncio.sleep(0)
    await connection.close()

    with pytest.raises(BrokerUnreachable), translated():
        await waiting


async def test_nothing_is_forgotten_just_when_the_lines_fall_silent(redis_url: str) -> None:
    """What is asked for in that moment would wait until somebody else asks for something."""
    async with Connection(redis_url) as connection:

        async def ask_twice() -> None:
            await connection.client.ping()
            await connection.client.ping()

        async with asyncio.timeout(30):
            for _ in range(300):
                others = (connection.client.ping() for _ in range(LINES - 1))
                await asyncio.gather(ask_twice(), *others)
