"""Agents of the base package and ours give tasks to each other, in one conversation."""

from __future__ import annotations

import pytest

from tests.interop.both_worlds import BothWorlds, payments
from tests.support.processes import Process
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("interop")


def test_theirs_asks_ours(worlds: BothWorlds, base_coordinator: Process, our_team: Process) -> None:
    """The base agent gets our agent's answer, and its client hears both of them."""
    talk = worlds.base.talk("base_coordinator", "c-theirs", "ask our_agent: weather in Oslo")

    assert talk.end == "finish"
    speakers = {event["data"]["callee_agent"] for event in talk.events}
    assert speakers == {"base_coordinator", "our_agent"}
    assert talk.messages("ai")[-1]["content"] == "Done: Done: It is sunny in Oslo, 21 °C."
    # The person asked the base agent, and once: our agent's task is not shown as theirs.
    assert len(talk.messages("human")) == 1


def test_theirs_waits_while_a_person_decides_for_ours(
    worlds: BothWorlds, base_coordinator: Process, our_team: Process
) -> None:
    """Our agent asks a person at the console in between; then the base agent gets the answer."""
    order = "ask our_agent: pay 10 to Raven"
    assert worlds.base.talk("base_coordinator", "c-theirs-pay", order).end == "interrupt"
    [request] = worlds.inbox("c-theirs-pay")
    assert (request["agent"], request["dialect"]) == ("our_agent", "signoff")

    said = worlds.console("decide", "c-theirs-pay", request["tool_call_id"], "approve")

    assert said.answer["outcome"] == "applied"
    assert _end(worlds, "c-theirs-pay", "base_coordinator") == (
        "Done: Done: Transferred 10 EUR to Raven."
    )
    assert payments(our_team, "Raven") == [(10, "Raven")]


def test_theirs_hears_that_ours_failed(
    worlds: BothWorlds, base_coordinator: Process, our_team: Process
) -> None:
    """The error is an answer, too; without one the base agent would wait for ever."""
    talk = worlds.base.talk("base_coordinator", "c-theirs-fails", "ask our_agent: break")

    assert talk.end == "finish"
    last = talk.messages("ai")[-1]["content"]
    assert last == "Done: Error occurred. The model service refused the request with status 500."


def test_ours_asks_theirs(worlds: BothWorlds, base_agent: Process, our_team: Process) -> None:
    """Our agent gets the base agent's answer, and the console shows both of them."""
    chat = worlds.console(
        "chat", "our_coordinator", "ask base_agent: weather in Oslo", "--context", "c-ours"
    )

    assert chat.answer["status"] == "done"
    entries = worlds.console("show", "c-ours").answer["entries"]
    assert {entry["speaker"] for entry in entries} >= {"our_coordinator", "base_agent"}
    assert entries[-1]["text"] == "Done: Done: It is sunny in Oslo, 21 °C."


def test_ours_waits_while_a_person_decides_for_theirs(
    worlds: BothWorlds, base_agent: Process, our_team: Process
) -> None:
    """The base agent's call waits at the console; approved, its answer reaches our agent."""
    order = "ask base_agent: pay 10 to Starling"
    chat = worlds.console("chat", "our_coordinator", order, "--context", "c-ours-pay")
    assert chat.answer["status"] == "waiting"
    [request] = chat.answer["requests"]
    assert (request["agent"], request["dialect"]) == ("base_agent", "base")

    said = worlds.console("decide", "c-ours-pay", request["tool_call_id"], "approve")

    assert said.answer["outcome"] == "applied"
    assert _end(worlds, "c-ours-pay", "our_coordinator") == (
        "Done: Done: Transferred 10 EUR to Starling."
    )
    assert payments(base_agent, "Starling") == [(10, "Starling")]


def test_ours_hears_that_a_person_rejected_theirs(
    worlds: BothWorlds, base_agent: Process, our_team: Process
) -> None:
    """A base agent whose call was rejected ends there, and says so."""
    order = "ask base_agent: pay 10 to Tern"
    chat = worlds.console("chat", "our_coordinator", order, "--context", "c-ours-no")
    [request] = chat.answer["requests"]

    said = worlds.console("decide", "c-ours-no", request["tool_call_id"], "reject")

    assert said.answer["outcome"] == "applied"
    assert "User declined" in _end(worlds, "c-ours-no", "our_coordinator")
    assert payments(base_agent, "Tern") == []


def test_ours_hears_that_theirs_failed(
    worlds: BothWorlds, base_agent: Process, our_team: Process
) -> None:
    """A base worker sends no answer when its run fails; it says so in the conversation only."""
    chat = worlds.console(
        "chat", "our_coordinator", "ask base_agent: break", "--context", "c-ours-fails"
    )

    assert chat.answer["status"] == "done"
    end = _end(worlds, "c-ours-fails", "our_coordinator")
    assert end.startswith("Done: Error occurred.")
    assert "the model is on fire" in end


def _end(worlds: BothWorlds, context: str, agent: str) -> str:
    """Wait for an agent to finish, and return its last words."""

    def end() -> str:
        last = worlds.progress(context)[-1]
        return last["message"]["content"] if last["is_finish"] and _is(last, agent) else ""

    return wait_until(end, f"{agent} to finish")


def _is(event: dict[str, object], agent: str) -> bool:
    return event["callee_agent"] == agent
