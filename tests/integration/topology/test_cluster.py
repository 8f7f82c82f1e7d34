"""Work on a Cluster of three: agents, people, the console and the commands find what they need."""

from __future__ import annotations

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.cluster import Cluster
from workers.wire import keys


async def test_a_gated_call_is_asked_for_approved_and_told(
    office: Office, cluster: Cluster
) -> None:
    """Inbox, progress, marks, index and receipts lie on different servers."""
    book = Book()
    await office.hire("treasury_agent", [book.transfer_funds])

    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    await office.decide(call)

    assert await office.outcomes(2) == ["applied", "executed"]
    assert book.payments == [("ACME", 10)]
    await office.inbox_is_empty("treasury_agent")
