"""`signoff-worker dlq`: what could not be handled is looked at, put back, or dropped."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.integration.operations.conftest import Terminal
from tests.support.processes import StartProcess
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import AgentInvocation, Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.quarantine import NoData, Quarantine

AGENT = "payments"
TASK = Event(
    "c-17", AgentInvocation(task="pay ACME", caller_agent="human", invocation_id="invocation_1")
)
SEEN = "signoff:{agent_event:payments}:seen:human:invocation_1"


async def _put_in(connection: Connection, data: bytes, **fields: str) -> str:
    """As a worker does that cannot handle an entry."""
    known = {
        "reason": "handling_failed",
        "error": "The handler failed five times.",
        "entry_id": "1-1",
        "worker": "signoff:host:1:aa",
    }
    entry_id = await connection.client.xadd(
        keys.dead_letters(AGENT), {"data": data, **known, **fields}
    )
    return str(entry_id.decode())


async def _inbox(connection: Connection) -> list[tuple[str, bytes]]:
    entries = await connection.client.xrange(keys.inbox(AGENT))
    return [(entry_id.decode(), fields[b"data"]) for entry_id, fields in entries]


async def test_a_list_tells_why_and_nothing_of_what(
    connection: Connection, terminal: Terminal
) -> None:
    """For people a line each, newest last; for programs one document."""
    first = await _put_in(connection, encode_event(TASK), context_id="c-17", attempts="5")
    second = await _put_in(connection, b"{", reason="not_json", error="This is not JSON.")

    told = await terminal("dlq", "list", AGENT)
    as_json = await terminal("dlq", "list", AGENT, "--json")

    assert told.code == as_json.code == 0
    lines = told.text.splitlines()
    assert [line.split()[0] for line in lines] == [first, second]
    assert "handling_failed" in lines[0]
    assert "This is not JSON." in lines[1]
    assert [(one["id"], one["reason"], one["attempts"]) for one in as_json.json] == [
        (first, "handling_failed", 5),
        (second, "not_json", None),
    ]
    for ended in (told, as_json):
        assert b"ACME" not in ended.out + ended.err


async def test_an_empty_quarantine_is_said_to_be_empty(terminal: Terminal) -> None:
    """Silence could also mean that nothing was looked at."""
    assert "Nothing of payments" in (await terminal("dlq", "list", AGENT)).text
    assert (await terminal("dlq", "list", AGENT, "--json")).json == []


@pytest.mark.parametrize("options", [[], ["--json"]])
async def test_what_lies_there_cannot_play_with_the_terminal(
    connection: Connection, terminal: Terminal, options: list[str]
) -> None:
    """Escape sequences, right-to-left marks and bytes that are no text are shown as escapes."""
    evil = "pay \x1b[2J\x9b31m \u202eACME\u202c \x7f\r\nid: 0-0\n".encode() + b"\xff\xfe"
    dead_id = await _put_in(connection, evil, error="\x1b]0;owned\x07", reason="\u202e")

    shown = await terminal("dlq", "show", AGENT, dead_id, *options)
    listed = await terminal("dlq", "list", AGENT, *options)

    for ended in (shown, listed):
        text = ended.text
        assert all(c == "\n" or c.isprintable() for c in text)
        assert "\\u001b" in text
    assert "ACME" in shown.text
    if not options:
        assert [line for line in shown.text.splitlines() if line.startswith("id:")] == [
            f"id:  {dead_id}"
        ], "content cannot pass for a line of ours"
    else:
        assert shown.json["data"].startswith("pay \x1b[2J")
        assert shown.json["data_base64"]


async def test_requeued_it_is_in_the_inbox_as_it_came(
    connection: Connection, terminal: Terminal
) -> None:
    """And no longer in quarantine; a second time there is nothing to put back."""
    data = encode_event(TASK)
    dead_id = await _put_in(connection, data)

    done = await terminal("dlq", "requeue", AGENT, dead_id, "--json")
    again = await terminal("dlq", "requeue", AGENT, dead_id)

    [(entry_id, kept)] = await _inbox(connection)
    assert kept == data
    assert done.json == {"requeued": dead_id, "entry_id": entry_id}
    assert again.code == 2
    assert b"is not in the quarantine" in again.err
    assert await Quarantine(connection, AGENT).length() == 0
    assert b"ACME" not in done.out + done.err + again.err


async def test_two_people_requeue_it_once(connection: Connection) -> None:
    """Whoever comes second finds nothing, instead of running the task twice."""
    dead_id = await _put_in(connection, encode_event(TASK))
    quarantine = Quarantine(connection, AGENT)

    answers = await asyncio.gather(*(quarantine.requeue(dead_id) for _ in range(20)))

    assert len([answer for answer in answers if answer is not None]) == 1
    assert len(await _inbox(connection)) == 1


async def test_a_requeued_task_is_not_taken_for_one_sent_twice(connection: Connection) -> None:
    """A worker knows a task by the id it first came with; others like it stay known."""
    await connection.client.hset(SEEN, mapping={"digest": "1-1", "other": "9-9"})
    await connection.client.expire(SEEN, 60)
    dead_id = await _put_in(connection, encode_event(TASK), entry_id="1-1")

    entry_id = await Quarantine(connection, AGENT).requeue(dead_id)

    marks = await connection.client.hgetall(SEEN)
    assert marks == {b"digest": str(entry_id).encode(), b"other": b"9-9"}
    assert 0 < await connection.client.ttl(SEEN) <= 60


@pytest.mark.parametrize(
    "data",
    [b"{", b"[]", b'{"data": 7}', b'{"data": null}', b"[" * 5000, b'{"data":{"invocation_id":1}}'],
)
async def test_even_garbage_can_be_put_back(connection: Connection, data: bytes) -> None:
    """The worker will refuse it again; that is its business, and a newer one may not."""
    dead_id = await _put_in(connection, data)

    await Quarantine(connection, AGENT).requeue(dead_id)

    [(_, kept)] = await _inbox(connection)
    assert kept == data


async def test_an_entry_without_data_cannot_be_put_back(
    connection: Connection, terminal: Terminal
) -> None:
    """It stays until it is dropped."""
    dead_id = await _put_in(connection, b"")
    with pytest.raises(NoData):
        await Quarantine(connection, AGENT).requeue(dead_id)

    refused = await terminal("dlq", "requeue", AGENT, dead_id)
    dropped = await terminal("dlq", "drop", AGENT, dead_id)
    again = await terminal("dlq", "drop", AGENT, dead_id)

    assert (refused.code, dropped.code, again.code) == (2, 0, 2)
    assert b"nothing to put back" in refused.err
    assert await _inbox(connection) == []


async def test_what_a_worker_could_not_read_can_be_fixed_and_sent_again(
    connection: Connection,
    start_process: StartProcess,
    environment: dict[str, str],
    terminal: Terminal,
) -> None:
    """The whole way: a worker quarantines an entry, a person finds it and drops it."""
    worker = start_process(
        sys.executable, "-m", "workers", "run", "tests.integration.workers.served:one",
        ready="pid", env=environment,
    )  # fmt: skip
    await connection.client.xadd(keys.inbox("demo_agent"), {"data": b"{not json, ACME"})
    quarantine = Quarantine(connection, "demo_agent")
    await await_until(quarantine.length, "the entry to be in quarantine")

    [one] = (await terminal("dlq", "list", "demo_agent", "--json")).json
    shown = (await terminal("dlq", "show", "demo_agent", one["id"], "--json")).json
    dropped = await terminal("dlq", "drop", "demo_agent", one["id"])

    assert one["reason"] == "not_json"
    assert one["worker"].startswith("signoff:")
    assert shown["data"] == "{not json, ACME"
    assert dropped.code == 0
    assert "ACME" not in worker.errors(), "logs hold no content"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", AGENT, "*"], b"no id of a quarantined entry"),
        (["show", AGENT, "1-1"], b"is not in the quarantine"),
        (["list", "a{b"], b"cannot be an agent name"),
    ],
)
async def test_what_is_named_wrongly_is_said(
    terminal: Terminal, arguments: list[str], words: bytes
) -> None:
    """Two lines and exit code 2."""
    ended = await terminal("dlq", *arguments)

    assert ended.code == 2
    assert words in ended.err
    assert len(ended.err.splitlines()) == 2


async def test_a_long_list_shows_the_newest(connection: Connection, terminal: Terminal) -> None:
    """And says how many there are."""
    async with connection.client.pipeline(transaction=False) as batch:
        for _ in range(130):
            batch.xadd(keys.dead_letters(AGENT), {"data": b"{", "reason": "not_json"})
        await batch.execute()

    lines = (await terminal("dlq", "list", AGENT)).text.splitlines()

    assert len(lines) == 101
    assert lines[-1] == "The newest 100 of 130."
