"""That a log was found to have been tampered with, kept where the log is not: in the keyring.

The only place that keeps and reads it there. At a start only the end of a log is looked at, and
whoever changed its middle could hope for the next start: what a verification of all of it found
stays, until another one, which looked at no less, finds it gone.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from desktop.audit.findings import Report, Verdict
from desktop.audit.keys import Keyring


class _Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    unchecked: tuple[str, ...]


def mark(keyring: Keyring, log: Path, report: Report) -> None:
    """Take in what a verification of all of a log found: mark it, or take its mark away.

    Raises:
        VaultUnavailable: the keyring does not answer.
    """
    if report.verdict is Verdict.TAMPERED:
        found = _Mark(report.tampering, report.unchecked)
        keyring.keep(_name(log), msgspec.json.encode(found).decode())
        return
    known = _kept(keyring, log) if report.verdict is not Verdict.UNREADABLE else None
    if known is not None and set(report.unchecked) <= set(known.unchecked):
        unmark(keyring, log)


def marked(keyring: Keyring, log: Path) -> str:
    """What was found; empty if nothing is held against the log.

    Raises:
        VaultUnavailable: the keyring does not answer.
    """
    known = _kept(keyring, log)
    return known.title if known else ""


def unmark(keyring: Keyring, log: Path) -> None:
    """Hold nothing against a log at this place: it is another one now.

    Raises:
        VaultUnavailable: the keyring does not answer.
    """
    keyring.keep(_name(log), "")


def _kept(keyring: Keyring, log: Path) -> _Mark | None:
    kept = keyring.read(_name(log))
    if not kept:
        return None
    try:
        return msgspec.json.decode(kept, type=_Mark)
    except msgspec.DecodeError:
        # Who spoils the mark does not get rid of it.
        return _Mark("Something was found, and what it was cannot be read.", ())


def _name(log: Path) -> str:
    return f"finding about the audit log {log.resolve()}"
