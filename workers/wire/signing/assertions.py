"""What workers and operators put their names to: requests, receipts and halts.

The only place that signs and verifies those. The signature covers all fields of a record but the
one that carries it, so the record stays readable for whoever verifies nothing.
"""

from __future__ import annotations

from typing import Final, Protocol, TypeVar, cast

import msgspec
from msgspec import structs

from workers.wire.approvals import ApprovalRequest, Receipt
from workers.wire.canonical import JSON
from workers.wire.codec import decode_json, decode_struct
from workers.wire.errors import DecodeError
from workers.wire.halts import MAX_HALT_BYTES, HaltStatement
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import MAX_PAYLOAD_BYTES, open_envelope, read_envelope, seal
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import KeyHolder, Registry
from workers.wire.signing.statements import canonical

REQUEST_TYPE: Final = "application/vnd.signoff.request.v1+json"
RECEIPT_TYPE: Final = "application/vnd.signoff.receipt.v1+json"
HALT_TYPE: Final = "application/vnd.signoff.halt.v1+json"


class _Signable(Protocol):
    """A record with a place for the signature over it."""

    @property
    def dsse(self) -> JSON: ...


R = TypeVar("R", bound=_Signable)


def assertion(record: R, kind: str, key: SigningKey) -> R:
    """The record with a signature over it.

    Args:
        kind: `REQUEST_TYPE`, `RECEIPT_TYPE` or `HALT_TYPE`.

    Raises:
        NotTrusted: the record has no canonical form.
    """
    envelope = seal(kind, _covered(record), [key])
    return cast("R", structs.replace(cast("msgspec.Struct", record), dsse=_plain(envelope)))


def check_assertion(record: _Signable, kind: str, registry: Registry, at: float) -> KeyHolder:
    """Prove who put their name to a record.

    Args:
        at: when it was made, seconds since the epoch.

    Returns:
        Whose key it was; whether they may say such a thing is for the caller to judge.

    Raises:
        NotTrusted: unsigned, by nobody known, or of other contents than what was signed.
    """
    if record.dsse is None:
        raise NotTrusted(Distrust.UNSIGNED, "It is not signed.")
    opened = open_envelope(read_envelope(record.dsse), kind, registry.key)
    if len(opened.key_ids) != 1:
        raise NotTrusted(Distrust.MALFORMED, "It is signed with several keys.")
    try:
        decode_json(opened.payload, max_bytes=MAX_PAYLOAD_BYTES)
    except DecodeError as error:
        raise NotTrusted(Distrust.MALFORMED, f"What was signed cannot be read: {error}.") from error
    if opened.payload != _covered(record):
        raise NotTrusted(Distrust.WRONG_DIGEST, "It is not what was signed.")
    holder = registry.holder(opened.key_ids[0])
    assert holder is not None  # noqa: S101 - the key came from there
    holder.check_valid(at)
    return holder


def check_request(request: ApprovalRequest, registry: Registry, at: float) -> KeyHolder:
    """Prove that a worker of the agent asks this. Returns with which key.

    Raises:
        NotTrusted: see `check_assertion`; or another than the agent's worker signed it.
    """
    holder = check_assertion(request, REQUEST_TYPE, registry, at)
    if holder.agent is None or holder.agent.name != request.agent:
        raise NotTrusted(Distrust.WRONG_AGENT, "Another than the agent's worker asks this.")
    return holder


def check_receipt(receipt: Receipt, registry: Registry, at: float) -> None:
    """Prove that a worker of the agent says this.

    Raises:
        NotTrusted: see `check_assertion`; or another than the agent's worker signed it.
    """
    holder = check_assertion(receipt, RECEIPT_TYPE, registry, at)
    if holder.agent is None or holder.agent.name != receipt.agent:
        raise NotTrusted(Distrust.WRONG_AGENT, "Another than the agent's worker says this.")


def check_halt(statement: HaltStatement, registry: Registry, at: float) -> KeyHolder:
    """Prove who halted, or lifted a halt. A halt that nobody proves still halts.

    Raises:
        NotTrusted: see `check_assertion`.
    """
    return check_assertion(statement, HALT_TYPE, registry, at)


def read_halt(raw: bytes | None) -> HaltStatement | None:
    """What stands in a field; None for nothing, or for nothing that can be read."""
    if raw is None:
        return None
    try:
        return decode_struct(raw, HaltStatement, max_bytes=MAX_HALT_BYTES)
    except DecodeError:
        return None


def _covered(record: object) -> bytes:
    """The bytes that a signature over a record covers."""
    plain = _plain(record)
    assert isinstance(plain, dict)  # noqa: S101 - of a struct
    plain.pop("dsse", None)
    return canonical(plain)


def _plain(record: object) -> JSON:
    return cast("JSON", msgspec.to_builtins(record))
