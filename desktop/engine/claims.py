"""Claims: who looks at a request now.

The only place of the engine that takes and shows them.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop.actions.ports import TakeClaim
from desktop.store.facts import Fact
from workers.wire.streams.connection import Connection


class Claims:
    """Takes leases on requests, and tells whose they are."""

    def __init__(self, emit: Callable[[Fact], None]) -> None:
        self._emit = emit

    async def tell(self, order: TakeClaim, connection: Connection | None) -> None:
        """Take or give back a lease."""
