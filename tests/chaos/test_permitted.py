"""Storms in which nobody may do more than the shipped users may."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.quarrel import Quarrel
from tests.chaos.storm import Plan, Storm
from tests.support.redis_server import RedisServer
from tests.support.shipped_users import (
    CONSOLE,
    WORKER,
    binary_of,
    settings_with_users,
    url_of,
)


@pytest.fixture(params=[("signoff.acl", "6.2"), ("signoff-7.acl", "7")], ids=" on ".join)
def guarded(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A broker with the shipped users, which are there again after it was killed."""
    name, version = request.param
    with tempfile.TemporaryDirectory(prefix="guarded-") as folder:
        settings = settings_with_users(name, Path(folder))
        server = RedisServer(
            Path(folder), keeps_data=True, binary=binary_of(version), settings=settings
        )
        try:
            yield server
        finally:
            server.stop()


async def test_workers_keep_every_promise_as_the_shipped_user(guarded: RedisServer) -> None:
    """Killed, and the broker too: whatever the scripts do then, the user may do it."""
    plan = Plan(messages=500, contexts=30, processes=2, kills=3, freezes=0, restarts=1)

    outcome = await Storm(guarded, plan, url_of(WORKER, guarded.port)).blow()

    assert outcome.is_good, outcome
    assert refused_by(guarded) == set()


async def test_people_decide_as_the_shipped_user(guarded: RedisServer) -> None:
    """Real agents, the real client and the decisions of many people, each within its rights."""
    plan = Plan(messages=16, contexts=4, processes=1, kills=0, freezes=0, restarts=0)
    console = url_of(CONSOLE, guarded.port)

    ruling = await Quarrel(guarded, plan, url_of(WORKER, guarded.port), console_url=console).blow()

    assert ruling.is_good, ruling
    assert refused_by(guarded) == set()


def refused_by(server: RedisServer) -> set[str]:
    """What the broker has refused, but for the greeting of a client that it is too old for."""
    with server.client() as client:
        entries: Any = client.execute_command("ACL", "LOG")
    found = {str(_fields(entry)["object"]) for entry in entries}
    return found - {"client", "client|setinfo"}


def _fields(entry: Any) -> dict[str, Any]:  # noqa: ANN401 - as the client answers
    return entry if isinstance(entry, dict) else dict(zip(entry[::2], entry[1::2], strict=True))
