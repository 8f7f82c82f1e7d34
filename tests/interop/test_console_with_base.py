"""Our console and a worker of the base package: it appears, and a person decides its calls."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.store.records import (
    ContextStatus,
    DecisionKind,
    Dialect,
    EntryKind,
    Execution,
    RequestState,
)
from tests.interop.both_worlds import BothWorlds, payments
from tests.support.desk import Desk
from tests.support.processes import Process
from tests.support.waiting import await_until, wait_until

pytestmark = pytest.mark.xdist_group("interop")


def test_its_waiting_call_is_listed(worlds: BothWorlds, base_agent: Process) -> None:
    """What the commands show of a base worker is what it said: the call, whole, and whose it is."""
    worlds.base.talk("base_agent", "c-listed", "pay 1250 to ACME Tools Ltd")

    [row] = [c for c in worlds.console("conversations").answer if c["context_id"] == "c-listed"]
    assert (row["agent"], row["status"], row["waiting"]) == ("base_agent", "waiting", 1)

    [request] = worlds.inbox("c-listed")
    assert request["tool_call_id"].startswith("call_")
    assert request["since"].endswith("Z")
    del request["since"], request["tool_call_id"]
    assert request == {
        "request_id": None,
        "context_id": "c-listed",
        "agent": "base_agent",
        "action": "transfer_funds",
        "args": {"amount": 1250, "recipient": "ACME Tools Ltd"},
        "masked": [],
        "dialect": "base",
        "decisions": ["approve", "reject"],
        "in_doubt": False,
    }

    shown = worlds.console("show", "c-listed").answer
    assert [entry["kind"] for entry in shown["entries"]] == ["human", "agent", "interrupt"]
    assert shown["entries"][0]["text"] == "pay 1250 to ACME Tools Ltd"
    assert shown["requests"][0]["state"] == "waiting"


async def test_it_appears_while_the_console_looks_on(
    worlds: BothWorlds, base_agent: Process
) -> None:
    """A message from the console runs there, and its request arrives without being asked for."""
    async with Desk() as desk:
        await desk.connect(worlds.url)
        context = desk.conversations.start("base_agent", "gdp of Zürich")

        request = await await_until(lambda: desk.store.requests_in(context), "its request")
        [asked] = request
        assert asked.call.dialect is Dialect.BASE
        assert asked.request_id == ""
        assert asked.foreign
        assert (asked.agent, asked.call.action) == ("base_agent", "get_city_gdp")
        assert asked.args == {"city": "Zürich"}
        row = desk.store.context(context)
        assert row is not None
        assert row.status is ContextStatus.WAITING
        assert "base_agent" in {agent.name for agent in desk.store.agents()}
        # The message that was on its way is there once, as the worker echoed it.
        kinds = [entry.kind for entry in desk.store.entries(context)]
        assert kinds == [EntryKind.HUMAN, EntryKind.AGENT, EntryKind.INTERRUPT]
    assert worlds.groups(context) == []


async def test_an_approved_call_runs_once(worlds: BothWorlds, base_agent: Process) -> None:
    """The console says approved when the worker has shown that it was; the money moved once."""
    async with Desk() as desk:
        await desk.connect(worlds.url)
        context = desk.conversations.start("base_agent", "pay 10 to Borealis")
        [request] = await await_until(lambda: desk.store.requests_in(context), "its request")

        desk.approvals.decide(request.key, DecisionKind.APPROVE)
        sending = desk.store.request(request.key)
        approved = await desk.until_state(request.key, RequestState.APPROVED)

        # No echo: the click itself is shown as on its way, and nothing more.
        assert sending is not None
        assert sending.state is RequestState.SENDING
        assert approved.execution is Execution.EXECUTED
        await await_until(lambda: _status(desk, context) is ContextStatus.DONE, "the run to end")
        assert desk.texts(context)[-1] == "Done: Transferred 10 EUR to Borealis."
    assert payments(base_agent, "Borealis") == [(10, "Borealis")]
    assert len(worlds.commands("base_agent", context)) == 1


async def test_a_rejected_call_does_not_run(worlds: BothWorlds, base_agent: Process) -> None:
    """The console says rejected when the worker has said so; nothing ran, and the run is over."""
    async with Desk() as desk:
        await desk.connect(worlds.url)
        context = desk.conversations.start("base_agent", "pay 20 to Cassini")
        [request] = await await_until(lambda: desk.store.requests_in(context), "its request")

        desk.approvals.decide(request.key, DecisionKind.REJECT, "Wrong month.")
        rejected = await desk.until_state(request.key, RequestState.REJECTED)

        assert rejected.execution is Execution.NOT_RUN
        await await_until(lambda: _status(desk, context) is ContextStatus.DONE, "the run to end")
    assert payments(base_agent, "Cassini") == []


@pytest.mark.parametrize(
    ("decision", "paid", "execution"),
    [("approve", [(40, "Elara")], "executed"), ("reject", [], "not_run")],
)
def test_a_decision_by_command(
    worlds: BothWorlds,
    base_agent: Process,
    decision: str,
    paid: list[tuple[int, str]],
    execution: str,
) -> None:
    """`signoff chat`, `decide` and `show` are enough; a second decision is refused."""
    context = f"c-by-command-{decision}"
    chat = worlds.console("chat", "base_agent", "pay 40 to Elara", "--context", context)
    assert chat.answer["status"] == "waiting"
    [request] = chat.answer["requests"]
    before = len(payments(base_agent, "Elara"))

    said = worlds.console("decide", context, request["tool_call_id"], decision)
    assert (said.code, said.answer) == (0, {"outcome": "applied", "decision": decision})

    again = worlds.console("decide", context, request["tool_call_id"], "approve")
    assert (again.code, again.answer["outcome"]) == (3, "refused")
    assert len(worlds.commands("base_agent", context)) == 1
    wait_until(lambda: _shown(worlds, context)["status"] == "done", "the run to end")
    assert _shown(worlds, context)["requests"][0]["execution"] == execution
    assert payments(base_agent, "Elara")[before:] == paid
    assert worlds.groups(context) == []


async def test_two_calls_at_once_are_not_answered(worlds: BothWorlds, base_agent: Process) -> None:
    """The worker cannot tell two calls apart: the console says so, refuses, and sends nothing.

    An answer would end that worker's task of the context: it would never speak there again.
    """
    async with Desk() as desk:
        await desk.connect(worlds.url)
        context = desk.conversations.start("base_agent", "gdp of Graz and gdp of Bern")
        two = await await_until(
            lambda: two if len(two := desk.store.requests_in(context)) == 2 else None, "both calls"
        )
        assert [one.args for one in two] in (
            [{"city": "Graz"}, {"city": "Bern"}],
            [{"city": "Bern"}, {"city": "Graz"}],
        )

        for one in two:
            for kind in (DecisionKind.APPROVE, DecisionKind.REJECT):
                why = desk.approvals.why_not(one.key, kind)
                assert why is not None
                assert "cannot tell them apart" in why.title

    call = two[0].call.tool_call_id
    said = worlds.console("decide", context, call, "approve")
    assert said.code == 3
    assert "cannot tell them apart" in said.answer["reason"]
    assert worlds.commands("base_agent", context) == []

    # Still alive there: it answers, if only to say that it is busy.
    worlds.base.client("base_agent", context, "send", "weather in Graz")
    await await_until(
        lambda: "retry later" in worlds.told("agent_event:human", context), "the worker to answer"
    )
    assert len(worlds.inbox(context)) == 2


async def test_what_the_base_client_decided_is_seen(
    worlds: BothWorlds, base_agent: Process
) -> None:
    """A decision that was made with the base package's own client is shown as decided elsewhere."""
    async with Desk() as desk:
        await desk.connect(worlds.url)
        worlds.base.talk("base_agent", "c-elsewhere", "pay 30 to Daphne", "accept")
        [request] = await await_until(lambda: desk.store.requests_in("c-elsewhere"), "its request")
        seen = await desk.until_state(request.key, RequestState.DECIDED_ELSEWHERE)
        assert seen.decision is DecisionKind.APPROVE
        assert seen.result == "Transferred 30 EUR to Daphne."


def _status(desk: Desk, context: str) -> ContextStatus | None:
    row = desk.store.context(context)
    return row.status if row else None


def _shown(worlds: BothWorlds, context: str) -> Any:  # noqa: ANN401 - JSON
    return worlds.console("show", context).answer


async def test_the_monitor_knows_of_it_what_can_be_known(
    worlds: BothWorlds, base_agent: Process
) -> None:
    """It is served by other software; it acknowledges nothing, so all it was given is pending."""
    worlds.base.talk("base_agent", "c-watched", "pay 1250 to ACME Tools Ltd")
    async with Desk() as desk:
        await desk.connect(worlds.url)
        desk.repairs.watch(on=True)
        await await_until(lambda: len(desk.store.monitor.samples("base_agent")) > 1, "two looks")
        health = desk.store.monitor.agent("base_agent")

    inbox = health.inbox
    assert inbox is not None
    assert (health.is_foreign, health.is_served, health.workers) == (True, True, ())
    assert inbox.pending == inbox.taken == inbox.length
    assert inbox.lag == 0
    assert inbox.foreign == inbox.consumers
    assert (inbox.leaked, inbox.quarantined, inbox.runs) == (0, 0, ())
    assert health.latest is not None
    assert health.latest.runs == 0
    assert health.usage.model.count == 0, "nobody tells"
