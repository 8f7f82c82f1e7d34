"""This computer's clock, compared with the broker's.

The only place that says how far off is too far, and in which words. A signature says when it was
made; what workers and other desks believe of that depends on clocks that agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workers.wire.signing.verifying import CLOCK_SKEW_SECONDS

#: From here on it is said.
WARN_MS: Final = 2_000
#: Beyond this nothing is signed that lets a call run: as far as a worker's clock may differ.
MOST_MS: Final = CLOCK_SKEW_SECONDS * 1000


class ClockState(StrEnum):
    """How the clock stands. `UNKNOWN`: the broker does not tell its own, or was never asked."""

    UNKNOWN = "unknown"
    FINE = "fine"
    OFF = "off"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Clock:
    """What the last look came to.

    Attributes:
        skew_ms: how far this computer's clock is ahead of the broker's, at least; negative if it is
            behind; None if nobody knows.
    """

    skew_ms: int | None = None

    @property
    def state(self) -> ClockState:
        """How it stands."""
        if self.skew_ms is None:
            return ClockState.UNKNOWN
        off = abs(self.skew_ms)
        if off > MOST_MS:
            return ClockState.WRONG
        return ClockState.OFF if off > WARN_MS else ClockState.FINE

    @property
    def title(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if self.skew_ms is None or self.state is ClockState.FINE:
            return ""
        direction = "ahead of" if self.skew_ms > 0 else "behind"
        return f"This computer's clock is {_span(abs(self.skew_ms))} {direction} the broker's."

    @property
    def hint(self) -> str:
        """What to do about it; empty if nothing has to be done."""
        if self.state is ClockState.WRONG:
            return "Set it right (or the broker's). Until then only rejections are signed here."
        if self.state is ClockState.OFF:
            limit = CLOCK_SKEW_SECONDS
            return f"Set it right: beyond {limit} s nothing but rejections is signed here."
        return ""

    @property
    def words(self) -> str:
        """In a word or two, for a line that has little room; empty if nothing is wrong."""
        return f"Clock off by {_span(abs(self.skew_ms or 0))}" if self.title else ""


def _span(milliseconds: int) -> str:
    seconds = round(milliseconds / 1000)
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
