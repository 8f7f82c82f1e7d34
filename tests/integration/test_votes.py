"""Votes and claims on a real broker: bounded, skipped where they are nothing, and permitted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.keys import leaked_keys
from tests.support.redis_server import RedisServer
from tests.support.shipped_users import CONSOLE, FILES, url_of
from workers.wire import keys
from workers.wire.errors import BrokerRefused
from workers.wire.streams.claims import ClaimWords, Leases
from workers.wire.streams.connection import Connection
from workers.wire.streams.votes import MAX_VOTES, Ballots, VoteEntry

REQUEST = ("c-1", "ab" * 16)
ROSA = ClaimWords(by_id="r.mora", by_name="Rosa Mora", desk="one")
LEE = ClaimWords(by_id="l.park", by_name="Lee Park", desk="two")


@pytest_asyncio.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """A console's way to the broker."""
    async with Connection(redis_url) as connection:
        yield connection


async def test_votes_are_read_in_the_order_in_which_they_came(connection: Connection) -> None:
    """What is no vote keeps its place and says nothing; another kind of key holds none."""
    ballots, key = Ballots(connection), keys.votes(*REQUEST)
    for number in range(10):
        await ballots.post(*REQUEST, VoteEntry(envelope=number, args={"amount": number}))
    for odd in ({"data": b"{"}, {"other": b"{}"}, {"data": b'{"envelope": 1, "v": 2}'}):
        await connection.client.xadd(key, odd)
    await connection.client.set(keys.votes("c-2", "cd"), "not a stream", ex=60)

    read = await ballots.read(*REQUEST)

    assert [one.entry.envelope for one in read if one.entry] == [*range(10)]
    assert [one.entry for one in read[10:]] == [None, None, None]
    assert await ballots.read("c-2", "cd") == []
    assert await connection.client.ttl(key) > 0


async def test_nobody_can_make_a_desk_read_without_end(connection: Connection) -> None:
    """So many votes count as there may be; one more is refused with a reason."""
    ballots = Ballots(connection)
    key = keys.votes(*REQUEST)
    for _ in range(MAX_VOTES + 6):
        await connection.client.xadd(key, {"data": b"{}"})
    await connection.client.expire(key, 60)

    with pytest.raises(BrokerRefused, match="votes lie beside this request"):
        await ballots.post(*REQUEST, VoteEntry(envelope=1))

    assert len(await ballots.read(*REQUEST)) == MAX_VOTES


async def test_a_claim_is_the_first_one_s_until_it_is_given_back(connection: Connection) -> None:
    """Another neither takes it away nor gives it back; it ends by itself."""
    leases, ballots = Leases(connection), Ballots(connection)
    await leases.take(*REQUEST, ROSA)
    await leases.take(*REQUEST, LEE)
    await leases.give_back(*REQUEST, LEE)
    [around] = await ballots.around([REQUEST])

    assert around.claim == ROSA
    assert 0 < around.claim_ms <= 60_000

    await leases.give_back(*REQUEST, ROSA)
    await leases.take(*REQUEST, LEE)
    [around, nothing] = await ballots.around([REQUEST, ("c-2", "cd")])
    assert around.claim == LEE
    assert (nothing.votes, nothing.claim) == (0, None)


async def test_the_shipped_console_may_vote_and_claim_and_nothing_more(
    own_redis: RedisServer,
) -> None:
    """As the user of the file for Redis 7; votes cannot be taken away by it."""
    with own_redis.client() as client:
        rules = (FILES / "signoff-7.acl").read_text().splitlines()
        [console] = [line for line in rules if line.startswith(f"user {CONSOLE}")]
        client.execute_command("ACL", "SETUSER", CONSOLE, *console.split()[2:], f">{CONSOLE}")
    async with Connection(url_of(CONSOLE, own_redis.port)) as connection:
        ballots, leases = Ballots(connection), Leases(connection)
        await ballots.post(*REQUEST, VoteEntry(envelope=1))
        await leases.take(*REQUEST, ROSA)
        [around] = await ballots.around([REQUEST])
        read = await ballots.read(*REQUEST)
        with pytest.raises(Exception, match="no permissions"):
            await connection.client.delete(keys.votes(*REQUEST))
        await leases.give_back(*REQUEST, ROSA)

    assert (around.votes, around.claim, len(read)) == (1, ROSA, 1)
    with own_redis.client() as client:
        assert await asyncio.to_thread(leaked_keys, client) == []
