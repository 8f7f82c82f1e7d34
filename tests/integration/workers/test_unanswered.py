"""Workers of the base package do not answer when they fail; whoever asked must not wait for ever.

How that looks with a real one is told in `tests/interop/test_delegation.py`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support import scenes
from workers.runtime.ports import PendingDelegation
from workers.runtime.unanswered import Unanswered
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event, WorkerInfo
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter

ASKING, ASKED = "coordinator", scenes.AGENT
TASK = PendingDelegation("interrupt-1", scenes.CALL, ASKED, "pay ACME")
ERROR = "Error occurred. The model is on fire."


@pytest_asyncio.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """A connection to an empty broker."""
    async with Connection(redis_url) as connection:
        yield connection


async def test_the_error_becomes_the_answer(connection: Connection) -> None:
    """Once, although it is looked for again and again."""
    unanswered = Unanswered(ASKING, connection)
    unanswered.expect(scenes.CONTEXT, [TASK])
    await _tell(connection, _gives_task(), scenes.agent_says("I begin."))
    await unanswered.look()
    assert await _answers(connection) == []

    await _tell(connection, _fails())
    await unanswered.look()
    await unanswered.look()

    assert await _answers(connection) == [(scenes.CALL, ERROR)]


async def test_an_error_of_an_earlier_task_is_no_answer(connection: Connection) -> None:
    """Some models use the same ids in every turn."""
    unanswered = Unanswered(ASKING, connection)
    await _tell(connection, _gives_task(), _fails(), _gives_task())

    unanswered.expect(scenes.CONTEXT, [TASK])
    await unanswered.look()

    assert await _answers(connection) == []


async def test_an_error_of_another_is_no_answer(connection: Connection) -> None:
    """Another agent failed, or the same one at what somebody else asked."""
    unanswered = Unanswered(ASKING, connection)
    unanswered.expect(scenes.CONTEXT, [TASK])
    elsewhere = scenes.progress(ERROR, agent="records_agent", invocation_id=scenes.CALL)
    await _tell(connection, _gives_task(), elsewhere, scenes.progress(ERROR))

    await unanswered.look()

    assert await _answers(connection) == []


async def test_a_worker_that_answers_is_not_answered_for(connection: Connection) -> None:
    """A Signoff worker says itself when it has ended."""
    info = WorkerInfo(
        consumer="signoff:desk:1:0", agents=[ASKED], tools={}, version="1", mode="", started_ms=0
    )
    await ProgressWriter(connection).heartbeat(info, 1, ttl_ms=60_000)
    unanswered = Unanswered(ASKING, connection)
    unanswered.expect(scenes.CONTEXT, [TASK])
    await _tell(connection, _gives_task(), _fails())

    await unanswered.look()

    assert await _answers(connection) == []


async def test_nothing_is_looked_for_when_all_is_answered(connection: Connection) -> None:
    """An error that comes late has nobody to go to."""
    unanswered = Unanswered(ASKING, connection)
    unanswered.expect(scenes.CONTEXT, [TASK])
    unanswered.expect(scenes.CONTEXT, [])
    await _tell(connection, _gives_task(), _fails())

    await unanswered.look()

    assert await _answers(connection) == []


def _gives_task() -> Event:
    calls = ((scenes.CALL, f"call_{ASKED}"),)
    return scenes.agent_says("", message_id="", calls=calls, agent=ASKING)


def _fails() -> Event:
    return scenes.progress(ERROR, caller=ASKING, invocation_id=scenes.CALL)


async def _tell(connection: Connection, *events: Event) -> None:
    for event in events:
        key = keys.progress(event.context_id)
        await connection.client.xadd(key, {"data": encode_event(event)})
    await connection.client.xadd(keys.progress(scenes.CONTEXT), {"data": b"no event"})


async def _answers(connection: Connection) -> list[tuple[str, str]]:
    """Invocation id and content of what lies in the asking agent's inbox."""
    entries = await connection.client.xrange(keys.inbox(ASKING))
    answers = [json.loads(fields[b"data"])["data"] for _, fields in entries]
    return [(answer["invocation_id"], answer["content"]) for answer in answers]
