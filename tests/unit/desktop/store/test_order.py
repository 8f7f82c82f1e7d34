"""However facts arrive, the same ones make the same records."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.store import facts
from desktop.store.records import Context, Entry, Request, RequestState
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import seen, sending, told
from workers.wire.approvals import DecisionKind, Outcome, Receipt, Refusal, refused
from workers.wire.canonical import JSON
from workers.wire.events import Event, ProgressType

_NONCES = st.sampled_from([scenes.NONCE, "ab" * 16])
_OUTCOMES = st.sampled_from([*map(str, Outcome), *map(refused, Refusal), "postponed"])
_RECEIPTS = st.builds(
    scenes.receipt,
    _OUTCOMES,
    decision=st.sampled_from(DecisionKind),
    nonce=_NONCES,
    reviewer=st.sampled_from(["r.mora", "a.lindqvist"]),
    at_ms=st.integers(0, 3),
)
_EVENTS = st.lists(
    st.sampled_from(
        [
            scenes.asks(),
            scenes.base_asks(call="call_2"),
            scenes.asks(call="call_3", shown_args={"amount": 1}),
            scenes.tool_answers("Paid."),
            scenes.tool_answers("User declined to execute this action", call="call_2"),
            scenes.agent_says("Done.", finish=True),
        ]
    ),
    unique_by=lambda event: str(event.body),
)
_SENDING = st.none() | st.builds(sending, st.sampled_from(DecisionKind), _NONCES)

Known = tuple[list[Request], list[Context], list[Entry]]


@settings(deadline=None, max_examples=300)
@given(
    events=_EVENTS,
    receipts=st.lists(_RECEIPTS, max_size=4),
    click=_SENDING,
    shuffle=st.randoms(use_true_random=False),
)
def test_the_same_facts_in_any_order_make_the_same_records(
    events: list[Event],
    receipts: list[Receipt],
    click: facts.DecisionSending | None,
    shuffle: random.Random,
) -> None:
    """Streams are read side by side, again after a cut, and older pages last."""
    batch = [*seen(*events), *told(*receipts), *([click] if click else [])]
    shuffled = [*batch, *shuffle.sample(batch, k=len(batch) // 2)]
    shuffle.shuffle(shuffled)

    assert _known(shuffled) == _known(batch)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "content", "tool_calls", "tool_call_id", "id", "action_request", "config",
                 "action_requests", "review_configs", "approval_request", "interrupt_id"]
            ),
            inner,
            max_size=5,
        ),
        max_leaves=12,
    ),
    st.sampled_from(ProgressType),
)  # fmt: skip
def test_whatever_an_agent_says_can_be_taken_in(message: JSON, kind: ProgressType) -> None:
    """No message and no interrupt of any shape takes the console down."""
    event = scenes.progress(message, kind=kind)

    store = Store()
    store.apply([*seen(event, event), *told(scenes.receipt())])

    assert all(request.state for request in store.requests())
    assert store.context(scenes.CONTEXT)


def _known(batch: list[facts.Fact]) -> Known:
    store = Store()
    store.apply([facts.TranscriptRead(scenes.CONTEXT, reaches_start=True)])
    for fact in batch:
        store.apply([fact])
    requests = sorted(store.requests(), key=lambda request: request.key)
    _check_counts(store, requests)
    return requests, store.contexts(), store.entries(scenes.CONTEXT)


def _check_counts(store: Store, requests: list[Request]) -> None:
    """What is counted as it changes comes to what counting anew does."""
    waiting = [one for one in requests if one.state is RequestState.WAITING]
    assert store.request_count == len(store.request_keys()) == len(requests)
    assert store.open_count == sum(one.is_open for one in requests)
    assert store.waiting_count == len(waiting)
    assert +Counter(store.waiting_risks) == Counter(one.risk for one in waiting)
    assert store.asking == Counter(one.agent for one in requests if one.is_open)
    longest = min(waiting, key=lambda one: (one.since_ms, one.key), default=None)
    assert store.longest_waiting() == (longest.key if longest else None)
