"""The log of a desk is opened with its keys, judged by its head, and goes on after a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit import emergency
from desktop.audit.due import Due
from desktop.audit.emergency import FILE_NAME, LATER, REFUSED, keep_outside, take_in
from desktop.audit.entries import AuditKind, happened, read_entry
from desktop.audit.heads import Head
from desktop.audit.index import Index
from desktop.audit.known import Mark
from desktop.audit.log import (
    AuditLog,
    AuditUnavailable,
    OutboxState,
    Outgoing,
    Record,
    read_entries,
)
from desktop.audit.logbook import Logbook
from desktop.audit.places import OneWriter
from desktop.audit.verifying import verify
from desktop.store.record import AuditHealth
from tests.support.audited import ALL, STREAM, FakeKeyring, by_hand, decided


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "audit" / "log.sqlite"


@pytest.fixture
def keyring() -> FakeKeyring:
    """A keyring of its own."""
    return FakeKeyring()


@pytest.fixture
def book(path: Path, keyring: FakeKeyring) -> Iterator[Logbook]:
    """The log, open, with three entries, and its head kept."""
    with closing(Logbook(path, keyring)) as book:
        book.open()
        book.append([Record(decided(number)) for number in (1, 2, 3)])
        _keep(book)
        yield book


def _keep(book: Logbook) -> None:
    head = book.checkpoint()
    assert head is not None
    assert head.at
    book.keep_head(head)


def _health(path: Path, keyring: FakeKeyring | None) -> AuditHealth:
    with closing(Logbook(path, keyring)) as book:
        return book.open().health


def test_a_log_that_was_cut_or_put_back_is_not_gone_on_with(
    book: Logbook, path: Path, keyring: FakeKeyring
) -> None:
    """The keyring knows what it ended with."""
    book.close()
    assert _health(path, keyring) is AuditHealth.FINE
    older = path.read_bytes()
    with closing(Logbook(path, keyring)) as again:
        assert again.open().size == 3
        again.append([Record(decided(4))])
        _keep(again)
    newer = path.read_bytes()
    path.write_bytes(older)
    assert _health(path, keyring) is AuditHealth.TAMPERED
    assert _health(path, None) is AuditHealth.FINE
    path.write_bytes(newer)
    by_hand(path, "DELETE FROM entry WHERE number = 4", "DELETE FROM checkpoint WHERE size = 4")
    with closing(Logbook(path, keyring)) as again:
        found = again.open()
    assert (found.health, "cut off" in found.title) == (AuditHealth.TAMPERED, True)
    path.unlink()
    assert _health(path, keyring) is AuditHealth.TAMPERED


def test_without_a_keyring_the_log_works(path: Path, keyring: FakeKeyring) -> None:
    """What is missing is said."""
    keyring.broken = "The keyring is locked."
    with closing(Logbook(path, keyring)) as book:
        found = book.open()
        book.append([Record(decided(1), {"comment": "No"})])
        assert book.checkpoint() is None
    assert found.health is AuditHealth.FINE
    assert "The keyring is locked." in found.hint


def test_what_waits_to_leave_is_found_after_a_crash(book: Logbook, keyring: FakeKeyring) -> None:
    """With what was to leave, as long as its key is there."""
    [kept] = book.append([Record(decided(4), outbox=Outgoing(STREAM, b"four"))])
    [sent] = book.append([Record(decided(5), outbox=Outgoing(STREAM, b"five"))])
    book.settle(
        sent.number, OutboxState.SENT, structs.replace(decided(5), kind=AuditKind.DECISION_SENT)
    )
    [unsent] = book.unsent()
    assert (unsent.number, unsent.entry.nonce) == (kept.number, decided(4).nonce)
    assert unsent.outgoing == Outgoing(STREAM, b"four")
    keyring.kept.clear()
    book.close()
    with closing(Logbook(book.path, keyring)) as again:
        again.open()
        assert [one.outgoing for one in again.unsent()] == [None]
    with closing(Logbook(book.path, None)) as again:
        again.open()
        assert [one.outgoing for one in again.unsent()] == [None]


def test_a_person_s_last_entry_is_known(book: Logbook, path: Path) -> None:
    """Each decision names the one before it; also after a start."""
    assert book.last_hash("r.mora") == read_entries(path, 1)[0].hash.hex()
    assert book.last_hash("l.park") == ""
    book.append([Record(decided(4))])
    last = read_entries(path, 1)[0].hash.hex()
    assert book.last_hash("r.mora") == last
    book.close()
    with closing(Logbook(path, None)) as again:
        again.open()
        assert again.last_hash("r.mora") == last
        newest = again.append([Record(decided(5))])[0].hash.hex()
    book.open()  # after another process wrote meanwhile
    assert book.last_hash("r.mora") == newest


def test_a_closed_log_is_not_written(book: Logbook) -> None:
    """It is opened first; closing twice is fine."""
    book.close()
    book.close()
    assert book.checkpoint() is None
    with pytest.raises(AuditUnavailable):
        book.append([Record(decided(4))])


def test_a_damaged_log_is_told_and_left_alone(book: Logbook, path: Path) -> None:
    """Every time it is asked for, until somebody looks at it."""
    assert book.open() is book.open()
    book.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    path.write_bytes(damaged)
    for _ in range(2):
        with closing(Logbook(path, None)) as again, pytest.raises(AuditUnavailable):
            again.open()
    assert path.read_bytes() == damaged
    without = Logbook(path, None)
    without.keep_head(Head(1, bytes(32)))


def test_a_log_that_cannot_be_judged_is_left_to_others(book: Logbook, path: Path) -> None:
    """Whoever repairs it must be able to write it."""
    book.close()
    by_hand(path, "DROP TABLE checkpoint")
    with closing(Logbook(path, None)) as again:
        with pytest.raises(AuditUnavailable, match="no such table"):
            again.open()
        assert not again.is_open
        OneWriter(path, 0).release()


def test_what_waits_under_a_key_that_was_changed_does_not_leave(
    book: Logbook, path: Path, keyring: FakeKeyring
) -> None:
    """That it waits is known; what it was is not."""
    [kept] = book.append([Record(decided(4), outbox=Outgoing(STREAM, b"four"))])
    book.close()
    by_hand(path, "UPDATE outbox SET stream = 'elsewhere'")
    with closing(Logbook(path, keyring)) as again:
        again.open()
        assert [(one.number, one.outgoing) for one in again.unsent()] == [(kept.number, None)]


def test_what_was_kept_outside_comes_into_the_log(book: Logbook, path: Path) -> None:
    """Once, and named as what it is; a line that was cut off is passed over."""
    book.close()
    outside = keep_outside(path, decided(8, decision="reject"))
    assert outside is not None
    with outside.open("ab") as file:
        file.write(b'{"kind": "deci')
    with closing(Logbook(path, None)) as again:
        again.open()
    last = read_entries(path, ALL)[-1].entry
    assert (last.nonce, last.detail) == (decided(8).nonce, LATER)
    assert not outside.exists()
    assert _health(path, None) is AuditHealth.FINE
    assert len(read_entries(path, ALL)) == 4


def test_what_no_console_keeps_outside_is_not_taken_in(
    book: Logbook, path: Path, keyring: FakeKeyring
) -> None:
    """Anybody may write there: an approval or a shredding from there would excuse what they did."""
    ran = decided(8, kind=AuditKind.RECEIPT, outcome="executed", request_id="f" * 32)
    book.append([Record(ran)])
    book.close()
    for forged in (
        decided(7, request_id="f" * 32),
        decided(6, request_id="f" * 32, kind=AuditKind.DECISION_SEEN),
        structs.replace(happened(AuditKind.SHREDDED), outcome="2999", detail="decision"),
        decided(9, decision="reject"),
    ):
        outside = keep_outside(path, forged)
        assert outside
    with closing(Logbook(path, keyring)) as again:
        again.open()
    *_, taken, told = (one.entry for one in read_entries(path, ALL))
    assert (taken.nonce, taken.detail) == (decided(9).nonce, LATER)
    assert (told.kind, told.detail[:8]) == (AuditKind.UNREADABLE_SEEN, "3 lines ")
    assert not outside.exists()
    [kept] = _refused(outside)
    assert kept.read_bytes().count(b"\n") == 4
    assert [one.number for one in verify(path).findings] == [4]
    with closing(Logbook(path, keyring)) as again:
        again.open()
    assert len(read_entries(path, ALL)) == 6


def test_what_was_refused_before_is_not_replaced(path: Path) -> None:
    """Each is evidence; their names say in which order they came."""
    forged = [decided(number) for number in (7, 6, 8)]
    with closing(AuditLog(path)) as log:
        for one in forged:
            outside = keep_outside(path, one)
            assert take_in(log) == 1
    assert outside is not None
    kept = [read_entry(one.read_bytes()) for one in _refused(outside)]
    assert kept == forged


def _refused(outside: Path) -> list[Path]:
    """What was taken for nothing of ours, oldest first."""
    return sorted(outside.parent.glob(f"{FILE_NAME}*{REFUSED}"))


def test_a_receipt_that_lay_outside_settles_nothing(book: Logbook, path: Path) -> None:
    """Neither in a verification nor on the page; the true one can still come into the log."""
    asked = decided(5, request_id="e" * 32, at="2026-01-01T00:00:00.000Z")
    book.append([Record(asked)])
    receipt = structs.replace(asked, kind=AuditKind.RECEIPT, outcome="executed")
    book.append([Record(structs.replace(receipt, detail=LATER))])
    mark = Mark("c-1", "", "e" * 32, asked.nonce, "executed")
    with closing(Index(path, None)) as index:
        index.catch_up()
        assert index.due([4], 10**15) == {4: Due.RECEIPT}
        assert not index.knows(mark)
        assert any("No worker" in one.title for one in verify(path).findings)
        book.append([Record(receipt)])
        index.catch_up()
        assert index.due([4], 10**15) == {}
        assert index.knows(mark)
    assert not any("No worker" in one.title for one in verify(path).findings)


def test_outside_is_elsewhere_if_it_must_be(tmp_path: Path) -> None:
    """And nowhere if that fails, too."""
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "log.sqlite"
    outside = keep_outside(path, decided(1))
    assert outside is not None
    assert path.parent not in outside.parents
    outside.unlink()
    outside.symlink_to(tmp_path / "somebody else's")
    assert keep_outside(path, decided(1)) is None
    outside.unlink()


def test_somebody_else_s_file_is_not_taken_in(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for everybody's temporary files is everybody's."""
    with closing(AuditLog(path)) as log:
        outside = keep_outside(path, decided(8))
        own = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: own + 1)
        assert take_in(log) == 0
    assert outside is not None
    assert outside.exists()


def test_what_is_too_much_to_be_taken_in_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many days were spent beside a log that could not be written."""
    with closing(AuditLog(path)) as log:
        outside = keep_outside(path, happened(AuditKind.SESSION_STARTED))
        assert outside is not None
        monkeypatch.setattr(emergency, "_MOST_BYTES", outside.stat().st_size)
        keep_outside(path, happened(AuditKind.SESSION_ENDED))
        whole = outside.read_bytes()

        assert take_in(log) == 2
        assert take_in(log) == 0
    assert [kept.read_bytes() for kept in _refused(outside)] == [whole]
    kinds = [one.entry.kind for one in read_entries(path, ALL)]
    assert kinds[-2:] == [AuditKind.SESSION_STARTED, AuditKind.UNREADABLE_SEEN]
