"""`signoff audit`: what was decided at this desk, and whether the record of it is intact.

The only place that prints the log. Looking leaves no trace in a file that may be evidence; that one
was verified and found whole is recorded. The encrypted part stays closed here: arguments are seen
in the window, where showing a hidden one is written down.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import structs

from desktop import settings
from desktop.audit import wording
from desktop.audit.entries import AuditKind, BadEntry, happened
from desktop.audit.findings import Report, Verdict
from desktop.audit.log import AuditUnavailable, Kept, Record, read_entries
from desktop.audit.logbook import Logbook
from desktop.audit.marks import mark
from desktop.audit.outside import known_outside
from desktop.audit.reading import AuditReader
from desktop.audit.witnesses import PeerReport, Peers
from desktop.cli.output import moment, print_json, print_line
from desktop.cli.record_options import query_of
from desktop.errors import ConsoleError, VaultUnavailable
from desktop.store.record import AuditRow
from desktop.system.vault import LogKeyring
from workers.wire.canonical import JSON
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.registry import Registry
from workers.wire.trust import TrustFolder

_WORDS = {
    Verdict.INTACT: "The audit log is intact",
    Verdict.FINDINGS: "The audit log is intact, and something in it should be looked at",
    Verdict.UNREADABLE: "The audit log cannot be read",
    Verdict.TAMPERED: "The audit log has been tampered with, or is damaged",
}

_KEEPING = frozenset(("set-aside", "hold", "shred"))


async def run(options: argparse.Namespace) -> int:
    """Run one of the steps of `audit`.

    Returns:
        0 intact; 1 findings; 2 unreadable; 3 tampered with.

    Raises:
        AuditUnavailable: there is nothing to show.
        ConsoleError: there is no such entry or request.
        NotTrusted: the folder to verify signed decisions with cannot be believed.
    """
    if options.step in _KEEPING:
        from desktop.cli import audit_keeping  # noqa: PLC0415 - for those alone

        return audit_keeping.run(options)
    if options.step == "export" or (options.step == "verify" and options.file):
        # Apart: fpdf2 and the keyring, for exports alone.
        from desktop.cli import audit_export  # noqa: PLC0415

        is_export = options.step == "export"
        return audit_export.export(options) if is_export else audit_export.verify_file(options)
    path: Path = options.log or settings.audit_log()
    match options.step:
        case "show":
            return _show(path, options.name, options.limit, as_json=options.json)
        case "find":
            return _find(path, options)
        case _:
            keyring = LogKeyring()
            known = known_outside(path, keyring, is_own=options.log is None)
            report, peers = known.verify(path, _registry(options.trust)), known.peers
            if options.log is None:
                _remember(keyring, path, report)
                _note(keyring, path, report)
            _print(report, peers, path, as_json=options.json)
            if report.verdict is Verdict.INTACT and peers.has_findings:
                return int(Verdict.FINDINGS)
            return int(report.verdict)


def _remember(keyring: LogKeyring, path: Path, report: Report) -> None:
    """Let the next start know of what was found."""
    with contextlib.suppress(VaultUnavailable):  # the report says what it could not look at
        mark(keyring, path, report)


def _note(keyring: LogKeyring, path: Path, report: Report) -> None:
    """Record that it was done, unless the log is evidence, or a window writes it."""
    if report.verdict in {Verdict.TAMPERED, Verdict.UNREADABLE}:
        return
    person = settings.load()[0].person
    made = happened(AuditKind.VERIFIED, person=person.id, name=person.name)
    book = Logbook(path, keyring)
    with contextlib.suppress(AuditUnavailable, VaultUnavailable), contextlib.closing(book):
        book.open()
        book.append(
            [
                Record(
                    structs.replace(
                        made,
                        outcome=report.verdict.name.lower(),
                        detail=f"{report.size} entries, {len(report.findings)} findings",
                    )
                )
            ]
        )
        head = book.checkpoint()
        if head is not None:
            book.keep_head(head)


def _registry(given: Path | None) -> Registry | None:
    """Who may decide; None where nobody has set that up, or where it is not to be believed.

    Raises:
        NotTrusted: the folder that was asked for holds none.
    """
    path = given or settings.trust_folder(settings.load()[0])
    folder = TrustFolder(path, home=settings.home(), remembers=False)
    try:
        return folder.registry(time.time()) if given or folder.exists else None
    except NotTrusted:
        if given:
            raise
        return None  # the report says what it could not look at


def _print(report: Report, peers: Peers, path: Path, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "log": str(path),
                "verdict": report.verdict.name.lower(),
                "entries": report.size,
                "root": report.root.hex(),
                "findings": [
                    {"entry": one.number, "title": one.title, "tampering": one.is_tampering}
                    for one in report.findings
                ],
                "unchecked": list(report.unchecked),
                "cosigned": [
                    {"entries": one.size, "root": one.root.hex(), "by": one.by}
                    for one in peers.witnesses
                ],
                "peers": [_peer_json(one) for one in peers.reports],
                "peers_problem": peers.problem or None,
                "ignored_messages": peers.ignored,
            }
        )
        return
    print_line(f"{_WORDS[report.verdict]}: {report.size:,} entries, root {report.root.hex()}")
    for finding in report.findings:
        print_line("", f"entry {finding.number}" if finding.number else "log", finding.title)
    for words in report.unchecked:
        print_line("", "not checked", words)
    for one in peers.witnesses:
        print_line("", "co-signed", f"{one.size:,} entries by {one.by}")
    for peer in peers.reports:
        first = f" from {peer.begins + 1:,} on" if peer.begins else ""
        print_line("", "kept of", f"{peer.who} ({peer.origin}): {peer.size:,} entries{first}")
        for title in peer.findings:
            print_line("", "", title)
    if peers.ignored:
        print_line("", "ignored", f"{peers.ignored:,} messages that nobody signed or could read")
    if peers.problem:
        print_line("", "other desks", peers.problem)


def _peer_json(peer: PeerReport) -> dict[str, JSON]:
    """Another desk's log, for a program to read."""
    return {
        "origin": peer.origin,
        "who": peer.who,
        "kept_after": peer.begins,
        "entries": peer.size,
        "at": peer.at,
        "findings": list(peer.findings),
    }


def _show(path: Path, name: str, limit: int, *, as_json: bool) -> int:
    """Whole entries: the last ones, or those of one request, decision or number."""
    if not name:
        try:
            kept = read_entries(path, limit)
        except (OSError, sqlite3.Error) as error:
            title = f"The audit log cannot be read: {error}."
            hint = "It begins with the first decision at this desk."
            raise AuditUnavailable(title, hint) from error
        for one in kept:
            _print_kept(one, "", as_json=as_json)
        return int(Verdict.INTACT)
    with contextlib.closing(AuditReader(path)) as reader:
        numbers = reader.numbers_of(name)
        if not numbers:
            hint = "Look for it with: signoff audit find --text"
            raise ConsoleError(f"There is nothing about {name} in the log.", hint)
        findings = reader.findings(numbers, _now_ms())
        kept = reader.kept(numbers)
    for one in kept:
        _print_kept(one, findings.get(one.number, ""), as_json=as_json)
    return int(Verdict.FINDINGS if findings else Verdict.INTACT)


def _find(path: Path, options: argparse.Namespace) -> int:
    """Rows: what matches, findings first, then the newest first."""
    query = replace(query_of(options), limit=max(options.limit, 1))
    with contextlib.closing(AuditReader(path)) as reader:
        rows = reader.page(query, 0, _now_ms()).rows
    _print_rows(rows, as_json=options.json)
    return int(Verdict.FINDINGS if any(row.finding for row in rows) else Verdict.INTACT)


def _print_rows(rows: Iterable[AuditRow], *, as_json: bool) -> None:
    rows = tuple(rows)
    for row in rows:
        if as_json:
            print_json(_row_json(row))
            continue
        print_line(f"{row.number}", moment(row.at_ms), row.title, row.pill, row.person)
        if row.tool or row.agent:
            print_line("", row.context_id, f"{row.agent}: {row.tool}")
        if row.finding:
            print_line("", f"finding: {row.finding}")
    if not rows and not as_json:
        print_line("Nothing matches.")


def _row_json(row: AuditRow) -> dict[str, JSON]:
    """A row, for a program to read."""
    return {
        "number": row.number,
        "at": moment(row.at_ms),
        "kind": row.kind,
        "person": row.person,
        "agent": row.agent,
        "tool": row.tool,
        "context_id": row.context_id,
        "request_id": row.request_id,
        "outcome": row.pill,
        "finding": row.finding or None,
    }


def _print_kept(kept: Kept, finding: str, *, as_json: bool) -> None:
    try:
        entry = kept.entry
    except BadEntry as error:
        if as_json:
            print_json({"number": kept.number, "hash": kept.hash.hex(), "error": error.title})
        else:
            print_line(f"{kept.number}", error.title)
        return
    if as_json:
        shown: dict[str, JSON] = {"number": kept.number, "hash": kept.hash.hex()}
        print_json({**shown, **msgspec.to_builtins(entry), "finding": finding or None})
        return
    who = entry.actor.name or entry.actor.id
    print_line(
        f"{kept.number}", entry.at, str(entry.kind), entry.decision, f"{who} ({entry.actor.id})"
    )
    print_line("", entry.context_id, entry.tool_call_id, f"{entry.agent}: {entry.action}")
    for label, text in wording.printed(entry):
        print_line("", f"{label}:", text)
    if entry.outcome:
        print_line("", entry.outcome)
    if finding:
        print_line("", f"finding: {finding}")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
