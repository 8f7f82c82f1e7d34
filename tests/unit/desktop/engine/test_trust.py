"""Whom a console believes of what lies on the broker: a worker's signature, and never a place."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from desktop.engine.trust import Trust
from desktop.store.signing import Proof
from tests.support.registered import STRANGER, WORKER, registered_key
from tests.support.trusted import TrustedFolder, registry_of_today
from workers.wire.approvals import ApprovalRequest, Receipt, Requester
from workers.wire.dialects import PendingCall, read_interrupt
from workers.wire.ids import StreamId
from workers.wire.signing.assertions import RECEIPT_TYPE, REQUEST_TYPE, assertion
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import RegisteredAgent

AGENT = "treasury_agent"
#: Where anybody can put an entry, if the stream is new or they delete it.
FIRST = StreamId(1, 1)


@dataclass
class Believer:
    """A console's trust in the registry of a folder."""

    folder: TrustedFolder
    trust: Trust
    version: int = 10

    def lists(self, *keys: SigningKey, **changes: str) -> None:
        """Let the registry have these keys of the agent."""
        [agent] = registry_of_today().agents
        [key] = agent.keys
        times = {"not_before": key.not_before, "not_after": key.not_after, **changes}
        listed = tuple(registered_key(one, **times) for one in keys)
        agents = (RegisteredAgent(name=AGENT, keys=listed),) * bool(keys)
        self.version += 1
        self.folder.write_registry(agents=agents, version=self.version)
        self.trust.check()

    def of_request(self, request: ApprovalRequest, at: StreamId) -> Proof:
        """What it says of a request that stands there."""
        return self.trust.proof(AGENT, "c-1", _call(request), at)

    def of_receipt(self, receipt: Receipt, at: StreamId) -> tuple[Proof, str]:
        """What it says of a receipt that stands there."""
        return self.trust.proof_of_receipt(receipt, str(at))


@pytest.fixture
def believer(tmp_path: Path) -> Believer:
    """The agent's key is good since yesterday."""
    folder = TrustedFolder(tmp_path / "trust", AGENT)
    trust = Trust(lambda _fact: None, lambda _entry: None)
    trust.follow(folder.path)
    return Believer(folder, trust)


def _ago(**times: float) -> datetime:
    return datetime.now(UTC) - timedelta(**times)


def _at(when: datetime) -> StreamId:
    return StreamId(int(when.timestamp() * 1000), 0)


def _request(issued: datetime, key: SigningKey | None = WORKER) -> ApprovalRequest:
    request = ApprovalRequest(
        request_id="ab" * 16,
        agent=AGENT,
        context_id="c-1",
        tool_call_id="call_1",
        action="transfer_funds",
        args_digest="sha-256:" + "12" * 32,
        salt="MTIzNDU2Nzg5MDEyMzQ1Ng==",
        requester=Requester(id="nobody"),
        issued_at=issued.isoformat(),
    )
    return request if key is None else assertion(request, REQUEST_TYPE, key)


def _call(request: ApprovalRequest) -> PendingCall:
    return read_interrupt(
        {
            "action_request": {"action": request.action, "args": {"amount": 5}},
            "tool_call_id": request.tool_call_id,
            "context_id": request.context_id,
            "interrupt_id": "0" * 32,
            "allowed_decisions": ["approve"],
            "approval_request": msgspec.to_builtins(request),
        }
    )


def _receipt(said: datetime, key: SigningKey | None = WORKER) -> Receipt:
    receipt = Receipt(
        outcome="executed",
        request_id="ab" * 16,
        context_id="c-1",
        agent=AGENT,
        reviewer="r.mora",
        at_ms=int(said.timestamp() * 1000),
    )
    return receipt if key is None else assertion(receipt, RECEIPT_TYPE, key)


@pytest.mark.parametrize("at", [FIRST, _at(_ago(days=400)), _at(_ago())], ids=["1", "old", "now"])
def test_of_an_agent_that_signs_nothing_goes_without(believer: Believer, at: StreamId) -> None:
    """Also where it stands before everything its workers signed: anybody can put it there."""
    assert believer.of_request(_request(_ago(days=400), None), at) is Proof.BROKEN
    said = structs.replace(_receipt(_ago(days=400), None), at_ms=1)
    assert believer.of_receipt(said, at) == (Proof.BROKEN, "unsigned")

    believer.lists()
    assert believer.of_request(_request(_ago(days=400), None), at) is Proof.NONE
    assert believer.of_receipt(said, at) == (Proof.NONE, "")


def test_what_its_worker_signed_is_proven_and_what_another_signed_is_not(
    believer: Believer,
) -> None:
    """Wherever it stands: a broker that was put back numbers anew."""
    for at in (FIRST, _at(_ago())):
        assert believer.of_request(_request(_ago(minutes=5)), at) is Proof.PROVEN
        assert believer.of_receipt(_receipt(_ago(minutes=5)), at) == (Proof.PROVEN, "")
        assert believer.of_request(_request(_ago(minutes=5), STRANGER), at) is Proof.BROKEN
        forged = _receipt(_ago(minutes=5), STRANGER)
        assert believer.of_receipt(forged, at) == (Proof.BROKEN, "unknown_key")


def test_a_stolen_key_proves_no_request_once_it_is_revoked(believer: Believer) -> None:
    """Whatever time it claims, and wherever it stands; nobody could tell it from an earlier one."""
    before, at_once = _request(_ago(hours=12)), _at(_ago(hours=12))
    assert believer.of_request(before, at_once) is Proof.PROVEN

    believer.lists(WORKER, revoked_at=_ago(hours=1).isoformat())

    for at in (FIRST, at_once, _at(_ago())):
        assert believer.of_request(before, at) is Proof.BROKEN


def test_a_receipt_counts_by_when_it_was_told(believer: Believer) -> None:
    """What came before the key was revoked is history; what came after only says it did."""
    believer.lists(WORKER, revoked_at=_ago(hours=1).isoformat())
    said = _receipt(_ago(hours=12))
    assert believer.of_receipt(said, _at(_ago(hours=12))) == (Proof.PROVEN, "")
    assert believer.of_receipt(said, _at(_ago())) == (Proof.BROKEN, "key_revoked")
    late = _receipt(_ago())
    assert believer.of_receipt(late, FIRST) == (Proof.BROKEN, "key_revoked")


def test_a_request_that_is_told_again_with_a_newer_key_is_proven(believer: Believer) -> None:
    """A worker took over with it; when the call was first asked about stays the same."""
    believer.lists(WORKER, not_before=_ago(hours=1).isoformat())
    request = _request(_ago(hours=12))
    assert believer.of_request(request, _at(_ago(hours=12))) is Proof.BROKEN
    assert believer.of_request(request, _at(_ago())) is Proof.PROVEN


def test_a_key_that_has_ended_proves_what_was_told_before(believer: Believer) -> None:
    """It was replaced in time, and nobody says that it was stolen."""
    end = time.time() - 60
    believer.lists(WORKER, not_after=datetime.fromtimestamp(end, UTC).isoformat())
    request = _request(_ago(hours=12))
    assert believer.of_request(request, _at(_ago(hours=12))) is Proof.PROVEN
    assert believer.of_request(request, _at(_ago())) is Proof.BROKEN
