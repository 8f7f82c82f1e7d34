"""Requests that nobody decides in time: not approved, not run, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta

import pytest

from tests.integration.workers.conftest import Book
from tests.integration.workers.hand_fed import CONTEXT, Desk, command, handle, task
from tests.integration.workers.office import QUICK, Office
from tests.integration.workers.test_hosting import AGENT, INBOX, PER_CALL, Guest
from tests.support.waiting import await_until
from workers import OnReject, human_approval_required
from workers.errors import NotServable
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON
from workers.wire.codec import encode_event
from workers.wire.dialects import PendingCall, read_interrupt
from workers.wire.events import AgentCommand, Event, ProgressType
from workers.wire.streams.inbox import InboxEntry

TREASURY = "treasury_agent"
#: Looks often, so that no test has to wait.
WATCHFUL = Pace(
    heartbeat_seconds=0.1, lease_seconds=1.0, first_retry_seconds=0.01, longest_retry_seconds=0.02
)


async def test_a_request_that_nobody_decides_expires(office: Office, book: Book) -> None:
    """Nobody has to send anything: the model is told, the caller gets an answer."""
    await office.hire(TREASURY, [book.transfer_funds], expires_after_seconds=0.2, pace=WATCHFUL)

    context = await office.ask(TREASURY, "pay 10 to ACME")

    assert "was not approved in time" in await office.answer(context, TREASURY)
    assert book.payments == []
    assert await office.outcomes(1) == ["expired"]
    await office.stands(context, "done")
    assert await office.connection.client.zcard(keys.WAITING) == 0
    assert await office.connection.client.exists(keys.later(TREASURY)) == 0


async def test_a_request_says_until_when_a_decision_counts(office: Office, book: Book) -> None:
    """In time it is an approval like any other."""
    await office.hire(TREASURY, [book.transfer_funds], expires_after_seconds=3600)
    context = await office.ask(TREASURY, "pay 10 to ACME")
    [call] = await office.requests(context)
    assert call.request is not None
    asked, expires = (
        datetime.fromisoformat(text) for text in (call.request.issued_at, call.request.expires_at)
    )
    assert expires - asked == timedelta(hours=1)

    await office.decide(call)

    await office.answer(context, TREASURY)
    assert book.payments == [("ACME", 10.0)]


async def test_an_approval_that_comes_too_late_runs_nothing(office: Office, book: Book) -> None:
    """It is told so, also when the request has been closed already."""
    await office.hire(TREASURY, [book.transfer_funds], expires_after_seconds=0.2, pace=WATCHFUL)
    context = await office.ask(TREASURY, "pay 10 to ACME")
    await office.answer(context, TREASURY)
    call = await _asked(office, context)

    late = await office.decide(call)

    assert await office.outcomes(2) == ["expired", "expired"]
    assert late.binding is not None
    assert (await office.receipts())[-1].nonce == late.binding.nonce
    assert book.payments == []


async def test_a_late_approval_closes_the_request_where_nobody_woke_the_worker(
    office: Office, desk: Desk, book: Book
) -> None:
    """The broker may have lost the wake-up; the time in the request counts all the same."""
    handler = await desk.worker(book.transfer_funds, expires_after_seconds=60)
    await handle(handler, task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)
    late = command(call, office.bound(call), _entry_id(seconds=61))

    await handle(handler, late)
    await handle(await desk.worker(book.transfer_funds), late)

    assert "was not approved in time" in await office.answer(CONTEXT, "demo_agent")
    assert await office.outcomes(1) == ["expired"]
    assert book.payments == []


async def test_the_time_that_counts_is_when_a_decision_reached_the_inbox(
    office: Office, desk: Desk, book: Book
) -> None:
    """Whoever decided in time is not punished for a worker that was away."""
    handler = await desk.worker(book.transfer_funds, expires_after_seconds=60)
    await handle(handler, task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)
    in_time = command(call, office.bound(call), _entry_id(seconds=59))

    await handle(handler, in_time)
    await handle(handler, _expire(call, _entry_id(seconds=61)))

    assert await office.answer(CONTEXT, "demo_agent") == "Done: paid 10 to ACME"
    assert await office.outcomes(2) == ["applied", "executed"]


async def test_a_worker_that_dies_over_it_lets_it_expire_once(
    office: Office, desk: Desk, book: Book
) -> None:
    """The mark was set and the run did not go on: the next worker goes on."""
    handler = await desk.worker(book.transfer_funds, expires_after_seconds=60)
    await handle(handler, task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)
    entry = _expire(call, _entry_id(seconds=61))
    office.model.failures = 1
    with pytest.raises(Exception, match="status 500"):
        await handle(handler, entry)

    for _ in range(2):
        await handle(await desk.worker(book.transfer_funds), entry)

    assert "was not approved in time" in await office.answer(CONTEXT, "demo_agent")
    assert set(await office.outcomes(1)) == {"expired"}


async def test_nobody_can_let_a_request_expire_before_its_time(
    office: Office, desk: Desk, book: Book
) -> None:
    """Everybody who reaches the broker can write into an inbox."""
    handler = await desk.worker(book.transfer_funds, expires_after_seconds=60)
    await handle(handler, task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)

    await handle(handler, _expire(call, _entry_id(seconds=1)))

    assert await office.receipts() == []
    await handle(handler, command(call, office.bound(call), _entry_id(seconds=2)))
    assert book.payments == [("ACME", 10.0)]


async def test_a_request_expires_also_when_its_worker_is_gone(
    office: Office, book: Book, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The wake-up lies on the broker: whoever comes next finds it."""
    file = str(tmp_path_factory.mktemp("threads") / "threads.sqlite")
    terms = {"checkpoint_url": file, "expires_after_seconds": 0.2, "pace": WATCHFUL}
    first = await office.start(
        office.describe(TREASURY, [book.transfer_funds], **terms | {"pace": QUICK})
    )
    context = await office.ask(TREASURY, "pay 10 to ACME")
    await office.requests(context)
    await office.send_home(first)

    await office.hire(TREASURY, [book.transfer_funds], **terms)

    assert "was not approved in time" in await office.answer(context, TREASURY)
    assert await office.outcomes(1) == ["expired"]


async def test_of_a_decision_and_the_end_of_time_one_counts(office: Office, book: Book) -> None:
    """Sent at that very moment, many times: each request has one end, and the book agrees."""
    await office.hire(TREASURY, [book.transfer_funds], expires_after_seconds=0.3, pace=WATCHFUL)
    contexts = [await office.ask(TREASURY, f"pay {n + 1} to ACME") for n in range(10)]

    async def decide(context: str, after_seconds: float) -> None:
        call = await _asked(office, context)
        await asyncio.sleep(after_seconds)
        await office.decide(call)

    await asyncio.gather(*(decide(one, 0.04 * n) for n, one in enumerate(contexts)))
    answers = [await office.answer(context, TREASURY) for context in contexts]

    paid = [answer for answer in answers if "paid" in answer]
    late = [answer for answer in answers if "not approved in time" in answer]
    assert len(paid) + len(late) == 10
    assert len(book.payments) == len(paid)


@pytest.mark.parametrize("by_tool", [True, False])
async def test_a_tool_s_own_time_counts_before_the_runner_s(
    office: Office, book: Book, *, by_tool: bool
) -> None:
    """And what is said where the tool is added counts before both."""
    runner = office.describe(TREASURY, expires_after_seconds=60)
    added = None if by_tool else 7200.0
    made = human_approval_required(expires_after_seconds=3600)(book.get_city_weather.func)
    runner.add_tool(made, expires_after_seconds=added)
    await office.start(runner)
    context = await office.ask(TREASURY, "weather in Oslo")
    [call] = await office.requests(context)

    assert call.request is not None
    asked = datetime.fromisoformat(call.request.issued_at)
    until = datetime.fromisoformat(call.request.expires_at)
    assert (until - asked).total_seconds() == (3600 if by_tool else 7200)


async def test_a_hosted_graph_is_told_no_when_the_time_is_over(office: Office) -> None:
    """In its own dialect."""
    guest = Guest(PER_CALL)
    await office.hire(AGENT, graph=guest.build(), expires_after_seconds=0.2, pace=WATCHFUL)

    context = await office.ask(AGENT, "go")

    await office.answer(context, AGENT)
    assert guest.answers == [{"type": "reject", "message": "Nobody decided in time."}]
    assert await office.outcomes(1) == ["expired"]


async def test_a_question_that_cannot_be_answered_with_no_does_not_expire(office: Office) -> None:
    """There is nothing to tell the graph instead of an answer."""
    await office.hire(AGENT, graph=Guest("What now?").build(), expires_after_seconds=60)
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)
    inbox = Guest(INBOX)
    await office.hire("other_agent", graph=inbox.build(), expires_after_seconds=60)
    [other] = await office.requests(await office.ask("other_agent", "go"))

    assert call.request is not None
    assert call.request.expires_at == ""
    assert other.request is not None
    assert other.request.expires_at != ""


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(office: Office, seconds: float) -> None:
    """Before anything is served."""
    with pytest.raises(NotServable, match="cannot expire"):
        office.describe(TREASURY, expires_after_seconds=seconds)


async def test_a_rejection_may_end_the_run(office: Office, book: Book) -> None:
    """The model is not asked again; what was approved beside it ran; the next task is done."""
    await office.hire(TREASURY, [book.transfer_funds], on_reject=OnReject.END)
    context = await office.ask(TREASURY, "pay 10 to ACME and pay 20 to Globex then pay 30 to Evil")
    first, second = await office.requests(context, 2)

    await office.decide(first, DecisionKind.REJECT, message="not this month")
    await office.decide(second)

    answer = await office.answer(context, TREASURY)
    assert answer.startswith("The run was ended. The reviewer rejected the call")
    assert "Reason: not this month" in answer
    assert book.payments == [("Globex", 20.0)]
    assert len(office.model.asked) == 1
    await office.stands(context, "done")
    await office.ask(TREASURY, "hello", context)
    assert await office.answer(context, TREASURY, 2) == "You said: hello"


async def test_an_agent_hears_that_a_rejection_ended_the_run(office: Office, book: Book) -> None:
    """It gets the reason as the answer to its task, and goes on."""
    transfer = book.transfer_funds
    runner = office.describe(TREASURY)
    runner.add_tool(transfer, on_reject=OnReject.END)
    await office.start(runner)
    await office.hire("coordinator", experts=[TREASURY])
    context = await office.ask("coordinator", f"ask {TREASURY}: pay 10 to ACME")
    [call] = await office.requests(context)

    await office.decide(call, DecisionKind.REJECT, message="not this month")

    answer = await office.answer(context, "coordinator")
    assert "The run was ended." in answer
    assert "not this month" in answer


async def _asked(office: Office, context: str) -> PendingCall:
    """The request of a context, whether or not it still waits."""

    async def told() -> PendingCall | None:
        raised = [b for b in await office.progress(context) if b.type is ProgressType.INTERRUPT]
        return read_interrupt(raised[0].message) if raised else None

    found: PendingCall = await await_until(told, "the request")
    return found


def _expire(call: PendingCall, entry_id: str) -> InboxEntry:
    assert call.request is not None
    payload: JSON = {"type": "reject", "request_id": call.request.request_id}
    body = AgentCommand(type="expire", tool_call_id=call.tool_call_id, payload=payload)
    return InboxEntry(entry_id, encode_event(Event(CONTEXT, body)))


def _entry_id(*, seconds: float) -> str:
    return f"{int((time.time() + seconds) * 1000)}-0"
