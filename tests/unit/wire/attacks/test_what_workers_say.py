"""A request or a receipt that the agent's worker did not sign as it stands proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from tests.support import scenes
from tests.support.attack_target import plain
from tests.support.registered import LEE, NOW, ROSA, STRANGER, WORKER, registered_key, registry
from workers.wire.approvals import ApprovalRequest, Mode, PolicyTerms, Receipt, Requester, Risk
from workers.wire.policy.demands import demand
from workers.wire.policy.judging import policy_name, terms_of
from workers.wire.policy.rules import Policy, Rule
from workers.wire.signing.assertions import (
    HALT_TYPE,
    RECEIPT_TYPE,
    REQUEST_TYPE,
    assertion,
    check_receipt,
    check_request,
)
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import seal
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import RegisteredAgent, Registry
from workers.wire.signing.statements import PolicyName, canonical

#: An agent of another name, registered with a key of its own.
OTHER = SigningKey(b"\x61" * 32)
REQUEST = ApprovalRequest(
    request_id="ab" * 16,
    agent=scenes.AGENT,
    context_id=scenes.CONTEXT,
    tool_call_id=scenes.CALL,
    action=scenes.ACTION,
    args_digest="sha-256:" + "12" * 32,
    salt="AAAA",
    requester=Requester(id="m.okafor"),
    issued_at="2026-03-02T09:15:00Z",
    policy=PolicyTerms(id="payments", version=7, quorums=()),
)
RECEIPT = Receipt(
    outcome="executed", request_id="ab" * 16, context_id=scenes.CONTEXT, agent=scenes.AGENT
)
SIGNED = assertion(REQUEST, REQUEST_TYPE, WORKER)
SAID = assertion(RECEIPT, RECEIPT_TYPE, WORKER)


def _registry(**changes: str) -> Registry:
    return registry(
        agents=(
            RegisteredAgent(name=scenes.AGENT, keys=(registered_key(WORKER, **changes),)),
            RegisteredAgent(name="other_agent", keys=(registered_key(OTHER),)),
        )
    )


def _two_keys() -> ApprovalRequest:
    covered = plain(REQUEST)
    covered.pop("dsse")
    return structs.replace(
        REQUEST, dsse=plain(seal(REQUEST_TYPE, canonical(covered), [WORKER, OTHER]))
    )


Change = Callable[[], Any]
REQUESTS: dict[str, tuple[Change, Distrust]] = {
    "stripped": (lambda: REQUEST, Distrust.UNSIGNED),
    "signed by nobody known": (
        lambda: assertion(REQUEST, REQUEST_TYPE, STRANGER),
        Distrust.UNKNOWN_KEY,
    ),
    "signed by another agent": (
        lambda: assertion(REQUEST, REQUEST_TYPE, OTHER),
        Distrust.WRONG_AGENT,
    ),
    "signed by a reviewer": (
        lambda: assertion(REQUEST, REQUEST_TYPE, ROSA),
        Distrust.WRONG_AGENT,
    ),
    "signed by two": (_two_keys, Distrust.MALFORMED),
    "signed as a receipt": (
        lambda: assertion(REQUEST, RECEIPT_TYPE, WORKER),
        Distrust.WRONG_TYPE,
    ),
    "signed as a halt": (lambda: assertion(REQUEST, HALT_TYPE, WORKER), Distrust.WRONG_TYPE),
    "under another's signature": (
        lambda: structs.replace(REQUEST, context_id="c-2", dsse=SIGNED.dsse),
        Distrust.WRONG_DIGEST,
    ),
    "under a receipt's signature": (
        lambda: structs.replace(REQUEST, dsse=SAID.dsse),
        Distrust.WRONG_TYPE,
    ),
    "under what is no signature": (
        lambda: structs.replace(REQUEST, dsse="signed"),
        Distrust.MALFORMED,
    ),
    "over no JSON": (
        lambda: structs.replace(REQUEST, dsse=plain(seal(REQUEST_TYPE, b"{", [WORKER]))),
        Distrust.MALFORMED,
    ),
    "over something else": (
        lambda: structs.replace(REQUEST, dsse=plain(seal(REQUEST_TYPE, b"{}", [WORKER]))),
        Distrust.WRONG_DIGEST,
    ),
    **{
        f"with another {name}": (
            lambda name=name, value=value: structs.replace(SIGNED, **{name: value}),
            Distrust.WRONG_DIGEST,
        )
        for name, value in {
            "v": 2,
            "request_id": "cd" * 16,
            "agent": "other_agent",
            "context_id": "c-2",
            "tool_call_id": "call_2",
            "action": "close_account",
            "args_digest": "sha-256:" + "99" * 32,
            "args_enc": "none",
            "salt": "BBBB",
            "requester": Requester(id="l.park"),
            "risk": Risk.LOW,
            "issued_at": "2026-03-02T09:16:00Z",
            "expires_at": "2027-01-01T00:00:00Z",
            "mode": Mode.OBSERVE,
            "attempt": 1,
            "policy": None,
        }.items()
    },
}


@pytest.mark.parametrize(("change", "reason"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_that_is_not_what_was_signed(change: Change, reason: Distrust) -> None:
    """The console shows it in red, and lets nobody approve it."""
    with pytest.raises(NotTrusted) as caught:
        check_request(change(), _registry(), NOW)
    assert caught.value.reason is reason


def test_every_field_of_a_request_is_covered() -> None:
    """A new field is attacked too, or this fails."""
    attacked = {name.removeprefix("with another ") for name in REQUESTS if "another " in name}
    assert set(ApprovalRequest.__struct_fields__) - {"dsse"} <= attacked
    check_request(SIGNED, _registry(), NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: RECEIPT, Distrust.UNSIGNED),
        (lambda: assertion(RECEIPT, RECEIPT_TYPE, LEE), Distrust.WRONG_AGENT),
        (lambda: assertion(RECEIPT, RECEIPT_TYPE, OTHER), Distrust.WRONG_AGENT),
        (lambda: assertion(RECEIPT, REQUEST_TYPE, WORKER), Distrust.WRONG_TYPE),
        (lambda: structs.replace(SAID, outcome="failed"), Distrust.WRONG_DIGEST),
        (lambda: structs.replace(SAID, reviewers=("r.mora",)), Distrust.WRONG_DIGEST),
        (lambda: structs.replace(SAID, request_id="cd" * 16), Distrust.WRONG_DIGEST),
        (lambda: structs.replace(SAID, result_digest="x"), Distrust.WRONG_DIGEST),
    ],
    ids=["stripped", "a reviewer", "another", "a kind", "outcome", "people", "request", "result"],
)
def test_a_receipt_that_is_not_what_was_signed(change: Change, reason: Distrust) -> None:
    """Nobody can claim for a worker that something ran, or did not."""
    with pytest.raises(NotTrusted) as caught:
        check_receipt(change(), _registry(), NOW)
    assert caught.value.reason is reason
    check_receipt(SAID, _registry(), NOW)


def test_a_workers_key_ends_as_a_persons_does() -> None:
    """A worker that was taken over is struck out, and asks nothing more."""
    struck = _registry(revoked_at="2026-03-01T00:00:00Z")
    for check, said in ((check_request, SIGNED), (check_receipt, SAID)):
        with pytest.raises(NotTrusted) as caught:
            check(said, struck, NOW)
        assert caught.value.reason is Distrust.KEY_REVOKED


def test_what_has_no_canonical_form_is_not_signed() -> None:
    """The worker learns of it, not whoever reads it."""
    with pytest.raises(NotTrusted):
        assertion(structs.replace(RECEIPT, note="\ud800"), RECEIPT_TYPE, WORKER)


def test_a_request_without_a_policy_is_decided_under_none() -> None:
    """A decision that names one is for another request."""
    assert policy_name(structs.replace(REQUEST, policy=None)) == PolicyName(id="", version=0)
    assert policy_name(REQUEST) == PolicyName(id="payments", version=7)


def test_what_a_policy_demands_stands_in_the_request() -> None:
    """As it is judged, for the console to explain."""
    policy = Policy(id="payments", version=7, rules=(Rule(name="two", quorum=2, masked=("/a",)),))
    terms = terms_of(policy, demand(policy, scenes.AGENT, scenes.ACTION, {}))
    assert (terms.id, terms.version, terms.masked) == ("payments", 7, ("/a",))
    assert [quorum.count for quorum in terms.quorums] == [2]
    assert terms.why == ("two: 2 reviewers",)
