"""What deserves a notification, and what it may say.

The only place that words a notification: counts and risk, no names, no arguments, nothing that
decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop.store.records import Risk


@dataclass(frozen=True, slots=True)
class Alert:
    """What the desktop shows.

    Attributes:
        urgent: a call of high risk is among them.
    """

    title: str
    body: str
    urgent: bool


def alert_for(waiting: Mapping[Risk, int], *, in_front: bool) -> Alert | None:
    """The notification for what waits; None when the reviewer is looking anyway.

    Args:
        waiting: how many requests of each risk.
    """
    count, high = sum(waiting.values()), waiting.get(Risk.HIGH, 0)
    if in_front or not count:
        return None
    one = "A call waits for your decision"
    title = one if count == 1 else f"{count:,} calls wait for a decision"
    risk = "high risk" if high == count else f"{high} of them high risk" if high else "no high risk"
    return Alert(
        title, f"{risk[0].upper()}{risk[1:]}. Open Signoff to look at it.", urgent=high > 0
    )
