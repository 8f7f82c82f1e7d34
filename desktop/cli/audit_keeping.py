"""`signoff audit set-aside`: what is done with a log, other than to look at it.

The only place that prints what came of it. Each is an entry of the log.
"""

from __future__ import annotations

import argparse
import time

from desktop import settings
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.setting_aside import set_aside
from desktop.cli.output import print_json, print_line
from desktop.system.vault import LogKeyring
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.registry import Registry
from workers.wire.trust import TrustFolder


def run(options: argparse.Namespace) -> int:
    """Run `audit set-aside`.

    Returns:
        0 when it is done.

    Raises:
        ConsoleError: it is not.
    """
    return _set_aside(options.reason, as_json=options.json)


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
