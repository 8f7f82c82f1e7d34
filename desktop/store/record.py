"""The audit log as the window shows it: rows, one entry whole, and how the log stands.

The only place that defines those records. No argument and no reason is in a row; they are in the
entry that a person opens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from workers.wire.canonical import JSON


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
        findings_only: executions without a decision, decisions without a receipt, unsigned accepts,
            attempts on a request of one's own, and signatures that a worker did not believe.
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
        person: the printed name; where there is none, the id.
        pill: one word on it: the decision, or what became of it; empty if there is none.
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
    pill: str = ""
    word: AuditWord = AuditWord.FINE
    finding: str = ""


class Shown(StrEnum):
    """What is left of the arguments that a reviewer saw."""

    NONE = "none"
    KEPT = "kept"
    NOT_KEPT = "not_kept"
    SHREDDED = "shredded"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class AuditDetail:
    """One entry, opened: what the reviewer saw then, and what came of it.

    Attributes:
        printed: the signature block (21 CFR 11.50): label and text, in order; empty for an entry
            that is no decision.
        args: the arguments, if they are `KEPT`; `edited` those the reviewer put in their place.
        masked: pointers of values that were hidden from the reviewer, at first or all the time.
        comment: the reason or answer, if it is kept.
        outcome: what came of it, a sentence each, in order.
        facts: what else is in the entry: label and text.
        digests: what can be compared elsewhere: label and text.
        related: the other entries about the same request, in order.
        hint: what to do about its finding.
    """

    row: AuditRow
    printed: tuple[tuple[str, str], ...] = ()
    shown: Shown = Shown.NONE
    args: JSON = field(default=None, repr=False)
    edited: JSON = field(default=None, repr=False)
    masked: tuple[str, ...] = ()
    comment: str = field(default="", repr=False)
    outcome: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    digests: tuple[tuple[str, str], ...] = ()
    related: tuple[AuditRow, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """What a search found: findings first, then the newest first.

    Attributes:
        number: of the search; a later one has a higher number.
        total: how many there are in all; `more` if they were not all counted.
        next_before: what to ask for to read on; 0 if these are the last.
        tools, agents, people: what the log was ever about, to choose from.
        title, hint: why nothing could be read; empty if it could.
    """

    number: int = 0
    rows: tuple[AuditRow, ...] = ()
    total: int = 0
    more: bool = False
    next_before: int = 0
    query: AuditQuery = field(default_factory=AuditQuery)
    people: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    title: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class AuditOpened:
    """One entry that somebody opened.

    Attributes:
        number: its place in the log.
        title, hint: why it cannot be shown; empty if it can.
    """

    number: int = 0
    detail: AuditDetail | None = None
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
        size: how many entries it had when somebody last looked.
        verified_ms: when it was last verified as a whole, ms since the epoch; 0 for never.
        verifying: it is being verified now; `verified_so_far` entries of it have been.
        found: what that found, a sentence each.
        peers: what does not fit of other desks' logs, a sentence each.
        exporting: an export is being written.
        exported: what the last export wrote, for the person who asked for it; `export_failed` why
            it wrote nothing.
    """

    health: AuditHealth = AuditHealth.UNKNOWN
    title: str = ""
    hint: str = ""
    size: int = 0
    root: str = ""
    verified_ms: int = 0
    verifying: bool = False
    verified_so_far: int = 0
    found: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    exporting: bool = False
    exported: str = ""
    export_failed: str = ""
