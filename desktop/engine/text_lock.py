"""Encryption of the words that are kept on this computer.

The only place that encrypts. AES-256-GCM; each text is bound to its context and its broker, and
a piece of a conversation to its place in the stream, so that somebody who may write the file cannot
show one conversation's words as another's, or what was said then as said now.
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
        self._piece = f"signoff words 1\0{address}\0"
        self.broken = False

    def seal(self, context_id: str, text: str) -> bytes:
        """A text that only the holder of the key can read."""
        return self._seal(self._place + context_id, text.encode(errors="replace"))

    def open(self, context_id: str, sealed: bytes) -> str:
        """The text; empty if it is not the one that was sealed here for this context."""
        return (self._open(self._place + context_id, sealed) or b"").decode()

    def seal_piece(self, context_id: str, place: str, piece: bytes) -> bytes:
        """A piece of a conversation that only the holder of the key can read.

        Args:
            place: where it stands in the stream; without zero characters.
        """
        return self._seal(f"{self._piece}{context_id}\0{place}", piece)

    def open_piece(self, context_id: str, place: str, sealed: bytes) -> bytes | None:
        """The piece; None if it is not the one that was sealed for this place of this context."""
        return self._open(f"{self._piece}{context_id}\0{place}", sealed)

    def _seal(self, bound: str, clear: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, clear, bound.encode())

    def _open(self, bound: str, sealed: bytes) -> bytes | None:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above

        try:
            nonce, cipher = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, cipher, bound.encode())
        except (InvalidTag, ValueError):
            self.broken = True
            return None
