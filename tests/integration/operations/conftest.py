"""A broker, agents that a person could serve, and a terminal to run commands in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.command_line import Ended, python
from tests.support.stub_model import StubModel
from workers.wire.streams.connection import Connection


@pytest_asyncio.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """A way to the broker, to put there what a command shall find."""
    async with Connection(redis_url) as connection:
        yield connection


@pytest.fixture
def environment(redis_url: str, stub_model: StubModel) -> dict[str, str]:
    """What a person sets before starting a worker."""
    return {
        "SIGNOFF_REDIS_URL": redis_url,
        "OPENAI_BASE_URL": stub_model.url,
        "OPENAI_MODEL": "stub",
        "OPENAI_API_KEY": "not-a-key",
    }


class Terminal:
    """Where a person types `signoff-worker ...`."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url

    async def __call__(self, *arguments: str, url: str | None = None) -> Ended:
        """Run a command and wait until it ends."""
        env = {"SIGNOFF_REDIS_URL": self._url if url is None else url}
        return await python("-m", "workers", *arguments, env=env)


@pytest.fixture
def terminal(redis_url: str) -> Terminal:
    """A terminal whose environment names the broker."""
    return Terminal(redis_url)
