"""Keeping message text on this computer, or no longer: the key goes from the keyring to the engine.

The only place that decides that without a key from the keyring nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop.errors import VaultUnavailable
from desktop.store.facts import MemoryChanged
from desktop.store.local_records import Memory
from desktop.system.vault import Vault


class KeptText:
    """Unlocks what is kept, and gives it up."""

    def __init__(
        self,
        vault: Vault,
        hand_over: Callable[[bytes], None],
        tell: Callable[[MemoryChanged], None],
    ) -> None:
        """Connect it.

        Args:
            hand_over: takes the key; empty means that nothing is to be kept any more.
            tell: takes what goes wrong.
        """
        self._vault = vault
        self._hand_over = hand_over
        self._tell = tell

    async def unlock(self) -> bool:
        """Keep text from now on. Returns whether that can be done."""
        try:
            self._hand_over(await self._vault.text_key())
        except VaultUnavailable as error:
            self._tell(MemoryChanged(Memory(title=error.title, hint=error.hint)))
            return False
        return True

    async def drop(self) -> None:
        """Delete what is kept, and its key.

        Raises:
            VaultUnavailable: the key may still be in the keyring.
        """
        self._hand_over(b"")
        await self._vault.forget_text_key()
