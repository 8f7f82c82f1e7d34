"""Read-only mode: a console whose person chose that it writes nothing to the broker.

The only place that says which orders may leave such a console. The actions ask first, so that
nothing looks as if it were sent; the outbox refuses whatever is left, so that nothing is. What the
engine does of its own accord comes by neither: it asks `engine.permission`, as orders do again.
"""

from __future__ import annotations

from desktop.actions.ports import (
    ChooseSigner,
    CloseTranscript,
    ExportAudit,
    FindAudit,
    Lock,
    Note,
    OpenAudit,
    OpenTranscript,
    Order,
    Outbox,
    ReadOlder,
    Search,
    Unlock,
    VerifyAudit,
    WatchMonitor,
)
from desktop.errors import NotAllowedNow
from desktop.store.store import Store

#: What is not named here writes.
_READING = (
    OpenTranscript,
    ReadOlder,
    CloseTranscript,
    Search,
    WatchMonitor,
    Unlock,
    Lock,
    ChooseSigner,
    Note,
    FindAudit,
    OpenAudit,
    VerifyAudit,
    ExportAudit,
)


def read_only(store: Store) -> NotAllowedNow | None:
    """Why nothing may be written now; None if it may."""
    return refusal() if store.read_only else None


def refusal() -> NotAllowedNow:
    """What is said of whatever would write."""
    return NotAllowedNow(
        "This console is read-only: it sends nothing.", "Turn read-only mode off in Settings."
    )


class GuardedOutbox:
    """Implements `actions.ports.Outbox` before another; in read-only mode only reading passes."""

    def __init__(self, outbox: Outbox, store: Store) -> None:
        self._outbox = outbox
        self._store = store

    def post(self, order: Order) -> None:
        """See `Outbox`.

        Raises:
            NotAllowedNow: the order writes, and this console is read-only.
        """
        refusal = None if isinstance(order, _READING) else read_only(self._store)
        if refusal is not None:
            raise refusal
        self._outbox.post(order)
