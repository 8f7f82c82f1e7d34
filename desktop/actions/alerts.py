"""What deserves a notification, and what it may say.

The only place that words a notification: counts and risk, no names, no arguments, nothing that
decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop.store.records import Request, RequestState, Risk


@dataclass(frozen=True, slots=True)
class Alert:
    """What the desktop shows.

    Attributes:
        urgent: a call of high risk is among them.
    """

    title: str
    body: str
    urgent: bool


def alert_for(waiting: list[Request], *, in_front: bool) -> Alert | None:
    """The notification for requests that wait; None when the reviewer is looking anyway."""
    still = [request for request in waiting if request.state is RequestState.WAITING]
    if in_front or not still:
        return None
    high = sum(request.risk is Risk.HIGH for request in still)
    count = len(still)
    title = "A call waits for your decision" if count == 1 else f"{count} calls wait for a decision"
    risk = "high risk" if high == count else f"{high} of them high risk" if high else "no high risk"
    return Alert(
        title, f"{risk[0].upper()}{risk[1:]}. Open Signoff to look at it.", urgent=high > 0
    )
