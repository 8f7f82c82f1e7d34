"""Entries as events of the Open Cybersecurity Schema Framework, for a SIEM (OCSF 1.3).

The only place that maps them. An event holds names of ours, ids and digests, and no argument, text
or reason; what has no class of its own is API Activity.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.log import Kept
from workers.wire.approvals import DecisionKind, Outcome
from workers.wire.canonical import JSON

SCHEMA_VERSION: Final = "1.3.0"
API_ACTIVITY: Final = 6003
AUTHENTICATION: Final = 3002
ENTITY_MANAGEMENT: Final = 3004
_CREATE, _READ, _UPDATE, _DELETE, _OTHER = 1, 2, 3, 4, 99
_LOGON, _LOGOFF = 1, 2
_SUCCESS, _FAILURE = 1, 2
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = 1, 2, 3, 4
_SIGN_IN: Final = {
    AuditKind.SESSION_STARTED: _LOGON,
    AuditKind.SESSION_UNLOCKED: _LOGON,
    AuditKind.PASSPHRASE_WRONG: _LOGON,
    AuditKind.SESSION_LOCKED: _LOGOFF,
    AuditKind.SESSION_ENDED: _LOGOFF,
}
#: What was managed, and how.
_MANAGED: Final = {
    AuditKind.KEY_MADE: ("signing key", _CREATE),
    AuditKind.REGISTRY_SEEN: ("registry", _READ),
    AuditKind.REGISTRY_CHANGED: ("registry", _UPDATE),
    AuditKind.REGISTRY_REFUSED: ("registry", _READ),
    AuditKind.LINK_CHANGED: ("broker", _UPDATE),
    AuditKind.HOLD_SET: ("legal hold", _CREATE),
    AuditKind.HOLD_LIFTED: ("legal hold", _DELETE),
    AuditKind.SHREDDED: ("audit log", _DELETE),
    AuditKind.SET_ASIDE: ("audit log", _CREATE),
}
_FAILED: Final = frozenset(
    {
        AuditKind.DECISION_NOT_SENT,
        AuditKind.PASSPHRASE_WRONG,
        AuditKind.REGISTRY_REFUSED,
        AuditKind.SINK_FAILED,
        AuditKind.CLOCK_WRONG,
        AuditKind.UNREADABLE_SEEN,
        AuditKind.PEER_WRONG,
        AuditKind.HEAD_GONE,
    }
)
_FAILURES: Final = (Outcome.FAILED, Outcome.REFUSED, Outcome.EXPIRED, Outcome.IN_DOUBT)


def events(chosen: Iterable[Kept]) -> Iterator[bytes]:
    """One event in each line, in ASCII."""
    for kept in chosen:
        yield json.dumps(event(kept), separators=(",", ":")).encode() + b"\n"


def event(kept: Kept) -> dict[str, JSON]:
    """An entry as an event.

    Raises:
        BadEntry: the entry says nothing.
    """
    entry = kept.entry
    failed = _failed(entry)
    if entry.kind in _SIGN_IN:
        class_uid, activity = AUTHENTICATION, _SIGN_IN[entry.kind]
        own: dict[str, JSON] = {"user": _user(entry), "service": {"name": "Signoff console"}}
    elif entry.kind in _MANAGED:
        managed, activity = _MANAGED[entry.kind]
        class_uid = ENTITY_MANAGEMENT
        own = {"entity": {"name": managed, "type": managed, "uid": f"{managed}@{_device(entry)}"}}
    else:
        class_uid, activity = API_ACTIVITY, _activity(entry)
        own = _call(entry)
    return {
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "activity_name": str(entry.kind),
        "time": _milliseconds(entry),
        "timezone_offset": entry.offset_minutes,
        "severity_id": _severity(entry, failed=failed),
        "status_id": _FAILURE if failed else _SUCCESS,
        "metadata": _metadata(kept, entry),
        "actor": {"user": _user(entry), "app_name": "Signoff"},
        **own,
    }


def _metadata(kept: Kept, entry: AuditEntry) -> JSON:
    return {
        "version": SCHEMA_VERSION,
        "product": {"name": "Signoff", "vendor_name": "Signoff", "version": entry.app or "0"},
        "log_name": "signoff.audit",
        "uid": kept.hash.hex(),
        "sequence": kept.number,
        "correlation_uid": entry.request_id or entry.context_id or kept.hash.hex(),
        "event_code": str(entry.kind),
    }


def _call(entry: AuditEntry) -> dict[str, JSON]:
    """What the reviewer, or the worker after them, did to one call of an agent."""
    resources: list[JSON] = [
        {"type": kind, "uid": uid}
        for kind, uid in (
            ("context", entry.context_id),
            ("tool call", entry.tool_call_id),
            ("arguments digest", entry.args_digest),
            ("changed arguments digest", entry.edited_args_digest),
            ("result digest", entry.result_digest),
            ("signed decision digest", entry.envelope_digest),
        )
        if uid
    ]
    return {
        "api": {
            "operation": entry.action or str(entry.kind),
            "service": {"name": entry.agent or "signoff console"},
            "request": {"uid": entry.request_id or entry.nonce or "none"},
        },
        "src_endpoint": {"hostname": _device(entry), "name": _device(entry)},
        "resources": resources,
        "unmapped": {
            "decision": entry.decision,
            "outcome": _outcome(entry),
            "meaning": entry.meaning,
            "policy": entry.policy,
            "reviewers": list(entry.reviewers),
        },
    }


def _activity(entry: AuditEntry) -> int:
    if entry.kind in {AuditKind.DECISION, AuditKind.HALT_SET}:
        return _CREATE
    if entry.kind in {AuditKind.RECEIPT, AuditKind.DECISION_SENT, AuditKind.DECISION_JOINED}:
        return _UPDATE
    if entry.kind is AuditKind.HALT_LIFTED:
        return _DELETE
    if entry.kind in {AuditKind.EXPORTED, AuditKind.VALUE_REVEALED, AuditKind.REQUEST_OPENED}:
        return _READ
    return _OTHER


def _outcome(entry: AuditEntry) -> str:
    """The outcome, unless it is a sentence: a worker's word, or why something did not leave."""
    return entry.outcome if entry.kind is AuditKind.RECEIPT else ""


def _failed(entry: AuditEntry) -> bool:
    if entry.kind is AuditKind.RECEIPT:
        return entry.outcome.partition(":")[0] in _FAILURES
    return entry.kind in _FAILED


def _severity(entry: AuditEntry, *, failed: bool) -> int:
    if entry.kind in {AuditKind.PASSPHRASE_WRONG, AuditKind.REGISTRY_REFUSED}:
        return _HIGH
    if failed or entry.kind in {AuditKind.SHREDDED, AuditKind.HALT_SET}:
        return _MEDIUM
    accepted = {DecisionKind.APPROVE.value, DecisionKind.EDIT.value}
    return _LOW if entry.decision in accepted else _INFORMATIONAL


def _user(entry: AuditEntry) -> JSON:
    actor = entry.actor
    name = actor.name or actor.id or actor.os_user or "unknown"
    return {"uid": actor.id or actor.os_user or "unknown", "name": name, "type_id": 1}


def _device(entry: AuditEntry) -> str:
    return entry.actor.device or "unknown"


def _milliseconds(entry: AuditEntry) -> int:
    try:
        return round(datetime.fromisoformat(entry.at).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
