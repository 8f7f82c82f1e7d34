"""The way on with a log that was tampered with: it stays, and a new one says what it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from desktop.audit.emergency import LATER, keep_outside
from desktop.audit.entries import AuditKind, happened
from desktop.audit.exporting.selecting import Beside, NotExported, snapshot
from desktop.audit.findings import Verdict
from desktop.audit.heads import Head, kept_head
from desktop.audit.keys import log_keys
from desktop.audit.log import (
    AuditLog,
    AuditUnavailable,
    Record,
    opened_to_read,
    read_entries,
    read_secret,
)
from desktop.audit.logbook import Logbook
from desktop.audit.marks import mark
from desktop.audit.outside import known_outside
from desktop.audit.places import POSITION_FILE
from desktop.audit.setting_aside import NotSetAside, SetAside, set_aside
from desktop.audit.verifying import verify
from desktop.store.record import AuditHealth, AuditQuery
from tests.support.audited import ALL, FakeKeyring, by_hand, decided

WHY = "The disk was put back from a copy."


@pytest.fixture
def keyring() -> FakeKeyring:
    """A keyring of its own."""
    return FakeKeyring()


@pytest.fixture
def log(tmp_path: Path, keyring: FakeKeyring) -> Path:
    """A log of three entries with its head in the keyring."""
    path = tmp_path / "log.sqlite"
    with closing(Logbook(path, keyring)) as book:
        book.open()
        for number in (1, 2, 3):
            book.append([Record(decided(number), {"comment": f"Reason {number}"})])
            head = book.checkpoint()
            assert head
            book.keep_head(head)
    return path


def _cut(path: Path) -> None:
    by_hand(
        path,
        "DELETE FROM entry WHERE number > 1",
        "DELETE FROM record_key WHERE number > 1",
        "DELETE FROM secret WHERE number > 1",
        "DELETE FROM checkpoint WHERE size > 1",
    )


def _set_aside(path: Path, keyring: FakeKeyring | None) -> SetAside:
    made = happened(AuditKind.SET_ASIDE, person="r.mora", name="Rosa Mora")
    return set_aside(path, keyring, made, WHY)


def _unlink(path: Path) -> None:
    path.unlink()


def _damage(path: Path) -> None:
    path.write_bytes(b"no database" * 100)


@pytest.mark.parametrize(
    ("spoil", "said"), [(_cut, "cut off"), (_unlink, "is gone"), (_damage, "not a database")]
)
def test_a_new_log_begins_with_what_became_of_the_old_one(
    log: Path, keyring: FakeKeyring, spoil: Callable[[Path], None], said: str
) -> None:
    """Its head, what was found and who went on; what happened meanwhile comes after it."""
    head = kept_head(keyring, log)
    assert head
    spoil(log)
    outside = keep_outside(log, decided(9, decision="reject"))
    done = _set_aside(log, keyring)
    assert said in done.found
    with closing(Logbook(log, keyring)) as book:
        assert book.open().health is AuditHealth.FINE
    first, later = (one.entry for one in read_entries(log, ALL))
    assert (first.kind, first.actor.id) == (AuditKind.SET_ASIDE, "r.mora")
    for words in (done.old.parent.name, done.found, f"{head.size} entries", head.root.hex()):
        assert words in first.detail
    assert (later.nonce, later.detail) == (decided(9).nonce, LATER)
    assert outside
    assert not outside.exists()
    [kept, _] = read_entries(log, ALL)
    with opened_to_read(log) as connection:
        assert read_secret(connection, log_keys(keyring), kept, "comment") == WHY


def test_the_old_log_can_still_be_judged_and_read(log: Path, keyring: FakeKeyring) -> None:
    """With its own keys and head; the new one has others, so other desks see two desks."""
    _cut(log)
    log.with_name(POSITION_FILE).write_text("3")
    old_keys = log_keys(keyring)
    done = _set_aside(log, keyring)
    known = known_outside(done.old, keyring, is_own=False)
    report = known.verify(done.old)
    assert (report.verdict, report.size) == (Verdict.TAMPERED, 1)
    assert known.keys
    assert known.keys.wrapping == old_keys.wrapping
    assert log_keys(keyring).wrapping != old_keys.wrapping
    [kept] = read_entries(done.old, ALL)
    with opened_to_read(done.old) as connection:
        assert read_secret(connection, old_keys, kept, "comment") == "Reason 1"
    assert not log.with_name(POSITION_FILE).exists()
    assert known_outside(log, keyring).verify(log).verdict is Verdict.INTACT


def test_nothing_is_set_aside_that_is_fine(log: Path, keyring: FakeKeyring, tmp_path: Path) -> None:
    """Nor what never was, nor a log of the first version."""
    first = tmp_path / "first.sqlite"
    AuditLog(first).close()
    by_hand(
        first,
        *(f"DROP TABLE {name}" for name in ("outbox", "checkpoint", "secret", "record_key")),
        "PRAGMA user_version = 1",
    )
    for path in (log, first, tmp_path / "none.sqlite"):
        with pytest.raises(NotSetAside, match="Nothing is wrong"):
            _set_aside(path, keyring)
    with pytest.raises(NotSetAside, match="Nothing is wrong"):
        _set_aside(log, None)
    keyring.broken = "The keyring is locked."
    with pytest.raises(NotSetAside, match="Nothing is wrong"):
        _set_aside(log, keyring)


def test_a_mark_is_enough_and_nobody_gets_rid_of_it_by_spoiling_it(
    log: Path, keyring: FakeKeyring
) -> None:
    """What a verification found by what is not there any more."""
    keyring.keep(f"finding about the audit log {log.resolve()}", "no mark of ours")
    mark(keyring, log, known_outside(log, keyring).verify(log))
    with closing(Logbook(log, keyring)) as book:
        assert book.open().health is AuditHealth.TAMPERED
    assert "cannot be read" in _set_aside(log, keyring).found
    with closing(Logbook(log, keyring)) as book:
        assert book.open().health is AuditHealth.FINE


@pytest.mark.parametrize("trouble", ["broken", "forgets", "none"])
def test_without_a_keyring_a_new_log_begins_all_the_same(
    log: Path, keyring: FakeKeyring, trouble: str
) -> None:
    """When the keyring answers again, it misses the old one: that is said at once."""
    by_hand(log, "UPDATE entry SET body = zeroblob(9) WHERE number = 1")
    if trouble == "none":
        assert _set_aside(log, None).keyring == ""
        return
    keyring.broken = "The keyring is locked." if trouble == "broken" else ""
    keyring.refuses = trouble == "forgets"
    done = _set_aside(log, keyring)
    assert "keyring" in done.keyring
    keyring.broken, keyring.refuses = "", False
    with closing(Logbook(log, keyring)) as book:
        assert book.open().health is AuditHealth.TAMPERED
    assert verify(done.old).verdict is Verdict.TAMPERED
    assert _set_aside(log, keyring).keyring == ""
    with closing(Logbook(log, keyring)) as book:
        assert book.open().health is AuditHealth.FINE


def test_a_console_that_is_open_is_closed_first(
    log: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes the log would go on in the old file."""
    _cut(log)
    monkeypatch.setattr("desktop.audit.places._lock", lambda _file: False)
    monkeypatch.setattr("desktop.audit.places.WAIT_SECONDS", 0.0)
    with pytest.raises(AuditUnavailable, match="Another Signoff"):
        _set_aside(log, keyring)
    assert read_entries(log, ALL)


def test_what_the_keyring_does_not_know_any_more_is_told(log: Path, keyring: FakeKeyring) -> None:
    """A cut end and a head that was deleted: a finding, and an entry that stays."""
    assert known_outside(log, keyring).verify(log).verdict is Verdict.INTACT
    _cut(log)
    keyring.kept = {name: kept for name, kept in keyring.kept.items() if "head" not in name}
    report = known_outside(log, keyring).verify(log)
    assert report.verdict is Verdict.FINDINGS
    assert "does not know any more" in report.findings[0].title
    with closing(Logbook(log, keyring)) as book:
        assert book.open().health is AuditHealth.FINE
        head = book.checkpoint()
        assert head
        book.keep_head(head)
    assert [one.entry.kind for one in read_entries(log, ALL)][1:] == [AuditKind.HEAD_GONE]
    with closing(Logbook(log, keyring)) as book:
        book.open()
    assert len(read_entries(log, ALL)) == 2


def test_a_log_that_is_gone_is_missed(log: Path, keyring: FakeKeyring) -> None:
    """Whether or not somebody has opened a console since; put back, it is fine."""
    whole = log.read_bytes()
    log.unlink()
    report = known_outside(log, keyring).verify(log)
    mark(keyring, log, report)
    assert (report.verdict, "is gone" in report.tampering) == (Verdict.TAMPERED, True)
    log.write_bytes(whole)
    mark(keyring, log, known_outside(log, keyring).verify(log))
    with closing(Logbook(log, keyring)) as book:
        assert book.open().health is AuditHealth.FINE
    assert verify(log.with_name("never"), Head(0, bytes(32))).verdict is Verdict.UNREADABLE


def test_a_sealed_log_takes_nothing(log: Path) -> None:
    """Neither entries nor what stands beside them, whoever holds the file."""
    with closing(AuditLog(log)) as sealed:
        sealed.seal("It was cut.", "Look at it.")
        with pytest.raises(AuditUnavailable, match="It was cut"):
            sealed.append(decided(1))
        with pytest.raises(AuditUnavailable, match="It was cut"), sealed.writing():
            pass
        assert sealed.head()


def test_a_log_that_does_not_fit_what_is_known_of_it_is_not_handed_out(
    log: Path, keyring: FakeKeyring
) -> None:
    """In itself a cut log is whole; the keyring knows better."""
    _cut(log)
    beside = Beside(outside=known_outside(log, keyring))
    with (
        pytest.raises(NotExported, match="cut off"),
        snapshot(log, AuditQuery(), beside),
    ):
        pass
