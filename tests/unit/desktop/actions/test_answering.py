"""Every answer a worker allows: edits, words, calls in doubt and questions of other graphs."""

from __future__ import annotations

import pytest

from desktop.actions.approvals import Approvals
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store.records import RequestKey, RequestState
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import KEY, online_store, seen, told
from tests.support.outbox import KeptOutbox
from workers.wire.approvals import Decision, DecisionKind, digest_in, read_decision
from workers.wire.canonical import JSON
from workers.wire.errors import MalformedDecision
from workers.wire.events import Event

APPROVE, EDIT = DecisionKind.APPROVE, DecisionKind.EDIT
REJECT, RESPOND = DecisionKind.REJECT, DecisionKind.RESPOND
ALL_KINDS = tuple(DecisionKind)
CHANGED: JSON = {**scenes.ARGS, "amount": 12}
PAY: JSON = {"name": "pay", "args": {"n": 1}}
ANY: JSON = {"allowed_decisions": ["approve", "edit", "reject", "respond"]}
BATCH: dict[str, JSON] = {"action_requests": [PAY, PAY], "review_configs": [ANY, ANY]}
ONE_CALL: dict[str, JSON] = {"action_requests": [PAY], "review_configs": [ANY]}
INBOX: dict[str, JSON] = {
    "action_request": {"action": "book", "args": {"room": "Blue"}},
    "config": {"allow_accept": True, "allow_edit": True},
}
QUESTIONS: dict[str, JSON] = {"type": "ask_user", "questions": [{"question": "Which?"}]}


class Desk:
    """A desk at which one request waits."""

    def __init__(self, event: Event) -> None:
        self.store: Store = online_store(*seen(event))
        self.outbox = KeptOutbox()
        self.approvals = Approvals(self.store, self.outbox, lambda: Person("r.mora", "Rosa Mora"))
        [self.request] = self.store.requests()
        self.key: RequestKey = self.request.key

    def sent(self) -> Decision:
        """The one decision that left."""
        [order] = self.outbox.decisions
        return read_decision(order.payload)


class TestEditing:
    def test_an_edit_is_bound_to_the_new_arguments(self) -> None:
        """And to the call as it was asked about."""
        desk = Desk(scenes.asks(allowed=ALL_KINDS))

        desk.approvals.decide(KEY, EDIT, args=CHANGED)

        sent, asked = desk.sent(), scenes.request()
        assert (sent.kind, sent.args) == (EDIT, CHANGED)
        assert sent.binding is not None
        assert sent.binding.args_digest == asked.args_digest
        assert sent.binding.edited_args_digest == digest_in(asked, CHANGED)
        assert sent.binding.decision is EDIT

    def test_a_long_integer_travels_whole(self) -> None:
        """Tagged on the wire, as in the digest."""
        desk = Desk(scenes.asks(allowed=ALL_KINDS))

        desk.approvals.decide(KEY, EDIT, args={**scenes.ARGS, "amount": 2**60})

        assert desk.sent().args == {**scenes.ARGS, "amount": {"$int": str(2**60)}}

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (scenes.ARGS, "Nothing is changed"),
            ({**scenes.ARGS, "amount": 1250.0}, "Nothing is changed"),
            (None, "an object of names"),
            ([1], "an object of names"),
            ({"amount": float("nan")}, "not a JSON number"),
            ({"memo": "half \ud83d"}, "half a character"),
            ({"memo": "x" * 140_000}, "bytes; 131,072 are allowed"),
        ],
    )
    def test_what_is_no_edit_is_not_sent(self, args: JSON, words: str) -> None:
        """The worker would refuse it, or it would change nothing."""
        desk = Desk(scenes.asks(allowed=ALL_KINDS))

        with pytest.raises(NotAllowedNow, match=words):
            desk.approvals.decide(KEY, EDIT, args=args)

        assert desk.outbox.orders == []
        assert desk.store.requests()[0].state is RequestState.WAITING

    def test_an_edit_has_every_argument_the_tool_requires(self) -> None:
        """As far as the worker tells."""
        event = scenes.asks(allowed=ALL_KINDS)
        desk = Desk(scenes.with_members(event, args_schema={"required": ["recipient"]}))

        with pytest.raises(MalformedDecision, match="recipient"):
            desk.approvals.decide(KEY, EDIT, args={"amount": 3})

        assert desk.outbox.orders == []

    def test_what_was_not_shown_cannot_be_edited(self) -> None:
        """Nobody knows what the rest of the arguments really is."""
        desk = Desk(scenes.asks(allowed=ALL_KINDS, shown_args={"amount": 1}))

        with pytest.raises(NotAllowedNow, match="not those the worker asked about"):
            desk.approvals.decide(KEY, EDIT, args=CHANGED)


class TestInDoubt:
    def test_run_again_must_be_meant(self) -> None:
        """An approval alone could be a habit; the effect may happen twice."""
        desk = Desk(scenes.asks_again())

        with pytest.raises(NotAllowedNow, match="may have taken effect"):
            desk.approvals.decide(KEY, APPROVE)
        assert desk.outbox.orders == []
        desk.approvals.decide(KEY, APPROVE, again=True)

        assert desk.sent().kind is APPROVE

    def test_mark_done_needs_words(self) -> None:
        """They are all that the agent learns of the result."""
        desk = Desk(scenes.asks_again())

        with pytest.raises(NotAllowedNow, match="no answer to send"):
            desk.approvals.decide(KEY, RESPOND)
        desk.approvals.decide(KEY, RESPOND, "it was paid")

        assert (desk.sent().kind, desk.sent().message) == (RESPOND, "it was paid")

    def test_it_is_not_edited(self) -> None:
        """Other arguments would be another call."""
        desk = Desk(scenes.asks_again())

        with pytest.raises(NotAllowedNow, match="does not take 'edit'"):
            desk.approvals.decide(KEY, EDIT, args=CHANGED)

    def test_its_start_and_its_doubt_are_told(self) -> None:
        """For the card and the inbox."""
        call = Desk(scenes.asks_again()).request.call

        assert (call.is_in_doubt, call.earlier_start) == (True, scenes.STARTED)


class TestHostedGraphs:
    def test_a_batch_takes_a_decision_for_each_call(self) -> None:
        """In one response, bound to the batch as it was shown."""
        desk = Desk(scenes.hosted_asks(BATCH))
        mixed: JSON = {"decisions": [{"type": "approve"}, {"type": "reject", "message": "no"}]}

        desk.approvals.decide(desk.key, RESPOND, args=mixed)

        assert (desk.sent().kind, desk.sent().args) == (RESPOND, mixed)
        assert desk.sent().binding is not None

    @pytest.mark.parametrize(
        ("value", "answer"),
        [
            (BATCH, {"decisions": [{"type": "approve"}]}),
            (BATCH, {"decisions": 2 * [{"type": "sure"}]}),
            (BATCH, "approve"),
            (QUESTIONS, {"answers": []}),
            (QUESTIONS, {"answers": [7]}),
            ({"response_schema": {"type": "integer"}}, "seven"),
        ],
    )
    def test_an_answer_that_would_break_the_graph_stays_here(
        self, value: dict[str, JSON], answer: JSON
    ) -> None:
        """It is checked before it is sent, and the request still waits."""
        desk = Desk(scenes.hosted_asks(value))

        with pytest.raises(MalformedDecision):
            desk.approvals.decide(desk.key, RESPOND, args=answer)

        assert desk.outbox.orders == []
        assert desk.store.requests()[0].state is RequestState.WAITING

    def test_an_edit_of_one_call_travels_as_the_whole_answer(self) -> None:
        """The tool keeps its name."""
        batch, inbox = Desk(scenes.hosted_asks(ONE_CALL)), Desk(scenes.hosted_asks(INBOX))

        batch.approvals.decide(batch.key, EDIT, args={"n": 2})
        inbox.approvals.decide(inbox.key, EDIT, args={"room": "Red"})

        edited: JSON = {"name": "pay", "args": {"n": 2}}
        assert batch.sent().kind is RESPOND
        assert batch.sent().args == {"decisions": [{"type": "edit", "edited_action": edited}]}
        assert inbox.sent().args == [
            {"type": "edit", "args": {"action": "book", "args": {"room": "Red"}}}
        ]

    def test_only_what_the_graph_allows_is_offered(self) -> None:
        """This inbox takes no words and cannot be ignored."""
        assert Desk(scenes.hosted_asks(INBOX)).request.choices == (APPROVE, EDIT)
        assert Desk(scenes.hosted_asks(QUESTIONS)).request.choices == (REJECT, RESPOND)

    def test_a_batch_that_is_not_the_one_asked_about_is_not_answered(self) -> None:
        """An answer holds approvals."""
        event = scenes.hosted_asks(BATCH)
        other: JSON = {"name": "pay", "args": {"n": 2}}
        desk = Desk(scenes.with_members(event, action_requests=[PAY, other]))
        answer: JSON = {"decisions": 2 * [{"type": "approve"}]}

        with pytest.raises(NotAllowedNow, match="not those the worker asked about"):
            desk.approvals.decide(desk.key, RESPOND, args=answer)

    def test_an_integer_that_would_arrive_as_another_is_not_sent(self) -> None:
        """An answer in a graph's own words has no tags for it."""
        desk = Desk(scenes.hosted_asks({"response_schema": {"type": "integer"}}))

        with pytest.raises(NotAllowedNow, match="too many digits"):
            desk.approvals.decide(desk.key, RESPOND, args=2**60)

    def test_the_receipt_of_a_question_without_a_tool_call_finds_it(self) -> None:
        """By the request id; otherwise it would say "sending" for ever."""
        desk = Desk(scenes.hosted_asks(BATCH))
        nonce = desk.approvals.decide(desk.key, APPROVE)
        receipt = scenes.receipt(call="", nonce=nonce)

        desk.store.apply(told(scenes.with_request(receipt, desk.request.request_id)))

        [request] = desk.store.requests()
        assert (request.state, request.decided_by) == (RequestState.APPROVED, "r.mora")


class TestForeignWorkers:
    @pytest.mark.parametrize("value", [BATCH, INBOX, QUESTIONS, {"ask": "What now?"}])
    def test_a_question_without_its_id_is_not_answered(self, value: dict[str, JSON]) -> None:
        """The worker resumes whatever waits: the answer could reach another question."""
        desk = Desk(scenes.progress({**value}, kind=scenes.INTERRUPT))

        for kind in DecisionKind:
            with pytest.raises(NotAllowedNow, match="does not say which question"):
                desk.approvals.decide(desk.key, kind, "x", args={})

        assert desk.outbox.orders == []

    def test_a_question_with_its_id_is_answered_by_it(self) -> None:
        """In the graph's own words, under the mark that lets the first console win."""
        value: JSON = {**QUESTIONS, "interrupt_id": "i-1"}
        desk = Desk(scenes.progress(value, kind=scenes.INTERRUPT))

        desk.approvals.decide(desk.key, RESPOND, args={"answers": ["OPS-1"]})

        [order] = desk.outbox.decisions
        assert order.payload == {"i-1": {"answers": ["OPS-1"]}}
        assert order.guard == f"{scenes.AGENT}#i-1"
