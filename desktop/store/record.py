"""The audit log as the window shows it: rows, one entry whole, and how the log stands.

The only place that defines those records. No argument and no reason is in a row; they are in the
entry that a person opens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AuditWord(StrEnum):
    """How a row looks at first sight."""

    FINE = "fine"
    OPEN = "open"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What somebody looks for. Empty fields match everything; texts match anywhere, in any case.

    Attributes:
        outcome: a decision or what became of it, such as `approve` or `executed`.
        since_ms, until_ms: ms since the epoch; 0 for no limit.
        findings_only: executions without a decision, and decisions without a receipt.
        before: entries with a smaller number than this; 0 for the newest.
    """

    person: str = ""
    tool: str = ""
    agent: str = ""
    outcome: str = ""
    text: str = ""
    since_ms: int = 0
    until_ms: int = 0
    findings_only: bool = False
    before: int = 0
    limit: int = 200


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry, as a row.

    Attributes:
        number: its place in the log.
        finding: what is wrong with it; empty if nothing is.
    """

    number: int
    at_ms: int
    kind: str
    title: str
    person: str = ""
    agent: str = ""
    tool: str = ""
    context_id: str = ""
    request_id: str = ""
    outcome: str = ""
    word: AuditWord = AuditWord.FINE
    finding: str = ""


@dataclass(frozen=True, slots=True)
class AuditDetail:
    """One entry, opened: what the reviewer saw then, and what came of it.

    Attributes:
        printed: the signature block (21 CFR 11.50): label and text, in order.
        fields: pointer and text of each argument as it was shown then; empty if it was shredded.
        facts: everything else in the entry: label and text.
        related: the other entries about the same request, in order.
    """

    row: AuditRow
    printed: tuple[tuple[str, str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    related: tuple[AuditRow, ...] = ()
    shredded: bool = False


@dataclass(frozen=True, slots=True)
class AuditPage:
    """What a search found: findings first, then the newest first.

    Attributes:
        number: of the search; a later one has a higher number.
        total: how many there are in all.
        title, hint: why nothing could be read; empty if it could.
    """

    number: int = 0
    rows: tuple[AuditRow, ...] = ()
    total: int = 0
    detail: AuditDetail | None = None
    query: AuditQuery = field(default_factory=AuditQuery)
    title: str = ""
    hint: str = ""


class AuditHealth(StrEnum):
    """Whether the log can be written, and is what was written."""

    UNKNOWN = "unknown"
    FINE = "fine"
    UNWRITABLE = "unwritable"
    TAMPERED = "tampered"


@dataclass(frozen=True, slots=True)
class AuditStanding:
    """How the log stands. While it is not `FINE` or `UNKNOWN`, nothing may be approved.

    Attributes:
        verified_ms: when it was last verified as a whole, ms since the epoch; 0 for never.
        exported: what the last export wrote, for the person who asked for it.
    """

    health: AuditHealth = AuditHealth.UNKNOWN
    title: str = ""
    hint: str = ""
    size: int = 0
    root: str = ""
    verified_ms: int = 0
    exported: str = ""
