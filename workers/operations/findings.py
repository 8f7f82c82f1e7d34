"""What an examination finds, in words for the person who runs the workers.

The only place that defines how bad a finding is. Facts go in; nothing is read or written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workers.wire.canonical import JSON


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: one short stable word, for programs.
        title: one sentence, what is so.
        hint: what to do about it; empty when nothing is to be done.
    """

    level: Level
    check: str
    title: str
    hint: str = ""

    def as_json(self) -> dict[str, JSON]:
        """For a program to read."""
        return {
            "level": str(self.level),
            "check": self.check,
            "title": self.title,
            "hint": self.hint,
        }


def counted(number: int, one: str, many: str = "") -> str:
    """`1 message`, `3 messages`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
