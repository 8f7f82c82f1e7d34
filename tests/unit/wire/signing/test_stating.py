"""What is stated of a call is what a worker holds to that call."""

from __future__ import annotations

import time
from dataclasses import fields, replace

import pytest

from tests.support.registered import ROSA
from tests.support.trusted import ROSA_MORA, TrustedFolder
from workers.wire.approvals import DecisionKind
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.dsse import seal
from workers.wire.signing.statements import (
    DECISION_TYPE,
    Authentication,
    Display,
    Meaning,
    PolicyName,
    Signer,
    write_statement,
)
from workers.wire.signing.stating import state
from workers.wire.signing.verifying import Call, verify_decision
from workers.wire.trust import TrustFolder

CALL = Call(
    "treasury_agent", "c-1", "call-1", "0" * 32, "pay", "sha-256:a", DecisionKind.EDIT, "b", "why"
)


@pytest.mark.parametrize("name", [one.name for one in fields(Call)])
def test_every_part_of_a_call_is_in_what_is_signed(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    """It verifies for the call that was stated, and for no call that differs in anything."""
    folder = TrustedFolder(tmp_path_factory.mktemp("of") / "trust")
    now = int(time.time())
    registry = TrustFolder(folder.path).registry(now)
    who = Signer(id=ROSA_MORA.id, name=ROSA_MORA.name, role=ROSA_MORA.role)
    stated = state(
        CALL,
        who,
        Meaning.AUTHORSHIP,
        PolicyName(id="payments", version=7),
        Display(digest="sha-256:c"),
        Authentication(method="key", at=now),
        nonce="ab" * 16,
        iat=now,
        exp=now + 60,
        app="test",
    )
    envelope = seal(DECISION_TYPE, write_statement(stated), [ROSA])

    assert verify_decision(envelope, CALL, registry, now).statement == stated
    other = DecisionKind.APPROVE if name == "decision" else "other"
    with pytest.raises(NotTrusted):
        verify_decision(envelope, replace(CALL, **{name: other}), registry, now)
