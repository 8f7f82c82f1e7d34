"""The engine on a thread of its own, spoken to from this one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from desktop.actions.ports import SendMessage
from desktop.engine.runner import EngineThread
from desktop.store.facts import Fact, LinkChanged
from desktop.store.records import LinkState
from tests.support import scenes
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from workers.wire import keys


@pytest.fixture
def facts() -> list[Fact]:
    """What the engine has told."""
    return []


@pytest.fixture
def engine(facts: list[Fact]) -> Iterator[EngineThread]:
    """An engine that runs, and ends with the test."""
    engine = EngineThread(facts.extend)
    engine.start()
    yield engine
    engine.stop()


def _is_online(facts: list[Fact]) -> bool:
    links = [fact.link.state for fact in facts if isinstance(fact, LinkChanged)]
    return links[-1:] == [LinkState.ONLINE]


def test_orders_go_in_and_facts_come_out(
    engine: EngineThread, facts: list[Fact], redis_server: RedisServer, redis_url: str
) -> None:
    """Calls return at once; what comes of them is told."""
    engine.connect(redis_url)
    wait_until(lambda: _is_online(facts), "the engine to be online")

    engine.post(SendMessage(scenes.CONTEXT, scenes.AGENT, "pay", "invocation_1"))

    with redis_server.client() as client:
        wait_until(lambda: client.xlen(keys.inbox(scenes.AGENT)), "the message")


def test_work_can_be_given_to_its_loop(engine: EngineThread) -> None:
    """Child processes and the keyring are waited for there, not on the window's thread."""

    async def name() -> str:
        return threading.current_thread().name

    assert engine.submit(name()).result(5) == "engine"


def test_it_stops_in_the_middle_of_anything(redis_url: str) -> None:
    """Closing the window does not wait for a broker."""
    for url in ("", redis_url, "redis://127.0.0.1:1/0"):
        engine = EngineThread(lambda _facts: None)
        engine.start()
        engine.connect(url)

        engine.stop()

        assert "engine" not in {thread.name for thread in threading.enumerate()}


def test_one_that_never_started_can_be_stopped() -> None:
    """A console that fails while it is built stops what it has."""
    EngineThread(lambda _facts: None).stop()
