"""The way on with a log that was tampered with: it is moved aside as it is, and a new one begun.

The only place that takes a log out of use. Whoever does it is named by the first entry of the new
log, together with what was found and what the old one ended with. The new one has keys of its own:
under the old ones other desks would see one desk with two logs.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import structs

from desktop.audit.entries import AuditEntry
from desktop.audit.failing import translated
from desktop.audit.findings import Report, Verdict
from desktop.audit.heads import Head, keep_head
from desktop.audit.keys import Keyring, LogKeys, keep_keys
from desktop.audit.log import AuditLog, opened_to_read
from desktop.audit.marks import marked, unmark
from desktop.audit.outside import Outside, known_outside
from desktop.audit.places import POSITION_FILE, OneWriter
from desktop.audit.schema import has_beside
from desktop.audit.verifying import check_end
from desktop.errors import ConsoleError, VaultUnavailable
from workers.wire.signing.registry import Registry

#: The write-ahead log first: left behind, it would be taken for the new log's.
_FILES: Final = ("-wal", "-shm", "")
_FOLDER: Final = "aside-%Y%m%dT%H%M%S.%f"


class NotSetAside(ConsoleError):
    """Nothing was moved."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """What was done.

    Attributes:
        old: where the old log is now, with all that belongs to it.
        found: what was held against it, a sentence.
        keyring: why the keyring does not know of the new log; empty if it does.
    """

    old: Path
    found: str
    keyring: str = ""


def set_aside(
    log: Path,
    keyring: Keyring | None,
    made: AuditEntry,
    reason: str,
    registry: Registry | None = None,
) -> SetAside:
    """Move a log aside and begin a new one. Ended in between, it can be done again.

    Args:
        made: an `audit.set_aside` entry of now, by whoever does it.
        reason: in their words; in the encrypted part.
        registry: who may decide, to look at signatures, too.

    Raises:
        NotSetAside: nothing is held against the log.
        AuditUnavailable: another process writes it, or a file cannot be moved or made.
    """
    with translated():
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        writer = OneWriter(log)
        try:
            outside = known_outside(log, keyring)
            report = outside.verify(log, registry)
            found = _held(log, keyring, outside, report)
            if not found:
                hint = "Only a log that was tampered with, or cannot be read, is set aside."
                raise NotSetAside("Nothing is wrong with the audit log.", hint)
            old = _moved(log, keyring, outside)
        finally:
            writer.release()
    keys, trouble = _new_keys(keyring)
    told = structs.replace(
        made, outcome=report.verdict.name.lower(), detail=_told(old, found, report, outside)
    )
    with contextlib.closing(AuditLog(log, keys)) as new:
        new.append(told, {"comment": reason})
        head = new.checkpoint()
    return SetAside(old, found, trouble or _known_now(keyring, log, head, made.at))


def _held(log: Path, keyring: Keyring | None, outside: Outside, report: Report) -> str:
    """What is held against a log; empty if nothing is."""
    if report.verdict in {Verdict.TAMPERED, Verdict.UNREADABLE}:
        # Of a log that never was, and that nobody misses, nothing is to be moved.
        exists = log.exists() or report.verdict is Verdict.TAMPERED
        return report.tampering or (report.findings[0].title if exists else "")
    install = outside.keys.install.public if outside.keys else None
    with opened_to_read(log) as connection:
        is_first = not has_beside(connection)  # its version had no checkpoints
        if findings := [] if is_first else check_end(connection, outside.head, install):
            return findings[0].title
    with contextlib.suppress(VaultUnavailable):
        return marked(keyring, log) if keyring else ""
    return ""


def _moved(log: Path, keyring: Keyring | None, outside: Outside) -> Path:
    """Move the files. Returns where the log is then."""
    folder = log.with_name(datetime.now(UTC).strftime(_FOLDER))
    folder.mkdir(mode=0o700)
    old = folder / log.name
    if keyring is not None:
        # Before anything moves: without them nobody could verify it, or read what was decided.
        with contextlib.suppress(VaultUnavailable):
            if outside.keys:
                keep_keys(keyring, outside.keys, old)
            if outside.head:
                keep_head(keyring, old, outside.head)
    for name in (*(f"{log.name}{ending}" for ending in _FILES), POSITION_FILE):
        with contextlib.suppress(FileNotFoundError):
            log.with_name(name).replace(old.with_name(name))
    return old


def _new_keys(keyring: Keyring | None) -> tuple[LogKeys | None, str]:
    """Keys for the new log; without them it is not signed. And why there are none."""
    if keyring is None:
        return None, ""
    try:
        return keep_keys(keyring, LogKeys.generate()), ""
    except VaultUnavailable as error:
        return None, f"{error.title} {error.hint}"


def _known_now(keyring: Keyring | None, log: Path, head: Head | None, at: str) -> str:
    """Let the keyring know of the new log, in place of the old one. Returns why it does not."""
    if keyring is None or head is None:
        return ""
    try:
        keep_head(keyring, log, replace(head, at=at))
        unmark(keyring, log)
    except VaultUnavailable as error:
        return f"{error.title} {error.hint}"
    return ""


def _told(old: Path, found: str, report: Report, outside: Outside) -> str:
    """What the first entry of the new log says of the old one."""
    told = [f"Moved to {old.parent.name}: {found}"]
    told.append(f"It had {report.size} entries and the root {report.root.hex() or 'none'}.")
    if head := outside.head:
        install = f", key {head.install.text}" if head.install else ""
        told.append(f"The keyring knew {head.size} entries, root {head.root.hex()}{install}.")
    return " ".join(told)
