"""The signing key of this desk while it is open.

The only place that holds it, and that signs decisions. It is on the engine's thread; nothing of it
reaches the window.
"""

from __future__ import annotations

from desktop.errors import SigningLocked
from workers.wire.signing.dsse import Envelope, seal
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.statements import DECISION_TYPE, DecisionStatement, write_statement


class Signer:
    """Signs while it is open."""

    def __init__(self) -> None:
        self._key: SigningKey | None = None
        self._opened_at = 0

    def open(self, key: SigningKey, at: int) -> None:
        """Hold a key.

        Args:
            at: when its owner gave the passphrase, seconds since the epoch.
        """
        self._key, self._opened_at = key, at

    def close(self) -> None:
        """Let go of it. Python cannot wipe memory; docs/security.md says so."""
        self._key, self._opened_at = None, 0

    @property
    def opened_at(self) -> int:
        """Seconds since the epoch; 0 while it is closed."""
        return self._opened_at

    def sign(self, statement: DecisionStatement) -> Envelope:
        """Sign a decision.

        Raises:
            SigningLocked: the key is not open.
            NotTrusted: the statement has no canonical form.
        """
        if self._key is None:
            raise SigningLocked("The signing key is locked.", "Give your passphrase, and decide.")
        return seal(DECISION_TYPE, write_statement(statement), [self._key])
