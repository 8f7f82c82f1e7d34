"""On what terms a tool's calls are approved: how long a decision counts, what a rejection means.

The only place that defines them. They are the operator's: nothing on the wire changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workers.errors import NotServable


class OnReject(StrEnum):
    """What becomes of a run when a person rejects one of its calls, or nobody decides in time."""

    #: The model hears the reason, and goes on.
    CONTINUE = "continue"
    #: The calls beside it are finished, then the run ends; the model is not asked again.
    END = "end"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one tool; what is None is as the agent's other tools have it.

    Attributes:
        idempotent: a call that was started and never came back may simply be made again.
        expires_after_seconds: a decision counts so long after the model asked for the call.

    Raises:
        NotServable: a time that is none.
    """

    idempotent: bool = False
    expires_after_seconds: float | None = None
    on_reject: OnReject | None = None

    def __post_init__(self) -> None:
        if self.expires_after_seconds is not None and not 0 < self.expires_after_seconds < 1e9:
            raise NotServable(
                f"A request cannot expire after {self.expires_after_seconds} seconds.",
                "Give expires_after_seconds a number above 0, or leave it out: then it never does.",
            )

    def over(self, other: Terms) -> Terms:
        """These terms, and the other ones where these say nothing."""
        expires = self.expires_after_seconds
        return Terms(
            self.idempotent or other.idempotent,
            other.expires_after_seconds if expires is None else expires,
            self.on_reject or other.on_reject,
        )


def expiry(issued_at: str, after_seconds: float | None) -> str:
    """When a decision on a request counts no longer, RFC 3339; empty if it counts for ever."""
    if after_seconds is None or not issued_at:
        return ""
    at = datetime.fromisoformat(issued_at) + timedelta(seconds=after_seconds)
    return at.isoformat(timespec="milliseconds")
