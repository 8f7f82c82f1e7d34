"""Some models use the same tool call ids again: each call still stands for itself."""

from __future__ import annotations

import pytest

from desktop.actions.approvals import Approvals
from desktop.settings import Person
from desktop.store.records import (
    DecisionKind,
    EntryKind,
    Execution,
    Request,
    RequestKey,
    RequestState,
)
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import KEY, START_MS, online_store, seen, sending, told
from tests.support.outbox import KeptOutbox
from workers.wire.approvals import Outcome, Receipt
from workers.wire.canonical import JSON

PERSON = Person("r.mora", "Rosa Mora")
FIRST: JSON = {"recipient": "ACME Tools Ltd", "amount": 10}
SECOND: JSON = {"recipient": "Mallory", "amount": 9999}


def _states(store: Store) -> list[tuple[str, RequestState]]:
    return [(request.key.call, request.state) for request in store.requests()]


def _receipt(args: JSON, outcome: Outcome = Outcome.APPLIED) -> Receipt:
    asked = scenes.request(args=args)
    return Receipt(
        outcome=str(outcome),
        request_id=asked.request_id,
        context_id=asked.context_id,
        agent=asked.agent,
        tool_call_id=asked.tool_call_id,
        decision="approve",
        reviewer="r.mora",
        nonce=scenes.NONCE,
        at_ms=START_MS,
    )


def test_the_next_turn_s_call_of_the_same_id_waits_as_a_request_of_its_own() -> None:
    """It is neither hidden behind the first nor taken for decided with it."""
    store = online_store(
        *seen(scenes.asks(args=FIRST), scenes.tool_answers("Paid 10.")),
        *told(_receipt(FIRST), _receipt(FIRST, Outcome.EXECUTED)),
    )

    changes = store.apply(seen(scenes.asks(args=SECOND), first=5))

    second = RequestKey(scenes.CONTEXT, f"{scenes.CALL}@{START_MS + 5000}-0")
    assert changes.arrived == [second]
    assert _states(store) == [
        (second.call, RequestState.WAITING),
        (KEY.call, RequestState.APPROVED),
    ]
    found = store.request(second)
    assert found is not None
    assert found.args == SECOND
    assert found.result == ""


def test_receipts_and_answers_go_to_the_call_they_are_about() -> None:
    """By request id, and by their place in the stream."""
    store = online_store(
        *seen(
            scenes.asks(args=FIRST),
            scenes.tool_answers("Paid 10."),
            scenes.asks(args=SECOND),
            scenes.tool_answers("No such account.", failed=True),
        ),
        *told(
            _receipt(SECOND),
            _receipt(FIRST),
            _receipt(SECOND, Outcome.FAILED),
            _receipt(FIRST, Outcome.EXECUTED),
        ),
    )

    first, second = sorted(store.requests(), key=lambda request: request.since_ms)
    assert (first.execution, first.result) == (Execution.EXECUTED, "Paid 10.")
    assert (second.execution, second.result) == (Execution.FAILED, "No such account.")


def test_a_click_on_the_second_does_not_touch_the_first() -> None:
    """Each row is its own."""
    store = online_store(*seen(scenes.asks(args=FIRST), scenes.asks(args=SECOND)))
    second = next(request for request in store.requests() if request.args == SECOND)

    store.apply([sending(key=second.key)])

    assert dict(_states(store)) == {
        KEY.call: RequestState.WAITING,
        second.key.call: RequestState.SENDING,
    }


def test_two_agents_of_one_conversation_may_use_the_same_id() -> None:
    """Their models count for themselves."""
    store = online_store(
        *seen(scenes.base_asks(), scenes.base_asks(agent="records_agent", action="find_patient"))
    )

    store.apply(seen(scenes.tool_answers("Found.", agent="records_agent"), first=5))

    by_agent: dict[str, Request] = {request.agent: request for request in store.requests()}
    assert by_agent["records_agent"].state is RequestState.DECIDED_ELSEWHERE
    assert by_agent[scenes.AGENT].state is RequestState.WAITING


@pytest.mark.parametrize("backwards", [False, True], ids=["live", "read-back"])
@pytest.mark.parametrize("interrupts", [("", ""), ("i-1", "i-2")], ids=["nameless", "named"])
def test_a_foreign_call_of_a_used_id_is_shown_and_takes_no_answer(
    backwards: bool, interrupts: tuple[str, str]
) -> None:
    """It waits, but nobody could tell the two apart: an answer to the one might run the other."""
    first, second = interrupts
    batch = seen(
        scenes.base_asks(args=FIRST, interrupt_id=first),
        scenes.tool_answers("Paid."),
        scenes.base_asks(args=SECOND, interrupt_id=second),
    )
    store = online_store(batch[0], *(reversed(batch[1:]) if backwards else batch[1:]))

    earlier, later = store.requests_in(scenes.CONTEXT)
    assert (earlier.args, earlier.state) == (FIRST, RequestState.DECIDED_ELSEWHERE)
    assert (later.args, later.state) == (SECOND, RequestState.WAITING)
    outbox = KeptOutbox()
    refusal = Approvals(store, outbox, lambda: PERSON).why_not(later.key, DecisionKind.APPROVE)
    assert refusal is not None
    assert refusal.title == "This worker has used the id of this call before."
    lines = [one for one in store.entries(scenes.CONTEXT) if one.kind is EntryKind.INTERRUPT]
    assert [one.tool_call_id for one in lines] == [earlier.key.call, later.key.call]


def test_a_foreign_call_that_is_told_again_is_one_call() -> None:
    """Its worker ran the step again; nothing has answered it yet."""
    store = online_store(*seen(scenes.base_asks(), scenes.base_asks()))

    [request] = store.requests()
    assert DecisionKind.APPROVE in request.choices
    assert len(store.entries(scenes.CONTEXT)) == 1


def test_a_foreign_call_in_other_words_is_not_hidden_behind_the_first() -> None:
    """What would run by an answer is whatever waits, which need not be what is shown."""
    store = online_store(*seen(scenes.base_asks(args=FIRST), scenes.base_asks(args=SECOND)))

    earlier, later = store.requests_in(scenes.CONTEXT)
    approvals = Approvals(store, KeptOutbox(), lambda: PERSON)
    assert (earlier.args, later.args) == (FIRST, SECOND)
    assert approvals.why_not(earlier.key, DecisionKind.APPROVE)
    assert approvals.why_not(later.key, DecisionKind.APPROVE)
    assert len(store.entries(scenes.CONTEXT)) == 2


def test_a_free_tool_s_answer_of_the_same_id_does_not_answer_a_later_request() -> None:
    """It came before anybody was asked."""
    store = online_store(
        *seen(scenes.tool_answers("Balance: 7", name="get_account_balance"), scenes.base_asks())
    )

    assert _states(store) == [(KEY.call, RequestState.WAITING)]


def test_both_results_are_in_the_transcript() -> None:
    """A result is told by its own id, where it has one."""
    first, second = (
        scenes.progress(
            {"type": "tool", "content": text, "tool_call_id": "call_0", "name": "pay", "id": text}
        )
        for text in ("Paid 10.", "Paid 20.")
    )

    store = online_store(*seen(first, second, second))

    assert [entry.text for entry in store.entries(scenes.CONTEXT)] == ["Paid 10.", "Paid 20."]


@pytest.mark.parametrize("backwards", [False, True], ids=["live", "read-back"])
def test_a_tool_that_says_the_same_of_another_call_is_heard_twice(backwards: bool) -> None:
    """What is only told again, in whatever order it is read, stands once."""
    asks = scenes.agent_says("", calls=((scenes.CALL, "pay"),))
    again = scenes.agent_says("", message_id="m-2", calls=((scenes.CALL, "pay"),))
    ok = scenes.tool_answers("OK")
    batch = seen(asks, ok, asks, ok, again, ok, scenes.base_asks(), ok)

    store = online_store(batch[0], *(reversed(batch[1:]) if backwards else batch[1:]))

    entries = store.entries(scenes.CONTEXT)
    kinds = [EntryKind.AGENT, EntryKind.TOOL_RESULT]
    assert [one.kind for one in entries] == [
        *kinds,
        *kinds,
        EntryKind.INTERRUPT,
        EntryKind.TOOL_RESULT,
    ]


def test_a_call_in_doubt_is_asked_about_again_as_a_request_of_its_own() -> None:
    """The first stays in doubt and says where it goes on; the second waits for a decision."""
    store = online_store(
        *seen(scenes.asks()), *told(scenes.receipt(), scenes.receipt(Outcome.IN_DOUBT))
    )

    changes = store.apply(seen(scenes.asks(attempt=1), first=5))

    second = RequestKey(scenes.CONTEXT, f"{scenes.CALL}@{START_MS + 5000}-0")
    assert changes.arrived == [second]
    assert _states(store) == [
        (second.call, RequestState.WAITING),
        (KEY.call, RequestState.IN_DOUBT),
    ]
    first = store.request(KEY)
    assert first is not None
    assert first.notice.endswith("The call is asked about again.")


def test_what_became_of_a_call_in_doubt_is_told_at_its_second_request() -> None:
    """Its tool's message is nobody else's, and the first is not taken for done."""
    store = online_store(
        *seen(scenes.asks(), scenes.asks(attempt=1), scenes.tool_answers("Paid.")),
        *told(scenes.receipt(), scenes.receipt(Outcome.IN_DOUBT)),
        *told(scenes.receipt(attempt=1), scenes.receipt(Outcome.EXECUTED, attempt=1)),
    )

    first, second = sorted(store.requests(), key=lambda request: request.since_ms)
    assert (first.state, first.execution) == (RequestState.IN_DOUBT, Execution.UNKNOWN)
    assert first.result == ""
    assert (second.state, second.execution) == (RequestState.APPROVED, Execution.EXECUTED)
    assert second.result == "Paid."
