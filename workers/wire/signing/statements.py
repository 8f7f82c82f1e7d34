"""What is stated under a signature, and the one way to write it.

The only place that defines the payloads of envelopes. A
payload is accepted only in its RFC 8785 form, so that no two readers can understand one signature
differently.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

import msgspec
import rfc8785

from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON
from workers.wire.codec import decode_json
from workers.wire.errors import DecodeError
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import MAX_PAYLOAD_BYTES

DECISION_TYPE: Final = "application/vnd.signoff.decision.v1+json"
REGISTRY_TYPE: Final = "application/vnd.signoff.registry.v1+json"
ENROLMENT_TYPE: Final = "application/vnd.signoff.enrolment.v1+json"

S = TypeVar("S", bound="Statement")


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all statements have in common: the version of their shape, and no unknown words."""

    v: int = 1


class Meaning(StrEnum):
    """What a signature says (21 CFR 11.50)."""

    APPROVAL = "approval"
    REJECTION = "rejection"
    REVIEW = "review"
    RESPONSIBILITY = "responsibility"
    AUTHORSHIP = "authorship"


class Signer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs, by the registry's id, printed name and the role used for it."""

    id: str
    name: str
    role: str


class Authentication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the signer proved who they are, and when (seconds since the epoch)."""

    method: str
    at: int


class Display(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the signer saw.

    Attributes:
        digest: of the fields as they were rendered.
        masked: JSON pointers of values that were hidden.
        revealed: JSON pointers of values that were hidden and then shown.
        ms_open: how long the request was open.
    """

    digest: str
    masked: tuple[str, ...] = ()
    revealed: tuple[str, ...] = ()
    ms_open: int = 0


class PolicyName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The policy that asked for the decision."""

    id: str
    version: int


class DecisionStatement(Statement, frozen=True, kw_only=True):
    """A reviewer's decision on one request.

    Attributes:
        aud: the agent it is for.
        edited_args_digest: of the new arguments of an edit, else empty.
        comment: the reason or the answer; it is what the agent is told.
        iat, exp: seconds since the epoch between which the decision may be applied.
        nonce: 32 hex digits, unlike any other decision's.
        audit_prev: hash of the signer's last audit entry; a decision that is withheld leaves a gap.
        app: the console's version.
    """

    aud: str
    context_id: str
    tool_call_id: str
    request_id: str
    action: str
    args_digest: str
    decision: DecisionKind
    edited_args_digest: str
    meaning: Meaning
    comment: str
    reviewer: Signer
    iat: int
    exp: int
    nonce: str
    auth: Authentication
    display: Display
    policy: PolicyName
    audit_prev: str
    app: str


def write_statement(statement: Statement) -> bytes:
    """The bytes to sign.

    Raises:
        NotTrusted: it holds something that has no canonical form, such as a lone surrogate.
    """
    return canonical(msgspec.to_builtins(statement))


def read_statement(payload: bytes, kind: type[S]) -> S:
    """Read a payload whose signature was verified.

    Raises:
        NotTrusted: not this kind of statement, not in canonical form, or of another version.
    """
    try:
        value = decode_json(payload, max_bytes=MAX_PAYLOAD_BYTES)
        statement = msgspec.convert(value, kind)
    except (DecodeError, msgspec.ValidationError) as error:
        title = f"A signed statement cannot be read: {error}."
        raise NotTrusted(Distrust.MALFORMED, title) from error
    if statement.v != 1:
        title = "A signed statement is of a version that is not known here."
        raise NotTrusted(Distrust.MALFORMED, title)
    if canonical(value) != payload:
        title = "A signed statement is not written in its one canonical form."
        raise NotTrusted(Distrust.MALFORMED, title)
    return statement


def moment(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time with its offset.

    Raises:
        NotTrusted: it is none.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotTrusted(Distrust.MALFORMED, f"{text[:40]!r} is no time.") from error
    if read.tzinfo is None:
        raise NotTrusted(Distrust.MALFORMED, f"{text[:40]!r} does not say in which zone.")
    return read.timestamp()


def canonical(value: JSON) -> bytes:
    """The one form in which a value is signed (RFC 8785).

    Raises:
        NotTrusted: it has none.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        title = f"A statement has no canonical form: {error}."
        raise NotTrusted(Distrust.MALFORMED, title) from error
