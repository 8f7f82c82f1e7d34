"""Deciding where decisions are signed: what is stated, and what is said before the click."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from msgspec import structs

from desktop.actions.approvals import Approvals
from desktop.actions.statements import SOON_SECONDS, WAITING_SECONDS, display_digest, stated
from desktop.errors import NotAllowedNow
from desktop.qtmodels.policy_wording import need_lines
from desktop.settings import Person
from desktop.store import facts
from desktop.store.quorums import votes_missing
from desktop.store.record import AuditHealth, AuditStanding
from desktop.store.records import Request
from desktop.store.signing import (
    CastVote,
    Identity,
    Meaning,
    Proof,
    Seen,
    Signing,
    SigningState,
)
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import KEY, online_store, seen
from tests.support.outbox import KeptOutbox
from workers.wire.approvals import (
    Decision,
    DecisionKind,
    Mode,
    PolicyTerms,
    QuorumTerms,
    args_digest,
    read_decision,
)
from workers.wire.canonical import JSON
from workers.wire.signing.statements import DecisionStatement, PolicyName

NOW = 1_772_443_000
ROSA = Identity("r.mora", "Rosa Mora", ("records", "treasury"), "ed25519:1")
OPEN = Signing(SigningState.OPEN, ROSA)
ONE = PolicyTerms(
    id="payments",
    version=7,
    quorums=(QuorumTerms(count=1, roles=("treasury",)),),
    meanings=("approval", "review"),
)
TWO = structs.replace(ONE, quorums=(QuorumTerms(count=2, roles=("treasury",)),))
LOOKED = Seen((("/amount", "1250"),), masked=("/iban",), ms_open=5_000)
BY_LEE = CastVote("l.park", "Lee Park", "treasury", DecisionKind.APPROVE, Meaning.APPROVAL, 1)
KINDS = (DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.EDIT)


def _desk(
    policy: PolicyTerms | None = ONE, signing: Signing = OPEN, mode: Mode = Mode.ENFORCE
) -> tuple[Store, KeptOutbox, Approvals]:
    event = scenes.asks(mode=mode, policy=policy, allowed=KINDS)
    store, outbox = online_store(*seen(event), facts.SigningChanged(signing)), KeptOutbox()
    return store, outbox, Approvals(store, outbox, lambda: Person("x", "X"), lambda: NOW + 0.5)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat()


def test_the_statement_says_who_decided_what_in_which_role_and_what_they_saw() -> None:
    """Everything but what only the engine knows: the log's last hash, and the passphrase's age."""
    _, outbox, approvals = _desk()

    nonce = approvals.decide(KEY, DecisionKind.APPROVE, "checked", seen=LOOKED)

    [order] = outbox.decisions
    said, asked = order.statement, scenes.request()
    assert said is not None
    assert (said.aud, said.context_id, said.tool_call_id) == (*[scenes.AGENT], *KEY)
    assert (said.request_id, said.args_digest) == (asked.request_id, asked.args_digest)
    assert (said.decision, said.meaning) == (DecisionKind.APPROVE, Meaning.APPROVAL)
    reviewer = said.reviewer
    assert (reviewer.id, reviewer.name, reviewer.role) == ("r.mora", "Rosa Mora", "treasury")
    assert (said.iat, said.exp) == (NOW, NOW + SOON_SECONDS)
    assert said.policy == PolicyName(id="payments", version=7)
    assert said.display.digest == display_digest(LOOKED)
    assert (said.display.masked, said.display.ms_open) == (("/iban",), 5_000)
    assert (said.comment, said.nonce) == ("checked", nonce)
    assert (said.audit_prev, said.auth.at) == ("", 0)
    binding = read_decision(order.payload).binding
    assert binding is not None
    assert binding.reviewer.id == "r.mora"
    assert (order.record.role, order.record.policy) == ("treasury", "payments@7")
    assert order.record.quorum == 1


@pytest.mark.parametrize(
    ("kind", "policy", "meaning", "seconds"),
    [
        (DecisionKind.APPROVE, TWO, Meaning.APPROVAL, WAITING_SECONDS),
        (DecisionKind.REJECT, TWO, Meaning.REJECTION, SOON_SECONDS),
        (DecisionKind.EDIT, ONE, Meaning.AUTHORSHIP, WAITING_SECONDS),
        (
            DecisionKind.EDIT,
            structs.replace(ONE, editor_may_approve=True),
            Meaning.APPROVAL,
            SOON_SECONDS,
        ),
    ],
)
def test_what_a_signature_means_and_how_long_it_counts_follow_from_the_policy(
    kind: DecisionKind, policy: PolicyTerms, meaning: Meaning, seconds: int
) -> None:
    """What waits for others counts for hours, what is sent at once for minutes."""
    _, outbox, approvals = _desk(policy)

    approvals.decide(KEY, kind, args={"amount": 5} if kind is DecisionKind.EDIT else None)

    [order] = outbox.decisions
    said = order.statement
    assert said is not None
    assert (said.meaning, said.exp - said.iat) == (meaning, seconds)
    assert order.record.quorum == max(quorum.count for quorum in policy.quorums)


def test_whoever_signs_somebody_s_edit_after_them_approves_it() -> None:
    """By the same arguments, and only by those."""
    store, outbox, approvals = _desk()
    edit = DecisionKind.EDIT
    approvals.decide(KEY, edit, args={"amount": 5})
    sent = outbox.decisions[0].statement
    assert sent is not None
    lees = replace(
        BY_LEE,
        decision=edit,
        meaning=Meaning.AUTHORSHIP,
        edited_args_digest=sent.edited_args_digest,
    )
    for args, meaning in (({"amount": 5}, Meaning.APPROVAL), ({"amount": 6}, Meaning.AUTHORSHIP)):
        store, outbox, approvals = _desk()
        store.apply([facts.VotesSeen(KEY, (lees,))])
        approvals.decide(KEY, edit, args=args)
        said = outbox.decisions[0].statement
        assert said is not None
        assert said.meaning is meaning


@pytest.mark.parametrize(
    ("signing", "words"),
    [
        (Signing(), "no signing key"),
        (Signing(SigningState.LOCKED, ROSA), "locked"),
        (Signing(SigningState.UNAVAILABLE, ROSA, title="The keyring is gone."), "is gone"),
        (Signing(SigningState.OPEN, replace(ROSA, roles=())), "no role of the registry"),
    ],
)
def test_without_a_key_that_counts_nothing_is_decided_where_signatures_are_asked_for(
    signing: Signing, words: str
) -> None:
    """Not even no; a worker of another mode takes what it took before, unsigned."""
    _, _, approvals = _desk(signing=signing)
    for kind in (DecisionKind.APPROVE, DecisionKind.REJECT):
        why = approvals.why_not(KEY, kind)
        assert why is not None
        assert words in why.title
        assert why.hint or words == "is gone"

    _, outbox, approvals = _desk(None, Signing(), Mode.BOUND)
    approvals.decide(KEY, DecisionKind.APPROVE)
    assert outbox.decisions[0].statement is None


@pytest.mark.parametrize(
    ("policy", "who", "words"),
    [
        (ONE, Identity("m.okafor", "Mel", ("treasury",)), "You asked for this"),
        (ONE, Identity("okafor", " M.OKAFOR", ("treasury",)), "You asked for this"),
        (ONE, Identity("z", "Zoe", ("records",)), "takes the role treasury"),
        (structs.replace(ONE, dwell_seconds=9.0), ROSA, "look at this for 9 s"),
        (structs.replace(ONE, reason_required=True), ROSA, "asks for a reason"),
    ],
)
def test_what_the_policy_forbids_is_said_before_anything_is_signed(
    policy: PolicyTerms, who: Identity, words: str
) -> None:
    """Rejecting stays possible for all of them."""
    _, outbox, approvals = _desk(policy, replace(OPEN, identity=who))

    with pytest.raises(NotAllowedNow, match=words):
        approvals.decide(KEY, DecisionKind.APPROVE, seen=LOOKED)
    approvals.decide(KEY, DecisionKind.REJECT)

    assert [one.statement.meaning for one in outbox.decisions if one.statement] == ["rejection"]


def test_nobody_signs_twice_for_the_same_but_may_still_say_no() -> None:
    """Their vote waits for others."""
    store, outbox, approvals = _desk(TWO)
    mine = replace(BY_LEE, reviewer_id=ROSA.id)
    store.apply([facts.VotesSeen(KEY, (mine,))])

    with pytest.raises(NotAllowedNow, match="signed already"):
        approvals.decide(KEY, DecisionKind.APPROVE)
    approvals.decide(KEY, DecisionKind.REJECT)

    assert len(outbox.decisions) == 1


def test_a_meaning_has_to_be_one_that_the_policy_allows() -> None:
    """Review is, responsibility is not."""
    _, outbox, approvals = _desk()

    with pytest.raises(NotAllowedNow, match="cannot mean 'responsibility'"):
        approvals.decide(KEY, DecisionKind.APPROVE, meaning=Meaning.RESPONSIBILITY)
    approvals.decide(KEY, DecisionKind.APPROVE, meaning=Meaning.REVIEW)

    assert outbox.decisions[0].record.meaning == "review"


def test_a_broken_proof_or_log_lets_a_call_be_stopped_and_nothing_else() -> None:
    """Whatever mode its worker is in."""
    broken: tuple[facts.Fact, ...] = (
        facts.ProofSeen(KEY, Proof.BROKEN),
        facts.AuditChanged(AuditStanding(AuditHealth.TAMPERED, "The log was cut.", "Look at it.")),
    )
    for fact in broken:
        for mode in (Mode.ENFORCE, Mode.BOUND):
            store, outbox, approvals = _desk(mode=mode)
            store.apply([fact])
            why = approvals.why_not(KEY, DecisionKind.APPROVE)
            assert why is not None
            assert why.hint
            approvals.decide(KEY, DecisionKind.REJECT)
            assert len(outbox.decisions) == 1


def test_the_policy_is_told_in_words_and_votes_count_for_what_they_are_about() -> None:
    """Who approved the arguments as they were asked has not approved a change of them, and may."""
    store, _, approvals = _desk(TWO, replace(OPEN, identity=replace(ROSA, id="l.park")))
    store.apply([facts.VotesSeen(KEY, (BY_LEE,))])
    before = store.request(KEY)
    edit = replace(
        BY_LEE,
        reviewer_id="e.lund",
        reviewer_name="Eva Lund",
        decision=DecisionKind.EDIT,
        meaning=Meaning.AUTHORSHIP,
        edited_args_digest="sha-256:5",
        edited_args={"amount": 5},
    )
    store.apply([facts.VotesSeen(KEY, (BY_LEE, edit))])
    after = store.request(KEY)

    assert before is not None
    assert after is not None
    assert [line.partition(", 19")[0] for line in need_lines(before)] == [
        "2 reviewers in the role treasury",
        "1 of 2: Lee Park",
    ]
    assert [line.partition(", 19")[0] for line in need_lines(after)] == [
        "2 reviewers in the role treasury",
        "0 of 2: nobody yet",
        "Eva Lund changed the arguments",
        "Lee Park approved what was asked before that, not the change",
    ]
    assert (votes_missing(after), votes_missing(after, "")) == (2, 1)
    assert approvals.why_not(KEY, DecisionKind.EDIT, edited="sha-256:5") is None


def test_an_author_is_told_before_the_click_that_others_have_to_approve_the_edit() -> None:
    """By its digest: another edit they may still make."""
    store, _, approvals = _desk(TWO)
    mine = replace(
        BY_LEE,
        reviewer_id=ROSA.id,
        decision=DecisionKind.EDIT,
        meaning=Meaning.AUTHORSHIP,
        edited_args_digest="sha-256:5",
    )
    store.apply([facts.VotesSeen(KEY, (mine,))])

    refusal = approvals.why_not(KEY, DecisionKind.EDIT, edited="sha-256:5")
    assert refusal is not None
    assert "somebody else has to approve" in refusal.title
    assert approvals.why_not(KEY, DecisionKind.EDIT) is None


def _said(request: Request) -> DecisionStatement:
    """Without a binding, as for a worker that knows none."""
    approve, approval = Decision(kind=DecisionKind.APPROVE), Meaning.APPROVAL
    return stated(request, approve, None, ROSA, LOOKED, approval, nonce="ab" * 16, now=NOW)


@pytest.mark.parametrize(
    ("expires_at", "seconds"),
    [
        ("", SOON_SECONDS),
        (_time(60), 60),
        (_time(SOON_SECONDS + 60), SOON_SECONDS),
        (_time(-60), 1),
        ("some day", SOON_SECONDS),
    ],
)
def test_a_signature_counts_no_longer_than_its_request(expires_at: str, seconds: int) -> None:
    """A second at least; of a time that nobody can read the worker judges itself."""
    store, _, _ = _desk()
    request = store.request(KEY)
    assert request is not None
    assert request.call.request is not None
    asked = structs.replace(request.call.request, expires_at=expires_at)
    said = _said(replace(request, call=structs.replace(request.call, request=asked)))
    assert said.exp - said.iat == seconds


@pytest.mark.parametrize(("amount", "is_bound"), [(5, True), ("\ud800", False)])
def test_what_a_foreign_worker_asks_is_bound_for_the_record(amount: JSON, is_bound: bool) -> None:
    """It knows no digest; where there can be none, the statement names none."""
    store = online_store(*seen(scenes.base_asks(args={"amount": 5})))
    request = store.request(KEY)
    assert request is not None
    request = replace(request, call=structs.replace(request.call, args={"amount": amount}))
    said = _said(request)
    assert (said.tool_call_id, said.request_id) == (KEY.call, "")
    own = args_digest(scenes.AGENT, scenes.ACTION, {"amount": 5}, bytes.fromhex(said.nonce))
    assert said.args_digest == (own if is_bound else "")


def test_what_cannot_be_written_down_has_no_digest() -> None:
    """Half a character in a field; the arguments' own digest binds it all the same."""
    assert display_digest(Seen((("/name", "\ud800"),))) == ""
