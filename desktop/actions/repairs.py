"""Helping on what does not go on by itself: quarantined messages, and what other software left.

The only place that asks for repairs. Each is a person's explicit wish; none is made twice at once,
and what came of it is told by the broker.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop.actions.guard import read_only
from desktop.actions.ports import DoRepair, Outbox, WatchMonitor
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store.facts import RepairSending
from desktop.store.health import Repair, RepairKey
from desktop.store.store import Store

#: Those that are carried out at the broker; the others only open something.
AT_BROKER = frozenset((Repair.REQUEUE, Repair.DISCARD, Repair.REMOVE_CONSUMERS))


class Repairs:
    """What the person at this desk mends."""

    def __init__(self, store: Store, outbox: Outbox, person: Callable[[], Person]) -> None:
        self._store = store
        self._outbox = outbox
        self._person = person

    def watch(self, *, on: bool) -> None:
        """Say that somebody looks at the monitor, or that nobody does any more."""
        self._outbox.post(WatchMonitor(on))

    def why_not(self, key: RepairKey) -> NotAllowedNow | None:
        """Why this repair may not be made now; None if it may."""
        refusal = read_only(self._store)
        if refusal is not None:
            return refusal
        if key.repair not in AT_BROKER:
            return NotAllowedNow("This is nothing that could be sent.")
        if not self._store.is_online:
            return NotAllowedNow("The broker is not reachable.", "Try when the link is back.")
        state = self._store.monitor.repairs.get(key)
        if state is not None and state.is_sending:
            return NotAllowedNow("This is on its way.", "Wait for the broker's answer.")
        return None

    def requeue(self, agent: str, dead_id: str) -> None:
        """Put a quarantined message back into its agent's inbox, behind what waits there.

        Raises:
            NotAllowedNow: see `why_not`; nothing was sent.
        """
        self._do(RepairKey(Repair.REQUEUE, agent, dead_id))

    def discard(self, agent: str, dead_id: str) -> None:
        """Take a quarantined message out for good; the broker keeps it apart, with who did it.

        Raises:
            NotAllowedNow: see `why_not`; nothing was sent.
        """
        self._do(RepairKey(Repair.DISCARD, agent, dead_id))

    def remove_consumers(self, agent: str) -> None:
        """Remove the readers of an inbox that other software left, and that hold nothing.

        Raises:
            NotAllowedNow: see `why_not`; nothing was sent.
        """
        self._do(RepairKey(Repair.REMOVE_CONSUMERS, agent))

    def _do(self, key: RepairKey) -> None:
        refusal = self.why_not(key)
        if refusal is not None:
            raise refusal
        self._store.apply([RepairSending(key)])
        self._outbox.post(DoRepair(key, self._person().id))
