"""Whatever is done to a log shows: to its entries, and to what lies beside them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from desktop.audit import matching, verifying
from desktop.audit.chain import BEGINNING, Tree, entry_hash
from desktop.audit.checkpoints import sign_checkpoint
from desktop.audit.due import RECEIPT_SECONDS, UNSIGNED_NOTE
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.keys import LogKeys
from desktop.audit.log import AuditLog, Record, read_entries
from desktop.audit.reading import AuditReader
from desktop.audit.retention import shred
from desktop.audit.secrets import ENVELOPE
from desktop.audit.verifying import Head, Verdict, check_end, verify
from desktop.store.record import AuditQuery
from tests.support.audited import ALL, KEYS, as_signed, by_hand, decided, head_of, make_log
from tests.support.registered import LEE, NOW, ROSA, decision, registry, signed
from workers.wire.approvals import DecisionKind, Outcome
from workers.wire.codec import encode_struct

OTHER = LogKeys.generate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with something of everything in it, closed."""
    path = tmp_path / "log.sqlite"
    make_log(path)
    return path


def _end(path: Path, known: Head | None, keys: LogKeys = KEYS) -> list[str]:
    """What looking at the end alone finds."""
    with closing(sqlite3.connect(path)) as connection:
        return [one.title for one in check_end(connection, known, keys.install.public)]


def test_a_log_with_everything_in_it_is_intact(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is left unlooked at but signatures, for which nobody gave a registry."""
    monkeypatch.setattr(verifying, "_AT_ONCE", 2)
    monkeypatch.setattr(verifying, "_TELL_EVERY", 3)
    told: list[int] = []
    report = verify(path, head_of(path), KEYS, progress=told.append)
    assert (report.verdict, report.size, report.findings) == (Verdict.INTACT, 7, ())
    assert [one.split(":")[0] for one in report.unchecked] == ["who signed its decisions"]
    assert len(verify(path).unchecked) == 4
    assert told == [3, 6]


def _resealed(path: Path, keys: LogKeys = OTHER, change: bytes = b"reject!") -> None:
    """Write all of it anew, with every checkpoint signed: a forger with a program like ours."""
    entries, sizes = read_entries(path, ALL), (3, 6)
    by_hand(path, "DELETE FROM entry", "DELETE FROM checkpoint")
    before, tree = BEGINNING, Tree()
    with closing(sqlite3.connect(path)) as connection:
        for one in entries:
            body = one.body.replace(b"approve", change)
            digest = entry_hash(one.number, before, body)
            row = (one.number, body, before, digest)
            connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", row)
            before = digest
            tree.add(body)
            if tree.size in sizes:
                note = sign_checkpoint(tree.size, tree.root(), keys.install)
                connection.execute(
                    "INSERT INTO checkpoint VALUES (?, ?, ?, ?)",
                    (tree.size, tree.root(), note, tree.peaks),
                )
        connection.commit()


_BESIDE: dict[str, Callable[[Path], None]] = {
    "re-sealed with another key": _resealed,
    "re-sealed with the same key": lambda path: _resealed(path, KEYS),
    "a checkpoint's root": lambda path: by_hand(
        path, "UPDATE checkpoint SET root = zeroblob(32) WHERE size = 3"
    ),
    "a checkpoint's note": lambda path: by_hand(
        path,
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 6) WHERE size = 3",
    ),
    "a checkpoint's signature": lambda path: by_hand(
        path, "UPDATE checkpoint SET note = replace(note, 'A', 'B')"
    ),
    "a checkpoint of the future": lambda path: by_hand(
        path, "UPDATE checkpoint SET size = 8 WHERE size = 6"
    ),
    "a text's bytes": lambda path: by_hand(path, "UPDATE secret SET ciphertext = zeroblob(40)"),
    "a text's place": lambda path: by_hand(
        path, "UPDATE secret SET number = 4 WHERE number = 7 AND name = 'comment'"
    ),
    "a text without an entry": lambda path: by_hand(
        path, "INSERT INTO secret VALUES (99, 'comment', x'00', x'00')"
    ),
    "a text taken out": lambda path: by_hand(path, "DELETE FROM secret WHERE number = 7"),
    "a key taken out": lambda path: by_hand(path, "DELETE FROM record_key WHERE number = 2"),
    "a key of another entry": lambda path: by_hand(
        path, "UPDATE record_key SET wrapped = (SELECT wrapped FROM record_key WHERE number = 2)"
    ),
    "what waits": lambda path: by_hand(
        path, "UPDATE outbox SET payload = zeroblob(40) WHERE number = 7"
    ),
    "where it goes": lambda path: by_hand(path, "UPDATE outbox SET stream = 'x' WHERE number = 7"),
    "that it was sent": lambda path: by_hand(
        path, "UPDATE outbox SET state = 'waiting' WHERE number = 2"
    ),
    "that it was not sent": lambda path: by_hand(
        path, "UPDATE outbox SET state = 'not_sent' WHERE number = 7"
    ),
    "an order of nobody": lambda path: by_hand(
        path, "INSERT INTO outbox VALUES (1, 'x', NULL, 'waiting')"
    ),
    "a table taken out": lambda path: by_hand(path, "DROP TABLE secret"),
    "a table added": lambda path: by_hand(path, "CREATE TABLE more (a)"),
}


@pytest.mark.parametrize("how", list(_BESIDE))
def test_tampering_with_what_lies_beside_shows(path: Path, how: str) -> None:
    """Although none of it is in the chain."""
    known = head_of(path)
    _BESIDE[how](path)
    assert verify(path, known, KEYS).verdict is Verdict.TAMPERED


def test_an_entry_before_the_first_is_told(path: Path) -> None:
    """Numbers begin at 1; one below has no place in the chain."""
    by_hand(path, "INSERT INTO entry VALUES (-4, x'7b7d', zeroblob(32), randomblob(32))")
    report = verify(path, None, KEYS)
    assert report.verdict is Verdict.TAMPERED
    assert [one.title for one in report.findings if one.number == -4][:2] == [
        "Entry 1 is missing.",
        "It is not what was recorded.",
    ]


def test_a_forged_log_shows_by_its_signatures_alone(path: Path) -> None:
    """Where no head is known; and one of another installation is not taken for this one's."""
    _resealed(path)
    assert verify(path, None, KEYS).verdict is Verdict.TAMPERED
    assert verify(path).verdict is Verdict.FINDINGS


def test_a_forked_log_shows(path: Path, tmp_path: Path) -> None:
    """Two that begin alike, of which one was shown and the other is kept."""
    fork = tmp_path / "fork.sqlite"
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(fork)) as other:
        one.backup(other)
    for each, number in ((path, 20), (fork, 21)):
        with closing(AuditLog(each, KEYS)) as log:
            log.append(decided(number))
            log.checkpoint()
    assert verify(fork, head_of(path), KEYS).verdict is Verdict.TAMPERED
    assert _end(fork, head_of(path))
    assert not _end(path, head_of(path))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry WHERE number = 7",
        "UPDATE entry SET body = CAST(body || ' ' AS BLOB) WHERE number = 7",
        "UPDATE entry SET before = zeroblob(32) WHERE number = 7",
        "UPDATE entry SET number = 12 WHERE number = 7",
        "UPDATE checkpoint SET note = 'x' WHERE size = 6",
        "UPDATE checkpoint SET root = zeroblob(32)",
        "UPDATE checkpoint SET peaks = x'00' WHERE size = 6",
        "DELETE FROM checkpoint",
    ],
)
def test_the_end_of_a_log_is_looked_at_by_itself(path: Path, statement: str) -> None:
    """At every start, when there is no time for the whole."""
    with closing(AuditLog(path, KEYS)) as log:
        known = log.checkpoint()
        assert known is not None
    by_hand(path, "DELETE FROM checkpoint WHERE size = 7")
    assert _end(path, Head(6, _root_at(path, 6))) == []
    by_hand(path, statement)
    assert _end(path, known)


def test_values_that_no_program_wrote_are_damage() -> None:
    """A table's types can be changed by who has the file."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE checkpoint (size, root, note, peaks)")
        connection.execute("INSERT INTO checkpoint VALUES (1, NULL, NULL, NULL)")
        connection.execute("CREATE TABLE entry (number, body, before, hash)")
        [found] = check_end(connection, None, KEYS.install.public)
    assert "damaged" in found.title


def _root_at(path: Path, size: int) -> bytes:
    tree = Tree()
    for one in read_entries(path, ALL)[:size]:
        tree.add(one.body)
    return tree.root()


def test_a_log_without_keys_has_an_end_all_the_same(tmp_path: Path) -> None:
    """Nothing is known of who signed it, and nothing is held against it."""
    path = tmp_path / "log.sqlite"
    make_log(path, None)
    assert _end(path, None) == []
    with closing(sqlite3.connect(path)) as connection:
        assert check_end(connection, None, None) == []
    assert verify(path, head_of(path, None)).verdict is Verdict.INTACT


def test_no_bit_can_be_flipped_unnoticed(path: Path) -> None:
    """A flip is found, or it is where nothing is: what is read is what was written."""
    known = head_of(path)
    content = path.read_bytes()
    for bit in range(3, len(content) * 8, 397):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        report = verify(path, known, KEYS)
        assert report.verdict is not Verdict.INTACT or report.root == known.root


def test_what_was_shredded_is_not_missed(path: Path) -> None:
    """As long as it is recorded that it was."""
    with closing(AuditLog(path, KEYS)) as log:
        now = datetime.now(UTC) + timedelta(seconds=1)
        assert shred(log, now, decided(1).actor) == 2
        log.append(decided(5), {"comment": "later"})
    assert verify(path, head_of(path), KEYS).verdict is Verdict.INTACT
    by_hand(path, "DELETE FROM record_key WHERE number = 9")
    assert verify(path, head_of(path), KEYS).verdict is Verdict.TAMPERED


def test_signatures_are_looked_at_again(tmp_path: Path) -> None:
    """With the keys that counted when the decision was made."""
    path, at = tmp_path / "log.sqlite", f"{datetime.fromtimestamp(NOW, UTC).isoformat()[:19]}.000Z"
    good, forged = (signed(decision(audit_prev=""), key) for key in (ROSA, LEE))
    entry = as_signed(decided(1, at=at), good)
    with closing(AuditLog(path, KEYS)) as log:
        log.append(entry, {ENVELOPE: encode_struct(good).decode()})
        for envelope in ("{}", "{", encode_struct(forged).decode()):
            log.append(structs.replace(entry, nonce=envelope), {ENVELOPE: envelope})
        log.append(structs.replace(entry, kind=AuditKind.RECEIPT), {ENVELOPE: "{}"})
        log.append(structs.replace(entry, kind=AuditKind.RECEIPT, action="x"), {"comment": "{}"})
    found = verify(path, head_of(path), KEYS, registry())
    wrong = [one.number for one in found.findings if one.title.startswith("Its signature")]
    assert (found.verdict, wrong) == (Verdict.FINDINGS, [2, 3, 4])
    by_hand(path, "UPDATE secret SET ciphertext = zeroblob(40) WHERE number = 1")
    by_hand(path, "DELETE FROM record_key WHERE number = 2")
    assert verify(path, head_of(path), KEYS, registry()).verdict is Verdict.TAMPERED


def test_a_log_of_the_first_version_is_verified_as_it_is(path: Path) -> None:
    """Looking at it changes nothing in it."""
    by_hand(path)
    with closing(sqlite3.connect(path)) as connection:
        for table in ("secret", "record_key", "outbox", "checkpoint"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    assert verify(path, head_of(path)).verdict is Verdict.INTACT


def test_a_verification_and_the_page_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever came in whatever order: what is missing, and what was wrong from the start.

    A verification says more, of what does not fit together.
    """
    chance, path = Random(7), tmp_path / "log.sqlite"  # noqa: S311 - any order will do
    monkeypatch.setattr(verifying, "MOST_FINDINGS", 10_000)
    monkeypatch.setattr(matching, "_MOST_WAITING", 20)
    with closing(AuditLog(path, KEYS)) as log:
        log.append_all([Record(_anything(chance)) for _ in range(600)])
    report, now_ms = verify(path, keys=KEYS), time.time_ns() // 1_000_000
    with closing(AuditReader(path)) as reader:
        rows = reader.page(AuditQuery(findings_only=True, limit=600), 1, now_ms).rows
    listed = {(row.number, f"{row.finding}.") for row in rows}
    found = {(one.number, one.title) for one in report.findings}
    assert len({title for _, title in listed}) == 5
    alone = ("The clock went back", "The worker ran the call a second time")
    assert found - listed == {one for one in found if one[1].startswith(alone)}
    assert listed <= found


def _anything(chance: Random) -> AuditEntry:
    """One of the entries that bring something, or want something, now or for a while."""
    ago = timedelta(seconds=chance.choice((0, RECEIPT_SECONDS + 5)))
    kinds = (
        AuditKind.DECISION,
        AuditKind.DECISION_SEEN,
        AuditKind.DECISION_JOINED,
        AuditKind.DECISION_NOT_SENT,
        *(AuditKind.RECEIPT,) * 4,
    )
    kind = chance.choice(kinds)
    outcomes = [str(outcome) for outcome in Outcome] + ["refused:unsigned", "refused:not_enough"]
    is_receipt = kind is AuditKind.RECEIPT
    return structs.replace(
        happened(kind),
        at=(datetime.now(UTC) - ago).isoformat(timespec="milliseconds"),
        nonce=chance.choice(("", f"n-{chance.randrange(200)}")),
        request_id=chance.choice(("", f"r-{chance.randrange(200)}")),
        decision=chance.choice([*DecisionKind]),
        outcome=chance.choice(outcomes) if is_receipt else "",
        detail=chance.choice(("", UNSIGNED_NOTE, "is_editor")) if is_receipt else "",
    )
