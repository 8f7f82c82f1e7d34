"""The encrypted part of the log: what an entry may not hold in clear.

The only place that seals and opens it: AES-256-GCM under a key of the entry's own. Without that key
nobody reads it any more; the entry, which holds salted digests of the clear texts, stays as it was.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from desktop.errors import ConsoleError

#: Stands in an entry in the place of a digest: there was a text, and nothing to keep it under.
NOT_KEPT: Final = "not kept"
#: The name of a decision as its reviewer signed it: the DSSE envelope, as JSON.
ENVELOPE: Final = "envelope"
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
_DOMAIN: Final = b"signoff/audit/secret/v1\x00"
_KEY_DOMAIN: Final = b"signoff/audit/key/v1\x00"
_OUTBOX_DOMAIN: Final = b"signoff/audit/outbox/v1\x00"


class SecretUnreadable(ConsoleError):
    """A part of the log cannot be decrypted: the key is another, or it is not what was kept."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text as it lies in the log.

    Attributes:
        commitment: "sha-256:" and the digest of a salt and the clear text; in the entry, too.
    """

    name: str
    commitment: str
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class RecordKey:
    """The key of one entry's encrypted part."""

    raw: bytes = field(default_factory=lambda: secrets.token_bytes(KEY_BYTES), repr=False)

    def seal(self, texts: Mapping[str, str]) -> list[Sealed]:
        """Seal texts, by name."""
        return [self._seal(name, text) for name, text in texts.items()]

    def open(self, sealed: Sealed) -> str:
        """The clear text.

        Raises:
            SecretUnreadable: it is not what was sealed with this key.
        """
        bound = _bound(sealed.name, sealed.commitment)
        clear = _decrypted(self.raw, sealed.nonce, sealed.ciphertext, bound)
        if _commitment(sealed.name, clear) != sealed.commitment:
            raise _unreadable()
        return clear[SALT_BYTES:].decode(errors="surrogatepass")

    def seal_payload(self, stream: str, payload: bytes) -> bytes:
        """Seal what is about to leave for a stream."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.raw).encrypt(nonce, payload, _OUTBOX_DOMAIN + stream.encode())

    def open_payload(self, stream: str, sealed: bytes) -> bytes:
        """What was to leave.

        Raises:
            SecretUnreadable: it is not what was sealed with this key, for this stream.
        """
        bound = _OUTBOX_DOMAIN + stream.encode()
        return _decrypted(self.raw, sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)

    def wrapped(self, wrapping: bytes, number: int) -> bytes:
        """This key as it lies beside an entry."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound = _KEY_DOMAIN + number.to_bytes(8, "big")
        return nonce + AESGCM(wrapping).encrypt(nonce, self.raw, bound)

    @classmethod
    def unwrap(cls, wrapped: bytes, wrapping: bytes, number: int) -> RecordKey:
        """The key that lies beside an entry.

        Raises:
            SecretUnreadable: it was wrapped under another key, or for another entry.
        """
        bound = _KEY_DOMAIN + number.to_bytes(8, "big")
        return cls(_decrypted(wrapping, wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound))

    def _seal(self, name: str, text: str) -> Sealed:
        clear = secrets.token_bytes(SALT_BYTES) + text.encode(errors="surrogatepass")
        commitment = _commitment(name, clear)
        nonce = secrets.token_bytes(NONCE_BYTES)
        ciphertext = AESGCM(self.raw).encrypt(nonce, clear, _bound(name, commitment))
        return Sealed(name, commitment, nonce, ciphertext)


def _commitment(name: str, clear: bytes) -> str:
    """The digest; the salt at the beginning of `clear` makes short texts hard to guess."""
    digest = hashlib.sha256(_DOMAIN + name.encode() + b"\x00" + clear).hexdigest()
    return f"sha-256:{digest}"


def _bound(name: str, commitment: str) -> bytes:
    return _DOMAIN + name.encode() + b"\x00" + commitment.encode()


def _decrypted(key: bytes, nonce: bytes, ciphertext: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, bound)
    except (InvalidTag, ValueError) as error:
        raise _unreadable() from error


def _unreadable() -> SecretUnreadable:
    return SecretUnreadable(
        "This part of the audit log cannot be decrypted.",
        "It was kept under another key, or is not what was kept.",
    )
