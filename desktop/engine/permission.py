"""Whether this console may write to the broker: what its person chose.

The only place of the engine that knows. Whatever writes asks here, right before it does: orders
once more after the actions, what goes on by itself (claims, rejections that a crash left, votes
nobody sent, the audit log for other desks) because nobody else asks for it.
"""

from __future__ import annotations

import asyncio

from desktop.actions.guard import refusal


class Permission:
    """Given until it is taken away. Used on one event loop."""

    def __init__(self) -> None:
        self._given = asyncio.Event()
        self._given.set()

    @property
    def given(self) -> bool:
        """Whether anything may be written now."""
        return self._given.is_set()

    def give(self, *, wanted: bool) -> None:
        """Give it, or take it away: what has not left yet does not leave then."""
        if wanted:
            self._given.set()
        else:
            self._given.clear()

    def check(self) -> None:
        """Raise unless it is given.

        Raises:
            NotAllowedNow: this console is read-only.
        """
        if not self.given:
            raise refusal()

    async def wait(self) -> None:
        """Wait until it is given."""
        await self._given.wait()
