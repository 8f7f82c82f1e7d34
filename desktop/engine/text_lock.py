"""Encryption of the words that are kept on this computer.

The only place that encrypts. AES-256-GCM; each text is bound to its context and its broker, so
that somebody who may write the file cannot show one conversation's words as another's.
"""

from __future__ import annotations

import os

KEY_BYTES = 32
_NONCE_BYTES = 12


class TextLock:
    """Seals texts and opens them.

    Attributes:
        broken: some text could not be opened: it was sealed with another key, or changed.
    """

    def __init__(self, key: bytes, address: str) -> None:
        """Make a lock.

        Args:
            key: 32 bytes, from the keyring.
            address: the broker's, without a password.
        """
        # 20 ms that a start without kept text does not need.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        self._cipher = AESGCM(key)
        self._place = f"signoff cache 1\0{address}\0"
        self.broken = False

    def seal(self, context_id: str, text: str) -> bytes:
        """A text that only the holder of the key can read."""
        nonce = os.urandom(_NONCE_BYTES)
        bound = (self._place + context_id).encode()
        return nonce + self._cipher.encrypt(nonce, text.encode(errors="replace"), bound)

    def open(self, context_id: str, sealed: bytes) -> str:
        """The text; empty if it is not the one that was sealed here for this context."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above

        bound = (self._place + context_id).encode()
        try:
            clear = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            self.broken = True
            return ""
        return clear.decode()
