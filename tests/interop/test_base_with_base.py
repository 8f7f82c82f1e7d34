"""The base package with itself: what our interop is measured against."""

from __future__ import annotations

import json

import redis

from tests.interop.base_package import BasePackage
from tests.support.processes import Process
from tests.support.stub_model import StubModel
from tests.support.waiting import wait_until


def ran(worker: Process) -> list[dict[str, object]]:
    """What the gated tools of a base worker really did."""
    return [line for line in worker.json_lines() if "ran" in line]


def test_a_question_is_answered(base_package: BasePackage, stub_model: StubModel) -> None:
    """Its client hears what its worker says, with the free tool used on the way."""
    base_package.worker("demo_agent", stub_model.url)

    talk = base_package.talk("demo_agent", "c-weather", "weather in Zürich")

    assert talk.end == "finish"
    assert [event["data"]["is_finish"] for event in talk.events] == [False, False, False, True]
    assert talk.messages("human")[0]["content"] == "weather in Zürich"
    assert talk.messages("tool")[0]["content"] == "It is sunny in Zürich, 21 °C."
    assert talk.messages("ai")[-1]["content"] == "Done: It is sunny in Zürich, 21 °C."


def test_an_accepted_call_runs(base_package: BasePackage, stub_model: StubModel) -> None:
    """The gated call waits, is accepted, and runs once."""
    worker = base_package.worker("demo_agent", stub_model.url)

    talk = base_package.talk("demo_agent", "c-pay", "pay 10 to ACME", "accept")

    assert talk.end == "finish"
    assert ran(worker) == [{"ran": "transfer_funds", "args": {"amount": 10, "recipient": "ACME"}}]


def test_a_rejected_call_does_not_run(base_package: BasePackage, stub_model: StubModel) -> None:
    """The gated call is rejected; its worker ends the run there."""
    worker = base_package.worker("demo_agent", stub_model.url)

    talk = base_package.talk("demo_agent", "c-no", "pay 10 to ACME", "reject")

    assert talk.end == "finish"
    assert talk.messages("tool")[-1]["content"] == "User declined to execute this action"
    assert talk.messages("ai")[-1]["content"] == "Tool Rejected"
    assert ran(worker) == []


def test_a_second_accept_approves_the_next_call_unseen(
    base_package: BasePackage, stub_model: StubModel
) -> None:
    """The fault of the base package that our console has to guard its reviewers against."""
    worker = base_package.worker("demo_agent", stub_model.url)
    order = "pay 10 to ACME then pay 9999 to Mallory"
    assert base_package.talk("demo_agent", "c-twice", order).end == "interrupt"

    # One decision, delivered twice: both name the first call.
    with redis.from_url(base_package.redis_url, decode_responses=True) as broker:
        [(_, last)] = broker.xrevrange("agent_task:c-twice", count=1)
        call = json.loads(last["data"])["data"]["message"]["tool_call_id"]
        command = {"type": "resume", "tool_call_id": call, "payload": {"type": "accept"}}
        event = {"context_id": "c-twice", "event_type": "agent_command", "data": command}
        for _ in range(2):
            broker.xadd("agent_event:demo_agent", {"data": json.dumps(event)})

    wait_until(lambda: len(ran(worker)) == 2, "the call that nobody saw")
    assert ran(worker)[1]["args"] == {"amount": 9999, "recipient": "Mallory"}


def test_an_agent_asks_another(base_package: BasePackage, stub_model: StubModel) -> None:
    """Delegation: the task goes out, the interrupt of the other is answered, the result is back."""
    base_package.worker("coordinator", stub_model.url, subagents=["economics_agent"])
    base_package.worker("economics_agent", stub_model.url)

    order = "ask economics_agent: gdp of Oslo"
    talk = base_package.talk("coordinator", "c-team", order, "accept")

    assert talk.end == "finish"
    assert {event["data"]["callee_agent"] for event in talk.events} == {
        "coordinator",
        "economics_agent",
    }
    assert talk.messages("ai")[-1]["content"] == "Done: Done: The GDP of Oslo is 500 billion."


def test_the_command_line(base_package: BasePackage, stub_model: StubModel) -> None:
    """Its command line asks, shows, and takes yes and no."""
    worker = base_package.worker("demo_agent", stub_model.url)

    session = base_package.cli(
        "demo_agent", "hello", "gdp of Oslo", "y", "gdp of Bergen", "n", "exit"
    )

    assert "You said: hello" in session.output()
    assert "The GDP of Oslo is 500 billion." in session.output()
    assert ran(worker) == [{"ran": "get_city_gdp", "args": {"city": "Oslo"}}]
