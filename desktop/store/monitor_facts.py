"""What the console learns of the broker's health and of repairs; read as part of `facts`.

The only facts that the monitor and who repairs something tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop.store.health import BrokerHealth, InboxHealth, RepairKey
from desktop.store.records import WorkerInfo


@dataclass(frozen=True, slots=True)
class MonitorSeen:
    """The monitor looked at the broker.

    Attributes:
        at_ms: when, by the broker's clock.
    """

    at_ms: int
    broker: BrokerHealth
    inboxes: tuple[InboxHealth, ...]
    workers: tuple[WorkerInfo, ...]


@dataclass(frozen=True, slots=True)
class RepairSending:
    """A person at this desk asked for a repair; it is on its way."""

    key: RepairKey


@dataclass(frozen=True, slots=True)
class RepairDone:
    """The broker took it."""

    key: RepairKey
    title: str


@dataclass(frozen=True, slots=True)
class RepairNotDone:
    """It did not leave, or there was nothing to repair any more."""

    key: RepairKey
    title: str
    hint: str = ""
