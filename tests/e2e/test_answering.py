"""Every answer that a worker allows, given in the window, and what really ran afterwards."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from desktop.store.records import DecisionKind, Request, RequestState
from tests.e2e.conftest import DemoTeam
from tests.e2e.served import HOSTED, LEDGER, PAYMENTS
from tests.support.command_line import signoff
from tests.support.console import ConsolePage, running_console
from tests.support.processes import Process
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until

pytestmark = pytest.mark.qt_loop
SERVED = "tests.e2e.served"


class Office:
    """A worker process whose agents note what really ran.

    Attributes:
        environment: what a person sets before starting one, or a command.
    """

    def __init__(
        self, start: Callable[..., Process], environment: dict[str, str], ledger: Path
    ) -> None:
        self._start = start
        self.environment = environment
        self._ledger = ledger

    def serve(self, attribute: str) -> Process:
        """Start a worker."""
        return self._start("run", f"{SERVED}:{attribute}", env=self.environment)

    @property
    def ran(self) -> list[tuple[int, str]]:
        """Amount and recipient of everything that was started."""
        if not self._ledger.exists():
            return []
        lines: list[dict[str, Any]] = [
            json.loads(line) for line in self._ledger.read_text().splitlines()
        ]
        return [(line["amount"], line["recipient"]) for line in lines]


@pytest.fixture
def office(
    worker_process: Callable[..., Process], redis_url: str, stub_model: StubModel, tmp_path: Path
) -> Office:
    """Workers on this test's own broker, quick to notice a death."""
    environment = {
        "SIGNOFF_REDIS_URL": redis_url,
        "OPENAI_BASE_URL": stub_model.url,
        "OPENAI_MODEL": "stub",
        "OPENAI_API_KEY": "not-a-key",
        "SIGNOFF_HEARTBEAT_SECONDS": "1",
        "SIGNOFF_LEASE_SECONDS": "3",
        LEDGER: str(tmp_path / "ledger.jsonl"),
    }
    return Office(worker_process, environment, tmp_path / "ledger.jsonl")


@pytest_asyncio.fixture
async def desk(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ConsolePage]:
    """A console on the office's broker."""
    async with running_console(tmp_path / "desk", monkeypatch, redis_url) as page:
        yield page


async def _left_in_doubt(office: Office, desk: ConsolePage) -> Request:
    """Approve a payment, kill its worker in the middle, and start another."""
    killed = office.serve("payments")
    await desk.ask(PAYMENTS, "pay 10 to ACME")
    request = await desk.approvals.wait_for("transfer_funds", amount=10)
    await desk.approvals.click_approve(request)
    await await_until(lambda: office.ran, "the payment to be started")
    killed.kill()
    office.serve("payments")
    return await desk.approvals.in_doubt("transfer_funds")


async def test_an_edited_transfer_runs_as_it_was_edited(
    console: ConsolePage, demo: DemoTeam
) -> None:
    """Nothing runs until it is sent; then the new arguments, once, and no others."""
    context_id = await console.ask("treasury_agent", "Transfer 250 EUR to ACME for invoice 4471")
    request = await console.approvals.wait_for("transfer_funds", to="ACME")

    await console.approvals.edit(request, amount="200.5")
    await console.finished(context_id)

    assert demo.transfers == [("ACME", 200.5)]
    assert "Edited and approved" in console.approvals.outcome()


async def test_an_answer_stands_for_a_call_that_does_not_run(
    console: ConsolePage, demo: DemoTeam
) -> None:
    """The agent goes on with the words of the reviewer."""
    context_id = await console.ask("treasury_agent", "Transfer 80 EUR to Globex")
    request = await console.approvals.wait_for("transfer_funds", to="Globex")

    await console.approvals.respond(request, "Already paid by card")
    last_words = await console.finished(context_id)

    assert demo.transfers == []
    assert "Already paid by card" in last_words


async def test_a_call_in_doubt_is_marked_as_done(office: Office, desk: ConsolePage) -> None:
    """It is not started again, and the agent learns what the reviewer found out."""
    doubtful = await _left_in_doubt(office, desk)
    await desk.approvals.open(doubtful)
    assert doubtful.call.earlier_start
    assert not desk.approvals.can_approve()

    await desk.approvals.respond(doubtful, "The bank has booked it")
    last_words = await desk.finished(doubtful.key.context_id)

    assert office.ran == [(10, "ACME")]
    assert "The bank has booked it" in last_words


async def test_a_call_in_doubt_is_run_again(office: Office, desk: ConsolePage) -> None:
    """Once more, after a second question; not by a bare approval on the command line."""
    doubtful = await _left_in_doubt(office, desk)
    refused = await signoff("decide", *doubtful.key, "approve", "--json", env=office.environment)
    assert (refused.code, refused.json["outcome"]) == (3, "refused")
    assert office.ran == [(10, "ACME")]

    await desk.approvals.run_again(doubtful)
    last_words = await desk.finished(doubtful.key.context_id)

    assert office.ran == [(10, "ACME"), (10, "ACME")]
    assert "10 sent to ACME" in last_words


async def test_each_call_of_a_hosted_graph_s_batch_is_decided(
    office: Office, desk: ConsolePage
) -> None:
    """LangChain asks about both at once; one runs, the other does not, and it goes on."""
    office.serve("hosted")
    context_id = await desk.ask(HOSTED, "pay 10 to ACME and pay 20 to Globex")
    request = await desk.approvals.asked(context_id)
    assert office.ran == []

    decided = await desk.approvals.decide_each(request, "Reject", "Approve")
    last_words = await desk.finished(context_id)

    assert decided.decision is DecisionKind.RESPOND
    assert office.ran == [(20, "Globex")]
    assert "20 sent to Globex" in last_words


async def test_a_hosted_graph_s_batch_is_approved_as_a_whole(
    office: Office, desk: ConsolePage
) -> None:
    """One click, both run; the worker's word says that it was an approval."""
    office.serve("hosted")
    context_id = await desk.ask(HOSTED, "pay 10 to ACME and pay 20 to Globex")
    request = await desk.approvals.asked(context_id)

    await desk.approvals.click_approve(request)
    await desk.approvals.until(request, RequestState.APPROVED)
    await desk.finished(context_id)

    assert sorted(office.ran) == [(10, "ACME"), (20, "Globex")]
