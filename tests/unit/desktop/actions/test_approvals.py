"""Deciding: what may be decided when, and that one decision leaves once."""

from __future__ import annotations

import pytest

from desktop.actions.approvals import MAX_REASON_LENGTH, Approvals
from desktop.actions.ports import Order
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store import facts
from desktop.store.records import Link, LinkState, RequestKey, RequestState
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import KEY, online_store, seen, sending, told
from tests.support.outbox import KeptOutbox
from workers.wire.approvals import DecisionKind, read_decision
from workers.wire.events import Event

NOW = 1_772_443_000.7
PERSON = Person("r.mora@desk-4", "R. Mora")
SECOND = RequestKey(scenes.CONTEXT, "call_2")
OFFLINE = facts.LinkChanged(Link(LinkState.CONNECTING, "Connecting"))
ALL_KINDS = tuple(DecisionKind)


def _approvals(store: Store, outbox: KeptOutbox) -> Approvals:
    return Approvals(store, outbox, lambda: PERSON, lambda: NOW)


def test_an_approval_leaves_bound_to_the_call_that_was_shown() -> None:
    """Agent, context, call, request, action and digest, and who decided when."""
    store, outbox = online_store(*seen(scenes.asks())), KeptOutbox()

    nonce = _approvals(store, outbox).decide(KEY, DecisionKind.APPROVE)

    [order] = outbox.decisions
    asked = scenes.request()
    assert (order.agent, order.tool_call_id, order.guard) == (scenes.AGENT, scenes.CALL, "")
    binding = read_decision(order.payload).binding
    assert binding is not None
    assert binding.aud == asked.agent
    assert binding.context_id == asked.context_id
    assert binding.tool_call_id == asked.tool_call_id
    assert binding.request_id == asked.request_id
    assert binding.action == asked.action
    assert binding.args_digest == asked.args_digest
    assert binding.decision is DecisionKind.APPROVE
    assert (binding.reviewer.id, binding.reviewer.name) == (PERSON.id, PERSON.name)
    assert binding.iat == 1_772_443_000
    assert binding.nonce == order.nonce == nonce


@pytest.mark.parametrize("kind", [DecisionKind.APPROVE, DecisionKind.REJECT])
def test_a_decision_about_a_call_that_was_not_shown_is_not_sent(kind: DecisionKind) -> None:
    """Another request, or this one with other arguments: whoever decides saw something else."""
    other = scenes.asks(call="call_2")
    store, outbox = online_store(*seen(scenes.asks(), other)), KeptOutbox()
    changed = online_store(*seen(scenes.asks(args={"amount": 9999})))

    for shown in (store.request(SECOND), changed.request(KEY)):
        assert shown is not None
        with pytest.raises(NotAllowedNow, match="not the request that is shown"):
            _approvals(store, outbox).decide(KEY, kind, shown=shown)

    assert outbox.orders == []
    _approvals(store, outbox).decide(KEY, kind, shown=store.request(KEY))
    assert [order.key for order in outbox.decisions] == [KEY]


def test_each_decision_has_a_nonce_of_its_own() -> None:
    """The worker's receipt names exactly one."""
    nonces = {
        _approvals(online_store(*seen(scenes.asks())), KeptOutbox()).decide(KEY, kind)
        for kind in (DecisionKind.APPROVE, DecisionKind.APPROVE, DecisionKind.REJECT)
    }

    assert len(nonces) == 3


def test_the_reason_of_a_rejection_travels_trimmed() -> None:
    """Blanks around it go, a novel is cut, half a character does not stop it."""
    for reason, travels in (
        ("  wrong account \n", "wrong account"),
        ("x" * 5000, "x" * MAX_REASON_LENGTH),
        ("half \ud83d", "half ?"),
        ("", ""),
    ):
        store, outbox = online_store(*seen(scenes.asks())), KeptOutbox()

        _approvals(store, outbox).decide(KEY, DecisionKind.REJECT, reason)

        assert read_decision(outbox.decisions[0].payload).message == travels


def test_the_row_says_sending_before_the_order_leaves() -> None:
    """No answer can be faster than the row."""
    store = online_store(*seen(scenes.asks()))
    states: list[RequestState] = []

    def look(_order: Order) -> None:
        request = store.request(KEY)
        assert request is not None
        states.append(request.state)

    _approvals(store, KeptOutbox(look)).decide(KEY, DecisionKind.APPROVE)

    assert states == [RequestState.SENDING]


@pytest.mark.parametrize("event", [scenes.asks(), scenes.base_asks()], ids=["ours", "base"])
def test_a_double_click_sends_one_decision(event: Event) -> None:
    """The second click is told that the first is on its way."""
    store, outbox = online_store(*seen(event)), KeptOutbox()
    approvals = _approvals(store, outbox)

    approvals.decide(KEY, DecisionKind.APPROVE)
    with pytest.raises(NotAllowedNow, match="on its way"):
        approvals.decide(KEY, DecisionKind.APPROVE)
    with pytest.raises(NotAllowedNow, match="on its way"):
        approvals.decide(KEY, DecisionKind.REJECT)

    assert len(outbox.decisions) == 1


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_request_nobody_knows_cannot_be_decided(kind: DecisionKind) -> None:
    """It went away while the dialog was open."""
    why = _approvals(online_store(), KeptOutbox()).why_not(KEY, kind)

    assert why is not None
    assert why.title == "This request is not known here."


def test_a_decided_request_is_not_decided_again() -> None:
    """By nobody's later click."""
    store, outbox = online_store(*seen(scenes.asks()), *told(scenes.receipt())), KeptOutbox()

    with pytest.raises(NotAllowedNow, match="already decided"):
        _approvals(store, outbox).decide(KEY, DecisionKind.REJECT)

    assert outbox.orders == []


@pytest.mark.parametrize("kind", [DecisionKind.REJECT, DecisionKind.RESPOND])
def test_only_what_the_agent_takes_can_be_decided(kind: DecisionKind) -> None:
    """A wrong answer could poison its thread."""
    store = online_store(*seen(scenes.asks(allowed=(DecisionKind.APPROVE,))))

    why = _approvals(store, KeptOutbox()).why_not(KEY, kind)

    assert why is not None
    assert f"'{kind}'" in why.title


def test_an_answer_needs_words() -> None:
    """A worker that takes answers gets one; an empty one is not sent."""
    store = online_store(*seen(scenes.asks(allowed=ALL_KINDS)))
    outbox = KeptOutbox()
    approvals = _approvals(store, outbox)

    with pytest.raises(NotAllowedNow, match="no answer to send"):
        approvals.decide(KEY, DecisionKind.RESPOND, "  ")
    approvals.decide(KEY, DecisionKind.RESPOND, "paid by wire already")

    assert read_decision(outbox.decisions[0].payload).message == "paid by wire already"


@pytest.mark.parametrize("kind", [DecisionKind.APPROVE, DecisionKind.REJECT])
def test_nothing_is_decided_without_a_broker(kind: DecisionKind) -> None:
    """What is shown may be old, and nothing would leave."""
    store = online_store(*seen(scenes.asks()), OFFLINE)
    store.apply([OFFLINE])

    why = _approvals(store, KeptOutbox()).why_not(KEY, kind)

    assert why is not None
    assert "not reachable" in why.title


def test_arguments_that_are_not_those_asked_about_can_only_be_rejected() -> None:
    """Approving would approve what nobody saw."""
    store = online_store(*seen(scenes.asks(shown_args={"amount": 1})))
    outbox = KeptOutbox()
    approvals = _approvals(store, outbox)

    with pytest.raises(NotAllowedNow, match="not those the worker asked about"):
        approvals.decide(KEY, DecisionKind.APPROVE)
    approvals.decide(KEY, DecisionKind.REJECT)

    assert len(outbox.decisions) == 1


def test_a_decision_for_a_foreign_worker_is_bare_and_guarded() -> None:
    """It cannot verify; the mark under the call's name lets the first console win."""
    store, outbox = online_store(*seen(scenes.base_asks())), KeptOutbox()

    _approvals(store, outbox).decide(KEY, DecisionKind.APPROVE)

    [order] = outbox.decisions
    assert order.payload == {"type": "accept"}
    assert order.guard == f"{scenes.AGENT}#{scenes.CALL}"


def test_two_calls_of_a_worker_that_cannot_tell_them_apart_are_not_decided() -> None:
    """An answer to one could run the other."""
    store = online_store(*seen(scenes.base_asks(), scenes.base_asks(call="call_2")))

    for key in (KEY, SECOND):
        why = _approvals(store, KeptOutbox()).why_not(key, DecisionKind.APPROVE)
        assert why is not None
        assert "cannot tell them apart" in why.title


def test_two_calls_that_carry_interrupt_ids_are_decided_one_after_the_other() -> None:
    """Each by its id; the second waits until the worker has answered the first."""
    store = online_store(
        *seen(
            scenes.base_asks(interrupt_id="i-1"),
            scenes.base_asks(call="call_2", interrupt_id="i-2"),
        )
    )
    outbox = KeptOutbox()
    approvals = _approvals(store, outbox)

    approvals.decide(KEY, DecisionKind.APPROVE)
    with pytest.raises(NotAllowedNow, match="has not yet answered"):
        approvals.decide(SECOND, DecisionKind.APPROVE)
    store.apply([facts.DecisionLeft(KEY, outbox.decisions[0].nonce)])
    store.apply(seen(scenes.tool_answers("Paid."), first=5))
    approvals.decide(SECOND, DecisionKind.REJECT)

    assert [order.payload for order in outbox.decisions] == [
        {"i-1": {"type": "accept"}},
        {"i-2": {"type": "reject"}},
    ]


def test_the_next_call_of_a_foreign_worker_waits_for_the_proof_of_the_first() -> None:
    """The two-in-a-row case: a click meant for the first must not meet the second."""
    store = online_store(*seen(scenes.base_asks()), sending())
    store.apply(seen(scenes.base_asks(call="call_2"), first=3))

    why = _approvals(store, KeptOutbox()).why_not(SECOND, DecisionKind.APPROVE)

    assert why is not None
    assert "has not yet answered the decision before" in why.title


@pytest.mark.parametrize(
    "neighbour",
    [
        scenes.base_asks(call="call_2", agent="records_agent"),
        scenes.base_asks(call="call_2", context_id="c-other"),
    ],
    ids=["another-agent", "another-conversation"],
)
def test_calls_of_other_threads_do_not_stand_in_the_way(neighbour: Event) -> None:
    """Each agent has a thread of its own in each conversation."""
    store = online_store(*seen(scenes.base_asks(), neighbour))

    assert _approvals(store, KeptOutbox()).why_not(KEY, DecisionKind.APPROVE) is None


def test_calls_of_our_own_worker_are_decided_side_by_side() -> None:
    """It tells them apart by request id."""
    store = online_store(*seen(scenes.asks(), scenes.asks(call="call_2")))
    outbox = KeptOutbox()
    approvals = _approvals(store, outbox)

    approvals.decide(KEY, DecisionKind.APPROVE)
    approvals.decide(SECOND, DecisionKind.REJECT)

    assert [order.key for order in outbox.decisions] == [KEY, SECOND]
