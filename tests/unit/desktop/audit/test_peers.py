"""What another desk signed is believed, what it did not is not, and two logs of one desk show."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit.chain import tree_of
from desktop.audit.checkpoints import origin_of, sign_checkpoint
from desktop.audit.cosigning import cosign
from desktop.audit.entries import Actor, AuditKind, happened, write_entry
from desktop.audit.judging_peers import Fit, KeptLog, judge
from desktop.audit.log import AuditLog, AuditUnavailable
from desktop.audit.own_log import next_batch, place_to_begin, root_of
from desktop.audit.peers import PeersFile, peers_of
from desktop.audit.taking import FORKED, OTHER_LOG, Own, Taken, Taker
from desktop.audit.witnesses import CHANGED, read_peers, told_of_peers
from tests.support.audited import KEYS, by_hand, decided
from tests.support.peer_batches import BODIES, GOOD, LEE, OTHERS, ROSA, STRANGERS, batch
from workers.wire.auditing import (
    AuditAsk,
    AuditBatch,
    AuditCosignature,
    AuditMessage,
    write_message,
)
from workers.wire.signing.keys import SigningKey


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Rosa's log, with a checkpoint in the middle."""
    path = tmp_path / "log.sqlite"
    with closing(AuditLog(path, KEYS)) as log:
        for number in range(6):
            log.append(decided(number))
        log.checkpoint()
        for number in range(6, 10):
            log.append(decided(number))
    return path


def test_a_log_is_told_in_batches_that_fit(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From anywhere; from the beginning, if it has become shorter."""
    monkeypatch.setattr("desktop.audit.own_log.BATCH_BYTES", 2000)
    after, told = 0, 0
    known: KeptLog | None = None
    while (found := next_batch(log, after, ROSA)) is not None:
        one, after = found
        judged = judge(one, known)
        assert judged.fit is Fit.GROWN
        assert judged.tree is not None
        tree = judged.tree
        known = KeptLog(0, tree.size, tree.peaks, lambda _at: None)
        told += len(one.bodies)
    assert (told, after) == (10, 10)
    again = next_batch(log, 99, ROSA)
    assert again is not None
    assert again[0].begin == ""
    assert root_of(log, 8) == root_of(log, 8) != root_of(log, 9)
    assert root_of(log, 11) is None
    assert root_of(log.with_name("none"), 1) is None


@pytest.mark.parametrize(("more", "told"), [(0, 2), (1, 1)])
def test_a_batch_has_64_kibibytes_at_most(tmp_path: Path, more: int, told: int) -> None:
    """To the byte; one entry at least, or nothing would ever be told."""
    path, half = tmp_path / "log.sqlite", 32 * 1024
    with closing(AuditLog(path)) as log:
        for length in (half, half + more, 2 * half + 1):
            plain = decided(1)
            padding = "x" * (length - len(write_entry(plain)))
            assert len(log.append(structs.replace(plain, detail=padding)).body) == length
    found = next_batch(path, 0, ROSA)
    assert found is not None
    assert len(found[0].bodies) == told
    last = next_batch(path, 2, ROSA)
    assert last is not None
    assert len(last[0].bodies) == 1


@pytest.mark.parametrize(("size", "begins"), [(10_000, 0), (10_001, 10_001)])
def test_of_a_long_log_a_new_broker_is_told_the_end(log: Path, size: int, begins: int) -> None:
    """The root covers the rest."""
    assert place_to_begin(log) == 0
    by_hand(log, f"UPDATE checkpoint SET size = {size}")  # noqa: S608 - a number
    assert place_to_begin(log) == begins


class Keeping:
    """A file of other desks' logs beside Rosa's."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.file = PeersFile(peers_of(log))
        self.own = Own(ROSA.public, lambda size: root_of(log, size))

    def take(self, *messages: AuditMessage | bytes) -> Taken:
        taken = Taken()
        raw = [one if isinstance(one, bytes) else write_message(one) for one in messages]
        with self.file.writing():
            Taker(self.file, self.own, taken).take(raw)
        return taken


@pytest.fixture
def keeping(log: Path) -> Iterator[Keeping]:
    """It, open."""
    keeping = Keeping(log)
    yield keeping
    keeping.file.close()


def test_a_log_is_kept_and_proven_later(keeping: Keeping) -> None:
    """Also one whose beginning nobody has any more; what is missing is told."""
    taken = keeping.take(batch(2, 5), batch(7, 9), batch(0, 5), batch(5, 8))
    assert taken.grown == {LEE.public.raw: batch(5, 8).note}
    assert (taken.missing, taken.forged) == ({}, 0)
    keeping.file.close()
    keeping.file = PeersFile(peers_of(keeping.log))
    assert keeping.take(batch(10, 12)).missing == {LEE.public.raw: 8}
    [report] = read_peers(keeping.log).reports
    assert (report.begins, report.size, report.findings) == (2, 8, ())
    assert report.origin == origin_of(LEE.public)
    assert report.who.startswith("Rosa Mora at ")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE body SET body = x'7b7d' WHERE number = 4",
        "DELETE FROM body WHERE number = 4",
        "DELETE FROM body WHERE number = 8",
        "DELETE FROM checkpoint WHERE size = 2",
        "UPDATE checkpoint SET peaks = zeroblob(32) WHERE size = 2",
        "UPDATE checkpoint SET note = 'x' WHERE size = 5",
        "UPDATE checkpoint SET root = zeroblob(32) WHERE size = 5",
        "UPDATE peer SET size = 7",
    ],
)
def test_what_is_kept_is_not_believed_either(keeping: Keeping, change: str) -> None:
    """A desk can prove what others signed, and nothing else."""
    keeping.take(batch(2, 5), batch(5, 8))
    with closing(sqlite3.connect(peers_of(keeping.log))) as connection:
        connection.execute(change)
        connection.commit()
    peers = read_peers(keeping.log)
    assert [one.findings for one in peers.reports] == [(CHANGED,)]
    assert peers.has_findings


def test_a_fork_is_found_once_and_what_is_kept_stays(keeping: Keeping) -> None:
    """With the note that proves it."""
    keeping.take(batch(0, 5))
    first = keeping.take(batch(0, 3, OTHERS), batch(0, 4, OTHERS))
    again = keeping.take(batch(0, 3, OTHERS))
    assert [one.title for one in first.found] == [FORKED]
    assert again.found == []
    [finding] = keeping.file.findings()
    assert finding.note == batch(0, 3, OTHERS).note
    assert read_peers(keeping.log).reports[0].size == 5
    [told] = told_of_peers(keeping.file.peers(), keeping.file.findings())
    assert "Rosa Mora" in told
    [told] = told_of_peers([], keeping.file.findings())
    assert told.startswith("signoff.audit/")


def _own(log: Path, after: int = 0) -> AuditBatch:
    found = next_batch(log, after, ROSA)
    assert found is not None
    return found[0]


def test_what_others_cosign_is_kept_if_it_is_this_log(keeping: Keeping, tmp_path: Path) -> None:
    """Of another log of this installation there is a finding; of nobody's, nothing."""
    note = cosign(_own(keeping.log).note, LEE, 5)
    mine = AuditCosignature(install=ROSA.public.raw, by=LEE.public.raw, note=note)
    assert keeping.take(mine, _own(keeping.log)).found == []
    [witness] = read_peers(keeping.log, ROSA.public).witnesses
    assert (witness.size, witness.by, witness.at) == (10, origin_of(LEE.public), 5)
    assert read_peers(keeping.log, LEE.public).witnesses == ()

    bad = structs.replace(mine, by=b"short")
    longer = sign_checkpoint(12, tree_of(BODIES).root(), ROSA)
    other = structs.replace(mine, note=cosign(longer, LEE, 5))
    unsigned = structs.replace(_own(keeping.log), note=GOOD.note)
    forged = structs.replace(GOOD, note=STRANGERS)
    assert keeping.take(forged).forged == 1
    taken = keeping.take(bad, unsigned, other, other)
    assert (taken.forged, [one.title for one in taken.found]) == (2, [OTHER_LOG])
    peers = read_peers(keeping.log)
    assert peers.witnesses == (witness,)
    assert [one.who for one in peers.reports] == ["this desk"]
    assert peers.ignored == 3

    with closing(sqlite3.connect(peers_of(keeping.log))) as connection:
        connection.execute("UPDATE cosignature SET note = 'by hand'")
        connection.commit()
    assert read_peers(keeping.log).witnesses == ()


def test_each_desk_has_findings_of_its_own(keeping: Keeping) -> None:
    """The one that signed two logs, and this one."""
    longer = cosign(sign_checkpoint(12, tree_of(BODIES).root(), ROSA), LEE, 5)
    own = AuditCosignature(install=ROSA.public.raw, by=LEE.public.raw, note=longer)
    keeping.take(batch(0, 5), batch(0, 3, OTHERS), own)
    told = {one.who: one for one in read_peers(keeping.log).reports}
    assert told["this desk"].findings == (OTHER_LOG,)
    assert (told["this desk"].begins, told["this desk"].size) == (0, 0)
    [lee] = [one for who, one in told.items() if who != "this desk"]
    assert lee.findings == (FORKED,)


def test_who_asks_is_heard_and_what_is_not_for_us_is_not(keeping: Keeping) -> None:
    """The earliest counts."""
    asks = [AuditAsk(install=ROSA.public.raw, after=after) for after in (7, 3, 5)]
    others = AuditAsk(install=LEE.public.raw, after=1)
    theirs = AuditCosignature(install=LEE.public.raw, by=ROSA.public.raw, note="x")
    taken = keeping.take(*asks, others, theirs)
    assert (taken.asked_after, taken.forged) == (3, 0)
    keeping.own = Own(None, lambda _size: None)
    assert keeping.take(*asks).asked_after is None


def test_nobody_fills_this_disk(keeping: Keeping) -> None:
    """Neither with desks nor with nonsense: of 200 each is kept, and the file ends at 4 GB."""
    future = write_message(structs.replace(GOOD, v=2))
    taken = keeping.take(*[b"{" * 9000] * 200, b"[]", future, b"")
    assert (taken.too_many, taken.malformed, read_peers(keeping.log).ignored) == (0, 203, 200)
    strangers = [SigningKey(number.to_bytes(32, "big")) for number in range(1, 202)]
    taken = keeping.take(*(batch(0, 1, key=key) for key in strangers))
    assert (len(taken.grown), taken.too_many) == (200, 1)
    with closing(sqlite3.connect(peers_of(keeping.log))) as connection:
        assert connection.execute("SELECT count(*) FROM peer").fetchone() == (200,)
        assert connection.execute("SELECT max(length(data)) FROM ignored").fetchone() == (2048,)
    [[pages]] = keeping.file._connection.execute("PRAGMA max_page_count")
    [[bytes_each]] = keeping.file._connection.execute("PRAGMA page_size")
    assert pages * bytes_each == 4_096_000_000


def test_the_file_is_its_owner_s(tmp_path: Path) -> None:
    """As the log is."""
    path = tmp_path / "signoff" / "audit" / "peers.sqlite"
    PeersFile(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_fork_shows_where_what_is_kept_begins(keeping: Keeping) -> None:
    """Its tree is kept there; before that nobody here can say."""
    keeping.take(batch(2, 5))
    assert keeping.take(batch(0, 1, OTHERS)).found == []
    assert [one.title for one in keeping.take(batch(0, 2, OTHERS)).found] == [FORKED]


def _by(name: str, device: str) -> bytes:
    actor = Actor(name=name, device=device)
    return write_entry(structs.replace(happened(AuditKind.SESSION_STARTED), actor=actor))


@pytest.mark.parametrize(
    ("entry", "who"),
    [
        (b"no entry", ""),
        (_by("", ""), ""),
        (_by("A\u202eB\n", "desk\x00"), "AB at desk"),
        (_by("r.mora", ""), "r.mora"),
        (_by("n" * 99, ""), "n" * 60),
    ],
)
def test_names_are_shown_plainly(keeping: Keeping, entry: bytes, who: str) -> None:
    """They are another desk's words."""
    keeping.take(batch(0, 1, (entry,)))
    assert keeping.file.peers()[0].who == who


def test_a_desk_keeps_the_name_of_who_sits_there(keeping: Keeping) -> None:
    """Its last entries are of the computer's account, as when a console has ended."""
    keeping.take(batch(0, 3, (_by("Rosa Mora", "desk"), _by("", "desk"), _by("", "desk"))))
    assert keeping.file.peers()[0].who == "Rosa Mora at desk"


def test_a_log_that_grew_by_nothing_is_kept_by_its_tree(keeping: Keeping) -> None:
    """A newcomer may meet a checkpoint first."""
    empty = structs.replace(batch(4, 5), bodies=(), note=batch(0, 4).note)
    keeping.take(empty)
    [report] = read_peers(keeping.log).reports
    assert (report.begins, report.size, report.who, report.findings) == (4, 4, "", ())


def test_the_file_is_refused_or_told_to_be_broken(tmp_path: Path) -> None:
    """One of a later version, and one that is no database."""
    log = tmp_path / "log.sqlite"
    assert (read_peers(log).reports, read_peers(log).ignored) == ((), 0)
    PeersFile(peers_of(log)).close()
    with closing(sqlite3.connect(peers_of(log))) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(AuditUnavailable, match="version 9"):
        PeersFile(peers_of(log))
    for file in tmp_path.iterdir():
        file.unlink()
    peers_of(log).write_bytes(b"no database" * 1000)
    assert "cannot be read" in read_peers(log).problem
    with pytest.raises(AuditUnavailable):
        PeersFile(peers_of(log))


def test_nothing_is_kept_of_what_fails_half_way(keeping: Keeping) -> None:
    """The position neither, so that it is read again."""

    def fails() -> None:
        with keeping.file.writing():
            keeping.file.move("broker", "2026-11", "1-0", 3)
            keeping.file.keep(LEE.public.raw, judge(batch(0, 3), None), "")
            keeping.file.keep(LEE.public.raw, judge(batch(0, 3), None), "")

    with pytest.raises(AuditUnavailable):
        fails()
    assert keeping.file.position("broker", "2026-11") == ("0-0", 0)
    with keeping.file.writing():
        keeping.file.move("broker", "2026-11", "1-0", 3)
    assert keeping.file.position("broker", "2026-11") == ("1-0", 3)
    assert keeping.file.sent("broker") is None
    keeping.file.keep_sent("broker", 4)
    assert keeping.file.sent("broker") == 4
