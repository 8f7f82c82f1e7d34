"""A broker of each kind, and lives of workers on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio

from tests.support.lives import Life
from workers.wire.streams.connection import Connection

BeginLife = Callable[[str], Awaitable[Life]]


@pytest_asyncio.fixture
async def connection(any_url: str) -> AsyncIterator[Connection]:
    """The test's own connection."""
    async with Connection(any_url) as connection:
        yield connection


@pytest_asyncio.fixture
async def begin_life(connection: Connection) -> AsyncIterator[BeginLife]:
    """A function that begins the life of a worker."""
    lives: list[Life] = []

    async def begin(name: str) -> Life:
        life = Life(connection, name)
        await life.begin()
        lives.append(life)
        return life

    yield begin
    for life in lives:
        await life.close()
