"""An office with a gated way to spend money, and the book in which it is written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from langchain_core.tools import BaseTool, tool

from tests.integration.workers.hand_fed import Desk
from tests.integration.workers.office import Office
from tests.support.stub_model import StubModel
from workers import human_approval_required
from workers.wire.streams.connection import Connection


@dataclass
class Book:
    """What the tools really did.

    Attributes:
        payments: (recipient, amount) of each transfer that was executed.
        lookups: cities whose weather was looked up.
    """

    payments: list[tuple[str, float]] = field(default_factory=list)
    lookups: list[str] = field(default_factory=list)

    @property
    def transfer_funds(self) -> BaseTool:
        """The gated tool: a person has to approve each transfer."""

        @tool
        @human_approval_required
        def transfer_funds(amount: float, recipient: str, urgent: bool = False) -> str:
            """Transfer money."""
            self.payments.append((recipient, amount))
            return f"paid {amount:g} to {recipient}{' at once' if urgent else ''}"

        return transfer_funds

    @property
    def get_city_weather(self) -> BaseTool:
        """A tool that anybody may use."""

        @tool
        def get_city_weather(city: str) -> str:
            """Look up the weather."""
            self.lookups.append(city)
            return f"sunny in {city}"

        return get_city_weather


@pytest.fixture
def book() -> Book:
    """An empty book."""
    return Book()


@pytest_asyncio.fixture
async def office(redis_url: str, stub_model: StubModel) -> AsyncIterator[Office]:
    """An office without agents."""
    async with Connection(redis_url) as connection:
        office = Office(connection, stub_model)
        yield office
        await office.close()


@pytest_asyncio.fixture
async def desk(office: Office, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose threads are kept in a file."""
    desk = Desk(office, tmp_path / "checkpoints.sqlite")
    yield desk
    await desk.close()
