"""Requests under a policy, and who signs them: what a card shows before the click.

The only place where tests of the card make votes, claims and people who sign.
"""

from __future__ import annotations

from desktop.store.facts import ClaimSeen, ProofSeen, SigningChanged, VotesSeen
from desktop.store.records import RequestKey
from desktop.store.signing import (
    CastVote,
    Claim,
    Identity,
    Meaning,
    Proof,
    Signing,
    SigningState,
)
from tests.support.hand_fed import NOW_MS, HandFed
from tests.support.scenes import asks
from workers.wire.approvals import DecisionKind, Mode, PolicyTerms, QuorumTerms, digest_in
from workers.wire.canonical import JSON
from workers.wire.events import AgentProgress, Event

CONTEXT = "c-invoice-1187"
KEY = RequestKey(CONTEXT, "pay-1")
ROSA = Identity("r.mora", "Rosa Mora", ("treasury",), "key-1")
CARD_NUMBER = "4111 1111 1111 1111"
SECRETS: dict[str, JSON] = {
    "recipient": "Harbour Freight Ltd",
    "amount": 4182.5,
    "card_number": CARD_NUMBER,
    "cvv": "737",
    "patient": {"name": "Ada Invented", "mrn": "10442231"},
    "memo": "second half, IBAN DE89 3704 0044 0532 0130 00",
    "note": "p\u0430ypal \u202egnp.exe ",
}
PAYMENT: dict[str, JSON] = {"recipient": "Harbour Freight Ltd", "amount": 41825, "currency": "EUR"}


def policy(
    count: int = 2,
    *,
    roles: tuple[str, ...] = ("treasury",),
    meanings: tuple[str, ...] = ("approval",),
    dwell: float = 0.0,
    reason: bool = False,
    masked: tuple[str, ...] = (),
) -> PolicyTerms:
    """What a worker's policy asks for."""
    return PolicyTerms(
        id="payments",
        version=3,
        quorums=(QuorumTerms(count=count, roles=roles),),
        meanings=meanings,
        dwell_seconds=dwell,
        reason_required=reason,
        masked=masked,
        why=("Above 10,000 EUR two people decide.",),
    )


def asks_signed(
    terms: PolicyTerms | None = None, args: JSON = None, *, expires_at: str = ""
) -> Event:
    """A request whose worker takes signed decisions only."""
    asked = asks(
        call=KEY.call,
        args=PAYMENT if args is None else args,
        context_id=CONTEXT,
        allowed=(DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT),
        mode=Mode.ENFORCE,
        policy=terms or policy(),
    )
    assert isinstance(asked.body, AgentProgress)
    message = asked.body.message
    assert isinstance(message, dict)
    request = message["approval_request"]
    assert isinstance(request, dict)
    request["expires_at"] = expires_at
    return asked


def signs(
    fed: HandFed, identity: Identity | None = ROSA, state: SigningState = SigningState.OPEN
) -> HandFed:
    """Let somebody be able to sign at this desk."""
    return fed.feed(SigningChanged(Signing(state, identity)))


def vote(
    who: str = "Dana Reyes",
    decision: DecisionKind = DecisionKind.APPROVE,
    meaning: Meaning = Meaning.APPROVAL,
    *,
    edited: JSON = None,
    role: str = "treasury",
    who_id: str = "",
    digest: str = "",
) -> CastVote:
    """A signed decision that waits."""
    return CastVote(
        who_id or who.lower().replace(" ", "."),
        who,
        role,
        decision,
        meaning,
        NOW_MS - 60_000,
        edited_args_digest=digest,
        edited_args=edited,
    )


def digest_of(fed: HandFed, args: JSON) -> str:
    """What other arguments of the request are bound by."""
    request = fed.store.request(KEY)
    assert request is not None
    assert request.call.request is not None
    return digest_in(request.call.request, args)


def votes(fed: HandFed, *cast: CastVote) -> HandFed:
    """Let these wait with the request, and no others."""
    return fed.feed(VotesSeen(KEY, cast))


def claims(fed: HandFed, who: str = "Dana Reyes") -> HandFed:
    """Let somebody else look at it for half a minute."""
    return fed.feed(ClaimSeen(KEY, Claim(who.lower(), who, fed.now_ms + 30_000)))


def broken(fed: HandFed) -> HandFed:
    """Let the worker's signature not hold."""
    return fed.feed(ProofSeen(KEY, Proof.BROKEN))
