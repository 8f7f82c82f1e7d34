"""Envelopes: bytes, what they are, and who signed them (DSSE v1, secure-systems-lab/dsse).

The only place that opens one. The bytes that were signed travel as they are and are read only
after a signature over them, and over their type, has been verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from workers.wire.canonical import JSON
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.keys import (
    SIGNATURE_BYTES,
    SigningKey,
    VerifyKey,
    from_base64,
    to_base64,
)

#: A statement, before base64, may have so many bytes: less than an inbox entry holds.
MAX_PAYLOAD_BYTES: Final = 160 * 1024
MAX_SIGNATURES: Final = 16


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signature of an envelope, with the id of its key."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A signed statement as it travels; payload and signatures are base64."""

    payload_type: str = msgspec.field(name="payloadType")
    payload: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope held, after its signatures were verified.

    Attributes:
        key_ids: of the known keys that signed it, each once; at least one.
    """

    payload: bytes
    key_ids: tuple[str, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload_type: str, payload: bytes, keys: Iterable[SigningKey]) -> Envelope:
    """Sign bytes with one key or several."""
    message = pae(payload_type, payload)
    signatures = (Signature(key.public.key_id, to_base64(key.sign(message))) for key in keys)
    return Envelope(
        payload_type=payload_type, payload=to_base64(payload), signatures=tuple(signatures)
    )


def read_envelope(value: JSON) -> Envelope:
    """Read an envelope from what JSON it was.

    Raises:
        NotTrusted: it is none.
    """
    try:
        return msgspec.convert(value, Envelope)
    except msgspec.ValidationError as error:
        title = f"What should be an envelope is none: {error}."
        raise NotTrusted(Distrust.MALFORMED, title) from error


def open_envelope(
    envelope: Envelope, payload_type: str, key_of: Callable[[str], VerifyKey | None]
) -> Opened:
    """Verify an envelope's signatures and take out what they cover.

    A signature by a key nobody knows is passed over. One by a known key that does not fit makes
    the whole envelope worthless: somebody has been at it.

    Args:
        payload_type: what it must be.
        key_of: the key of an id, None for an unknown one.

    Raises:
        NotTrusted: another type, too large, malformed, a bad signature, or none by a known key.
    """
    if envelope.payload_type != payload_type:
        raise NotTrusted(Distrust.WRONG_TYPE, "A signed statement is of another kind.")
    if not 0 < len(envelope.signatures) <= MAX_SIGNATURES:
        raise NotTrusted(Distrust.MALFORMED, "A signed statement has no or too many signatures.")
    payload = from_base64(envelope.payload)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise NotTrusted(Distrust.MALFORMED, "A signed statement is too large.")
    message = pae(payload_type, payload)
    signers: dict[str, None] = {}
    for signature in envelope.signatures:
        raw = from_base64(signature.sig)
        key = key_of(signature.keyid)
        if key is None:
            continue
        if len(raw) != SIGNATURE_BYTES or not key.verifies(raw, message):
            raise NotTrusted(Distrust.BAD_SIGNATURE, "A signature does not fit what it signs.")
        signers[key.key_id] = None
    if not signers:
        raise NotTrusted(Distrust.UNKNOWN_KEY, "A statement is signed by nobody who is known here.")
    return Opened(payload, tuple(signers))
