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
from desktop.audit.checkpoints import BadCheckpoint, read_checkpoint
from desktop.audit.entries import AuditEntry, BadEntry, read_entry
from desktop.audit.heads import Head as Head
from desktop.audit.log import last_tree, opened_to_read
from workers.wire.signing.keys import VerifyKey

#: More of the same kind tell a reader nothing.
MOST_FINDINGS: Final = 100


class Verdict(IntEnum):
    """What became of it; the exit code of the command."""

    INTACT = 0
    FINDINGS = 1
    UNREADABLE = 2
    TAMPERED = 3


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


def check_end(
    connection: sqlite3.Connection, known: Head | None, install: VerifyKey | None
) -> list[Finding]:
    """What is wrong with the end of an open log: all that was written after its last checkpoint.

    Args:
        known: what it ended with earlier.
        install: whose signature its checkpoints must carry; None if nobody here knows.
    """
    findings = list(_last_checkpoint(connection, install))
    tree = last_tree(connection)
    query = "SELECT hash FROM entry WHERE number = ?"
    row = connection.execute(query, (tree.size,)).fetchone()
    before = row[0] if row else BEGINNING
    query = "SELECT number, body, before, hash FROM entry WHERE number > ? ORDER BY number"
    for number, body, kept_before, kept_hash in connection.execute(query, (tree.size,)):
        if (number, kept_before) != (tree.size + 1, before):
            findings.append(Finding(number, "It does not follow the entry before it."))
        if entry_hash(number, kept_before, body) != kept_hash:
            findings.append(Finding(number, "It is not what was recorded."))
        before = kept_hash
        tree.add(body)
    if known is not None:
        findings.extend(_against_head(connection, tree.size, known))
    return findings


def _last_checkpoint(
    connection: sqlite3.Connection, install: VerifyKey | None
) -> Iterator[Finding]:
    if install is None:
        return
    query = "SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1"
    for size, root, note in connection.execute(query):
        try:
            told = read_checkpoint(note, install)
        except BadCheckpoint as error:
            yield Finding(size, f"Its checkpoint does not hold: {error.title}")
            return
        if (told.size, told.root) != (size, root):
            yield Finding(size, "Its checkpoint is of another log.")


def _against_head(connection: sqlite3.Connection, size: int, known: Head) -> Iterator[Finding]:
    if size < known.size:
        title = f"The log had {known.size} entries and has {size}: its end was cut off."
        yield Finding(0, title)
        return
    query = "SELECT root FROM checkpoint WHERE size = ?"
    row = connection.execute(query, (known.size,)).fetchone()
    if row is None or row[0] != known.root:
        yield Finding(known.size, "Up to here it is another log than the one that was known.")


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
