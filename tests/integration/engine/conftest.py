"""What the engine's tests share: a console without a window, and a worker's way to the broker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.desk import Desk
from tests.support.hand_worker import HandWorker
from workers.wire.streams.connection import Connection


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """The worker's way to the broker."""
    async with Connection(redis_url) as connection:
        yield connection


@pytest.fixture
def worker(connection: Connection) -> HandWorker:
    """A worker by hand, on the broker that the console follows."""
    return HandWorker(connection)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A console that follows nothing yet."""
    async with Desk() as desk:
        yield desk
