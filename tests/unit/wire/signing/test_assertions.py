"""What workers and operators put their names to is theirs, whole, and of the right kind."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import structs

from tests.support import scenes
from tests.support.registered import NOW, ROSA, STRANGER, WORKER, registered_key, registry
from workers.wire.approvals import ApprovalRequest, Receipt, Requester
from workers.wire.halts import HaltStatement
from workers.wire.signing.assertions import (
    HALT_TYPE,
    RECEIPT_TYPE,
    REQUEST_TYPE,
    assertion,
    check_assertion,
    check_halt,
    check_receipt,
    check_request,
)
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import seal
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import RegisteredAgent
from workers.wire.signing.statements import canonical

REQUEST = ApprovalRequest(
    request_id="ab" * 16,
    agent=scenes.AGENT,
    context_id=scenes.CONTEXT,
    tool_call_id=scenes.CALL,
    action=scenes.ACTION,
    args_digest="sha-256:" + "12" * 32,
    salt="",
    requester=Requester(id="jo"),
)
RECEIPT = Receipt(outcome="applied", request_id="", context_id="c", agent=scenes.AGENT)
HALT = HaltStatement(scope="all", by="r.mora")


def _reason(record: ApprovalRequest | Receipt, key: SigningKey, **changes: str) -> Distrust:
    """Why a record that this key has signed, and somebody has changed, is not believed."""
    kind = REQUEST_TYPE if isinstance(record, ApprovalRequest) else RECEIPT_TYPE
    told = structs.replace(assertion(record, kind, key), **changes)
    with pytest.raises(NotTrusted) as raised:
        _check(told)
    return raised.value.reason


def _check(told: ApprovalRequest | Receipt) -> None:
    if isinstance(told, ApprovalRequest):
        check_request(told, registry(), NOW)
    else:
        check_receipt(told, registry(), NOW)


def test_what_the_agents_worker_signed_is_believed() -> None:
    """Requests, receipts; and halts of whoever is registered."""
    check_request(assertion(REQUEST, REQUEST_TYPE, WORKER), registry(), NOW)
    check_receipt(assertion(RECEIPT, RECEIPT_TYPE, WORKER), registry(), NOW)
    holder = check_halt(assertion(HALT, HALT_TYPE, ROSA), registry(), NOW)

    assert holder.reviewer is not None
    assert holder.reviewer.id == "r.mora"


@pytest.mark.parametrize("record", [REQUEST, RECEIPT])
def test_what_anybody_else_signed_or_changed_is_not(record: ApprovalRequest | Receipt) -> None:
    """A reviewer is no worker, and neither speaks for another agent."""
    assert _reason(record, STRANGER) is Distrust.UNKNOWN_KEY
    assert _reason(record, ROSA) is Distrust.WRONG_AGENT
    assert _reason(record, WORKER, context_id="another") is Distrust.WRONG_DIGEST
    other = structs.replace(record, agent="another_agent")
    assert _reason(other, WORKER) is Distrust.WRONG_AGENT


def test_what_nobody_signed_and_what_several_did_is_not() -> None:
    """Nor is a signature over something else than such a record."""
    plain = msgspec.to_builtins(REQUEST)
    plain.pop("dsse")
    covered = canonical(plain)
    sealed = {
        Distrust.MALFORMED: [
            seal(REQUEST_TYPE, covered, [WORKER, ROSA]),
            seal(REQUEST_TYPE, b"{", [WORKER]),
        ],
        Distrust.WRONG_DIGEST: [seal(REQUEST_TYPE, b"{}", [WORKER])],
        Distrust.WRONG_TYPE: [seal(RECEIPT_TYPE, covered, [WORKER])],
    }

    with pytest.raises(NotTrusted) as raised:
        check_assertion(REQUEST, REQUEST_TYPE, registry(), NOW)
    assert raised.value.reason is Distrust.UNSIGNED
    for reason, envelopes in sealed.items():
        for one in envelopes:
            told = structs.replace(REQUEST, dsse=msgspec.to_builtins(one))
            with pytest.raises(NotTrusted) as raised:
                check_assertion(told, REQUEST_TYPE, registry(), NOW)
            assert raised.value.reason is reason


def test_a_key_counts_in_its_time_only() -> None:
    """By when the record was made."""
    key = registered_key(WORKER, revoked_at="2026-03-01T00:00:00+00:00")
    known = registry(agents=(RegisteredAgent(name=scenes.AGENT, keys=(key,)),))
    signed = assertion(REQUEST, REQUEST_TYPE, WORKER)

    check_request(signed, known, NOW - 7 * 24 * 3600)
    with pytest.raises(NotTrusted, match="revoked"):
        check_request(signed, known, NOW)
