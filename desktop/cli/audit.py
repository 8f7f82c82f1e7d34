"""`signoff audit`: what was decided at this desk, and whether the record of it is intact.

The only place that prints the log. It never writes it: looking leaves no trace in a file that may
be evidence.
"""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path

import msgspec

from desktop import settings
from desktop.audit.entries import AuditEntry
from desktop.audit.log import AuditUnavailable, read_entries
from desktop.audit.verifying import Report, Verdict, verify
from desktop.cli.output import print_json, print_line

_WORDS = {
    Verdict.INTACT: "The audit log is intact",
    Verdict.FINDINGS: "The audit log is intact, and something in it should be looked at",
    Verdict.UNREADABLE: "The audit log cannot be read",
    Verdict.TAMPERED: "The audit log has been tampered with, or is damaged",
}


async def run(options: argparse.Namespace) -> int:
    """Run `audit verify`, `audit show` or `audit export`.

    Returns:
        0 intact; 1 findings; 2 unreadable; 3 tampered with.

    Raises:
        AuditUnavailable: there is nothing to show.
    """
    if options.step == "export" or (options.step == "verify" and options.file):
        # Apart: fpdf2 and the keyring, for exports alone.
        from desktop.cli import audit_export  # noqa: PLC0415

        is_export = options.step == "export"
        return audit_export.export(options) if is_export else audit_export.verify_file(options)
    path: Path = options.log or settings.audit_log()
    if options.step == "show":
        return _show(path, options.limit, as_json=options.json)
    report = verify(path)
    _print(report, path, as_json=options.json)
    return int(report.verdict)


def _print(report: Report, path: Path, *, as_json: bool) -> None:
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
            }
        )
        return
    print_line(f"{_WORDS[report.verdict]}: {report.size:,} entries, root {report.root.hex()}")
    for finding in report.findings:
        print_line("", f"entry {finding.number}" if finding.number else "log", finding.title)


def _show(path: Path, limit: int, *, as_json: bool) -> int:
    try:
        shown = read_entries(path, limit)
    except (OSError, sqlite3.Error) as error:
        title = f"The audit log cannot be read: {error}."
        raise AuditUnavailable(title, "It begins with the first decision at this desk.") from error
    for kept in shown:
        entry = kept.entry
        if as_json:
            print_json(
                {"number": kept.number, "hash": kept.hash.hex(), **msgspec.to_builtins(entry)}
            )
        else:
            _print_entry(kept.number, entry)
    return 0


def _print_entry(number: int, entry: AuditEntry) -> None:
    who = entry.actor.name or entry.actor.id
    print_line(f"{number}", entry.at, str(entry.kind), entry.decision, f"{who} ({entry.actor.id})")
    print_line("", entry.context_id, entry.tool_call_id, f"{entry.agent}: {entry.action}")
    if entry.outcome:
        print_line("", entry.outcome)
