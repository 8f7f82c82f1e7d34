"""`signoff audit hold|shred|set-aside`: what is done with a log, other than to look at it.

The only place that prints what came of it. Each is an entry of the log.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from desktop import settings
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.failing import translated
from desktop.audit.log import opened_to_read
from desktop.audit.logbook import Logbook
from desktop.audit.retention import holds_in, lift_hold, set_hold, shred_expired
from desktop.audit.setting_aside import set_aside
from desktop.cli.output import print_json, print_line
from desktop.engine.retaining import chosen_retention
from desktop.errors import VaultUnavailable
from desktop.system.vault import LogKeyring
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.registry import Registry
from workers.wire.trust import TrustFolder


def run(options: argparse.Namespace) -> int:
    """Run `audit hold`, `audit shred` or `audit set-aside`.

    Returns:
        0 when it is done.

    Raises:
        ConsoleError: it is not.
    """
    match options.step:
        case "hold":
            return _hold(options)
        case "shred":
            return _shred(as_json=options.json)
        case _:
            return _set_aside(options.reason, as_json=options.json)


def _hold(options: argparse.Namespace) -> int:
    if options.act == "set":
        by = _now(AuditKind.HOLD_SET).actor
        with _log() as book:
            book.change(lambda log: set_hold(log, options.name, by))
    elif options.act == "lift":
        by = _now(AuditKind.HOLD_LIFTED).actor
        with _log() as book:
            book.change(lambda log: lift_hold(log, options.name, by))
    path, names = settings.audit_log(), list[str]()
    if path.exists():
        with translated(), opened_to_read(path) as connection:
            names = holds_in(connection)
    if options.json:
        print_json({"holds": [*names]})
        return 0
    for name in names:
        print_line("in force", name)
    if not names:
        print_line("No hold is in force.")
    return 0


def _shred(*, as_json: bool) -> int:
    retention = chosen_retention()
    now, by = datetime.now(UTC), _now(AuditKind.SHREDDED).actor
    with _log() as book:
        count = book.change(lambda log: shred_expired(log, now, by, retention))
    short = [str(kind) for kind in retention.too_short()]
    if as_json:
        print_json({"shredded": count, "shorter_than_six_years": [*short]})
        return 0
    print_line(f"{count:,} entries lost their encrypted part.")
    if short:
        print_line("", "kept for less than the six years of HIPAA:", ", ".join(short))
    return 0


def _set_aside(reason: str, *, as_json: bool) -> int:
    made = _now(AuditKind.SET_ASIDE)
    done = set_aside(settings.audit_log(), LogKeyring(), made, reason, _registry())
    if as_json:
        told = {"log": str(done.old), "found": done.found, "keyring": done.keyring or None}
        print_json(told)
        return 0
    print_line(f"The log is in {done.old.parent}, and a new one has begun.")
    print_line("", done.found)
    if done.keyring:
        print_line("", "It will be taken for the old one, cut off:", done.keyring)
    return 0


@contextlib.contextmanager
def _log() -> Iterator[Logbook]:
    """This person's log, to be written; signed when that went well."""
    with contextlib.closing(Logbook(settings.audit_log(), LogKeyring())) as book:
        book.open()
        yield book
        with contextlib.suppress(VaultUnavailable):  # told whenever the log is opened
            head = book.checkpoint()
            if head is not None:
                book.keep_head(head)


def _registry() -> Registry | None:
    folder = TrustFolder(settings.trust_folder(settings.load()[0]), remembers=False)
    try:
        return folder.registry(time.time()) if folder.exists else None
    except NotTrusted:
        return None


def _now(kind: AuditKind) -> AuditEntry:
    """An entry of now, by whoever sits at this desk."""
    person = settings.load()[0].person
    return happened(kind, person=person.id, name=person.name)
