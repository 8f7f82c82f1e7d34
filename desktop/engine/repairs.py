"""Repairs at the broker, as a person asked for them.

The only place of the console that changes a quarantine or the readers of an inbox.
"""

from __future__ import annotations

from typing import assert_never

from desktop.actions.ports import DoRepair
from desktop.store.facts import RepairDone, RepairNotDone
from desktop.store.health import Repair
from workers.wire.streams.connection import Connection
from workers.wire.streams.consumers import remove_leaked
from workers.wire.streams.quarantine import NoData, Quarantine

_GONE = "Somebody may have requeued or discarded it."


async def repair(order: DoRepair, connection: Connection) -> RepairDone | RepairNotDone:
    """Carry out one repair.

    Returns:
        What came of it.

    Raises:
        BrokerError: the broker is away, or does not permit it.
    """
    key = order.key
    match key.repair:
        case Repair.REQUEUE:
            return await _requeue(order, Quarantine(connection, key.agent))
        case Repair.DISCARD:
            if await Quarantine(connection, key.agent).discard(key.dead_id, order.by):
                return RepairDone(key, "Discarded. The broker keeps it apart for a while.")
            return RepairNotDone(key, "It is not in quarantine any more.", _GONE)
        case Repair.REMOVE_CONSUMERS:
            removed = await remove_leaked(connection, key.agent)
            return RepairDone(key, f"Removed {removed:,} readers that held nothing.")
        case Repair.OPEN_REQUEST | Repair.OPEN_CONTEXT:
            return RepairNotDone(key, "This is nothing to do at the broker.")
        case _:
            assert_never(key.repair)


async def _requeue(order: DoRepair, quarantine: Quarantine) -> RepairDone | RepairNotDone:
    try:
        entry_id = await quarantine.requeue(order.key.dead_id)
    except NoData:
        title = "It holds nothing that could be put back."
        return RepairNotDone(order.key, title, "Discard it.")
    if entry_id is None:
        return RepairNotDone(order.key, "It is not in quarantine any more.", _GONE)
    return RepairDone(order.key, "Put back into the inbox, behind what waits there.")
