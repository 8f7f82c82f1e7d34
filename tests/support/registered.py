"""Two reviewers, their keys, a registry and a call: what tests of signed decisions start from.

The only place where tests make keys and registries. Keys come from fixed seeds; they are nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec import structs

from tests.support import scenes
from workers.wire.approvals import DecisionKind
from workers.wire.signing.dsse import Envelope, seal
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import (
    RegisteredAgent,
    RegisteredKey,
    RegisteredReviewer,
    Registry,
    RegistryStatement,
    Roots,
    open_registry,
)
from workers.wire.signing.statements import (
    DECISION_TYPE,
    REGISTRY_TYPE,
    Authentication,
    DecisionStatement,
    Display,
    Meaning,
    PolicyName,
    Signer,
    write_statement,
)
from workers.wire.signing.verifying import Call

#: 2 March 2026, 09:15:05 UTC, in seconds since the epoch.
NOW: Final = 1_772_442_905
ROSA, LEE, WORKER, ROOT_1, ROOT_2, ROOT_3, STRANGER = (
    SigningKey(bytes([number]) * 32) for number in range(1, 8)
)
ROOTS: Final = Roots((ROOT_1.public, ROOT_2.public, ROOT_3.public), 2)
CALL: Final = Call(
    agent=scenes.AGENT,
    context_id=scenes.CONTEXT,
    tool_call_id=scenes.CALL,
    request_id="ab" * 16,
    action=scenes.ACTION,
    args_digest="sha-256:" + "12" * 32,
    decision=DecisionKind.APPROVE,
)


def registered_key(key: SigningKey, **changes: str) -> RegisteredKey:
    """A key as the registry lists it, valid for the year 2026."""
    listed = RegisteredKey(
        public=key.public.text,
        not_before="2026-01-01T00:00:00+00:00",
        not_after="2027-01-01T00:00:00+00:00",
        device="desk-2",
    )
    return structs.replace(listed, **changes)


def registry_statement(**changes: object) -> RegistryStatement:
    """A registry of Rosa and Lee, who may both decide, and of one agent."""
    statement = RegistryStatement(
        version=3,
        issued_at="2026-02-01T00:00:00+00:00",
        expires_at="2026-04-01T00:00:00+00:00",
        reviewers=(
            RegisteredReviewer(
                id="r.mora", name="Rosa Mora", roles=("treasury",), keys=(registered_key(ROSA),)
            ),
            RegisteredReviewer(
                id="l.park",
                name="Lee Park",
                roles=("treasury", "records"),
                keys=(registered_key(LEE),),
            ),
        ),
        agents=(RegisteredAgent(name=scenes.AGENT, keys=(registered_key(WORKER),)),),
    )
    return structs.replace(statement, **changes)


def sealed_registry(statement: RegistryStatement, *roots: SigningKey) -> Envelope:
    """A registry as a file holds it, signed by two roots unless told otherwise."""
    return seal(REGISTRY_TYPE, write_statement(statement), roots or (ROOT_1, ROOT_2))


def registry(**changes: object) -> Registry:
    """A registry that was verified."""
    return open_registry(sealed_registry(registry_statement(**changes)), ROOTS, NOW)


def decision(**changes: object) -> DecisionStatement:
    """Rosa approves `CALL`."""
    statement = DecisionStatement(
        aud=CALL.agent,
        context_id=CALL.context_id,
        tool_call_id=CALL.tool_call_id,
        request_id=CALL.request_id,
        action=CALL.action,
        args_digest=CALL.args_digest,
        decision=CALL.decision,
        edited_args_digest="",
        meaning=Meaning.APPROVAL,
        comment="",
        reviewer=Signer(id="r.mora", name="Rosa Mora", role="treasury"),
        iat=NOW - 5,
        exp=NOW + 300,
        nonce=scenes.NONCE,
        auth=Authentication(method="passphrase", at=NOW - 60),
        display=Display(digest="sha-256:" + "34" * 32, ms_open=18_400),
        policy=PolicyName(id="payments", version=7),
        audit_prev="56" * 32,
        app="0.1.0",
    )
    return structs.replace(statement, **changes)


def signed(statement: DecisionStatement, *keys: SigningKey) -> Envelope:
    """The decision in its envelope, signed by Rosa unless told otherwise."""
    return seal(DECISION_TYPE, write_statement(statement), keys or (ROSA,))


@dataclass(frozen=True, slots=True)
class Case:
    """One way to attack: what is sent, and the call that waits."""

    envelope: Envelope
    call: Call = CALL
    at: float = NOW


def people_of(**roles: tuple[str, ...]) -> Registry:
    """A registry of people with these roles, each with a key."""
    return registry(
        reviewers=tuple(
            RegisteredReviewer(
                id=name,
                name=name.title(),
                roles=held,
                keys=(registered_key(SigningKey(bytes([100 + number]) * 32)),),
            )
            for number, (name, held) in enumerate(roles.items())
        ),
        agents=(),
        expires_at="2026-06-01T00:00:00+00:00",
    )
