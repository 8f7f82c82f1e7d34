"""One decision as a person reads it: the signature block of 21 CFR 11.50, and what it is about.

The only place that words them, for spreadsheets and for paper alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.exporting.selecting import Snapshot
from desktop.audit.log import Kept
from desktop.audit.opening import COMMENT
from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON

NOT_SIGNED: Final = "not stated: the decision is not signed"
_WORDS: Final = {
    DecisionKind.APPROVE.value: "approved",
    DecisionKind.EDIT.value: "approved with changes",
    DecisionKind.REJECT.value: "rejected",
    DecisionKind.RESPOND.value: "answered",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, and what became of it.

    Attributes:
        name, when, meaning: what 21 CFR 11.50 wants to see of a signature.
        reason: in clear; empty if there is none, or if the reader may not have it.
        became: what came of it; empty if nothing in the log says so.
    """

    kept: Kept
    entry: AuditEntry
    name: str
    when: str
    meaning: str
    decision: str
    became: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of itself.

    Attributes:
        made: the entry that will record it: when, by whom.
        asked: what was asked for; empty for everything.
    """

    chosen: Snapshot
    made: AuditEntry
    asked: dict[str, JSON]


def decisions(chosen: Snapshot) -> Iterator[Decided]:
    """The decisions among the chosen entries, in order."""
    outcomes = chosen.outcomes()
    for kept in chosen.entries():
        entry = kept.entry
        if entry.kind is not AuditKind.DECISION:
            continue
        yield Decided(
            kept=kept,
            entry=entry,
            name=entry.actor.name or entry.actor.id or "nobody named",
            when=when(entry),
            meaning=entry.meaning or NOT_SIGNED,
            decision=_WORDS.get(entry.decision, entry.decision),
            became=outcomes.of(entry),
            reason=chosen.secret(kept, COMMENT) if chosen.beside.reasons else "",
        )


def when(entry: AuditEntry) -> str:
    """Date and time where it happened, with the offset from UTC: `2026-11-20 16:16:34 -05:00`."""
    try:
        moment = datetime.fromisoformat(entry.at).astimezone(UTC)
        local = moment.astimezone(timezone(timedelta(minutes=entry.offset_minutes)))
    except (ValueError, OverflowError):
        return f"{entry.at} (no time)"
    text = local.isoformat(sep=" ", timespec="seconds")
    return f"{text[:19]} {text[19:]}"
