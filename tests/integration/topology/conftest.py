"""Agents at work on a Cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.workers.office import Office
from tests.support.cluster import Cluster
from tests.support.stub_model import StubModel
from workers.wire.streams.connection import Connection


@pytest_asyncio.fixture
async def connection(cluster: Cluster) -> AsyncIterator[Connection]:
    """The test's own way to the Cluster."""
    async with Connection(cluster.url) as connection:
        yield connection


@pytest_asyncio.fixture
async def office(connection: Connection, stub_model: StubModel) -> AsyncIterator[Office]:
    """An office without agents."""
    office = Office(connection, stub_model)
    yield office
    await office.close()
