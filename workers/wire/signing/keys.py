"""Ed25519 keys (RFC 8032), and the names they go by.

The only place that signs or verifies a signature. A key's id is computed from the key, so that
nobody can give theirs the id of another.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from workers.wire.signing.distrust import Distrust, NotTrusted

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_PREFIX: Final = "ed25519:"
#: Points of small order, sign bit cleared: for such a key somebody can make one signature that fits
#: many messages, or all of them, and everybody could have signed (libsodium refuses the same).
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


class VerifyKey:
    """The public half of a key.

    Attributes:
        raw: its 32 bytes.
        key_id: "ed25519:" and 32 hex digits, the beginning of the SHA-256 of `raw`.
    """

    def __init__(self, raw: bytes) -> None:
        """Take the 32 bytes of a public key.

        Raises:
            NotTrusted: not 32 bytes, or a key that proves nothing.
        """
        if len(raw) != KEY_BYTES:
            raise NotTrusted(Distrust.MALFORMED, "A public key does not have 32 bytes.")
        if raw[:-1] + bytes([raw[-1] & 0x7F]) in _SMALL_ORDER:
            raise NotTrusted(Distrust.MALFORMED, "A public key fits signatures of anybody.")
        self.raw = raw
        self.key_id = _PREFIX + hashlib.sha256(raw).hexdigest()[:KEY_BYTES]
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    @classmethod
    def from_text(cls, text: str) -> VerifyKey:
        """Read a key as `text` writes it.

        Raises:
            NotTrusted: not base64 of 32 bytes.
        """
        return cls(from_base64(text))

    @property
    def text(self) -> str:
        """The key as base64, as files carry it."""
        return to_base64(self.raw)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature over exactly this message was made with this key."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        """Two are equal if their bytes are."""
        return isinstance(other, VerifyKey) and other.raw == self.raw

    def __hash__(self) -> int:
        """By the bytes."""
        return hash(self.raw)


class SigningKey:
    """A whole key: whoever has it can speak in its owner's name.

    Attributes:
        public: the half that may be shown.
    """

    def __init__(self, seed: bytes) -> None:
        """Take the 32 secret bytes of a key.

        Raises:
            NotTrusted: not 32 bytes.
        """
        if len(seed) != KEY_BYTES:
            raise NotTrusted(Distrust.MALFORMED, "A signing key does not have 32 bytes.")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = VerifyKey(self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key, from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes; only ever to be kept wrapped."""
        return self._key.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature over a message, 64 bytes."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        """Says which key it is, and never what it is."""
        return f"SigningKey({self.public.key_id})"


def to_base64(raw: bytes) -> str:
    """Bytes as text: the standard alphabet, padded."""
    return base64.b64encode(raw).decode()


def from_base64(text: str) -> bytes:
    """Text as bytes; there is one text for each sequence of bytes.

    Raises:
        NotTrusted: not base64, or not the way `to_base64` writes it.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise NotTrusted(
            Distrust.MALFORMED, "A part of a signed statement is no base64."
        ) from error
    if to_base64(raw) != text:
        # Spare bits at the end would make many texts of one value.
        raise NotTrusted(Distrust.MALFORMED, "A part of a signed statement is no proper base64.")
    return raw
