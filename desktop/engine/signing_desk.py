"""The signing session of this desk: opened with the passphrase, ended by a lock.

The only place that says whether this desk can sign now.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop.actions.ports import Lock, Unlock
from desktop.engine.signer import Signer
from desktop.store.facts import Fact, SigningChanged
from desktop.store.signing import Signing


class SigningDesk:
    """Opens and closes the signer.

    Attributes:
        signer: signs while the session is open.
    """

    def __init__(self, emit: Callable[[Fact], None]) -> None:
        self._emit = emit
        self.signer = Signer()

    def take(self, order: Unlock | Lock) -> None:
        """Open the key with a passphrase, or forget it; what came of it is emitted."""
        self.signer.close()
        self._emit(SigningChanged(Signing()))
