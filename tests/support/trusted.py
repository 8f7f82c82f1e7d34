"""A trust folder of today, and decisions signed by the people in it.

The only place where tests write such a folder and sign for a live request. Who is who, and their
keys, is in `tests.support.registered`.
"""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import structs

from tests.support import registered
from tests.support.registered import LEE, ROOT_1, ROOT_2, ROOTS, ROSA, WORKER
from workers.wire.approvals import ApprovalRequest, DecisionKind, digest_in
from workers.wire.canonical import JSON
from workers.wire.ids import new_nonce
from workers.wire.policy.judging import policy_name
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import (
    RegisteredAgent,
    RegisteredReviewer,
    RegistryStatement,
)
from workers.wire.signing.statements import Meaning, Signer
from workers.wire.trust import (
    AGENTS_FOLDER,
    POLICY_FILE,
    REGISTRY_FILE,
    ROOTS_FILE,
    write_agent_key,
    write_roots,
)

#: One reviewer decides on any call.
ONE: Final = """
id = "payments"
version = 7

[[rules]]
name = "any call"
requester_may_approve = true
"""
#: Two treasurers decide on any call; neither who asked nor who edited. It follows `ONE`.
TWO: Final = """
id = "payments"
version = 8

[[rules]]
name = "two treasurers"
roles = ["treasury"]
quorum = 2
"""


_VERSIONS: Final = itertools.count(20)


def later(policy: str) -> str:
    """A policy under a version that nobody has seen yet."""
    return re.sub("version = [0-9]+", f"version = {next(_VERSIONS)}", policy)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs."""

    key: SigningKey
    id: str
    name: str
    role: str = "treasury"


ROSA_MORA: Final = Person(ROSA, "r.mora", "Rosa Mora")
LEE_PARK: Final = Person(LEE, "l.park", "Lee Park")


class TrustedFolder:
    """A folder that a worker takes for its own.

    Attributes:
        path: where it is.
    """

    def __init__(self, path: Path, agent: str = "treasury_agent") -> None:
        """Set it up: two roots of three, Rosa and Lee, one agent, a policy of one approval."""
        self.path = path
        # Of one moment, so that the same version is the same registry.
        self._today = registry_of_today(agent)
        path.mkdir(parents=True)
        (path / ROOTS_FILE).write_bytes(write_roots(ROOTS))
        self.write_registry()
        self.write_policy(ONE)
        write_agent_key(path / AGENTS_FOLDER / f"{agent}.key", WORKER)

    def write_policy(self, text: str) -> None:
        """Put another policy in its place."""
        (self.path / POLICY_FILE).write_text(text)

    def write_registry(self, *roots: SigningKey, **changes: Any) -> None:  # noqa: ANN401 - fields
        """Put another registry in its place."""
        statement = structs.replace(self._today, **changes)
        envelope = registered.sealed_registry(statement, *(roots or (ROOT_1, ROOT_2)))
        (self.path / REGISTRY_FILE).write_bytes(msgspec.json.encode(envelope))


def registry_of_today(agent: str = "treasury_agent") -> RegistryStatement:
    """Rosa and Lee, both treasurers, and one agent; issued yesterday."""
    now = datetime.now(UTC)
    times = {
        "not_before": (now - timedelta(days=1)).isoformat(),
        "not_after": (now + timedelta(days=1)).isoformat(),
    }
    people = tuple(
        RegisteredReviewer(
            id=one.id,
            name=one.name,
            roles=("treasury",),
            keys=(registered.registered_key(one.key, **times),),
        )
        for one in (ROSA_MORA, LEE_PARK)
    )
    keys = (registered.registered_key(WORKER, **times),)
    return RegistryStatement(
        version=3,
        issued_at=(now - timedelta(days=1)).isoformat(),
        expires_at=(now + timedelta(days=20)).isoformat(),
        reviewers=people,
        agents=(RegisteredAgent(name=agent, keys=keys),),
    )


def envelope(
    request: ApprovalRequest,
    kind: DecisionKind = DecisionKind.APPROVE,
    person: Person = ROSA_MORA,
    *,
    args: JSON = None,
    **changes: Any,  # noqa: ANN401 - fields of a DecisionStatement
) -> JSON:
    """A person's signed decision on a live request, as it travels.

    Args:
        args: the new arguments of an edit, or the answer that is more than words.
    """
    now = int(time.time())
    meaning = Meaning.REJECTION if kind is DecisionKind.REJECT else Meaning.APPROVAL
    fields: dict[str, Any] = {
        "aud": request.agent,
        "context_id": request.context_id,
        "tool_call_id": request.tool_call_id,
        "request_id": request.request_id,
        "action": request.action,
        "args_digest": request.args_digest,
        "decision": kind,
        "edited_args_digest": "" if args is None else digest_in(request, args),
        "meaning": meaning,
        "reviewer": Signer(id=person.id, name=person.name, role=person.role),
        "iat": now,
        "exp": now + 300,
        "nonce": new_nonce(),
        "policy": policy_name(request),
    }
    statement = registered.decision(**{**fields, **changes})
    plain: JSON = msgspec.to_builtins(registered.signed(statement, person.key))
    return plain
