"""Which interrupts become requests, how they are named, and in which order they are listed."""

from __future__ import annotations

from desktop.store import facts
from desktop.store.records import Request, RequestKey
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import KEY, START_MS, online_store, seen, told
from workers.wire.events import ProgressType

OTHER_NONCE = "ab" * 16


def _request(store: Store, key: RequestKey = KEY) -> Request:
    request = store.request(key)
    assert request is not None
    return request


def test_an_interrupt_without_a_call_is_named_by_its_entry() -> None:
    """A question in free text is shown, too."""
    question = scenes.progress("Which account?", kind=ProgressType.INTERRUPT)

    [request] = online_store(*seen(question)).requests()

    assert request.key == RequestKey(scenes.CONTEXT, f"{START_MS}-0")
    assert request.call.allowed == ()


def test_a_delegation_is_no_request() -> None:
    """Machine traffic: it is in the transcript and asks nobody."""
    value = {"kind": "delegate", "agent": "records_agent", "task": "look"}
    store = online_store(*seen(scenes.progress({**value}, kind=ProgressType.INTERRUPT)))

    assert store.requests() == []
    assert [entry.text for entry in store.entries(scenes.CONTEXT)] == ["asks records_agent"]


def test_open_requests_come_first_and_the_longest_waiting_leads() -> None:
    """Then those decided, the latest first."""
    asked = [scenes.asks(call=f"call_{number}") for number in range(4)]
    store = online_store(*seen(*asked), *told(scenes.receipt(call="call_0")))
    store.apply(told(scenes.receipt(call="call_2")))

    assert [r.key.call for r in store.requests()] == ["call_1", "call_3", "call_2", "call_0"]


def test_what_arrives_after_the_first_look_is_news() -> None:
    """What waited before the console started is listed, not announced; later ones are."""
    store = Store()
    early = store.apply(seen(scenes.asks(), live=False))
    store.apply([facts.CaughtUp(frozenset({scenes.CONTEXT}))])

    late = store.apply(seen(scenes.asks(call="call_2"), first=1, live=False))

    assert early.arrived == []
    assert late.arrived == [RequestKey(scenes.CONTEXT, "call_2")]


def test_agents_count_what_waits_for_them() -> None:
    """The list of agents shows where somebody is needed."""
    store = online_store(
        *seen(scenes.asks(), scenes.base_asks(call="call_2", agent="records_agent")),
        facts.AgentsSeen((scenes.AGENT, "records_agent", "human"), ()),
    )

    assert [(agent.name, agent.waiting) for agent in store.agents()] == [
        ("records_agent", 1),
        ("treasury_agent", 1),
    ]
