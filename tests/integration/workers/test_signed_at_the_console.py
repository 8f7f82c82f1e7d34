"""Consoles and a worker that takes signed decisions only: whoever may decides, and nobody else."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs

from desktop import settings
from desktop.actions.ports import ChooseSigner, Lock, TakeClaim, Unlock
from desktop.audit.entries import AuditKind
from desktop.audit.log import read_entries
from desktop.engine import completing
from desktop.errors import NotAllowedNow
from desktop.qtmodels.wording import outcome_text
from desktop.store.quorums import votes_missing
from desktop.store.records import Execution, Request, RequestKey, RequestState, Risk
from desktop.store.signing import Meaning, Proof, Seen, SigningRule, SigningState
from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.integration.workers.signed_bench import AGENT, Bench
from tests.support import registered
from tests.support.desk import Desk
from tests.support.signing import PASSPHRASE
from tests.support.trusted import LEE_PARK, ONE, ROSA_MORA, TWO, Person, TrustedFolder, envelope
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import ApprovalRequest, DecisionKind, Outcome, Receipt
from workers.wire.codec import decode_event, encode_event
from workers.wire.events import AgentProgress
from workers.wire.streams.progress import ProgressWriter
from workers.wire.streams.votes import Ballots, VoteEntry

pytestmark = pytest.mark.usefixtures("quick_looks")

STRANGER = Person(registered.STRANGER, "r.mora", "Rosa Mora")
SEEN = Seen((("/amount", "10"), ("/recipient", "ACME")), ms_open=4_200)
EDITED = {"amount": 5.0, "recipient": "ACME", "urgent": False}


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """Rosa and Lee are treasurers; each decides alone."""
    return TrustedFolder(tmp_path / "trust", AGENT)


@pytest_asyncio.fixture
async def bench(office: Office, trust: TrustedFolder) -> AsyncIterator[Bench]:
    """No desk yet."""
    async with AsyncExitStack() as stack:
        bench = Bench(office, trust, stack)
        yield bench
    bench.check_logs()


def _ran(request: Request) -> bool:
    return request.execution is Execution.EXECUTED


def _asked(desk: Desk, key: RequestKey) -> ApprovalRequest:
    request = desk.store.request(key)
    assert request is not None
    assert request.call.request is not None
    return request.call.request


def _signed_by(*people: str) -> Callable[[Request], bool]:
    return lambda one: [vote.reviewer_id for vote in one.votes if not vote.objection] == [*people]


async def test_one_signature_runs_the_call_and_the_record_says_what_was_seen(
    bench: Bench, book: Book
) -> None:
    """Who, in which role, under which policy, and the digest of the fields on the screen."""
    await bench.asks(book)
    rosa = await bench.sits(ROSA_MORA)

    rosa.approvals.decide(bench.key, DecisionKind.APPROVE, seen=SEEN)
    request = await rosa.until(bench.key, _ran, "the payment")

    assert book.payments == [("ACME", 10.0)]
    assert (request.state, request.decided_by) == (RequestState.APPROVED, "Rosa Mora")
    assert request.decided_ms
    kept = read_entries(settings.home() / "r.mora" / "decisions.sqlite", 100)
    [entry] = [one.entry for one in kept if one.entry.kind is AuditKind.DECISION]
    assert (entry.meaning, entry.role, entry.policy) == ("approval", "treasury", "payments@7")
    assert entry.ms_open == 4_200
    assert entry.display_digest.startswith("sha-256:")
    assert entry.envelope_digest.startswith("sha-256:")
    assert {"envelope", "args", "fields"} <= set(entry.secrets)

    def receipts() -> list[str]:
        kept = read_entries(settings.home() / "r.mora" / "decisions.sqlite", 100)
        return [one.entry.outcome for one in kept if one.entry.kind is AuditKind.RECEIPT]

    await await_until(lambda: receipts() == ["applied", "executed"], "both receipts to be recorded")


async def test_decisions_at_once_are_signed_one_after_the_other(bench: Bench, book: Book) -> None:
    """Each names the entry before it, so that a verification finds nothing left out."""
    await bench.asks(book)
    requests = [bench.key]
    for _ in range(2):
        await bench.asks_again()
        requests.append(bench.key)
    rosa = await bench.sits(ROSA_MORA)
    for key in requests:
        await rosa.until(key, lambda one: one.proof is Proof.PROVEN, "a proven request")

    for key in requests:
        rosa.approvals.decide(key, DecisionKind.APPROVE, "as agreed", seen=SEEN)
    for key in requests:
        await rosa.until(key, _ran, "the payment")

    path = settings.home() / "r.mora" / "decisions.sqlite"

    def receipts() -> int:
        kept = read_entries(path, 100)
        return sum(one.entry.outcome == "executed" for one in kept)

    await await_until(lambda: receipts() == len(requests), "the receipts to be recorded")
    bench.check_logs()


async def test_a_call_of_high_risk_takes_the_passphrase_again(
    bench: Bench, book: Book, trust: TrustedFolder
) -> None:
    """Where the person chose so, and for such calls alone: the risk is the worker's word."""
    trust.write_policy(ONE.replace("requester_may", 'risk = "low"\nrequester_may'))
    await bench.asks(book)
    rosa = await bench.sits(ROSA_MORA)
    rosa.engine.post(Lock())
    await await_until(lambda: rosa.store.signing.state is SigningState.LOCKED, "the lock")
    person = settings.Person(ROSA_MORA.id, ROSA_MORA.name)
    rule = SigningRule.ABOVE
    rosa.engine.post(ChooseSigner(person, (person,), rule, 60, trust.path))
    await await_until(lambda: rosa.store.signing.rule is rule, "the rule")
    rosa.engine.post(Unlock(PASSPHRASE))
    await await_until(lambda: rosa.store.signing.state is SigningState.OPEN, "the key")
    for _ in range(2):
        rosa.approvals.decide(bench.key, DecisionKind.APPROVE)
        await rosa.until(bench.key, _ran, "a payment")
        await bench.asks_again()
        await rosa.until(bench.key, lambda one: one.proof is Proof.PROVEN, "the next")

    high = ONE.replace("requester_may", 'risk = "high"\nrequester_may')
    trust.write_policy(high.replace("version = 7", "version = 8"))
    await bench.asks_again()
    await rosa.until(bench.key, lambda one: one.risk is Risk.HIGH, "a call of high risk")
    rosa.approvals.decide(bench.key, DecisionKind.APPROVE)

    request = await rosa.until(bench.key, lambda one: bool(one.notice), "the refusal")
    assert "needs your passphrase again" in request.notice
    assert len(book.payments) == 2


async def test_of_two_that_are_needed_the_second_sends_and_both_see_it(
    bench: Bench, book: Book, trust: TrustedFolder
) -> None:
    """The first waits, cannot sign twice, and is told who completed it."""
    trust.write_policy(TWO)
    await bench.asks(book)
    rosa, lee = await bench.sits(ROSA_MORA), await bench.sits(LEE_PARK)

    rosa.approvals.decide(bench.key, DecisionKind.APPROVE)
    for desk in (rosa, lee):
        request = await desk.until(bench.key, _signed_by("r.mora"), "Rosa's vote")
        assert request.state is RequestState.WAITING
    assert votes_missing(request) == 1
    with pytest.raises(NotAllowedNow, match="signed already"):
        rosa.approvals.decide(bench.key, DecisionKind.APPROVE)
    assert book.payments == []

    lee.approvals.decide(bench.key, DecisionKind.APPROVE, "checked against the invoice")

    for desk in (rosa, lee):
        request = await desk.until(bench.key, _ran, "the payment")
        assert request.state is RequestState.APPROVED
        assert request.decided_by == "Rosa Mora, Lee Park"
    assert book.payments == [("ACME", 10.0)]


async def test_votes_whose_desk_ended_before_it_sent_them_are_sent_by_another(
    bench: Bench, book: Book, trust: TrustedFolder, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lie there and nobody sends: a desk that sees it for a while does, unless it only reads.

    And nobody runs it twice, whoever else sends the same.
    """
    monkeypatch.setattr(completing, "LATE_SECONDS", 1.0)
    trust.write_policy(TWO)
    await bench.asks(book)
    rosa, lee = await bench.sits(ROSA_MORA), await bench.sits(LEE_PARK)
    rosa.engine.only_read(wanted=True)
    lee.engine.only_read(wanted=True)
    asked, ballots = _asked(lee, bench.key), Ballots(office.connection)
    for person in (ROSA_MORA, LEE_PARK):
        await ballots.post(
            asked.context_id, asked.request_id, VoteEntry(envelope=envelope(asked, person=person))
        )
    await rosa.until(bench.key, _signed_by("r.mora", "l.park"), "both votes")
    assert book.payments == []

    rosa.engine.only_read(wanted=False)
    lee.engine.only_read(wanted=False)

    request = await lee.until(bench.key, _ran, "the payment")
    assert (request.state, request.decided_by) == (RequestState.APPROVED, "Rosa Mora, Lee Park")
    assert book.payments == [("ACME", 10.0)]


async def test_a_vote_that_expires_is_judged_again(
    bench: Bench, book: Book, trust: TrustedFolder, office: Office
) -> None:
    """It counted when it came; nothing else has to happen for the desk to say that it does not."""
    trust.write_policy(TWO)
    await bench.asks(book)
    lee = await bench.sits(LEE_PARK)
    asked, now = _asked(lee, bench.key), int(time.time())
    vote = VoteEntry(envelope=envelope(asked, iat=now - 60, exp=now + 3))
    await Ballots(office.connection).post(asked.context_id, asked.request_id, vote)

    await lee.until(bench.key, _signed_by("r.mora"), "Rosa's vote")
    request = await lee.until(bench.key, _signed_by(), "it to expire")
    assert request.votes[0].objection


async def test_one_rejection_closes_what_another_has_signed(
    bench: Bench, book: Book, trust: TrustedFolder
) -> None:
    """It takes two to let it run, and one to stop it."""
    trust.write_policy(TWO)
    await bench.asks(book)
    rosa, lee = await bench.sits(ROSA_MORA), await bench.sits(LEE_PARK)
    rosa.approvals.decide(bench.key, DecisionKind.APPROVE)
    await lee.until(bench.key, _signed_by("r.mora"), "Rosa's vote")

    lee.approvals.decide(bench.key, DecisionKind.REJECT, "not our supplier")

    await lee.until_state(bench.key, RequestState.REJECTED)
    await rosa.until_state(bench.key, RequestState.DECIDED_ELSEWHERE)
    assert book.payments == []


async def test_an_edit_runs_when_somebody_else_approves_it(
    bench: Bench, book: Book, trust: TrustedFolder
) -> None:
    """Its author may not; what the other sees is what was signed, and what runs."""
    trust.write_policy(TWO.replace("quorum = 2", "quorum = 1"))
    await bench.asks(book)
    rosa, lee = await bench.sits(ROSA_MORA), await bench.sits(LEE_PARK)

    rosa.approvals.decide(bench.key, DecisionKind.EDIT, args=EDITED)
    request = await lee.until(bench.key, _signed_by("r.mora"), "the edit")
    [vote] = request.votes
    assert (vote.meaning, vote.edited_args) == (Meaning.AUTHORSHIP, EDITED)
    await rosa.until(bench.key, _signed_by("r.mora"), "the own edit")
    with pytest.raises(NotAllowedNow, match="somebody else has to approve"):
        rosa.approvals.decide(bench.key, DecisionKind.EDIT, args=EDITED)

    lee.approvals.decide(bench.key, DecisionKind.EDIT, args=vote.edited_args)

    request = await lee.until(bench.key, _ran, "the payment")
    assert request.state is RequestState.EDITED
    request = await rosa.until(bench.key, _ran, "the payment")
    assert (request.state, request.decided_by) == (RequestState.EDITED, "Lee Park")
    assert outcome_text(request) == "Edited by Rosa Mora, approved by Lee Park. The worker ran it."
    assert book.payments == [("ACME", 5.0)]


async def test_a_vote_of_a_key_that_nobody_registered_counts_for_nothing(
    bench: Bench, book: Book, trust: TrustedFolder, office: Office
) -> None:
    """It lies there in Rosa's name; the desks say so, and Lee alone is not enough."""
    trust.write_policy(TWO)
    await bench.asks(book)
    lee = await bench.sits(LEE_PARK)
    asked = _asked(lee, bench.key)
    forged = VoteEntry(envelope=envelope(asked, person=STRANGER))
    ballots = Ballots(office.connection)
    await ballots.post(asked.context_id, asked.request_id, forged)
    key = keys.votes(asked.context_id, asked.request_id)
    await office.connection.client.xadd(key, {"data": b"no vote at all"})

    request = await lee.until(bench.key, lambda one: len(one.votes) == 2, "both entries")
    assert all(vote.objection for vote in request.votes)
    assert [vote.reviewer_id for vote in request.votes] == ["", ""]
    lee.approvals.decide(bench.key, DecisionKind.APPROVE)

    request = await lee.until(bench.key, _signed_by("l.park"), "Lee's vote")
    assert request.state is RequestState.WAITING
    assert book.payments == []


async def test_a_receipt_that_no_worker_signed_changes_nothing(
    bench: Bench, book: Book, office: Office
) -> None:
    """Somebody says that it was rejected. The request still waits; the log keeps the finding."""
    await bench.asks(book)
    rosa = await bench.sits(ROSA_MORA)
    asked = _asked(rosa, bench.key)
    forged = Receipt(
        outcome=str(Outcome.APPLIED),
        request_id=asked.request_id,
        context_id=bench.key.context_id,
        agent=AGENT,
        tool_call_id=bench.key.call,
        decision="reject",
        reviewer="l.park",
        at_ms=int(time.time() * 1000),
    )
    await ProgressWriter(office.connection).receipt(forged)

    def findings() -> list[str]:
        kept = read_entries(settings.home() / "r.mora" / "decisions.sqlite", 100)
        return [one.entry.detail for one in kept if one.entry.outcome == "not believed"]

    await await_until(findings, "the finding")
    assert findings() == ["A receipt was not believed: unsigned."]
    await rosa.until_state(bench.key, RequestState.WAITING)
    rosa.approvals.decide(bench.key, DecisionKind.APPROVE)
    await rosa.until(bench.key, _ran, "the payment")


async def test_a_request_that_no_worker_signed_cannot_be_approved(
    bench: Bench, book: Book, office: Office
) -> None:
    """Somebody puts a copy with other arguments, or one stripped of the request, on the stream."""
    await bench.asks(book)
    rosa = await bench.sits(ROSA_MORA)
    stream = keys.progress(bench.key.context_id)
    entries = await office.connection.client.xrange(stream)
    events = [decode_event(fields[b"data"]) for _, fields in entries]
    [asks] = [e for e in events if isinstance(e.body, AgentProgress) and e.body.type == "interrupt"]
    assert isinstance(asks.body, AgentProgress)
    assert isinstance(asks.body.message, dict)
    message = {**asks.body.message, "tool_call_id": "call_forged"}
    stripped = {name: value for name, value in message.items() if name != "approval_request"}
    asked = message["approval_request"]
    assert isinstance(asked, dict)
    other = {**message, "tool_call_id": "call_other"}
    other["approval_request"] = {
        **asked,
        "tool_call_id": "call_other",
        "request_id": "ab" * 16,
        "risk": "low",
    }
    for forged in (stripped, other):
        event = replace(asks, body=structs.replace(asks.body, message=forged))
        await office.connection.client.xadd(stream, {"data": encode_event(event)})

    for call in ("call_forged", "call_other"):
        key = RequestKey(bench.key.context_id, call)
        await rosa.until(key, lambda one: one.proof is Proof.BROKEN, "a broken proof")
        with pytest.raises(NotAllowedNow, match="not what a worker of the agent signed"):
            rosa.approvals.decide(key, DecisionKind.APPROVE)


async def test_who_looks_at_a_request_shows_on_the_other_desks(bench: Bench, book: Book) -> None:
    """Until they leave it; a console that ends gives back what it held."""
    await bench.asks(book)
    rosa, lee = await bench.sits(ROSA_MORA), await bench.sits(LEE_PARK)

    rosa.engine.post(TakeClaim(bench.key, "r.mora", "Rosa Mora"))
    request = await lee.until(bench.key, lambda one: one.claim is not None, "Rosa's claim")
    assert request.claim is not None
    assert request.claim.by_name == "Rosa Mora"
    shown = rosa.store.request(bench.key)
    assert shown is not None
    assert shown.claim is None

    rosa.engine.post(TakeClaim(bench.key, "r.mora", "Rosa Mora", on=False))
    await lee.until(bench.key, lambda one: one.claim is None, "the claim to end")
