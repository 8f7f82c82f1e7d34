"""Audit logs with decisions in them, and exports of them: what tests of exports start from.

The only place where those tests make entries. The logs are real ones, with keys of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import structs

from desktop.audit.entries import Actor, AuditEntry, AuditKind, own_account
from desktop.audit.exporting.formats import ExportFormat, ExportReport
from desktop.audit.exporting.selecting import Beside
from desktop.audit.exporting.writing import write_export
from desktop.audit.keys import LogKeys
from desktop.audit.log import AuditLog, Record, read_secret
from desktop.audit.opening import COMMENT, ENVELOPE
from desktop.store.record import AuditQuery
from tests.support import registered
from tests.support.audited import as_signed
from workers.wire.approvals import DecisionKind
from workers.wire.signing.dsse import Envelope

KEYS: Final = LogKeys.generate()
AT: Final = datetime.fromtimestamp(registered.NOW, UTC).isoformat().replace("+00:00", "Z")
EVERYTHING: Final = AuditQuery()
_CALL: Final = registered.CALL


def entry(kind: AuditKind = AuditKind.DECISION, **changes: object) -> AuditEntry:
    """Rosa approves the call that `registered` knows, at its time, five hours west of Greenwich."""
    made = AuditEntry(
        kind=kind,
        at=AT,
        offset_minutes=-300,
        mono_ms=1,
        actor=Actor(id="r.mora", name="Rosa Mora", os_user=own_account(), device="desk-2"),
        context_id=_CALL.context_id,
        agent=_CALL.agent,
        tool_call_id=_CALL.tool_call_id,
        request_id=_CALL.request_id,
        action=_CALL.action,
        args_digest=_CALL.args_digest,
        decision=DecisionKind.APPROVE,
        nonce=registered.decision().nonce,
        meaning="approval",
        role="treasury",
        policy="payments@7",
        app="0.1.0",
    )
    return structs.replace(made, **changes)


def receipt(**changes: object) -> AuditEntry:
    """The worker ran it."""
    told = {"outcome": "executed", "decision": "", "meaning": "", "actor": Actor(device="desk-2")}
    return entry(AuditKind.RECEIPT, **{**told, **changes})


def signed_record(envelope: Envelope, comment: str = "", **changes: object) -> Record:
    """A decision whose envelope, and whose reason, the log keeps encrypted."""
    secrets = {ENVELOPE: msgspec.json.encode(envelope).decode()}
    if comment:
        secrets[COMMENT] = comment
    return Record(structs.replace(as_signed(entry(), envelope), **changes), secrets)


def write_log(path: Path, records: Iterable[AuditEntry | Record], *, sign: bool = False) -> Path:
    """A log with these entries, closed; with a checkpoint over all of it if it is to be signed."""
    with closing(AuditLog(path, KEYS)) as log:
        log.append_all([one if isinstance(one, Record) else Record(one) for one in records])
        if sign:
            log.checkpoint()
    return path


def beside(**changes: object) -> Beside:
    """All that a desk can add: its encrypted part, its key, the registry."""
    registry = registered.sealed_registry(registered.registry_statement())
    told = Beside(
        secrets=lambda connection, kept, name: read_secret(connection, KEYS, kept, name),
        install=KEYS.install.public.text,
        registry=json.loads(msgspec.json.encode(registry)),
    )
    return replace(told, **changes)


def export(
    log: Path,
    kind: ExportFormat,
    path: Path,
    query: AuditQuery = EVERYTHING,
    more: Beside | None = None,
) -> ExportReport:
    """An export, recorded in the log it is of."""

    def record(made: AuditEntry) -> None:
        with closing(AuditLog(log, KEYS)) as opened:
            opened.append(made)

    made = entry(AuditKind.EXPORTED, decision="", meaning="", request_id="", nonce="")
    return write_export(log, query, kind, path, made, record, beside=more)
