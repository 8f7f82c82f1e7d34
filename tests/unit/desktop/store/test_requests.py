"""Where a request stands follows from what is known of it: the worker's word, never our click."""

from __future__ import annotations

import pytest

from desktop.store import facts
from desktop.store.records import Execution, Request, RequestKey, RequestState, Risk
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import KEY, START_MS, online_store, seen, sending, told
from workers.wire.approvals import DecisionKind, Outcome, Receipt, Refusal, refused

OTHER_NONCE = "ab" * 16


def _request(store: Store, key: RequestKey = KEY) -> Request:
    request = store.request(key)
    assert request is not None
    return request


def test_an_interrupt_of_our_worker_waits_with_all_it_says() -> None:
    """The card shows who asks what, for whom, how risky, and since when."""
    request = _request(online_store(*seen(scenes.asks(risk=Risk.MEDIUM))))

    assert request.state is RequestState.WAITING
    assert request.agent == scenes.AGENT
    assert request.call.action == scenes.ACTION
    assert request.args == scenes.ARGS
    assert request.requester == "m.okafor"
    assert request.risk is Risk.MEDIUM
    assert request.since_ms == START_MS
    assert request.intact
    assert not request.foreign
    assert request.request_id == scenes.request().request_id


def test_an_interrupt_of_a_base_worker_waits_as_foreign_and_as_high_risk() -> None:
    """It says nothing of risk, so the worst is assumed; it cannot verify anything."""
    request = _request(online_store(*seen(scenes.base_asks())))

    assert request.state is RequestState.WAITING
    assert request.foreign
    assert request.risk is Risk.HIGH
    assert request.request_id == ""


def test_our_own_click_is_no_decision() -> None:
    """The row says that it is being sent, and nothing more."""
    store = online_store(*seen(scenes.asks()), sending())

    assert _request(store).state is RequestState.SENDING
    assert _request(store).is_open


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (DecisionKind.APPROVE, RequestState.APPROVED),
        (DecisionKind.REJECT, RequestState.REJECTED),
        (DecisionKind.EDIT, RequestState.EDITED),
        (DecisionKind.RESPOND, RequestState.RESPONDED),
    ],
)
def test_the_worker_s_receipt_decides(kind: DecisionKind, state: RequestState) -> None:
    """Each kind of decision is an ending of its own, with the name of who decided."""
    store = online_store(*seen(scenes.asks()), sending(kind), *told(scenes.receipt(decision=kind)))

    request = _request(store)
    assert (request.state, request.decision, request.decided_by) == (state, kind, "r.mora")
    assert request.execution is Execution.NOT_RUN


@pytest.mark.parametrize(
    ("outcome", "execution"),
    [(Outcome.EXECUTED, Execution.EXECUTED), (Outcome.FAILED, Execution.FAILED)],
)
def test_the_receipt_of_the_call_tells_how_it_went(outcome: Outcome, execution: Execution) -> None:
    """Approved and done are two things."""
    store = online_store(*seen(scenes.asks()), sending())

    store.apply(told(scenes.receipt(), scenes.receipt(outcome)))

    assert _request(store).state is RequestState.APPROVED
    assert _request(store).execution is execution


def test_the_receipt_of_the_call_proves_the_decision_too() -> None:
    """The receipt of the decision may be gone from the stream by the time this desk starts."""
    store = online_store(*seen(scenes.asks()), *told(scenes.receipt(Outcome.EXECUTED)))

    assert _request(store).state is RequestState.APPROVED
    assert _request(store).decided_by == "r.mora"


def test_a_call_that_never_came_back_is_in_doubt() -> None:
    """A person has to find out; it looks neither done nor open."""
    store = online_store(
        *seen(scenes.asks()), *told(scenes.receipt(), scenes.receipt(Outcome.IN_DOUBT))
    )

    request = _request(store)
    assert request.state is RequestState.IN_DOUBT
    assert request.execution is Execution.UNKNOWN
    assert "nobody knows" in request.notice


def test_a_request_can_expire() -> None:
    """Nobody decided in time."""
    store = online_store(*seen(scenes.asks()), *told(scenes.receipt(Outcome.EXPIRED)))

    assert _request(store).state is RequestState.EXPIRED


def test_a_receipt_for_another_s_decision_is_decided_elsewhere() -> None:
    """Two desks clicked; this one sees that the other's click counted, and whose it was."""
    store = online_store(*seen(scenes.asks()), sending(DecisionKind.REJECT, OTHER_NONCE))

    store.apply(told(scenes.receipt(reviewer="a.lindqvist")))

    request = _request(store)
    assert request.state is RequestState.DECIDED_ELSEWHERE
    assert (request.decision, request.decided_by) == (DecisionKind.APPROVE, "a.lindqvist")


def test_a_decision_seen_without_one_of_our_own_is_shown_as_it_was() -> None:
    """This desk only watched."""
    store = online_store(*seen(scenes.asks()), *told(scenes.receipt(decision=DecisionKind.REJECT)))

    assert _request(store).state is RequestState.REJECTED


@pytest.mark.parametrize(
    ("reason", "state", "notice"),
    [
        (Refusal.UNBOUND, RequestState.WAITING, "bound to one call"),
        (Refusal.MISMATCH, RequestState.WAITING, "does not match"),
        (Refusal.NOT_ALLOWED, RequestState.WAITING, "does not take this kind"),
        (Refusal.MALFORMED, RequestState.WAITING, "could not read"),
        (Refusal.AMBIGUOUS, RequestState.WAITING, "More than one call waits"),
        (Refusal.ALREADY_DECIDED, RequestState.DECIDED_ELSEWHERE, ""),
        (Refusal.NOT_PENDING, RequestState.WITHDRAWN, "no longer waits"),
    ],
)
def test_a_refusal_says_why_and_leaves_the_request_as_the_worker_sees_it(
    reason: Refusal, state: RequestState, notice: str
) -> None:
    """Refused and still pending: it waits again, with the reason beside it."""
    store = online_store(*seen(scenes.asks()), sending(), *told(scenes.receipt(refused(reason))))

    assert _request(store).state is state
    assert notice in _request(store).notice


def test_a_refusal_for_a_reason_of_a_newer_version_is_shown_in_its_own_words() -> None:
    """Better a bare word than silence."""
    store = online_store(*seen(scenes.asks()), sending(), *told(scenes.receipt("refused:quorum")))

    assert _request(store).state is RequestState.WAITING
    assert _request(store).notice == "refused:quorum"


def test_a_refusal_of_another_desk_s_decision_changes_nothing_here() -> None:
    """It has another nonce."""
    store = online_store(*seen(scenes.asks()), sending())

    store.apply(told(scenes.receipt(refused(Refusal.MISMATCH), nonce=OTHER_NONCE)))

    assert _request(store).state is RequestState.SENDING


def test_after_a_refusal_one_can_decide_again() -> None:
    """The refusal belongs to the first decision only."""
    store = online_store(*seen(scenes.asks()), sending())
    store.apply(told(scenes.receipt(refused(Refusal.NOT_ALLOWED))))

    store.apply([sending(DecisionKind.REJECT, OTHER_NONCE)])

    assert _request(store).state is RequestState.SENDING


def test_a_call_that_changed_before_it_ran_says_that_it_did_not_run() -> None:
    """The worker looks a second time at the point of use."""
    store = online_store(*seen(scenes.asks()), sending(), *told(scenes.receipt()))

    store.apply(told(scenes.receipt(refused(Refusal.MISMATCH))))

    request = _request(store)
    assert (request.state, request.execution) == (RequestState.APPROVED, Execution.NOT_RUN)
    assert "so it did not" in request.notice


def test_receipts_that_come_twice_count_once() -> None:
    """A worker that was cut off tells it again."""
    store = online_store(*seen(scenes.asks()), sending(), *told(scenes.receipt()))
    before = store.request(KEY)

    changes = store.apply(told(scenes.receipt(), scenes.receipt()))

    assert store.request(KEY) == before
    assert not changes


@pytest.mark.parametrize(
    "stray",
    [
        Receipt(outcome="applied", request_id="", context_id=scenes.CONTEXT, agent="a"),
        scenes.receipt("levitated"),
        scenes.receipt(call="call_9"),
        scenes.receipt(context_id="c-elsewhere"),
    ],
    ids=["no-call", "unknown-outcome", "unknown-call", "unknown-context"],
)
def test_receipts_about_nothing_known_change_nothing(stray: Receipt) -> None:
    """Anybody can write to that stream."""
    store = online_store(*seen(scenes.asks()))

    changes = store.apply(told(stray))

    assert not changes
    assert [request.state for request in store.requests()] == [RequestState.WAITING]


def test_a_decision_that_did_not_leave_waits_again_with_the_reason() -> None:
    """Nothing was sent, so nothing was decided."""
    store = online_store(*seen(scenes.asks()), sending())

    store.apply(
        [facts.DecisionNotSent(KEY, scenes.NONCE, "The broker is gone.", "Nothing was sent.")]
    )

    request = _request(store)
    assert request.state is RequestState.WAITING
    assert request.notice == "The broker is gone. Nothing was sent."


def test_a_decision_thought_lost_that_arrived_after_all_counts() -> None:
    """The reply was lost, not the message."""
    store = online_store(*seen(scenes.asks()), sending())
    store.apply([facts.DecisionNotSent(KEY, scenes.NONCE, "The broker is gone.")])

    store.apply(told(scenes.receipt()))

    assert _request(store).state is RequestState.APPROVED


def test_a_lost_race_is_decided_elsewhere() -> None:
    """Another desk marked the call of a foreign worker first."""
    store = online_store(*seen(scenes.base_asks()), sending())

    store.apply(
        [facts.DecisionNotSent(KEY, scenes.NONCE, "Decided before.", decided_elsewhere=True)]
    )

    assert _request(store).state is RequestState.DECIDED_ELSEWHERE
    assert _request(store).notice == "Decided before."


def test_a_failure_of_an_earlier_decision_does_not_touch_a_later_one() -> None:
    """It comes late and has another nonce."""
    store = online_store(*seen(scenes.asks()), sending(nonce=OTHER_NONCE))

    store.apply([facts.DecisionNotSent(KEY, scenes.NONCE, "The broker is gone.")])

    assert _request(store).state is RequestState.SENDING


@pytest.mark.parametrize(
    ("kind", "text", "failed", "state", "execution"),
    [
        (DecisionKind.APPROVE, "Paid.", False, RequestState.APPROVED, Execution.EXECUTED),
        (DecisionKind.APPROVE, "No account.", True, RequestState.APPROVED, Execution.FAILED),
        (
            DecisionKind.REJECT,
            "User declined to execute this action",
            False,
            RequestState.REJECTED,
            Execution.NOT_RUN,
        ),
        (DecisionKind.REJECT, "Paid.", False, RequestState.DECIDED_ELSEWHERE, Execution.EXECUTED),
    ],
)
def test_a_foreign_worker_s_tool_message_is_all_there_is(
    kind: DecisionKind, text: str, failed: bool, state: RequestState, execution: Execution
) -> None:
    """It sends no receipts; what its tool says tells what became of the decision."""
    store = online_store(*seen(scenes.base_asks()), sending(kind))

    store.apply([facts.DecisionLeft(KEY, scenes.NONCE)])
    store.apply(seen(scenes.tool_answers(text, failed=failed), first=1))

    assert (_request(store).state, _request(store).execution) == (state, execution)
    assert _request(store).result == text


def test_an_answer_is_not_taken_for_one_to_a_decision_that_may_have_come_second() -> None:
    """Another desk's decision may have been first, and so quick that its effect is here before."""
    store = online_store(*seen(scenes.base_asks()), sending())
    store.apply(seen(scenes.tool_answers("Paid."), first=1))
    assert _request(store).state is RequestState.SENDING

    lost = facts.DecisionNotSent(KEY, scenes.NONCE, "Decided before.", decided_elsewhere=True)
    store.apply([lost])

    assert _request(store).state is RequestState.DECIDED_ELSEWHERE


def test_a_foreign_call_that_another_client_answered_is_decided_elsewhere() -> None:
    """Nobody at this desk did anything."""
    store = online_store(*seen(scenes.base_asks(), scenes.tool_answers("Paid.")))

    assert _request(store).state is RequestState.DECIDED_ELSEWHERE


def test_a_foreign_call_whose_answer_may_have_been_removed_unread_is_offered_no_longer() -> None:
    """Approved now, the worker would take it for an approval of whatever it asks about next."""
    gap = facts.GapSeen(scenes.CONTEXT, f"{START_MS + 9000}-0", "Entries were removed.")
    store = online_store(*seen(scenes.base_asks()), gap)

    assert _request(store).state is RequestState.WITHDRAWN
    assert "may be among them" in _request(store).notice
    store.apply(seen(scenes.base_asks(), first=10))
    assert _request(store).state is RequestState.WAITING, "it was asked again after the gap"


def test_a_decision_on_its_way_to_a_foreign_call_is_not_sent_for_ever() -> None:
    """What came of it was removed before anybody here could read it."""
    gap = facts.GapSeen(scenes.CONTEXT, f"{START_MS + 9000}-0", "Entries were removed.")
    store = online_store(*seen(scenes.base_asks()), sending(), gap)

    assert _request(store).state is RequestState.WITHDRAWN


def test_a_call_of_our_worker_goes_on_waiting_when_entries_were_removed() -> None:
    """Its receipts lie elsewhere, and it takes a decision on no other call."""
    gap = facts.GapSeen(scenes.CONTEXT, f"{START_MS + 9000}-0", "Entries were removed.")

    assert _request(online_store(*seen(scenes.asks()), gap)).state is RequestState.WAITING


def test_our_worker_s_tool_message_does_not_stand_for_its_receipt() -> None:
    """It may be read first; a rejection must not look like an approval for that moment."""
    store = online_store(*seen(scenes.asks()), sending(DecisionKind.REJECT))

    store.apply(seen(scenes.tool_answers("The reviewer rejected this call."), first=1))
    assert _request(store).state is RequestState.SENDING

    store.apply(told(scenes.receipt(decision=DecisionKind.REJECT)))
    assert _request(store).state is RequestState.REJECTED
    assert _request(store).execution is Execution.NOT_RUN


def test_an_old_call_whose_receipts_are_gone_is_not_shown_as_waiting() -> None:
    """Its tool has answered; how it was decided nobody here can say."""
    store = online_store(*seen(scenes.asks(), scenes.tool_answers("Paid.")))

    request = _request(store)
    assert (request.state, request.decision) == (RequestState.DECIDED_ELSEWHERE, None)
    assert request.execution is Execution.UNKNOWN


def test_arguments_other_than_those_asked_about_are_told() -> None:
    """What is shown is not what the decision would be bound to."""
    store = online_store(*seen(scenes.asks(shown_args={**scenes.ARGS, "amount": 9})))

    assert not _request(store).intact


def test_an_interrupt_that_comes_again_is_the_same_request() -> None:
    """A partial resume emits once more what still waits."""
    store = online_store(*seen(scenes.asks()))

    changes = store.apply(seen(scenes.asks(), first=7))

    assert not changes.requests
    assert not changes.arrived
    assert _request(store).since_ms == START_MS
    assert len(store.requests()) == 1


def test_an_answer_that_was_taken_back_says_so() -> None:
    """The question comes again as a request of its own."""
    store = online_store(
        *seen(scenes.asks()), *told(scenes.receipt(), scenes.receipt(Outcome.RE_ASKED))
    )

    request = _request(store)
    assert request.state is RequestState.APPROVED
    assert request.execution is Execution.NOT_RUN
    assert request.notice.endswith("The question is asked again.")
