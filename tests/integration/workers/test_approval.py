"""The main job: a call waits, a person decides, the worker runs that and nothing else."""

from __future__ import annotations

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from workers.wire.approvals import DecisionKind


async def test_an_approved_transfer_runs_and_the_agent_reports_it(
    office: Office, book: Book
) -> None:
    """Nothing is paid before the approval; exactly what was shown is paid after it."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    assert (call.action, call.args) == (
        "transfer_funds",
        {"amount": 10.0, "recipient": "ACME", "urgent": False},
    )
    assert book.payments == []

    await office.decide(call)

    assert await office.answer(context, "treasury_agent") == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]
    assert await office.outcomes(2) == ["applied", "executed"]


async def test_the_reason_of_a_rejection_reaches_the_model(office: Office, book: Book) -> None:
    """The agent goes on, and knows why its call did not run."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    await office.decide(call, DecisionKind.REJECT, message="ACME is not a supplier of ours")

    assert "ACME is not a supplier of ours" in await office.answer(context, "treasury_agent")
    assert book.payments == []
