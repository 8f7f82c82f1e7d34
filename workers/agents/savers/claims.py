"""What every store does so that only the holder of a context writes to it.

The only place that says what a store of ours offers beyond LangGraph's. Beside the checkpoints it
keeps, for each context, the highest token that ever wrote; in the transaction of each write the
token of the writer is compared with it. Asking the broker first cannot do that: a process may be
frozen exactly between the asking and the writing.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from workers.wire.errors import LeaseLost

#: Beside LangGraph's own tables, in the same database.
TABLE = "signoff_fence"


@runtime_checkable
class ClaimingStore(Protocol):
    """A store that refuses writers with a lower token than it has seen."""

    async def claim(self) -> None:
        """From now on nobody writes whose lease is older than the one we work under.

        Raises:
            LeaseLost: somebody with a younger one was here before.
        """
        ...


def refused() -> LeaseLost:
    """What a writer with too low a token is told."""
    return LeaseLost("The context was taken over by another worker.")
