"""Whether an audit log is still what was written.

The only place that judges that. Every entry is hashed anew; what the log says of itself is compared
and never believed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from desktop.audit.chain import BEGINNING, Tree, entry_hash
from desktop.audit.entries import AuditEntry, BadEntry, read_entry
from desktop.audit.log import opened_to_read

#: More of the same kind tell a reader nothing.
MOST_FINDINGS: Final = 100


class Verdict(IntEnum):
    """What became of it; the exit code of the command."""

    INTACT = 0
    FINDINGS = 1
    UNREADABLE = 2
    TAMPERED = 3


@dataclass(frozen=True, slots=True)
class Head:
    """What a log ended with when somebody last looked, kept elsewhere."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit.

    Attributes:
        number: of the entry; 0 for the log as a whole.
        is_tampering: no fault of a program explains it.
    """

    number: int
    title: str
    is_tampering: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found."""

    verdict: Verdict
    size: int = 0
    root: bytes = b""
    findings: tuple[Finding, ...] = ()


def verify(path: Path, known: Head | None = None) -> Report:
    """Verify a log.

    Args:
        known: what it ended with earlier; it may have grown since, and in no other way changed.
    """
    tree, findings = Tree(), list[Finding]()
    try:
        rows = list(_integrity(path))
        findings.extend(rows)
        for finding in _walk(path, tree, known):
            if len(findings) < MOST_FINDINGS:
                findings.append(finding)
    except (sqlite3.Error, OSError, ValueError) as error:
        title = f"The log cannot be read: {error}."
        return Report(Verdict.UNREADABLE, findings=(Finding(0, title, is_tampering=False),))
    if known is not None and tree.size < known.size:
        title = f"The log had {known.size} entries and has {tree.size}: its end was cut off."
        findings.append(Finding(0, title))
    verdict = Verdict.FINDINGS if findings else Verdict.INTACT
    if any(finding.is_tampering for finding in findings):
        verdict = Verdict.TAMPERED
    return Report(verdict, tree.size, tree.root(), tuple(findings))


def _integrity(path: Path) -> Iterator[Finding]:
    with opened_to_read(path) as connection:
        for [word] in connection.execute("PRAGMA integrity_check(10)"):
            if word != "ok":
                yield Finding(0, f"The file is damaged: {word}.")


def _walk(path: Path, tree: Tree, known: Head | None) -> Iterator[Finding]:
    before, previous = BEGINNING, None
    with opened_to_read(path) as connection:
        query = "SELECT number, body, before, hash FROM entry ORDER BY number"
        for place, (number, body, kept_before, kept_hash) in enumerate(
            connection.execute(query), 1
        ):
            if number != place:
                yield Finding(number, f"Entry {place} is missing.")
            if kept_before != before:
                yield Finding(number, "It does not follow the entry before it.")
            if entry_hash(number, kept_before, body) != kept_hash:
                yield Finding(number, "It is not what was recorded.")
            before = kept_hash
            tree.add(body)
            try:
                entry = read_entry(body)
            except BadEntry as error:
                yield Finding(number, error.title)
                continue
            if previous is not None and _goes_back(previous, entry):
                title = f"The clock went back, from {previous.at} to {entry.at}."
                yield Finding(number, title, is_tampering=False)
            previous = entry
            if known is not None and tree.size == known.size and tree.root() != known.root:
                yield Finding(number, "Up to here it is another log than the one that was known.")


def _goes_back(previous: AuditEntry, entry: AuditEntry) -> bool:
    return entry.at < previous.at
