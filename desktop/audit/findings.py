"""What a verification says.

The only place that defines it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """What became of it; the exit code of the command."""

    INTACT = 0
    FINDINGS = 1
    UNREADABLE = 2
    TAMPERED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit.

    Attributes:
        number: of the entry; 0 for the log as a whole.
        is_tampering: no fault of a program explains it.
    """

    number: int
    title: str
    is_tampering: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found.

    Attributes:
        unchecked: what could not be looked at for want of a key, a head or a registry.
    """

    verdict: Verdict
    size: int = 0
    root: bytes = b""
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def tampering(self) -> str:
        """What was found first of tampering; empty if nothing was."""
        if self.verdict is not Verdict.TAMPERED:
            return ""
        told = (one.title for one in self.findings if one.is_tampering)
        return next(told, "There is too much to list.")
