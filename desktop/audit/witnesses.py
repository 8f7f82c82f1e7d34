"""What other desks can prove of the own log, and what is kept here of theirs, verified.

The only place that judges the file beside the log. It proves what was signed in it and nothing
else: whoever can write it can take away, not add.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from desktop.audit.chain import Tree
from desktop.audit.checkpoints import BadCheckpoint, origin_of, read_checkpoint
from desktop.audit.cosigning import read_cosigned
from desktop.audit.peers import (
    Peer,
    PeerFinding,
    cosigned_in,
    findings_in,
    peers_in,
    peers_of,
    reading,
)
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.keys import VerifyKey

CHANGED = "What is kept of it here is not what its desk signed."


@dataclass(frozen=True, slots=True)
class Witness:
    """What another desk co-signed of the own log: it was so long, and this one.

    Attributes:
        by: names the other desk's installation.
        at: when, seconds since the epoch, by that desk's clock.
    """

    size: int
    root: bytes
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class PeerReport:
    """Another desk's log, as it is kept here.

    Attributes:
        origin: names its installation.
        who: the person and the computer of its last entry, as that says.
        begins: so many of its first entries are not kept.
        findings: what does not fit, a sentence each.
    """

    origin: str
    who: str
    begins: int
    size: int
    at: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Peers:
    """All that the file beside a log says.

    Attributes:
        witnesses: of the own log.
        problem: why it cannot be read; empty if it can, or there is none.
    """

    witnesses: tuple[Witness, ...] = ()
    reports: tuple[PeerReport, ...] = ()
    ignored: int = 0
    problem: str = ""

    @property
    def has_findings(self) -> bool:
        """Whether somebody should look."""
        return bool(self.problem) or any(one.findings for one in self.reports)


def read_peers(log: Path, install: VerifyKey | None = None) -> Peers:
    """Read and verify the file beside a log.

    Args:
        install: the key of the own installation, where it is known; co-signatures of another's
            log are none of this one.
    """
    try:
        with reading(peers_of(log)) as connection:
            if connection is None:
                return Peers()
            [[ignored]] = connection.execute("SELECT count(*) FROM ignored")
            witnesses = tuple(_witnesses(connection, install))
            return Peers(witnesses, tuple(_reports(connection)), ignored)
    except (OSError, sqlite3.Error, ValueError, NotTrusted, TypeError) as error:
        return Peers(problem=f"What is kept of other desks' logs cannot be read: {error}.")


def told_of_peers(peers: Iterable[Peer], findings: Iterable[PeerFinding]) -> tuple[str, ...]:
    """Findings, a sentence each, for a person who knows the desks by who works there."""
    names = {one.install: one.who for one in peers}
    return tuple(_told(names.get(one.install, ""), one) for one in findings)


def _told(who: str, finding: PeerFinding) -> str:
    origin = origin_of(VerifyKey(finding.install))
    whose = f"The audit log of {who} ({origin})" if who else origin
    return f"{whose}: {finding.title}"


def _witnesses(connection: sqlite3.Connection, install: VerifyKey | None) -> Iterator[Witness]:
    for one in cosigned_in(connection):
        if install is not None and one.install != install.raw:
            continue
        try:
            by = VerifyKey(one.by)
            told, at = read_cosigned(one.note, VerifyKey(one.install), by)
        except (BadCheckpoint, NotTrusted):
            continue  # somebody wrote it here by hand; it proves nothing
        yield Witness(told.size, told.root, origin_of(by), at)


def _reports(connection: sqlite3.Connection) -> Iterator[PeerReport]:
    findings = findings_in(connection)
    known = peers_in(connection)
    for peer in known:
        origin = origin_of(VerifyKey(peer.install))
        found = [one.title for one in findings if one.install == peer.install]
        if not _is_as_signed(connection, peer):
            found.append(CHANGED)
        yield PeerReport(origin, peer.who, peer.begins, peer.size, peer.at, tuple(found))
    for install in {one.install for one in findings} - {peer.install for peer in known}:
        origin = origin_of(VerifyKey(install))
        own = tuple(one.title for one in findings if one.install == install)
        yield PeerReport(origin, "this desk", 0, 0, "", own)


def _is_as_signed(connection: sqlite3.Connection, peer: Peer) -> bool:
    """Whether all entries are there, and every checkpoint is of them and signed."""
    key, tree = VerifyKey(peer.install), Tree()
    query = "SELECT size, root, peaks, note FROM checkpoint WHERE install = ?"
    rows = connection.execute(query, (peer.install,))
    ahead = {size: (root, peaks, note) for size, root, peaks, note in rows}
    if peer.begins:
        if peer.begins not in ahead:
            return False
        tree = Tree.from_peaks(peer.begins, ahead[peer.begins][1])
        if not _fits(tree, key, ahead):
            return False
    query = "SELECT number, body FROM body WHERE install = ? ORDER BY number"
    for number, body in connection.execute(query, (peer.install,)):
        tree.add(body)
        if number != tree.size or (tree.size in ahead and not _fits(tree, key, ahead)):
            return False
    return tree.size == peer.size and not ahead


def _fits(tree: Tree, key: VerifyKey, ahead: dict[int, tuple[bytes, bytes, str]]) -> bool:
    root, _, note = ahead.pop(tree.size)
    try:
        told = read_checkpoint(note, key)
    except BadCheckpoint:
        return False
    return root == tree.root() and (told.size, told.root) == (tree.size, tree.root())
