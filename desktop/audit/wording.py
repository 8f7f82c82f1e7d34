"""Entries of the audit log in words: titles, the signature block, what came of a decision.

The only place that says how an entry reads, in the window and on the command line. Texts of agents
pass through as they came; making them safe to show is the renderer's work.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from desktop.audit.due import RECEIPT_SECONDS, Due
from desktop.audit.entries import AuditEntry, AuditKind
from desktop.store.record import AuditRow, AuditWord
from workers.wire.approvals import DecisionKind, Outcome, Refusal, refused

_TITLES: Final = {
    AuditKind.DECISION: "Decision",
    AuditKind.DECISION_JOINED: "Decision waits for others",
    AuditKind.DECISION_SENT: "Decision sent",
    AuditKind.DECISION_NOT_SENT: "Decision not sent",
    AuditKind.DECISION_SEEN: "Decision of another desk",
    AuditKind.RECEIPT: "Receipt",
    AuditKind.REQUEST_SEEN: "Request seen",
    AuditKind.REQUEST_OPENED: "Request opened",
    AuditKind.VALUE_REVEALED: "Hidden value shown",
    AuditKind.VALUE_HIDDEN: "Value hidden again",
    AuditKind.VALUE_COPIED: "Value copied",
    AuditKind.CLAIM_TAKEN: "Claim taken",
    AuditKind.CLAIM_ENDED: "Claim ended",
    AuditKind.SESSION_STARTED: "Session started",
    AuditKind.SESSION_ENDED: "Session ended",
    AuditKind.SESSION_LOCKED: "Session locked",
    AuditKind.SESSION_UNLOCKED: "Session unlocked",
    AuditKind.PASSPHRASE_WRONG: "Wrong passphrase",
    AuditKind.KEY_MADE: "Signing key made",
    AuditKind.LINK_CHANGED: "Link to the broker changed",
    AuditKind.REGISTRY_SEEN: "Registry read",
    AuditKind.REGISTRY_CHANGED: "Registry changed",
    AuditKind.REGISTRY_REFUSED: "Registry refused",
    AuditKind.HALT_SET: "Calls halted",
    AuditKind.HALT_LIFTED: "Halt lifted",
    AuditKind.CLOCK_WRONG: "Clock is wrong",
    AuditKind.UNREADABLE_SEEN: "Unreadable entries seen",
    AuditKind.VERIFIED: "Log verified",
    AuditKind.CHECKPOINT: "Checkpoint made",
    AuditKind.COSIGNED: "Checkpoint co-signed",
    AuditKind.PEER_WRONG: "Another desk's log does not fit",
    AuditKind.HEAD_GONE: "Head of the log was not in the keyring",
    AuditKind.SET_ASIDE: "Log before this one set aside",
    AuditKind.WRITABLE_AGAIN: "Log can be written again",
    AuditKind.EXPORTED: "Log exported",
    AuditKind.HOLD_SET: "Legal hold set",
    AuditKind.HOLD_LIFTED: "Legal hold lifted",
    AuditKind.SHREDDED: "Kept texts shredded",
    AuditKind.SINK_FAILED: "Outside log failed",
    AuditKind.SINK_BACK: "Outside log is back",
}
_DECISIONS: Final = {
    DecisionKind.APPROVE.value: "Approved",
    DecisionKind.EDIT.value: "Edited",
    DecisionKind.REJECT.value: "Rejected",
    DecisionKind.RESPOND.value: "Answered",
}
_OUTCOMES: Final = {
    Outcome.APPLIED.value: "Applied",
    Outcome.EXECUTED.value: "Executed",
    Outcome.FAILED.value: "Failed",
    Outcome.EXPIRED.value: "Expired",
    Outcome.IN_DOUBT.value: "In doubt",
    Outcome.RE_ASKED.value: "Asked again",
    Outcome.PARKED.value: "Parked",
}
_SENTENCES: Final = {
    Outcome.APPLIED.value: "The worker took the decision.",
    Outcome.EXECUTED.value: "The worker ran the call.",
    Outcome.FAILED.value: "The worker ran the call, and it failed.",
    Outcome.EXPIRED.value: "The request expired before anybody decided.",
    Outcome.IN_DOUBT.value: "The call was started, and nobody knows how it ended.",
    Outcome.RE_ASKED.value: "The agent could not go on with the answer and asked again.",
}
_FINDINGS: Final = {
    Due.RECEIPT: (
        f"No worker answered this decision within {RECEIPT_SECONDS} s",
        "Find out whether the call ran: ask whoever runs the worker, or look at the tool itself.",
    ),
    Due.DECISION: (
        "It ran, and no decision on it is in this log",
        "Somebody else decided, or nobody did. Ask whoever runs the worker who approved it.",
    ),
    Due.UNSIGNED: (
        "The worker took an answer that nobody signed",
        "The worker runs in observe mode. Run it in enforce mode to refuse such answers.",
    ),
    Due.OWN_REQUEST: (
        "Somebody tried to approve a request or an edit of their own",
        "The worker refused it. Ask the person why.",
    ),
    Due.NOT_BELIEVED: (
        "A decision was refused because its signature is missing or not believed",
        "Somebody without a registered key tried to decide, or a key was revoked meanwhile.",
    ),
    Due.UNREADABLE: (
        "This entry cannot be read",
        "Verify the log: it may have been tampered with.",
    ),
}
_OPEN: Final = frozenset(
    (
        AuditKind.DECISION_NOT_SENT,
        AuditKind.PASSPHRASE_WRONG,
        AuditKind.REGISTRY_REFUSED,
        AuditKind.CLOCK_WRONG,
        AuditKind.UNREADABLE_SEEN,
        AuditKind.PEER_WRONG,
        AuditKind.HEAD_GONE,
        AuditKind.SET_ASIDE,
        AuditKind.SINK_FAILED,
    )
)


def row_of(number: int, entry: AuditEntry, due: Due = Due.NOTHING) -> AuditRow:
    """An entry as a row.

    Args:
        due: what is wrong with it.
    """
    finding = finding_title(due)
    word = AuditWord.OPEN if entry.kind in _OPEN else AuditWord.FINE
    if entry.kind is AuditKind.RECEIPT and _is_bad(entry.outcome):
        word = AuditWord.OPEN
    return AuditRow(
        number=number,
        at_ms=milliseconds(entry.at),
        kind=str(entry.kind),
        title=title_of(entry),
        person=entry.actor.name or entry.actor.id,
        agent=entry.agent,
        tool=entry.action,
        context_id=entry.context_id,
        request_id=entry.request_id,
        pill=_pill(entry),
        word=AuditWord.WRONG if finding else word,
        finding=finding,
    )


def unreadable_row(number: int) -> AuditRow:
    """The row of bytes that are no entry."""
    title = "Unreadable entry"
    finding = _FINDINGS[Due.UNREADABLE][0]
    return AuditRow(number, 0, "unreadable", title, word=AuditWord.WRONG, finding=finding)


def title_of(entry: AuditEntry) -> str:
    """What happened, in a few words."""
    return _TITLES[entry.kind]


def finding_title(due: Due) -> str:
    """What is wrong; empty for nothing."""
    return _FINDINGS[due][0] if due else ""


def finding_hint(due: Due) -> str:
    """What to do about a finding; empty for none."""
    return _FINDINGS[due][1] if due else ""


def printed(entry: AuditEntry) -> tuple[tuple[str, str], ...]:
    """The signature block of a decision (21 CFR 11.50): printed name, date and time, meaning."""
    if entry.kind not in {AuditKind.DECISION, AuditKind.DECISION_SEEN}:
        return ()
    name = entry.actor.name or entry.actor.id
    known = f"{name} ({entry.actor.id})" if entry.actor.id and entry.actor.id != name else name
    meaning = entry.meaning or "not stated: the decision is not signed"
    block = [
        ("Printed name", known),
        ("Date and time", both_times(entry)),
        ("Meaning", meaning),
        ("Decision", _DECISIONS.get(entry.decision, entry.decision)),
    ]
    if entry.role:
        block.append(("Role", entry.role))
    if entry.policy:
        block.append(("Policy", entry.policy))
    if entry.envelope_digest:
        block.append(("Signature", "Signed with the reviewer's own key"))
    return tuple(block)


def both_times(entry: AuditEntry) -> str:
    """When it happened: in UTC, and on the wall of that desk with its offset."""
    try:
        at = datetime.fromisoformat(entry.at).astimezone(UTC)
    except (ValueError, OverflowError):
        return entry.at
    return f"{at.strftime('%Y-%m-%d %H:%M:%S')} UTC ({_local_time(entry)})"


def sentence(entry: AuditEntry) -> str:
    """What an entry says came of a decision; empty if it says nothing of that."""
    when = _local_time(entry)
    match entry.kind:
        case AuditKind.DECISION_SENT:
            return f"{when}: It left for the broker."
        case AuditKind.DECISION_NOT_SENT:
            return f"{when}: It did not leave. {entry.outcome}"
        case AuditKind.DECISION_JOINED:
            return f"{when}: It waits until others have signed, too."
        case AuditKind.RECEIPT:
            said = _SENTENCES.get(entry.outcome) or f"The worker said: {_outcome(entry.outcome)}."
            return f"{when}: {said}"
        case _:
            return ""


def facts_of(entry: AuditEntry) -> tuple[tuple[str, str], ...]:
    """What else is in an entry: label and text, without what is empty."""
    person = entry.actor.name or entry.actor.id
    pairs = (
        ("When", both_times(entry)),
        ("Who", f"{person} ({entry.actor.id})" if entry.actor.id else ""),
        ("Tool", entry.action),
        ("Agent", entry.agent),
        ("Outcome", _outcome(entry.outcome) if entry.outcome else ""),
        ("Note", entry.detail),
        ("Proof", "No worker has signed this" if entry.proof else ""),
        ("Reviewers", ", ".join(entry.reviewers)),
        ("Takes", f"{entry.quorum} reviewers" if entry.quorum > 1 else ""),
        ("Open for", f"{entry.ms_open / 1000:.1f} s" if entry.ms_open else ""),
        ("Hidden values", ", ".join(entry.masked)),
        ("Shown values", ", ".join(entry.revealed)),
        ("Account", f"{entry.actor.os_user} on {entry.actor.device}".strip()),
        ("Broker", entry.broker),
        ("Clock", _clock(entry.clock_skew_ms)),
        ("Version", entry.app),
    )
    return tuple((label, text) for label, text in pairs if text)


def _clock(skew_ms: int | None) -> str:
    if skew_ms is None:
        return ""
    if not skew_ms:
        return "As the broker's"
    return f"{abs(skew_ms) / 1000:.1f} s {'ahead of' if skew_ms > 0 else 'behind'} the broker's"


def digests_of(entry: AuditEntry, digest: bytes, before: bytes) -> tuple[tuple[str, str], ...]:
    """What can be compared elsewhere, without what is empty.

    Args:
        digest: hash of the entry; `before`: of the one before it.
    """
    pairs = (
        ("Conversation", entry.context_id),
        ("Tool call", entry.tool_call_id),
        ("Request", entry.request_id),
        ("Nonce", entry.nonce),
        ("Arguments", entry.args_digest),
        ("Edited arguments", entry.edited_args_digest),
        ("Shown fields", entry.display_digest),
        ("Signed decision", entry.envelope_digest),
        ("Reason", entry.comment_digest),
        ("Result", entry.result_digest),
        ("This entry", digest.hex()),
        ("Entry before", before.hex()),
    )
    return tuple((label, text) for label, text in pairs if text)


def milliseconds(at: str) -> int:
    """Milliseconds since the epoch; 0 if it is no time."""
    try:
        return round(datetime.fromisoformat(at).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


def _local_time(entry: AuditEntry) -> str:
    """When it happened on the wall of that desk, with its offset."""
    try:
        there = timezone(timedelta(minutes=entry.offset_minutes))
        local = datetime.fromisoformat(entry.at).astimezone(there)
    except (ValueError, OverflowError):
        return entry.at
    text = local.isoformat(sep=" ", timespec="seconds")
    return f"{text[:19]} {text[19:]}"


def _pill(entry: AuditEntry) -> str:
    if entry.kind is AuditKind.RECEIPT:
        return _outcome(entry.outcome)
    if entry.kind in {AuditKind.LINK_CHANGED, AuditKind.VERIFIED}:
        return entry.outcome.capitalize()
    return _DECISIONS.get(entry.decision, "")


def _outcome(outcome: str) -> str:
    head, _, reason = outcome.partition(":")
    if head == Outcome.REFUSED and reason:
        return f"Refused: {reason.replace('_', ' ')}"
    return _OUTCOMES.get(outcome, outcome)


def _is_bad(outcome: str) -> bool:
    if outcome in {refused(Refusal.ALREADY_DECIDED), refused(Refusal.NOT_PENDING)}:
        return False
    return outcome.partition(":")[0] in {Outcome.REFUSED, Outcome.FAILED, Outcome.IN_DOUBT}
