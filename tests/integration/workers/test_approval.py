"""The main job: a call waits, a person decides, the worker runs that and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Mode, decision_payload
from workers.wire.canonical import JSON
from workers.wire.messages import Role


async def test_an_approved_transfer_runs_and_the_agent_reports_it(
    office: Office, book: Book
) -> None:
    """Nothing is paid before the approval; exactly what was shown is paid after it."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    assert call.action == "transfer_funds"
    assert call.args == {"amount": 10.0, "recipient": "ACME", "urgent": False}
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
    [result] = await office.said(context, Role.TOOL)
    assert result.failed
    assert book.payments == []


async def test_an_edited_call_runs_as_edited(office: Office, book: Book) -> None:
    """The model is told that its arguments were changed, and what came of it."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 1000 to ACME")
    [call] = await office.requests(context)

    edited: JSON = {"amount": 100, "recipient": "ACME", "urgent": True}
    await office.decide(call, DecisionKind.EDIT, args=edited)

    assert "reviewer changed" in await office.answer(context, "treasury_agent")
    assert book.payments == [("ACME", 100.0)]
    executed = (await office.receipts())[-1]
    assert executed.outcome == "executed"
    assert call.request is not None
    assert executed.args_digest != call.request.args_digest


@pytest.mark.parametrize(
    "args",
    [
        {"amount": "a lot", "recipient": "ACME", "urgent": False},
        {"amount": 5, "recipient": "ACME"},  # what would be filled in was not seen by anybody
        {"amount": 5, "recipient": "ACME", "urgent": False, "note": "ignored by the tool"},
        {"amount": {"$int": "no number"}, "recipient": "ACME", "urgent": False},
    ],
)
async def test_an_edit_the_tool_would_not_run_as_it_stands_is_refused(
    office: Office, book: Book, args: JSON
) -> None:
    """The request stays, and the reviewer can decide it properly."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 1000 to ACME")
    [call] = await office.requests(context)

    await office.decide(call, DecisionKind.EDIT, args=args)

    assert await office.outcomes(1) == ["refused:malformed"]
    await office.decide(call)
    await office.answer(context, "treasury_agent")
    assert book.payments == [("ACME", 1000.0)]


async def test_an_answer_takes_the_place_of_the_call(office: Office, book: Book) -> None:
    """A reviewer may answer for the tool; nothing runs."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    await office.decide(call, DecisionKind.RESPOND, message="paid by cheque already")

    assert await office.answer(context, "treasury_agent") == "Done: paid by cheque already"
    assert book.payments == []


async def test_a_second_accept_never_reaches_the_next_call(office: Office, book: Book) -> None:
    """Two clicks on one request run one transfer, even when the agent asks again at once."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME then pay 9999 to Mallory")
    [first] = await office.requests(context)

    await office.decide(first)
    await office.decide(first)  # the double click, a decision of its own

    [second] = await office.requests(context, after=first)
    assert second.args == {"amount": 9999.0, "recipient": "Mallory", "urgent": False}
    assert await office.outcomes(3) == ["applied", "executed", "refused:already_decided"]
    assert book.payments == [("ACME", 10.0)]


async def test_a_decision_sent_again_word_for_word_does_nothing(office: Office, book: Book) -> None:
    """A message a broker or a client repeats is recognised, and is no second decision."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME then pay 9999 to Mallory")
    [first] = await office.requests(context)

    decision = await office.decide(first)
    await office.repeat(first, decision)
    [second] = await office.requests(context, after=first)
    await office.decide(second, DecisionKind.REJECT)
    await office.answer(context, "treasury_agent")

    assert book.payments == [("ACME", 10.0)]
    assert await office.outcomes(3) == ["applied", "executed", "applied"]


@pytest.mark.parametrize("first", [0, 1])
async def test_two_calls_of_one_turn_are_decided_in_any_order(
    office: Office, book: Book, first: int
) -> None:
    """Each waits for its own decision; the sibling that needs none runs once, and at once."""
    await office.hire("treasury_agent", [book.transfer_funds, book.get_city_weather])
    context = await office.ask(
        "treasury_agent", "pay 10 to ACME and weather in Oslo and pay 20 to Globex"
    )
    calls = await office.requests(context, 2)
    assert book.lookups == ["Oslo"]

    await office.decide(calls[first])
    [left] = await office.requests(context, after=calls[first])
    assert left.tool_call_id == calls[1 - first].tool_call_id

    await office.decide(left, DecisionKind.REJECT, message="not this one")
    await office.answer(context, "treasury_agent")

    assert book.payments == [(("ACME", 10.0), ("Globex", 20.0))[first]]
    assert book.lookups == ["Oslo"]


async def test_what_still_waits_is_the_last_entry_of_the_stream(office: Office, book: Book) -> None:
    """Clients of the base package look nowhere else; ours knows it is the same request."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME and pay 20 to Globex")
    first, second = await office.requests(context, 2)

    await office.decide(second)
    [left] = await office.requests(context, after=second)

    assert left.interrupt_id == first.interrupt_id
    await office.last_is_interrupt(context, left)


FORGERIES = {
    "another agent": {"aud": "records_agent"},
    "another context": {"context_id": "somewhere-else"},
    "another call": {"tool_call_id": "call_9999"},
    "another tool": {"action": "get_city_gdp"},
    "other arguments": {"args_digest": f"sha-256:{'0' * 64}"},
    "another decision": {"decision": DecisionKind.REJECT},
    "an edit's digest": {"edited_args_digest": f"sha-256:{'0' * 64}"},
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
async def test_a_decision_about_something_else_is_refused(
    office: Office, book: Book, forged: dict[str, Any]
) -> None:
    """It runs nothing, and the request can still be decided."""
    await office.hire("treasury_agent", [book.transfer_funds], mode=Mode.OBSERVE)
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    await office.decide(call, **forged)

    assert await office.outcomes(1) == ["refused:mismatch"]
    assert book.payments == []
    await office.decide(call)
    await office.answer(context, "treasury_agent")
    assert book.payments == [("ACME", 10.0)]


async def test_a_decision_for_a_request_of_another_context_is_refused(
    office: Office, book: Book
) -> None:
    """The same words in another conversation are another request."""
    await office.hire("treasury_agent", [book.transfer_funds])
    here = await office.ask("treasury_agent", "pay 10 to ACME")
    there = await office.ask("treasury_agent", "pay 10 to ACME")
    [call], [other] = await office.requests(here), await office.requests(there)
    assert call.request is not None
    assert other.request is not None
    assert call.request.request_id != other.request.request_id
    assert call.request.args_digest != other.request.args_digest, "digests are salted"

    await office.decide(call, to=there)

    assert await office.outcomes(1) == ["refused:not_pending"]
    assert book.payments == []


async def test_a_bare_accept_is_refused_unless_the_worker_only_observes(
    office: Office, book: Book
) -> None:
    """What base clients send names no request; a worker that enforces wants to know."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    await office.command(context, "treasury_agent", call.tool_call_id, {"type": "accept"})

    assert await office.outcomes(1) == ["refused:unbound"]
    assert book.payments == []
    await office.requests(context)


async def test_an_observing_worker_takes_a_bare_accept_and_says_so(
    office: Office, book: Book
) -> None:
    """For migration: it works as with the base package, and can be counted."""
    await office.hire("treasury_agent", [book.transfer_funds], mode=Mode.OBSERVE)
    context = await office.ask("treasury_agent", "pay 10 to ACME then pay 9999 to Mallory")
    [call] = await office.requests(context)

    await office.command(context, "treasury_agent", "", {"type": "accept"})
    await office.command(context, "treasury_agent", call.tool_call_id, {"type": "accept"})

    [_second] = await office.requests(context, after=call)
    assert await office.outcomes(3) == ["applied", "executed", "refused:already_decided"]
    assert (await office.receipts())[0].note == "decision.unsigned_accepted"
    assert book.payments == [("ACME", 10.0)]


async def test_a_bare_accept_that_could_mean_two_calls_is_refused(
    office: Office, book: Book
) -> None:
    """Even an observing worker does not guess."""
    await office.hire("treasury_agent", [book.transfer_funds], mode=Mode.OBSERVE)
    context = await office.ask("treasury_agent", "pay 10 to ACME and pay 20 to Globex")
    await office.requests(context, 2)

    await office.command(context, "treasury_agent", "", {"type": "accept"})

    assert await office.outcomes(1) == ["refused:ambiguous"]
    assert book.payments == []


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "accept",
        [],
        {},
        {"type": "yes"},
        {"type": "accept", "message": 7},
        {"type": "accept", "approval": {"v": 2}},
        {"type": "accept", "approval": {"v": 1, "binding": {"aud": "treasury_agent"}}},
        {"0" * 32: {"type": "accept"}},
    ],
)
async def test_a_malformed_decision_is_refused_and_poisons_nothing(
    office: Office, book: Book, payload: JSON
) -> None:
    """Above all not a map that names its own target, which the graph itself would take."""
    await office.hire("treasury_agent", [book.transfer_funds], mode=Mode.OBSERVE)
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    await office.command(context, "treasury_agent", call.tool_call_id, payload)

    assert await office.outcomes(1) == ["refused:malformed"]
    await office.decide(call)
    await office.answer(context, "treasury_agent")
    assert book.payments == [("ACME", 10.0)]


async def test_a_command_that_is_no_resume_is_refused(office: Office, book: Book) -> None:
    """The base package would hand any command's name to the graph."""
    await office.hire("treasury_agent", [book.transfer_funds], mode=Mode.OBSERVE)
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    await office.command(
        context, "treasury_agent", call.tool_call_id, {"type": "accept"}, kind="goto"
    )

    assert await office.outcomes(1) == ["refused:malformed"]
    assert book.payments == []


async def test_a_decision_where_nothing_waits_gets_a_receipt(office: Office, book: Book) -> None:
    """A console that is behind learns that there was nothing to decide."""
    await office.hire("treasury_agent", [book.transfer_funds])

    await office.command("no-such-context", "treasury_agent", "call_1", {"type": "accept"})

    assert await office.outcomes(1) == ["refused:not_pending"]


async def test_of_two_reviewers_the_first_wins_and_the_second_learns_it(
    office: Office, book: Book
) -> None:
    """Two consoles decide at once, one for and one against."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    await office.decide(call, DecisionKind.REJECT, message="no")
    await office.decide(call, DecisionKind.APPROVE)

    assert await office.outcomes(2) == ["applied", "refused:already_decided"]
    await office.answer(context, "treasury_agent")
    assert book.payments == []


async def test_a_decision_taken_before_a_crash_is_carried_out_when_it_comes_again(
    office: Office, book: Book
) -> None:
    """The mark was set and nothing ran: the same decision goes on, another one does not."""
    runner = office.describe("treasury_agent", [book.transfer_funds])
    await office.start(runner)
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    assert call.request is not None
    decision = office.bound(call)
    await office.leave_mark(call, decision)

    await office.decide(call, DecisionKind.REJECT)
    assert await office.outcomes(1) == ["refused:already_decided"]
    await office.repeat(call, decision)

    await office.answer(context, "treasury_agent")
    assert book.payments == [("ACME", 10.0)]


async def test_a_call_that_ended_before_gives_its_result_again(office: Office, book: Book) -> None:
    """A worker died after the tool and before the thread was saved."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    assert call.request is not None
    ledger = keys.tool_ledger(context)
    note = '{"state":{"type":"done","at_ms":1,"content":"paid it earlier","failed":false}}'
    await office.connection.client.hset(ledger, call.request.request_id, note)

    await office.decide(call)

    assert await office.answer(context, "treasury_agent") == "Done: paid it earlier"
    assert book.payments == []
    assert await office.outcomes(2) == ["applied", "executed"]
    await office.connection.client.expire(ledger, 60)


async def test_a_request_says_on_whose_behalf_and_what_the_worker_demands(
    office: Office, book: Book
) -> None:
    """A reviewer sees the requester as the caller claims it, and never more than that."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME", context={"user_id": "jdoe"})
    [call] = await office.requests(context)

    assert call.request is not None
    assert (call.request.requester.id, call.request.requester.assurance) == ("jdoe", "claimed")
    assert call.request.mode is Mode.BOUND
    assert call.request.issued_at.endswith("+00:00")
    assert call.allowed == tuple(DecisionKind)
    assert decision_payload(office.bound(call)) is not None
