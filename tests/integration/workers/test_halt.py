"""A halt: approved calls are not started, whoever approved them and whenever."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.integration.workers.test_hosting import AGENT, PER_CALL, Guest
from tests.support.registered import ROSA
from tests.support.trusted import TrustedFolder, envelope
from tests.support.waiting import await_until
from workers.app import run_halt, run_resume
from workers.errors import SignedHalt
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Mode, Reviewer
from workers.wire.halts import HaltStatement
from workers.wire.streams.halts import halt, resume
from workers.wire.streams.reader import Reader
from workers.wire.trust import write_agent_key

ROSA_DECIDES = Reviewer(id="r.mora", name="Rosa Mora")


async def test_a_halted_call_does_not_run_and_the_next_one_after_the_halt_does(
    office: Office, book: Book
) -> None:
    """The model is told why, and the one who approved finds it in a receipt."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    await halt(office.connection, HaltStatement(scope="agent:treasury_agent"))

    await office.decide(call)
    assert "an operator has halted" in await office.answer(context, "treasury_agent")
    assert book.payments == []
    assert await office.outcomes(2) == ["applied", "refused:halted"]

    assert await resume(office.connection, "agent:treasury_agent")
    await office.ask("treasury_agent", "pay 20 to ACME", context)
    [later] = await office.requests(context, after=call)
    await office.decide(later)
    await office.answer(context, "treasury_agent", 2)
    assert book.payments == [("ACME", 20.0)]


@pytest.mark.parametrize(
    ("scope", "runs"),
    [("all", False), ("context:{}", False), ("agent:other_agent", True), ("context:other", True)],
)
async def test_a_halt_is_for_its_scope(
    office: Office, book: Book, scope: str, *, runs: bool
) -> None:
    """Even when nobody can read what it says."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    await office.connection.client.hset(keys.HALT, scope.format(context), "scribble")

    await office.decide(call)

    await office.answer(context, "treasury_agent")
    assert bool(book.payments) is runs


async def test_what_ended_before_the_halt_keeps_its_result(office: Office, book: Book) -> None:
    """A redelivery after a crash must not tell the model that it did not run."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    assert call.request is not None
    note = '{"state":{"type":"done","at_ms":1,"content":"paid it","failed":false}}'
    ledger = keys.tool_ledger(context)
    await office.connection.client.hset(ledger, call.request.request_id, note)
    await halt(office.connection, HaltStatement(scope="all"))

    await office.decide(call)

    assert await office.answer(context, "treasury_agent") == "Done: paid it"
    await office.connection.client.expire(ledger, 60)


async def test_a_hosted_graph_is_not_resumed_while_it_is_halted(office: Office) -> None:
    """It cannot be stopped at the call; its request waits, and can be rejected."""
    guest = Guest(PER_CALL)
    await office.hire(AGENT, graph=guest.build())
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)
    await halt(office.connection, HaltStatement(scope=f"context:{context}"))

    await office.decide(call)
    assert await office.outcomes(1) == ["refused:halted"]
    await office.decide(call, DecisionKind.REJECT)

    await office.answer(context, AGENT)
    assert guest.answers == [{"type": "reject"}]


async def test_an_operator_halts_and_resumes_from_a_terminal(office: Office) -> None:
    """Each command says in a line of JSON what it did; a wrong scope is refused."""
    client = office.connection.client

    assert (await _run(office, "halt", "all", "--reason", "drill"))["reason"] == "drill"
    assert await client.hkeys(keys.HALT) == [b"all"]
    assert (await _run(office, "resume", "all"))["was_halted"] is True
    assert (await _run(office, "resume", "all"))["was_halted"] is False
    assert await _run(office, "halt", "everything") == {}
    assert await client.exists(keys.HALT) == 0


@pytest.mark.usefixtures("quick_looks")
async def test_a_deleted_signed_halt_goes_on_until_a_signed_lift(
    office: Office, book: Book, tmp_path: Path
) -> None:
    """Also when no call was to be started while its field was there; the heartbeat tells of it."""
    trust = TrustedFolder(tmp_path / "trust")
    await office.hire("treasury_agent", [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path)
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    key = tmp_path / "rosa.key"
    write_agent_key(key, ROSA)
    await run_halt("all", "drill", office.connection.url, key)

    async def reasons() -> list[str]:
        workers = await Reader(office.connection).workers()
        return [one.reason for worker in workers for one in worker.halts]

    await await_until(lambda: _is(reasons, ["drill"]), "the worker to have seen the halt")
    await office.connection.client.delete(keys.HALT)
    assert call.request is not None
    await office.decide(call, envelopes=[envelope(call.request)], reviewer=ROSA_DECIDES)
    assert "an operator has halted" in await office.answer(context, "treasury_agent")

    # The field is gone, so the number of the lift is the time: later than that of the halt.
    await run_resume("all", office.connection.url, key_file=key)
    await office.ask("treasury_agent", "pay 20 to ACME", context)
    [later] = await office.requests(context, after=call)
    assert later.request is not None
    await office.decide(later, envelopes=[envelope(later.request)], reviewer=ROSA_DECIDES)
    await office.answer(context, "treasury_agent", 2)
    assert book.payments == [("ACME", 20.0)]


async def test_a_signed_halt_is_not_lifted_from_a_terminal_without_a_key(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would stay halted at the workers that saw it, so the command says so instead."""
    key, url = tmp_path / "rosa.key", office.connection.url
    write_agent_key(key, ROSA)
    await run_halt("all", "", url, key)

    with pytest.raises(SignedHalt):
        await run_resume("all", url)
    await run_resume("all", url, "over", key)
    await run_resume("all", url)

    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("was_halted") for line in said] == [None, True, False]


async def _is(ask: Callable[[], Awaitable[object]], wanted: object) -> bool:
    return await ask() == wanted


async def _run(office: Office, *arguments: str) -> dict[str, object]:
    """Run the command; what it printed, or nothing if it refused."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "workers",
        *arguments,
        "--redis-url",
        office.connection.url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert (process.returncode == 0) == (error == b"")
    said: dict[str, object] = json.loads(out or "{}")
    return said
