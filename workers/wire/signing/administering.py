"""Making the next registry: enrolling a person, striking out a key, renewing.

The only place that changes one. Each change makes a registry of the next version that roots then
sign; nothing is ever taken out of it, so that old signatures can still be attributed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import structs

from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import Envelope, Signature, open_envelope, pae, seal
from workers.wire.signing.keys import SigningKey, VerifyKey, from_base64, to_base64
from workers.wire.signing.registry import (
    RegisteredAgent,
    RegisteredKey,
    RegisteredReviewer,
    RegistryStatement,
)
from workers.wire.signing.statements import (
    ENROLMENT_TYPE,
    REGISTRY_TYPE,
    Statement,
    read_statement,
    write_statement,
)

#: A registry is renewed at least this often: who was forgotten in it stops deciding by then.
REGISTRY_LIFE: Final = timedelta(days=30)
KEY_LIFE: Final = timedelta(days=366)


class EnrolmentStatement(Statement, frozen=True, kw_only=True):
    """A person, or the operator of an agent, asks to be registered with a key of their own.

    Attributes:
        agent: the agent whose workers shall sign; empty for a reviewer.
        public: base64 of the key that signs this request, which proves that they have it.
    """

    id: str
    name: str
    public: str
    made_at: str
    email: str = ""
    device: str = ""
    agent: str = ""


def enrolment(key: SigningKey, statement: EnrolmentStatement) -> Envelope:
    """The request file of a person."""
    own = structs.replace(statement, public=key.public.text)
    return seal(ENROLMENT_TYPE, write_statement(own), [key])


def open_enrolment(envelope: Envelope) -> EnrolmentStatement:
    """Read a request; it proves who has the key, and nothing of who they are.

    Raises:
        NotTrusted: it is none, or signed with another key than it asks for.
    """
    statement = read_statement(from_base64(envelope.payload), EnrolmentStatement)
    key = VerifyKey.from_text(statement.public)
    open_envelope(envelope, ENROLMENT_TYPE, {key.key_id: key}.get)
    if not (statement.agent or (statement.id.strip() and statement.name.strip())):
        raise NotTrusted(Distrust.MALFORMED, "The request names nobody.")
    return statement


def first_registry(now: datetime) -> RegistryStatement:
    """A registry of nobody."""
    return RegistryStatement(
        version=1, issued_at=_text(now), expires_at=_text(now + REGISTRY_LIFE), reviewers=()
    )


def renewed(statement: RegistryStatement, now: datetime) -> RegistryStatement:
    """The same people, for another while."""
    return structs.replace(
        statement,
        version=statement.version + 1,
        issued_at=_text(now),
        expires_at=_text(now + REGISTRY_LIFE),
    )


def with_enrolled(
    statement: RegistryStatement, asked: EnrolmentStatement, roles: Sequence[str], now: datetime
) -> RegistryStatement:
    """The registry with a person, or with another key and other roles of one it has.

    Raises:
        NotTrusted: the id belongs to somebody of another name, or the key is registered.
    """
    key = RegisteredKey(
        public=asked.public,
        not_before=_text(now),
        not_after=_text(now + KEY_LIFE),
        device=asked.device,
    )
    entries = [key for one in statement.reviewers for key in one.keys]
    entries += [key for one in statement.agents for key in one.keys]
    if any(entry.public == asked.public for entry in entries):
        raise NotTrusted(Distrust.MALFORMED, "This key is in the registry already.")
    following = renewed(statement, now)
    if asked.agent:
        known = {one.name: one for one in statement.agents}
        keys = known[asked.agent].keys if asked.agent in known else ()
        known[asked.agent] = RegisteredAgent(name=asked.agent, keys=(*keys, key))
        return structs.replace(following, agents=tuple(known.values()))
    reviewers = {one.id: one for one in statement.reviewers}
    before = reviewers.get(asked.id)
    if before is not None and before.name != asked.name:
        title = f"The id {asked.id!r} belongs to {before.name}."
        hint = "An id is never given to another person; choose another."
        raise NotTrusted(Distrust.WRONG_REVIEWER, title, hint)
    reviewers[asked.id] = RegisteredReviewer(
        id=asked.id,
        name=asked.name,
        roles=tuple(dict.fromkeys(roles)),
        keys=(*(before.keys if before else ()), key),
        email=asked.email,
    )
    return structs.replace(following, reviewers=tuple(reviewers.values()))


def with_revoked(
    statement: RegistryStatement, name: str, reason: str, now: datetime, key_id: str = ""
) -> RegistryStatement:
    """The registry with keys struck out; what they signed before still counts.

    Args:
        name: a reviewer's id, or an agent's name.
        key_id: the one key; empty for all of theirs.

    Raises:
        NotTrusted: nobody of this name has such a key that still counts.
    """

    def strike(keys: tuple[RegisteredKey, ...]) -> tuple[RegisteredKey, ...]:
        kept = []
        for key in keys:
            is_meant = not key_id or VerifyKey.from_text(key.public).key_id == key_id
            if is_meant and not key.revoked_at:
                kept.append(structs.replace(key, revoked_at=_text(now), reason=reason))
            else:
                kept.append(key)
        return tuple(kept)

    reviewers = tuple(
        structs.replace(one, keys=strike(one.keys)) if one.id == name else one
        for one in statement.reviewers
    )
    agents = tuple(
        structs.replace(one, keys=strike(one.keys)) if one.name == name else one
        for one in statement.agents
    )
    if (reviewers, agents) == (statement.reviewers, statement.agents):
        title = f"{name!r} has no such key that still counts."
        raise NotTrusted(
            Distrust.UNKNOWN_KEY, title, "See who is registered: signoff registry list."
        )
    return structs.replace(renewed(statement, now), reviewers=reviewers, agents=agents)


def sealed(statement: RegistryStatement, roots: Sequence[SigningKey]) -> Envelope:
    """A registry under the signatures of these roots."""
    return seal(REGISTRY_TYPE, write_statement(statement), roots)


def with_signature(envelope: Envelope, root: SigningKey) -> Envelope:
    """The same registry with one more root's signature, once each."""
    message = pae(envelope.payload_type, from_base64(envelope.payload))
    others = tuple(one for one in envelope.signatures if one.keyid != root.public.key_id)
    own = Signature(root.public.key_id, to_base64(root.sign(message)))
    return structs.replace(envelope, signatures=(*others, own))


def write_envelope(envelope: Envelope) -> bytes:
    """An envelope as a file holds it."""
    return msgspec.json.format(msgspec.json.encode(envelope)) + b"\n"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
