"""`AgentClient` as code written for the base package uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.registered import ROSA
from tests.support.trusted import TrustedFolder
from workers import AgentClient
from workers.client.events import ProgressEvent
from workers.client.receipts import DecisionRefused
from workers.wire import keys
from workers.wire.approvals import Mode
from workers.wire.canonical import JSON
from workers.wire.codec import decode_event, encode_event
from workers.wire.errors import MalformedDecision
from workers.wire.events import AgentProgress, Event
from workers.wire.ids import new_context_id


@pytest_asyncio.fixture
async def client(office: Office) -> AsyncIterator[AgentClient]:
    """A client of the treasury agent."""
    client = AgentClient(target_agent="treasury_agent", redis_url=office.connection.url)
    yield client
    await client.disconnect()


async def follow(client: AgentClient, context: str) -> list[ProgressEvent]:
    """Everything until the agent is done or waits."""
    return [event async for event in client.progress_events(context)]


async def test_a_conversation_as_in_the_readme(
    office: Office, book: Book, client: AgentClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Send, follow, accept, follow, read the history."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = new_context_id()
    await client.send_message("pay 10 to ACME", context, {"user_name": "Jo"})

    events = await follow(client, context)
    assert [event.data.type for event in events] == ["message", "message", "interrupt"]
    assert events[0].data.message["content"] == "pay 10 to ACME"  # type: ignore[index, call-overload]
    assert {event.context_id for event in events} == {context}
    last = await client.get_last_event(context)
    assert last is not None
    assert (last.data.type, last.data.callee_agent) == ("interrupt", "treasury_agent")

    assert await client.accept_tool_invocation(context)
    events = await follow(client, context)

    assert [event.data.is_finish for event in events] == [False, True]
    assert book.payments == [("ACME", 10.0)]
    history = await client.get_chat_history(context)
    assert len(history) == 5
    assert history[0]["timestamp"] == int(history[0]["id"].partition("-")[0])
    for item in history:
        AgentClient.print_progress_event(item["data"])
    printed = capsys.readouterr().out
    assert "You: pay 10 to ACME" in printed
    assert "treasury_agent: Done: paid 10 to ACME" in printed


async def test_a_rejection_carries_its_reason(
    office: Office, book: Book, client: AgentClient
) -> None:
    """A Signoff worker's model hears it."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = new_context_id()
    await client.send_message("pay 10 to ACME", context)
    await follow(client, context)

    assert await client.reject_tool_invocation(context, "not a supplier")

    events = await follow(client, context)
    assert "not a supplier" in str(events[-1].data.message)
    assert book.payments == []


async def test_calls_of_one_turn_are_answered_one_after_the_other(
    office: Office, book: Book, client: AgentClient
) -> None:
    """The one that waits longest first; one that was answered is not offered again."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = new_context_id()
    await client.send_message("pay 10 to ACME and pay 20 to Globex", context)
    seen: list[ProgressEvent] = []
    for _ in range(2):
        seen += await follow(client, context)
        assert await client.accept_tool_invocation(context)
    seen += await follow(client, context)

    assert seen[-1].data.is_finish
    assert sorted(book.payments) == [("ACME", 10.0), ("Globex", 20.0)]
    assert not await client.accept_tool_invocation(context)


async def test_nothing_to_decide_is_no_decision(
    office: Office, book: Book, client: AgentClient
) -> None:
    """As in the base package: False, and nothing is sent."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = new_context_id()
    assert await client.get_last_event(context) is None

    assert not await client.accept_tool_invocation(context)
    assert not await client.reject_tool_invocation(context)

    assert await office.receipts() == []


async def test_two_clients_of_one_context_both_see_everything(
    office: Office, client: AgentClient
) -> None:
    """The base package's clients share a consumer group, and take events from each other."""
    await office.hire("treasury_agent")
    other = AgentClient("treasury_agent", office.connection.url)
    context = new_context_id()
    await client.send_message("hello", context)

    assert len(await follow(client, context)) == 2
    assert len(await follow(other, context)) == 2

    await other.disconnect()
    assert await office.connection.client.xinfo_groups(keys.progress(context)) == []


async def test_a_client_that_joins_later_sees_what_comes_from_then_on(
    office: Office, client: AgentClient
) -> None:
    """A second process on an old context is not shown the first answer as the new one."""
    await office.hire("treasury_agent")
    context = new_context_id()
    await client.send_message("hello", context)
    await follow(client, context)

    later = AgentClient("treasury_agent", office.connection.url)
    await later.send_message("again", context)
    events = await follow(later, context)
    await later.disconnect()

    assert [event.data.message["content"] for event in events] == ["again", "You said: again"]  # type: ignore[index, call-overload]


async def test_following_ends_when_the_run_fails(
    office: Office, client: AgentClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """The base package's client waits for ever, and cannot print the error."""
    await office.hire("treasury_agent")
    context = new_context_id()
    await client.send_message("break", context)

    events = await follow(client, context)
    client.print_progress_event(events[-1])

    assert "Error occurred." in capsys.readouterr().out


async def test_a_request_with_other_arguments_than_it_is_about_is_not_approved(
    office: Office, book: Book, client: AgentClient
) -> None:
    """Somebody on the broker shows a small amount over a request for a large one."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 9999 to Mallory")
    await office.requests(context)
    stream = office.connection.client
    key = keys.progress(context)
    [(entry_id, fields)] = await stream.xrevrange(key, count=1)
    event = decode_event(fields[b"data"])
    body = event.body
    assert isinstance(body, AgentProgress)
    assert isinstance(body.message, dict)
    small: dict[str, JSON] = {"action": "transfer_funds", "args": {"amount": 1}}
    shown: dict[str, JSON] = {**body.message, "action_request": small}
    forged = AgentProgress(
        type=body.type,
        caller_agent="human",
        callee_agent="treasury_agent",
        invocation_id="",
        message=shown,
    )
    await stream.xdel(key, entry_id)
    await stream.xadd(key, {"data": encode_event(Event(context, forged))})

    with pytest.raises(MalformedDecision, match="not about the arguments"):
        await client.accept_tool_invocation(context)

    assert await office.receipts() == []


async def test_a_decision_the_worker_refuses_is_told_instead_of_waited_for(
    office: Office, book: Book, client: AgentClient
) -> None:
    """Somebody else's decision was taken, and its worker died before it ran anything."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = new_context_id()
    await client.send_message("pay 10 to ACME", context)
    await follow(client, context)
    [call] = await office.requests(context)
    await office.leave_mark(call, office.bound(call))
    await client.accept_tool_invocation(context)

    with pytest.raises(DecisionRefused, match="somebody else decided first") as refusal:
        await follow(client, context)

    assert refusal.value.receipt.tool_call_id == call.tool_call_id
    assert book.payments == []


async def test_a_program_with_a_key_decides_at_a_worker_that_wants_signatures(
    office: Office, book: Book, tmp_path: Path
) -> None:
    """One without is told what was wrong with its decision."""
    trust = TrustedFolder(tmp_path / "trust")
    await office.hire("treasury_agent", [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path)
    url, context = office.connection.url, new_context_id()
    plain = AgentClient("treasury_agent", url)
    signing = AgentClient(
        "treasury_agent",
        url,
        reviewer="r.mora",
        reviewer_name="Rosa Mora",
        role="treasury",
        signing_key=ROSA,
    )
    await plain.send_message("pay 10 to ACME", context)
    await follow(plain, context)
    await plain.accept_tool_invocation(context)
    with pytest.raises(DecisionRefused, match="nobody has signed it"):
        await follow(plain, context)

    assert await signing.accept_tool_invocation(context)

    assert (await follow(signing, context))[-1].data.is_finish
    assert book.payments == [("ACME", 10.0)]
    await plain.disconnect()
    await signing.disconnect()
