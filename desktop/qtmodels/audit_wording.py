"""The audit log in words: rows of the list, how the log stands, what a search found.

The only place that says how those read in the window. No Qt; pure functions.
"""

from __future__ import annotations

from desktop.qtmodels.rows import Pill, Row
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import age, hue, initial, moment, one_line
from desktop.store.record import (
    AuditHealth,
    AuditPage,
    AuditRow,
    AuditStanding,
    AuditWord,
    Shown,
)

#: Findings that fit into a tool tip.
_MOST_TOLD = 5
_TONES = {AuditWord.FINE: Tone.OK, AuditWord.OPEN: Tone.WARN, AuditWord.WRONG: Tone.DANGER}
_SHOWN = {
    Shown.NONE: "",
    Shown.KEPT: "",
    Shown.NOT_KEPT: "The arguments were not kept: no keyring answered when this was decided.",
    Shown.SHREDDED: "The arguments were shredded when their time was over. The entry stays.",
    Shown.UNREADABLE: "The arguments cannot be decrypted: their key is not in this keyring.",
}


def audit_row(row: AuditRow, now_ms: int) -> Row:
    """An entry as a row: what it is about, who, and what is wrong with it."""
    about = row.tool or row.title
    who = row.person or "This console"
    return Row(
        title=one_line(about),
        subtitle=one_line(row.title if row.tool else who),
        meta=one_line(" · ".join(part for part in (row.agent, who if row.tool else "") if part)),
        age=age(row.at_ms, now_ms) if row.at_ms else "",
        pill=audit_pill(row),
        unread=bool(row.finding),
        initial=initial(row.person or row.title),
        hue=hue(row.person or row.title),
        problem=one_line(row.finding),
        hint=row.finding,
    )


def audit_pill(row: AuditRow) -> Pill | None:
    """The decision, or what came of it."""
    if row.finding:
        return Pill("Finding", Tone.DANGER)
    if not row.pill:
        return None
    if row.kind != "receipt":
        return Pill(row.pill, Tone.DANGER if row.pill == "Rejected" else Tone.OK)
    return Pill(row.pill, _TONES[row.word])


def found_words(page: AuditPage) -> str:
    """How many entries a search found."""
    findings = sum(bool(row.finding) for row in page.rows)
    if page.query.findings_only:
        return f"{_count(page)} {'finding' if page.total == 1 else 'findings'}"
    words = f"{_count(page)} {'entry' if page.total == 1 else 'entries'}"
    return f"{words}, {findings:,} to look at" if findings else words


def shown_words(shown: Shown) -> str:
    """Why the arguments cannot be shown; empty if they can, or there are none."""
    return _SHOWN[shown]


def standing_words(standing: AuditStanding) -> tuple[str, Tone]:
    """How the log stands after the last verification, and how that wants to be taken."""
    if standing.verifying:
        return f"Verifying: {standing.verified_so_far:,} entries so far", Tone.ACCENT
    if standing.health in {AuditHealth.TAMPERED, AuditHealth.UNWRITABLE}:
        return standing.title, Tone.DANGER
    if not standing.verified_ms:
        words = "Not verified since this window was opened"
        return words, Tone.WARN if standing.peers else Tone.NEUTRAL
    at = moment(standing.verified_ms)
    if standing.found:
        return f"Intact, with {len(standing.found):,} to look at. Verified {at}", Tone.WARN
    words = f"Intact: {standing.size:,} entries. Verified {at}"
    return words, Tone.WARN if standing.peers else Tone.OK


def record_words(standing: AuditStanding) -> tuple[str, Tone, str]:
    """What every page says of the log: short words, their tone, and the whole; empty if nothing."""
    hint = f"{standing.title} {standing.hint}".strip()
    match standing.health:
        case AuditHealth.TAMPERED:
            return "Audit log tampered with: nothing is approved", Tone.DANGER, hint
        case AuditHealth.UNWRITABLE:
            return "Audit log not writable: nothing is approved", Tone.DANGER, hint
        case _ if standing.found and not standing.verifying:
            words = f"Audit log: {len(standing.found):,} to look at"
            return words, Tone.WARN, "\n".join(standing.found[:_MOST_TOLD])
        case _:
            return "", Tone.NEUTRAL, ""


def _count(page: AuditPage) -> str:
    return f"{page.total:,}{'+' if page.more else ''}"
