"""A store that fails in the middle: whoever waits is told, and the next message is served."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from langchain_core.tools import tool

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.databases import DatabaseServer
from tests.support.left_behind import stays_until_the_end
from tests.support.waiting import await_until
from workers import AgentRunner, human_approval_required
from workers.agents.savers import mysql, postgres, sqlite
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.codec import decode_event
from workers.wire.events import AgentInvocation, AgentResponse, Event
from workers.wire.messages import ERROR_PREFIX
from workers.wire.streams.inbox import send
from workers.wire.streams.quarantine import Quarantine

AGENT = "demo_agent"
#: More than what is left of the pages a file has already.
LONG = "x" * 40_000
#: Goes on trying for as long as the test needs.
PATIENT = Pace(first_retry_seconds=0.2, longest_retry_seconds=0.2, most_starts=100)


@pytest.fixture(autouse=True)
def nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is away or locked is given up at once, and tried again as always."""
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT_SECONDS", 0.02)
    monkeypatch.setattr(postgres, "_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(mysql, "_WAIT_SECONDS", 0.2)


async def answer_to(office: Office, caller: str, context: str, text: str = "hello") -> str:
    """Give a task as another agent does, and wait for what that agent is told."""
    body = AgentInvocation(task=text, caller_agent=caller, invocation_id="i-1", context={})
    await send(office.connection, AGENT, Event(context, body))

    async def told() -> str | None:
        for _id, fields in await office.connection.client.xrange(keys.inbox(caller)):
            event = decode_event(fields[b"data"])
            if event.context_id == context and isinstance(event.body, AgentResponse):
                return event.body.content
        return None

    return await await_until(told, f"an answer to {caller}", 20)


async def is_served_again(office: Office, text: str = "are you back?") -> bool:
    """Whether the next task of another conversation is done."""
    context = await office.ask(AGENT, text)
    return await office.answer(context, AGENT) == f"You said: {text}"


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Somebody copies the file, say, and keeps it locked meanwhile."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_file_that_is_locked_for_a_moment_is_tried_again(
    office: Office, tmp_path: Path
) -> None:
    """Nobody learns of it."""
    file = tmp_path / "checkpoints.sqlite"
    await office.hire(AGENT, checkpoint_url=str(file))
    with locked(file):
        context = await office.ask(AGENT, "hello")
        attempts = keys.attempts(AGENT)
        await await_until(lambda: office.connection.client.hlen(attempts), "the task to be started")

    assert await office.answer(context, AGENT) == "You said: hello"
    assert len(await office.said(context)) == 1


async def test_a_file_that_stays_locked_is_told_of(office: Office, tmp_path: Path) -> None:
    """The task is kept for an operator; the next is served when the file is free."""
    file = tmp_path / "checkpoints.sqlite"
    await office.hire(AGENT, checkpoint_url=str(file))
    with locked(file):
        said = await answer_to(office, "coordinator", "c-1")

    assert said.startswith(f"{ERROR_PREFIX} The checkpoints are locked by another program.")
    [kept] = await office.quarantined(AGENT, 1)
    assert (kept["reason"], kept["attempts"]) == ("failed", "5")
    assert await is_served_again(office)


async def limit(runner: AgentRunner, pages: int) -> None:
    """Let the worker's file grow no further, as on a full disk."""
    assert runner._agent is not None
    saver: Any = runner._agent._graph.checkpointer
    cursor = await saver._saver.conn.execute(f"PRAGMA max_page_count = {pages}")
    await cursor.close()


async def test_a_full_disk_is_told_of(office: Office, tmp_path: Path) -> None:
    """In words a person can act on; with room again, all goes on."""
    runner = await office.hire(AGENT, checkpoint_url=str(tmp_path / "checkpoints.sqlite"))
    await limit(runner, 1)

    said = await answer_to(office, "coordinator", "c-1", LONG)
    assert "The disk that keeps the checkpoints is full." in said
    assert "full" in await office.error("c-1")

    await limit(runner, 100_000)
    assert await is_served_again(office)


async def test_an_approved_call_whose_result_cannot_be_kept_is_made_once(
    office: Office, tmp_path: Path
) -> None:
    """The disk is full when the tool comes back; what it said is known, and kept later."""
    starts: list[str] = []

    @tool
    @human_approval_required
    async def get_city_gdp(city: str) -> str:
        """Get city gdp."""
        starts.append(city)
        await limit(runner, 1)
        return LONG[:12_000]

    file = str(tmp_path / "checkpoints.sqlite")
    runner = await office.hire(AGENT, [get_city_gdp], checkpoint_url=file, pace=PATIENT)
    context = await office.ask(AGENT, "gdp of Oslo")
    [call] = await office.requests(context)
    await office.decide(call)
    await await_until(lambda: starts, "the tool to start")

    async def is_tried_again() -> bool:
        counts = await office.connection.client.hvals(keys.attempts(AGENT))
        return [int(count) for count in counts] >= [2]

    await await_until(is_tried_again, "the run to be tried again")
    await limit(runner, 100_000)

    assert (await office.answer(context, AGENT)).endswith("xxx")
    assert starts == ["Oslo"]
    assert set(await office.outcomes(2)) == {"applied", "executed"}, "and not in doubt"


async def test_a_decision_that_could_not_be_kept_is_not_lost(
    office: Office, book: Book, tmp_path: Path
) -> None:
    """People see that it failed; once the file is free an operator sends it again.

    The call itself may have run meanwhile: it is not made a second time.
    """
    file = tmp_path / "checkpoints.sqlite"
    await office.hire(AGENT, [book.transfer_funds], checkpoint_url=str(file))
    context = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context)
    with locked(file):
        await office.decide(call)
        assert "locked by another program" in await office.error(context)
        [_] = await office.quarantined(AGENT, 1)

    quarantine = Quarantine(office.connection, AGENT)
    [kept] = await quarantine.newest(1)
    await quarantine.requeue(kept.dead_id)

    assert await office.answer(context, AGENT) == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]


@pytest.fixture(params=["small_postgres", "small_maria"])
def server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """A server of each kind that nobody else uses; it may be stopped."""
    found: DatabaseServer = request.getfixturevalue(request.param)
    yield found
    if not found.is_running:
        found.start()
    stays_until_the_end(found.pid)


async def test_a_server_that_is_gone_is_told_of(office: Office, server: DatabaseServer) -> None:
    """And used again as soon as it is back, over new connections."""
    await office.hire(AGENT, checkpoint_url=server.new_database())
    assert await is_served_again(office, "are you there?")
    await asyncio.to_thread(server.stop)

    said = await answer_to(office, "coordinator", "c-1")

    assert said.startswith(f"{ERROR_PREFIX} The database of the checkpoints does not answer.")
    assert server.password not in said
    await asyncio.to_thread(server.start)
    assert await is_served_again(office)


async def test_a_server_that_is_gone_for_a_moment_is_waited_for(
    office: Office, server: DatabaseServer, book: Book
) -> None:
    """A decision that comes meanwhile is carried out, once."""
    await office.hire(
        AGENT, [book.transfer_funds], checkpoint_url=server.new_database(), pace=PATIENT
    )
    context = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context)
    await asyncio.to_thread(server.stop)
    await office.decide(call)
    attempts = keys.attempts(AGENT)
    await await_until(lambda: office.connection.client.hlen(attempts), "it to be tried")
    await asyncio.to_thread(server.start)

    assert await office.answer(context, AGENT) == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]


def connect(server: DatabaseServer) -> Any:  # noqa: ANN401 - two drivers
    """One more connection."""
    if server.scheme == "postgresql":
        return psycopg.connect(server.url("postgres"))
    return pymysql.connect(
        host="127.0.0.1", port=server.port, user="signoff", password=server.password
    )


#: Everybody but whoever says so.
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def crowd(server: DatabaseServer, stack: ExitStack) -> None:
    """Use up all connections the server has left."""
    with suppress(psycopg.OperationalError, pymysql.err.OperationalError):
        while True:
            stack.enter_context(closing(connect(server)))


async def test_a_server_without_a_free_connection_is_told_of(
    office: Office, server: DatabaseServer
) -> None:
    """Not a single one for us; afterwards all goes on."""
    url = server.new_database()
    with ExitStack() as stack:
        await office.hire(AGENT, checkpoint_url=url)
        if server.scheme == "postgresql":
            # It has one open already, and would do with that.
            server.run(TERMINATE)
        await asyncio.to_thread(crowd, server, stack)

        said = await answer_to(office, "coordinator", "c-1")

    assert "database of the checkpoints" in said
    assert await is_served_again(office)


async def test_few_connections_serve_many_conversations(
    office: Office, server: DatabaseServer
) -> None:
    """The server has fewer than the worker would use; the runs wait for each other."""
    await office.hire(AGENT, checkpoint_url=server.new_database())

    contexts = [await office.ask(AGENT, f"number {number}") for number in range(30)]

    for number, context in enumerate(contexts):
        assert await office.answer(context, AGENT) == f"You said: number {number}"
    assert await office.connection.client.exists(keys.dead_letters(AGENT)) == 0
