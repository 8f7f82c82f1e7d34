"""Whatever is done to a log shows: to its entries, and to what lies beside them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit import verifying
from desktop.audit.chain import BEGINNING, Tree, entry_hash
from desktop.audit.checkpoints import sign_checkpoint
from desktop.audit.entries import AuditKind, happened
from desktop.audit.keys import LogKeys
from desktop.audit.log import AuditLog, read_entries
from desktop.audit.retention import shred
from desktop.audit.secrets import ENVELOPE
from desktop.audit.verifying import Head, Verdict, check_end, verify
from tests.support.audited import ALL, KEYS, as_signed, by_hand, decided, head_of, make_log
from tests.support.registered import LEE, NOW, ROSA, decision, registry, signed
from workers.wire.codec import encode_struct

OTHER = LogKeys.generate()
_CUT, _OTHER = "its end was cut off", "Up to here it is another log"
_UNLIKE, _LOOSE = "It is not what was recorded", "It does not follow"


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


def _miscounted(path: Path) -> None:
    """Say in the file's head that a page of it is free."""
    content = bytearray(path.read_bytes())
    content[36:40] = (1).to_bytes(4, "big")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (
            lambda path: by_hand(path, "DELETE FROM entry WHERE number = 7"),
            f"7 entries and has 6: {_CUT}",
        ),
        (_BESIDE["a checkpoint of the future"], f"8 entries and has 7: {_CUT}"),
        (_BESIDE["a table added"], "Its tables are not as they were made"),
        (_miscounted, "The file is damaged"),
    ],
)
def test_what_is_wrong_with_the_log_as_a_whole_names_no_entry(
    path: Path, how: Callable[[Path], None], words: str
) -> None:
    """It is told as such."""
    known = head_of(path)
    how(path)
    report = verify(path, known, KEYS)
    assert report.verdict is Verdict.TAMPERED
    assert any(one.number == 0 and words in one.title for one in report.findings)


def test_the_key_that_was_kept_with_the_head_counts_without_others(path: Path) -> None:
    """Whoever re-sealed the log had another one; and what was not looked at is said."""
    known = head_of(path)
    assert [one.split(":")[0] for one in verify(path, known).unchecked] == [
        "its encrypted part",
        "who signed its decisions",
    ]
    _resealed(path, change=b"approve")
    report = verify(path, known)
    assert [one.number for one in report.findings] == [3, 6]
    assert report.verdict is Verdict.TAMPERED


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
    ("size", "statement", "found"),
    [
        (6, "SELECT 1", []),
        (6, "UPDATE entry SET body = CAST(body || ' ' AS BLOB) WHERE number = 7", [(7, _UNLIKE)]),
        (6, "UPDATE entry SET before = zeroblob(32) WHERE number = 7", [(7, _LOOSE), (7, _UNLIKE)]),
        (6, "UPDATE entry SET number = 12 WHERE number = 7", [(12, _LOOSE), (12, _UNLIKE)]),
        (6, "UPDATE checkpoint SET note = 'x' WHERE size = 6", [(6, "Its checkpoint does not")]),
        (
            6,
            "UPDATE checkpoint SET root = zeroblob(32)",
            [(6, "Its checkpoint is of"), (6, _OTHER)],
        ),
        # What saves work is made anew.
        (6, "UPDATE checkpoint SET peaks = x'00' WHERE size = 6", []),
        (6, "DELETE FROM checkpoint", [(6, _OTHER)]),
        (6, "DELETE FROM entry WHERE number > 5", [(0, _CUT)]),
        (7, "SELECT 1", []),
        (7, "DELETE FROM entry WHERE number = 7", [(0, _CUT)]),
        (7, "DELETE FROM checkpoint WHERE size = 7", [(7, _OTHER)]),
        (8, "DELETE FROM checkpoint WHERE size > 6", [(0, _CUT)]),
    ],
)
def test_the_end_of_a_log_is_looked_at_by_itself(
    path: Path, size: int, statement: str, found: list[tuple[int, str]]
) -> None:
    """At every start, when there is no time for the whole: from the last checkpoint on."""
    if size == 7:
        with closing(AuditLog(path, KEYS)) as log:
            log.checkpoint()
    known = Head(size, _root_at(path, size))
    by_hand(path, statement)
    with closing(sqlite3.connect(path)) as connection:
        told = check_end(connection, known, KEYS.install.public)
    assert [one.number for one in told] == [number for number, _ in found]
    assert all(words in one.title for one, (_, words) in zip(told, found, strict=True))


def test_values_that_no_program_wrote_are_damage() -> None:
    """A table's types can be changed by who has the file."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE checkpoint (size, root, note, peaks)")
        connection.execute("INSERT INTO checkpoint VALUES (1, NULL, NULL, NULL)")
        connection.execute("CREATE TABLE entry (number, body, before, hash)")
        [found] = check_end(connection, None, KEYS.install.public)
    assert (found.number, "damaged" in found.title) == (0, True)


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


def test_a_shredding_excuses_what_was_older_and_nothing_else(tmp_path: Path) -> None:
    """Not itself, and not what was made in that very moment."""
    path, now = tmp_path / "log.sqlite", datetime(2026, 3, 2, tzinfo=UTC)
    older, then = (at.isoformat() for at in (now - timedelta(seconds=1), now))
    shredded = happened(AuditKind.SHREDDED)
    shredded = structs.replace(
        shredded, at=older, outcome=then, detail=f"{AuditKind.DECISION} {AuditKind.SHREDDED}"
    )
    with closing(AuditLog(path, KEYS)) as log:
        for entry in (decided(1, at=older), decided(2, at=then), shredded):
            log.append(entry, {"comment": "No"})
    by_hand(path, "DELETE FROM record_key", "DELETE FROM secret")
    gone = [one.number for one in verify(path, keys=KEYS).findings if "is gone" in one.title]
    assert gone == [2, 3]


def test_signatures_are_looked_at_again(tmp_path: Path) -> None:
    """With the keys that counted when the decision was made."""
    path, at = tmp_path / "log.sqlite", f"{datetime.fromtimestamp(NOW, UTC).isoformat()[:19]}.000Z"
    good, forged = (signed(decision(audit_prev=""), key) for key in (ROSA, LEE))
    entry = as_signed(decided(1, at=at), good)
    with closing(AuditLog(path, KEYS)) as log:
        log.append(entry, {ENVELOPE: encode_struct(good).decode()})
        for envelope in ("{}", "{", encode_struct(forged).decode()):
            log.append(structs.replace(entry, nonce=envelope), {ENVELOPE: envelope})
        for news in ({"role": "records"}, {"decision": "nonsense"}):
            other = structs.replace(entry, **news)
            log.append(other, {ENVELOPE: encode_struct(good).decode()})
        log.append(structs.replace(entry, kind=AuditKind.RECEIPT), {ENVELOPE: "{}"})
        log.append(structs.replace(entry, kind=AuditKind.RECEIPT, action="x"), {"comment": "{}"})
    found = verify(path, head_of(path), KEYS, registry())
    assert found.unchecked == ()
    assert "who signed its decisions" in str(
        verify(path, head_of(path), None, registry()).unchecked
    )
    wrong = [one.number for one in found.findings if one.title.startswith("Its signature")]
    assert (found.verdict, wrong) == (Verdict.FINDINGS, [2, 3, 4, 5, 6])
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
