"""A worker of the base package and one of ours serve one agent, as while one replaces the other.

Each keeps its checkpoints to itself, so a conversation here has one message. Neither takes over
what was delivered to the other.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.interop.both_worlds import BothWorlds
from tests.support.processes import Process
from tests.support.waiting import wait_until
from workers.wire.ids import CONSUMER_PREFIX

pytestmark = pytest.mark.xdist_group("interop")

CONTEXTS = [f"c-shared-{number}" for number in range(30)]


@pytest.fixture(scope="module")
def base_worker(worlds: BothWorlds) -> Process:
    """A worker of the base package for the agent that ours serves, too."""
    return worlds.base_worker("shared_agent")


def test_every_message_is_handled_once(
    worlds: BothWorlds, base_worker: Process, our_team: Process
) -> None:
    """Thirty conversations: each is answered once, and both workers have taken their part."""
    for context in CONTEXTS:
        worlds.broker.xadd("agent_event:shared_agent", {"data": _task(context)})

    wait_until(lambda: all(_ends(worlds, context) for context in CONTEXTS), "all to be answered")

    for context in CONTEXTS:
        kinds = [event["message"]["type"] for event in worlds.progress(context)]
        assert kinds == ["human", "ai", "tool", "ai"], context
    handled = Counter(_handled_by_us(worlds, context) for context in CONTEXTS)
    assert set(handled) == {True, False}

    # A message is settled after its answer.
    wait_until(
        lambda: not any(one["consumer"].startswith(CONSUMER_PREFIX) for one in _pending(worlds)),
        "our worker to settle what it took",
    )
    # The base worker never settles: what it took stays with its own names, and in the stream.
    pending = _pending(worlds)
    assert {one["times_delivered"] for one in pending} == {1}
    assert len(pending) == handled[False]
    # What we took is settled and gone.
    assert worlds.broker.xlen("agent_event:shared_agent") == handled[False]


def _pending(worlds: BothWorlds) -> list[dict[str, Any]]:
    key, group = "agent_event:shared_agent", "consumer_group_shared_agent"
    found: list[dict[str, Any]] = worlds.broker.xpending_range(key, group, "-", "+", 100)
    return found


def _task(context: str) -> str:
    data = {
        "task": "weather in Zürich",
        "caller_agent": "human",
        "invocation_id": f"invocation_{context}",
        "context": {},
    }
    return json.dumps({"context_id": context, "event_type": "agent_invocation", "data": data})


def _ends(worlds: BothWorlds, context: str) -> int:
    return sum(event["is_finish"] for event in worlds.progress(context))


def _handled_by_us(worlds: BothWorlds, context: str) -> bool:
    """Our worker keeps an index of its contexts; the base worker knows nothing of it."""
    return worlds.broker.zscore("signoff:contexts", context) is not None
