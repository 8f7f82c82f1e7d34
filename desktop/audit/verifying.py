"""Whether an audit log is still what was written.

The only place that judges that. Every entry is hashed anew; what the log says of itself is compared
and never believed.
"""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from desktop.audit.beside import Checkpoints, Outbox, Secrets
from desktop.audit.chain import BEGINNING, Tree, entry_hash
from desktop.audit.checkpoints import BadCheckpoint, read_checkpoint
from desktop.audit.entries import AuditKind, BadEntry, Glance, read_glance
from desktop.audit.envelopes import check_envelopes
from desktop.audit.findings import Finding as Finding
from desktop.audit.findings import Report as Report
from desktop.audit.findings import Verdict as Verdict
from desktop.audit.heads import Head as Head
from desktop.audit.keys import LogKeys
from desktop.audit.log import last_tree, opened_to_read
from desktop.audit.matching import MATCHED, Matching
from desktop.audit.pacing import Pace, VerificationStopped
from desktop.audit.running import Running
from desktop.audit.schema import has_beside, is_as_made, was_signed
from desktop.audit.witnesses import Witness
from workers.wire.signing.keys import VerifyKey
from workers.wire.signing.registry import Registry

#: More of the same kind tell a reader nothing.
MOST_FINDINGS: Final = 100
HEAD_GONE: Final = "The keyring has its keys, and does not know any more what it ended with."
_TELL_EVERY: Final = 10_000
#: Entries that are read at once; one may have many kilobytes.
_AT_ONCE: Final = 50
#: Of the database, between two looks at the pace: a few hundred entries, some milliseconds.
_STEPS: Final = 3_000
_Row: TypeAlias = tuple[int, bytes, bytes, bytes]
#: So far a clock that is kept right may drift from one that is never set, between two entries.
_CLOCKS_AGREE_SECONDS: Final = 1.0


def verify(
    path: Path,
    known: Head | None = None,
    keys: LogKeys | None = None,
    registry: Registry | None = None,
    progress: Callable[[int], None] = lambda _entries: None,
    witnesses: Sequence[Witness] = (),
    pace: Pace | None = None,
) -> Report:
    """Verify a log.

    Args:
        known: what it ended with earlier; it may have grown since, and in no other way changed.
        keys: of this installation; without them the encrypted part stays closed.
        registry: who may decide; without it nobody's signature is looked at.
        progress: is told now and then how many entries have been looked at.
        witnesses: what other desks co-signed of it, verified.
        pace: holds it back, or ends it; None for full speed to the end.

    Raises:
        VerificationStopped: it was ended.
    """
    found = _Found()
    try:
        with opened_to_read(path) as connection:
            # All of it as it is now: a decision that comes meanwhile lies in several tables.
            connection.execute("BEGIN")
            connection.set_progress_handler(pace, _STEPS)
            heads = [_known(known)] if known is not None else []
            heads += [_witnessed(one) for one in witnesses]
            tree = _verify(connection, heads, _install(known, keys), keys, found, progress)
            if known is None and keys is not None and was_signed(connection):
                found.add(0, HEAD_GONE, is_tampering=False)
            if keys is not None and registry is not None and has_beside(connection):
                found.take(check_envelopes(connection, keys, registry))
    except (sqlite3.Error, OSError, ValueError) as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise VerificationStopped("The verification was ended.") from error
        if known is not None and known.size and not path.exists():
            title = f"The log had {known.size} entries and is gone."
            unchecked = _unchecked(known, keys, registry)
            return Report(Verdict.TAMPERED, findings=(Finding(0, title),), unchecked=unchecked)
        title = f"The log cannot be read: {error}."
        return Report(Verdict.UNREADABLE, findings=(Finding(0, title, is_tampering=False),))
    verdict = Verdict.FINDINGS if found.kept else Verdict.INTACT
    if found.tampering:
        verdict = Verdict.TAMPERED
    unchecked = _unchecked(known, keys, registry)
    return Report(verdict, tree.size, tree.root(), tuple(found.kept), unchecked)


class _Found:
    """Findings, as many as anybody reads; whether one is of tampering is never forgotten."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.tampering = False

    def add(self, number: int, title: str, *, is_tampering: bool = True) -> None:
        self.take([Finding(number, title, is_tampering)])

    def take(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.tampering = self.tampering or finding.is_tampering
            if len(self.kept) < MOST_FINDINGS:
                self.kept.append(finding)


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What the log was once, by somebody's word who is not in it."""

    size: int
    root: bytes
    words: str
    words_of_size: str


def _known(head: Head) -> _Elsewhere:
    return _Elsewhere(head.size, head.root, "that was known", f"The log had {head.size}")


def _witnessed(one: Witness) -> _Elsewhere:
    at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds")
    words = f"that another desk ({one.by}) co-signed at {at}"
    told = f"Another desk ({one.by}) co-signed at {at} that the log had {one.size}"
    return _Elsewhere(one.size, one.root, words, told)


def _verify(
    connection: sqlite3.Connection,
    heads: Sequence[_Elsewhere],
    install: VerifyKey | None,
    keys: LogKeys | None,
    found: _Found,
    progress: Callable[[int], None],
) -> Tree:
    """Look at everything but signatures. Returns the tree over the entries."""
    damage = [word for [word] in connection.execute("PRAGMA quick_check(10)") if word != "ok"]
    if damage:
        # What is in it may be of any type now; nothing more can be said of it.
        found.take(Finding(0, f"The file is damaged: {word}.") for word in damage)
        return Tree()
    checkpoints = Checkpoints(install)
    chain, said = _Chain(found), _Said(found, Secrets(connection, keys), Outbox(connection, keys))
    if has_beside(connection):
        checkpoints.read(connection)
    stops = checkpoints.ahead.keys() | {one.size for one in heads}
    tree, tell_at = Tree(), _TELL_EVERY
    for rows in _blocks(connection, stops):
        chain.take(rows)
        said.take(rows)
        tree.add_all(body for _, body, _, _ in rows)
        if tree.size in stops:
            found.take(_at_stop(tree, heads, checkpoints))
        if tree.size >= tell_at:
            progress(tree.size)
            tell_at += _TELL_EVERY
    found.take(checkpoints.rest(tree.size))
    for one in heads:
        if tree.size < one.size:
            title = f"{one.words_of_size} entries and has {tree.size}: its end was cut off."
            found.add(0, title)
    now_ms = time.time_ns() // 1_000_000
    found.take(said.findings(now_ms, with_beside=has_beside(connection)))
    if not is_as_made(connection):
        found.add(0, "Its tables are not as they were made.")
    return tree


def _blocks(connection: sqlite3.Connection, stops: Collection[int]) -> Iterator[list[_Row]]:
    """All entries, so many at once; a block ends wherever the log is compared with what it was."""
    cursor = connection.execute("SELECT number, body, before, hash FROM entry ORDER BY number")
    taken, ends = 0, sorted(stops)
    while rows := cursor.fetchmany(_most(taken, ends)):
        taken += len(rows)
        yield rows


def _most(taken: int, ends: Sequence[int]) -> int:
    """How many may be taken at once after so many."""
    ahead = bisect_right(ends, taken)
    return min(_AT_ONCE, ends[ahead] - taken) if ahead < len(ends) else _AT_ONCE


class _Chain:
    """Takes in the entries of a log, in order, and hashes them anew."""

    def __init__(self, found: _Found) -> None:
        self._found = found
        self._before, self._place = BEGINNING, 0

    def take(self, rows: Iterable[_Row]) -> None:
        """Compare some with what was recorded."""
        found, hashed, before, place = self._found, entry_hash, self._before, self._place
        for number, body, kept_before, kept_hash in rows:
            place += 1
            if number != place:
                found.add(number, f"Entry {place} is missing.")
                place = number
            if kept_before != before:
                found.add(number, "It does not follow the entry before it.")
            # Nobody records one before the first, so that has no hash.
            if number < 1 or hashed(number, kept_before, body) != kept_hash:
                found.add(number, "It is not what was recorded.")
            before = kept_hash
        self._before, self._place = before, place


class _Said:
    """Takes in what the entries of a log say, in order."""

    def __init__(self, found: _Found, secrets: Secrets, outbox: Outbox) -> None:
        self._found, self._secrets, self._outbox = found, secrets, outbox
        self._matching, self._running = Matching(), Running()
        self._last = Glance(AuditKind.SESSION_STARTED, "")

    def take(self, rows: Iterable[_Row]) -> None:
        """Read some."""
        found, last = self._found, self._last
        # A log has a million of them: what is looked up once is not looked up for each.
        match, secret, leaves = self._matching.see, self._secrets.see, self._outbox.see
        run = self._running.see
        for number, body, _, _ in rows:
            try:
                glance = read_glance(body)
            except BadEntry as error:
                found.add(number, error.title)
                continue
            if glance.at < last.at and _was_set_back(last, glance):
                title = f"The clock went back, from {last.at} to {glance.at}."
                found.add(number, title, is_tampering=False)
            last = glance
            kind = glance.kind
            if kind in MATCHED:
                match(number, glance)
                if glance.request_id:
                    found.take(run(number, glance))
            if glance.secrets or kind is AuditKind.SHREDDED:
                secret(number, glance)
            if glance.nonce:
                leaves(number, glance)
        self._last = last

    def findings(self, now_ms: int, *, with_beside: bool) -> Iterator[Finding]:
        """What does not go together, now that all of them are known."""
        yield from self._matching.findings(now_ms)
        if with_beside:
            yield from self._secrets.findings()
            yield from self._outbox.findings()


def _was_set_back(before: Glance, after: Glance) -> bool:
    """Whether an earlier time is the clock's doing: else it was only written down a little later.

    The two clocks then tell the same time between the two, whichever came first.
    """
    try:
        by_clock = datetime.fromisoformat(after.at) - datetime.fromisoformat(before.at)
    except ValueError:
        return True
    apart = by_clock.total_seconds() - (after.mono_ms - before.mono_ms) / 1000
    return abs(apart) > _CLOCKS_AGREE_SECONDS


def _at_stop(
    tree: Tree, heads: Sequence[_Elsewhere], checkpoints: Checkpoints
) -> Iterator[Finding]:
    for one in heads:
        if tree.size == one.size and tree.root() != one.root:
            yield Finding(tree.size, f"Up to here it is another log than the one {one.words}.")
    if tree.size in checkpoints.ahead:
        yield from checkpoints.see(tree)


def _install(known: Head | None, keys: LogKeys | None) -> VerifyKey | None:
    """Whose signature checkpoints must carry."""
    if known is not None and known.install is not None:
        return known.install
    return keys.install.public if keys is not None else None


def _unchecked(
    known: Head | None, keys: LogKeys | None, registry: Registry | None
) -> tuple[str, ...]:
    missing = {
        "whether its end was cut off: no head of it is known here": known is None,
        "who signed its checkpoints: no key is known here": _install(known, keys) is None,
        "its encrypted part: its keys are not here": keys is None,
        "who signed its decisions: no registry was given": registry is None or keys is None,
    }
    return tuple(what for what, is_missing in missing.items() if is_missing)


def check_end(
    connection: sqlite3.Connection, known: Head | None, install: VerifyKey | None
) -> list[Finding]:
    """What is wrong with the end of an open log: all that was written after its last checkpoint.

    Args:
        known: what it ended with earlier.
        install: whose signature its checkpoints must carry; None if nobody here knows.
    """
    try:
        return list(_end(connection, known, install))
    except (TypeError, ValueError, AttributeError):
        return [Finding(0, "The file is damaged.")]  # of other types than any program wrote


def _end(
    connection: sqlite3.Connection, known: Head | None, install: VerifyKey | None
) -> Iterator[Finding]:
    yield from _last_checkpoint(connection, install)
    tree = last_tree(connection)
    query = "SELECT hash FROM entry WHERE number = ?"
    row = connection.execute(query, (tree.size,)).fetchone()
    if row is None and tree.size:
        yield Finding(0, f"It had {tree.size} entries: its end was cut off.")
        return
    before = row[0] if row else BEGINNING
    query = "SELECT number, body, before, hash FROM entry WHERE number > ? ORDER BY number"
    for number, body, kept_before, kept_hash in connection.execute(query, (tree.size,)):
        if (number, kept_before) != (tree.size + 1, before):
            yield Finding(number, "It does not follow the entry before it.")
        if entry_hash(number, kept_before, body) != kept_hash:
            yield Finding(number, "It is not what was recorded.")
        before = kept_hash
        tree.add(body)
    if known is not None:
        yield from _against_head(connection, tree.size, known)


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
