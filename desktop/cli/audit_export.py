"""`signoff audit export`, and `signoff audit verify --file`: the log for people elsewhere.

The only place that prints exports and what verifying one found.
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from desktop import settings
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.exporting.checking import ExportCheck, verify_export
from desktop.audit.exporting.formats import ExportFormat, ExportReport
from desktop.audit.exporting.selecting import Beside, NotExported, registry_in
from desktop.audit.exporting.writing import write_export
from desktop.audit.findings import Verdict
from desktop.audit.keys import Keyring, LogKeys, log_keys
from desktop.audit.log import Record, read_secret
from desktop.audit.logbook import Logbook
from desktop.audit.opening import Secrets
from desktop.audit.outside import known_outside
from desktop.cli.output import print_json, print_line
from desktop.cli.record_options import query_of
from desktop.errors import VaultUnavailable
from desktop.store.record import AuditHealth
from desktop.system.vault import LogKeyring
from workers.wire.signing.registry import Roots
from workers.wire.trust import TrustFolder

_WORDS = {
    Verdict.INTACT: "The export is intact",
    Verdict.FINDINGS: "The export is intact, and something in it should be looked at",
    Verdict.UNREADABLE: "This cannot be read as an export",
    Verdict.TAMPERED: "The export has been tampered with, or is damaged",
}


def export(options: argparse.Namespace) -> int:
    """Run `audit export`.

    Returns:
        0 when the file is there.

    Raises:
        NotExported: it is not.
        AuditUnavailable: the log cannot record the export; there is no file then.
    """
    log: Path = options.log or settings.audit_log()
    if not log.exists():
        hint = "It begins with the first decision at this desk."
        raise NotExported("There is no audit log yet.", hint)
    keyring = LogKeyring()
    # Opened first: a log that another process is writing cannot record the export.
    book = Logbook(log, keyring)
    standing = book.open()
    try:
        if standing.health is AuditHealth.TAMPERED:
            raise NotExported(standing.title, standing.hint)
        report = write_export(
            log,
            query_of(options),
            ExportFormat(options.format),
            options.out,
            _made(),
            lambda entry: book.append([Record(entry)]),
            beside=_beside(log, keyring, reasons=options.reasons),
            force=options.force,
        )
        _keep_head(book)
    finally:
        book.close()
    _print_report(report, as_json=options.json)
    return 0


def verify_file(options: argparse.Namespace) -> int:
    """Run `audit verify --file`.

    Returns:
        0 intact; 1 findings; 2 unreadable; 3 tampered with.

    Raises:
        NotTrusted: the roots to verify signed decisions with cannot be read.
    """
    check = verify_export(options.file, _roots(options.trust), options.root)
    _print_check(check, options.file, as_json=options.json)
    return int(check.report.verdict)


def _made() -> AuditEntry:
    chosen, _ = settings.load()
    person = chosen.person
    return happened(AuditKind.EXPORTED, person=person.id, name=person.name)


def _beside(log: Path, keyring: Keyring, *, reasons: bool) -> Beside:
    try:
        keys: LogKeys | None = log_keys(keyring)
    except VaultUnavailable:
        keys = None
    return Beside(
        secrets=_reading(keys) if keys else None,
        reasons=reasons,
        install=keys.install.public.text if keys else "",
        registry=registry_in(settings.trust_folder(settings.load()[0])),
        outside=known_outside(log, keyring),
    )


def _reading(keys: LogKeys) -> Secrets:
    return lambda connection, kept, name: read_secret(connection, keys, kept, name)


def _roots(given: Path | None) -> Roots | None:
    folder = TrustFolder(given or settings.trust_folder(settings.load()[0]))
    return folder.roots() if given or folder.exists else None


def _keep_head(book: Logbook) -> None:
    with contextlib.suppress(VaultUnavailable):  # told whenever the log is opened
        head = book.checkpoint()
        if head is not None:
            book.keep_head(head)


def _print_report(report: ExportReport, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "file": str(report.path),
                "format": str(report.kind),
                "rows": report.rows,
                "digest": report.digest,
                "entries": report.size,
                "root": report.root,
            }
        )
        return
    print_line(f"{report.rows:,} written to {report.path}", report.digest)
    print_line("", f"from a log of {report.size:,} entries with the root {report.root}")


def _print_check(check: ExportCheck, path: Path, *, as_json: bool) -> None:
    report = check.report
    if as_json:
        print_json(
            {
                "file": str(path),
                "verdict": report.verdict.name.lower(),
                "rows": check.rows,
                "entries": report.size,
                "root": report.root.hex(),
                "signed": check.signed,
                "proven": check.proven,
                "signed_by": check.signed_by,
                "lacks": list(check.lacks),
                "findings": [
                    {"entry": one.number, "title": one.title, "tampering": one.is_tampering}
                    for one in report.findings
                ],
            }
        )
        return
    print_line(f"{_WORDS[report.verdict]}: {check.rows:,} entries, root {report.root.hex()}")
    print_line("", f"{check.proven:,} of {check.signed:,} signed decisions in it were verified")
    if check.signed_by:
        print_line("", f"the root is signed by {check.signed_by}")
    for finding in report.findings:
        print_line("", f"entry {finding.number}" if finding.number else "file", finding.title)
    for lacking in check.lacks:
        print_line("", "not in it:", lacking)
