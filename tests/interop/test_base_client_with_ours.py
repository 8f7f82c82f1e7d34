"""The client and the command line of the base package with our worker.

What the base client prints went through its own models: an event of ours that does not fit them
would end it.
"""

from __future__ import annotations

import pytest

from tests.interop.both_worlds import BothWorlds, payments
from tests.support.processes import Process
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("interop")


def test_a_question_is_answered(worlds: BothWorlds, our_team: Process) -> None:
    """It sees what was asked, the tool at work, and the end, just as from its own worker."""
    user = {"user_name": "Mina Okafor"}
    talk = worlds.base.talk("our_agent", "c-question", "weather in Zürich", user=user)

    assert talk.end == "finish"
    kinds = [event["data"]["message"]["type"] for event in talk.events]
    assert kinds == ["human", "ai", "tool", "ai"]
    assert [event["data"]["is_finish"] for event in talk.events] == [False, False, False, True]
    assert talk.messages("human")[0]["content"] == "weather in Zürich"
    assert talk.messages("tool")[0]["content"] == "It is sunny in Zürich, 21 °C."
    assert talk.messages("ai")[-1]["content"] == "Done: It is sunny in Zürich, 21 °C."

    # What it says of its user reaches the model.
    assert any("`Mina Okafor`" in str(asked[0]) for asked in worlds.model.asked)

    # Its last event and its history are what it has just heard, each event once.
    assert worlds.base.client("our_agent", "c-question", "last").events == talk.events[-1:]
    assert worlds.base.client("our_agent", "c-question", "history").events == talk.events


def test_a_call_is_accepted(worlds: BothWorlds, our_team: Process) -> None:
    """It sees the request in the form it knows, accepts, and hears the end; the call ran once."""
    talk = worlds.base.talk("our_agent", "c-accept", "pay 10 to Ibis", "accept")

    assert talk.end == "finish"
    [asked] = [event["data"] for event in talk.events if event["data"]["type"] == "interrupt"]
    assert asked["callee_agent"] == "our_agent"
    assert asked["message"]["context_id"] == "c-accept"
    assert asked["message"]["action_request"] == {
        "action": "transfer_funds",
        "args": {"amount": 10, "recipient": "Ibis"},
    }
    assert talk.messages("tool")[-1]["content"] == "Transferred 10 EUR to Ibis."
    assert payments(our_team, "Ibis") == [(10, "Ibis")]


def test_a_call_is_rejected(worlds: BothWorlds, our_team: Process) -> None:
    """It rejects, nothing runs, and the run still ends for it: it would wait for ever otherwise."""
    talk = worlds.base.talk("our_agent", "c-reject", "pay 10 to Jackdaw", "reject")

    assert talk.end == "finish"
    assert talk.events[-1]["data"]["is_finish"]
    assert "rejected the call" in talk.messages("tool")[-1]["content"]
    assert payments(our_team, "Jackdaw") == []


def test_one_accept_runs_one_call(worlds: BothWorlds, our_team: Process) -> None:
    """Asked twice in a row, it has to accept twice; each accept runs what was shown before it."""
    order = "pay 10 to Kestrel then pay 9999 to Lynx"
    once = worlds.base.talk("our_agent", "c-once", order, "accept")

    assert once.end == "interrupt"
    assert once.events[-1]["data"]["message"]["action_request"]["args"]["recipient"] == "Lynx"
    assert payments(our_team, "Kestrel", "Lynx") == [(10, "Kestrel")]

    assert worlds.base.client("our_agent", "c-once", "reject").end == "reject sent"
    wait_until(lambda: worlds.progress("c-once")[-1]["is_finish"], "the run to end")
    assert payments(our_team, "Kestrel", "Lynx") == [(10, "Kestrel")]


def test_two_calls_at_once_are_accepted_one_by_one(worlds: BothWorlds, our_team: Process) -> None:
    """Where its own worker would fall silent for ever, ours says again what still waits.

    The base client looks at the last entry only.
    """
    worlds.base.talk("our_agent", "c-two", "pay 1 to Puffin and pay 2 to Quail")
    first = _last_request(worlds, "c-two")
    assert worlds.base.client("our_agent", "c-two", "accept").end == "accept sent"
    wait_until(
        lambda: _last_request(worlds, "c-two") not in {"", first}, "the other to be the last entry"
    )
    assert len(_paid(our_team)) == 1
    assert worlds.base.client("our_agent", "c-two", "accept").end == "accept sent"

    wait_until(lambda: worlds.progress("c-two")[-1]["is_finish"], "the run to end")
    assert sorted(_paid(our_team)) == [(1, "Puffin"), (2, "Quail")]


def test_the_command_line(worlds: BothWorlds, our_team: Process) -> None:
    """It asks, shows, and takes yes and no."""
    session = worlds.base.cli(
        "our_agent", "hello", "pay 7 to Mole", "y", "pay 8 to Newt", "n", "exit"
    )

    assert "You said: hello" in session.output()
    assert "Transferred 7 EUR to Mole." in session.output()
    assert payments(our_team, "Mole", "Newt") == [(7, "Mole")]


def test_a_strict_worker_refuses_its_bare_accept(worlds: BothWorlds, strict_team: Process) -> None:
    """An answer that is bound to no call runs nothing; a person at a console can still decide."""
    worlds.base.talk("strict_agent", "c-strict", "pay 10 to Otter")
    [waiting] = worlds.inbox("c-strict")

    assert worlds.base.client("strict_agent", "c-strict", "accept").end == "accept sent"

    wait_until(
        lambda: "refused:unbound" in worlds.told("signoff:receipts", "c-strict"), "the refusal"
    )
    assert payments(strict_team, "Otter") == []
    assert worlds.inbox("c-strict") == [waiting]
    # For the base client it still is the last word, so it can show it and try again.
    assert worlds.progress("c-strict")[-1]["type"] == "interrupt"

    said = worlds.console("decide", "c-strict", waiting["tool_call_id"], "approve")
    assert (said.code, said.answer["outcome"]) == (0, "applied")
    wait_until(lambda: payments(strict_team, "Otter"), "the transfer")
    assert payments(strict_team, "Otter") == [(10, "Otter")]


def _last_request(worlds: BothWorlds, context: str) -> str:
    """The tool call that the last entry asks about; empty if it asks nothing."""
    last = worlds.progress(context)[-1]
    return str(last["message"]["tool_call_id"]) if last["type"] == "interrupt" else ""


def _paid(worker: Process) -> list[tuple[int, str]]:
    return payments(worker, "Puffin", "Quail")
