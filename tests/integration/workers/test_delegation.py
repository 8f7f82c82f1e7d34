"""Agents that give each other tasks, and people who approve what the experts want to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.trusted import TrustedFolder
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Mode
from workers.wire.codec import decode_event
from workers.wire.events import (
    AgentInvocation,
    AgentResponse,
    ContextSummary,
    Event,
    ProgressType,
)
from workers.wire.messages import Role
from workers.wire.streams.inbox import send


async def test_an_expert_answers_the_coordinator(office: Office, book: Book) -> None:
    """The answer becomes the result of the coordinator's call, and the coordinator goes on."""
    await office.hire("weather_agent", [book.get_city_weather])
    await office.hire("coordinator", experts=["weather_agent"])

    context = await office.ask("coordinator", "ask weather_agent: weather in Oslo")

    assert await office.answer(context, "coordinator") == "Done: Done: sunny in Oslo"
    assert await office.answer(context, "weather_agent") == "Done: sunny in Oslo"
    kinds = [body.type for body in await office.progress(context)]
    assert ProgressType.INTERRUPT not in kinds, "a delegation is no request for a person"


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ('tool = "call_weather_agent"\nquorum = 2', False),
        ('tool = "call_weather_agent"\nagent = "somebody"\nquorum = 2', True),
        ('tool = "call_weather_agent"\ngate = false', True),
        ("quorum = 2", True),
        ("quorum = two", False),
    ],
    ids=["gated by name", "gated for another", "waived", "gated with everything", "not readable"],
)
async def test_a_task_that_a_rule_wants_approved_is_not_given(
    office: Office, book: Book, tmp_path: Path, rule: str, *, given: bool
) -> None:
    """Nobody can be asked about it; a rule for all tools is about what the expert does."""
    trust = TrustedFolder(tmp_path / "trust", "coordinator")
    trust.write_policy(f'id = "p"\nversion = 8\n[[rules]]\nname = "r"\n{rule}\n')
    await office.hire("weather_agent", [book.get_city_weather])
    options = {"mode": Mode.ENFORCE, "trust": trust.path}
    await office.hire("coordinator", experts=["weather_agent"], **options)

    context = await office.ask("coordinator", "ask weather_agent: weather in Oslo")

    answer = await office.answer(context, "coordinator")
    assert ("sunny in Oslo" in answer) is given
    assert ("was not given" in answer) is not given
    assert book.lookups == (["Oslo"] if given else [])


async def test_a_gated_call_of_an_expert_waits_for_a_person(office: Office, book: Book) -> None:
    """The request comes from the expert; the coordinator waits for both."""
    await office.hire("treasury_agent", [book.transfer_funds])
    await office.hire("coordinator", experts=["treasury_agent"])
    context = await office.ask(
        "coordinator", "ask treasury_agent: pay 10 to ACME", context={"user_id": "jdoe"}
    )
    [call] = await office.requests(context)
    assert call.request is not None
    assert (call.request.agent, call.request.requester.id) == ("treasury_agent", "jdoe")
    await office.stands(context, "waiting")
    summary = await office.summary(context)
    assert (summary.agent, summary.waiting) == ("coordinator", 1)

    await office.decide(call)

    assert await office.answer(context, "coordinator") == "Done: Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]
    await office.stands(context, "done")


async def test_experts_work_at_the_same_time(office: Office, book: Book) -> None:
    """One waits for a person, the other does not wait for it."""
    await office.hire("treasury_agent", [book.transfer_funds])
    await office.hire("weather_agent", [book.get_city_weather])
    await office.hire("coordinator", experts=["treasury_agent", "weather_agent"])

    context = await office.ask(
        "coordinator",
        'call call_treasury_agent with {"task": "pay 10 to ACME"}'
        ' and call call_weather_agent with {"task": "weather in Oslo"}',
    )
    [call] = await office.requests(context)
    assert await office.answer(context, "weather_agent") == "Done: sunny in Oslo"
    await office.decide(call)

    answer = await office.answer(context, "coordinator")
    assert "paid 10 to ACME" in answer
    assert "sunny in Oslo" in answer


async def test_a_task_goes_through_three_hands_and_back(office: Office, book: Book) -> None:
    """The request of the last is one of its own; the user is known to it; the answer comes up."""
    await office.hire("treasury_agent", [book.transfer_funds])
    await office.hire("manager", experts=["treasury_agent"])
    await office.hire("director", experts=["manager"])
    await office.hire("coordinator", experts=["director"])
    context = await office.ask(
        "coordinator",
        "ask director: ask manager: ask treasury_agent: pay 10 to ACME",
        context={"user_id": "jdoe", "user_name": "Jo"},
    )

    [call] = await office.requests(context)
    assert call.request is not None
    assert (call.request.agent, call.request.requester.id) == ("treasury_agent", "jdoe")
    assert any("Jo" in str(asked[0]["content"]) for asked in office.model.asked[-1:])
    await office.decide(call)

    assert await office.answer(context, "coordinator") == "Done: Done: Done: Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]
    await office.stands(context, "done")


async def test_a_circle_over_three_hands_is_told(office: Office) -> None:
    """However many stand between, nobody waits for itself."""
    await office.hire("coordinator", experts=["director"])
    await office.hire("director", experts=["manager"])
    await office.hire("manager", experts=["coordinator"])

    context = await office.ask("coordinator", "ask director: ask manager: ask coordinator: hello")

    answer = await office.answer(context, "coordinator")
    assert "coordinator has asked for this itself" in answer


async def test_what_one_expert_found_survives_the_failure_of_another(
    office: Office, book: Book
) -> None:
    """The failure is an error of one tool; the other's result stands beside it."""
    await office.hire("weather_agent", [book.get_city_weather])
    await office.hire("economics_agent")
    await office.hire("coordinator", experts=["weather_agent", "economics_agent"])

    context = await office.ask(
        "coordinator",
        'call call_economics_agent with {"task": "break"}'
        ' and call call_weather_agent with {"task": "weather in Oslo"}',
    )

    answer = await office.answer(context, "coordinator")
    assert "Error occurred." in answer
    assert "sunny in Oslo" in answer
    results = {m.name: m.failed for m in await office.said(context, Role.TOOL)}
    assert results["call_economics_agent"] is True
    assert results["call_weather_agent"] is False


async def test_a_rejected_call_of_an_expert_is_an_answer_and_no_failure(
    office: Office, book: Book
) -> None:
    """The coordinator learns why."""
    await office.hire("treasury_agent", [book.transfer_funds])
    await office.hire("coordinator", experts=["treasury_agent"])
    context = await office.ask("coordinator", "ask treasury_agent: pay 10 to ACME")
    [call] = await office.requests(context)

    await office.decide(call, DecisionKind.REJECT, message="not this month")

    assert "not this month" in await office.answer(context, "coordinator")


async def test_an_expert_whose_run_fails_says_so_to_the_coordinator(office: Office) -> None:
    """Otherwise the coordinator would wait for ever."""
    await office.hire("weather_agent")
    await office.hire("coordinator", experts=["weather_agent"])

    context = await office.ask("coordinator", "ask weather_agent: break")

    assert "Error occurred." in await office.answer(context, "coordinator")


async def test_agents_that_ask_each_other_in_a_circle_are_told(office: Office) -> None:
    """A waits for B, B asks A: parked, it would wait for itself."""
    await office.hire("coordinator", experts=["weather_agent"])
    await office.hire("weather_agent", experts=["coordinator"])

    context = await office.ask("coordinator", "ask weather_agent: ask coordinator: hello")

    assert "has asked for this itself" in await office.answer(context, "coordinator")


async def test_a_response_nobody_waits_for_is_dropped(office: Office, book: Book) -> None:
    """It is not taken for the answer to something else."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)

    response = AgentResponse(invocation_id=call.tool_call_id, content="accept")
    await send(office.connection, "treasury_agent", Event(context, response))

    await office.inbox_is_empty("treasury_agent")
    await office.requests(context)
    assert book.payments == []


async def test_a_response_that_comes_twice_counts_once(office: Office) -> None:
    """The expert here is the test: it answers twice, as after a crash."""
    await office.hire("coordinator", experts=["expert"])
    context = await office.ask("coordinator", "ask expert: hello then ask expert: and now")

    for text, result in (("hello", "one"), ("and now", "two")):
        task = await given_task(office, "expert", text)
        response = AgentResponse(invocation_id=task.invocation_id, content=result)
        for _ in range(2):
            await send(office.connection, "coordinator", Event(context, response))

    assert await office.answer(context, "coordinator") == "Done: one; two"


async def test_the_context_of_the_user_travels_with_the_task(office: Office) -> None:
    """The expert knows for whom it works, and who has asked whom."""
    await office.hire("coordinator", experts=["expert"])
    await office.ask("coordinator", "ask expert: hello", context={"user_name": "Jo"})

    task = await given_task(office, "expert", "hello")

    assert (task.caller_agent, task.context) == ("coordinator", {"user_name": "Jo"})


async def given_task(office: Office, agent: str, text: str) -> AgentInvocation:
    """Wait until an agent that nobody serves has got this task."""

    async def found() -> AgentInvocation | None:
        entries = await office.connection.client.xrange(keys.inbox(agent))
        bodies = [decode_event(fields[b"data"]).body for _, fields in entries]
        tasks = [body for body in bodies if isinstance(body, AgentInvocation)]
        return next((task for task in tasks if task.task == text), None)

    return await await_until(found, f"the task {text!r} for {agent}")


def test_a_summary_is_what_the_index_holds() -> None:
    """The index says how a context stands, and nothing of what was said in it."""
    assert set(ContextSummary.__struct_fields__) == {
        "agent", "status", "last_activity_ms", "waiting"
    }  # fmt: skip
