"""What another desk signed is believed, what it did not is not, and two logs of one desk show."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit import peers as peers_module
from desktop.audit.chain import tree_of
from desktop.audit.checkpoints import BadCheckpoint, origin_of, sign_checkpoint, sign_note
from desktop.audit.cosigning import cosign, read_cosigned
from desktop.audit.entries import Actor, AuditKind, happened, write_entry
from desktop.audit.judging_peers import Fit, KeptLog, judge
from desktop.audit.log import AuditLog, AuditUnavailable
from desktop.audit.own_log import next_batch, place_to_begin, root_of
from desktop.audit.peers import PeersFile, peers_of
from desktop.audit.taking import FORKED, OTHER_LOG, Own, Taken, Taker
from desktop.audit.witnesses import CHANGED, read_peers, told_of_peers
from tests.support.audited import KEYS, decided
from workers.wire.auditing import (
    AuditAsk,
    AuditBatch,
    AuditCosignature,
    AuditMessage,
    write_message,
)
from workers.wire.signing.keys import SigningKey

LEE = SigningKey(bytes(32))
ROSA = KEYS.install
BODIES = tuple(write_entry(decided(number)) for number in range(12))
OTHERS = tuple(write_entry(decided(100 + number)) for number in range(12))


def batch(first: int, last: int, bodies: tuple[bytes, ...] = BODIES) -> AuditBatch:
    """Entries of Lee's log, from the one after `first` to `last`."""
    before, after = tree_of(bodies[:first]), tree_of(bodies[:last])
    return AuditBatch(
        install=LEE.public.raw,
        begin=sign_checkpoint(first, before.root(), LEE) if first else "",
        peaks=before.peaks,
        bodies=bodies[first:last],
        note=sign_checkpoint(last, after.root(), LEE),
    )


def _huge(size: int) -> AuditBatch:
    """That Lee's log has so many entries, a power of two."""
    tree = tree_of(BODIES[:1])
    note = sign_checkpoint(size, tree.root(), LEE)
    return AuditBatch(install=LEE.public.raw, begin=note, peaks=tree.peaks, note=note)


def kept(size: int, begins: int = 0) -> KeptLog:
    """Lee's log as it is kept elsewhere."""

    def root_at(at: int) -> bytes | None:
        return tree_of(BODIES[:at]).root() if at >= begins else None

    return KeptLog(begins, size, tree_of(BODIES[:size]).peaks, root_at)


def mixed(at: int) -> tuple[bytes, ...]:
    """A log that was another one from an entry on."""
    return (*BODIES[:at], *OTHERS[at:])


@pytest.mark.parametrize(
    ("told", "known", "fit"),
    [
        (batch(0, 5), None, Fit.GROWN),
        (batch(5, 9), None, Fit.GROWN),
        (batch(5, 9), kept(5), Fit.GROWN),
        (batch(3, 9), kept(5), Fit.GROWN),
        (batch(3, 9), kept(5, begins=4), Fit.GROWN),
        (batch(0, 5), kept(5), Fit.KNOWN),
        (batch(0, 2), kept(5, begins=4), Fit.KNOWN),
        (batch(6, 9), kept(5), Fit.MISSING),
        (batch(0, 3, OTHERS), kept(5), Fit.FORKED),
        (batch(0, 5, OTHERS), kept(5), Fit.FORKED),
        (batch(4, 9, mixed(2)), kept(5), Fit.FORKED),
        (batch(3, 9, mixed(4)), kept(5), Fit.FORKED),
        (batch(0, 9, mixed(4)), kept(5), Fit.FORKED),
        # Before what is kept begins, nobody here can say.
        (batch(1, 2, OTHERS), kept(5, begins=4), Fit.KNOWN),
    ],
)
def test_a_batch_fits_or_does_not(told: AuditBatch, known: KeptLog | None, fit: Fit) -> None:
    """By what its desk signed, and by what is kept."""
    judged = judge(told, known)
    assert judged.fit is fit
    if fit is Fit.GROWN:
        assert judged.tree is not None
        assert judged.tree.root() == tree_of(BODIES[: judged.tree.size]).root()
    assert bool(judged.note) == (fit in {Fit.GROWN, Fit.FORKED})


_GOOD = batch(5, 9)
_STRANGERS = sign_checkpoint(9, tree_of(BODIES[:9]).root(), ROSA)


@pytest.mark.parametrize(
    "forged",
    [
        structs.replace(_GOOD, install=b"short"),
        structs.replace(_GOOD, install=ROSA.public.raw),
        structs.replace(_GOOD, note=_STRANGERS),
        structs.replace(_GOOD, note=_GOOD.note + _STRANGERS.rpartition("\n\n")[2]),
        structs.replace(_GOOD, begin=_STRANGERS),
        structs.replace(_GOOD, peaks=b""),
        structs.replace(_GOOD, peaks=bytes(64)),
        structs.replace(_GOOD, bodies=OTHERS[5:9]),
        structs.replace(_GOOD, bodies=BODIES[5:8]),
        structs.replace(_GOOD, bodies=()),
        structs.replace(_GOOD, begin=""),
        _huge(2**54),
        structs.replace(_GOOD, note=batch(0, 3).note),
    ],
)
@pytest.mark.parametrize("known", [None, kept(5)])
def test_what_its_desk_did_not_sign_is_forged(forged: AuditBatch, known: KeptLog | None) -> None:
    """Whoever put it together; it says nothing about the desk."""
    assert judge(forged, known).fit is Fit.FORGED


def test_a_log_may_be_as_long_as_a_file_can_number() -> None:
    """To the last entry."""
    assert judge(_huge(2**53), None).fit is Fit.GROWN


def test_a_cosignature_is_of_both() -> None:
    """Of the desk whose log it is, and of the one that keeps it; at a time."""
    note = cosign(_GOOD.note, ROSA, 1_700_000_000)
    told, at = read_cosigned(note, LEE.public, ROSA.public)
    assert (told.size, told.root, at) == (9, tree_of(BODIES[:9]).root(), 1_700_000_000)
    assert note.startswith(_GOOD.note)
    last = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
    assert read_cosigned(cosign(_GOOD.note, ROSA, last), LEE.public, ROSA.public)[1] == last


def test_a_cosignature_is_in_the_form_that_others_read() -> None:
    """Key id, time and signature (C2SP tlog-cosignature)."""
    line = cosign(_GOOD.note, ROSA, 1_700_000_000).splitlines()[-1]
    dash, name, coded = line.split(" ")
    raw = base64.b64decode(coded, validate=True)
    assert (dash, name) == ("\N{EM DASH}", origin_of(ROSA.public))
    of_key = hashlib.sha256(name.encode() + b"\n\x04" + ROSA.public.raw).digest()
    assert raw[:12] == of_key[:4] + (1_700_000_000).to_bytes(8, "big")
    text = _GOOD.note.rpartition("\n\n")[0] + "\n"
    assert ROSA.public.verifies(raw[12:], f"cosignature/v1\ntime 1700000000\n{text}".encode())


def _broken_cosignatures() -> Iterator[str]:
    note = cosign(_GOOD.note, ROSA, 1)
    yield _GOOD.note
    yield cosign(note, ROSA, 2)
    yield cosign(_GOOD.note, LEE, 1)
    yield cosign(_GOOD.note, ROSA, 253_402_300_800)
    yield f"{note[:-20]}*{note[-20:]}"
    yield note.replace("\n9\n", "\n8\n")
    yield note[:-10] + "\n"
    yield note[:-6] + "****=\n"
    line = note.splitlines()[-1]
    yield note.replace(line, cosign(batch(0, 3).note, ROSA, 1).splitlines()[-1])
    name = origin_of(ROSA.public)
    yield _GOOD.note + sign_note("x\n", name, ROSA).rpartition("\n\n")[2]


@pytest.mark.parametrize("note", list(_broken_cosignatures()))
def test_what_is_no_cosignature_is_refused(note: str) -> None:
    """Another's, of another checkpoint, or none."""
    with pytest.raises(BadCheckpoint):
        read_cosigned(note, LEE.public, ROSA.public)


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


def test_of_a_long_log_a_new_broker_is_told_the_end(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root covers the rest."""
    assert place_to_begin(log) == 0
    monkeypatch.setattr("desktop.audit.own_log.MOST_AT_FIRST", 5)
    assert place_to_begin(log) == 6


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
    other = structs.replace(mine, note=cosign(_STRANGERS, LEE, 5))
    unsigned = structs.replace(_own(keeping.log), note=_GOOD.note)
    forged = structs.replace(_GOOD, note=_STRANGERS)
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


def test_who_asks_is_heard_and_what_is_not_for_us_is_not(keeping: Keeping) -> None:
    """The earliest counts."""
    asks = [AuditAsk(install=ROSA.public.raw, after=after) for after in (7, 3, 5)]
    others = AuditAsk(install=LEE.public.raw, after=1)
    theirs = AuditCosignature(install=LEE.public.raw, by=ROSA.public.raw, note="x")
    taken = keeping.take(*asks, others, theirs)
    assert (taken.asked_after, taken.forged) == (3, 0)
    keeping.own = Own(None, lambda _size: None)
    assert keeping.take(*asks).asked_after is None


def test_nobody_fills_this_disk(keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither with desks nor with nonsense."""
    monkeypatch.setattr(peers_module, "MOST_PEERS", 0)
    monkeypatch.setattr(peers_module, "MOST_IGNORED", 3)
    future = write_message(structs.replace(_GOOD, v=2))
    taken = keeping.take(_GOOD, *[b"{" * 9000] * 5, b"[]", future, b"")
    assert (taken.too_many, taken.malformed) == (1, 8)
    assert read_peers(keeping.log).ignored == 3


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


def test_a_log_that_grew_by_nothing_is_kept_by_its_tree(keeping: Keeping) -> None:
    """A newcomer may meet a checkpoint first."""
    empty = structs.replace(batch(4, 5), bodies=(), note=batch(0, 4).note)
    keeping.take(empty)
    [report] = read_peers(keeping.log).reports
    assert (report.begins, report.size, report.who, report.findings) == (4, 4, "", ())


def test_the_file_is_refused_or_told_to_be_broken(tmp_path: Path) -> None:
    """One of a later version, and one that is no database."""
    log = tmp_path / "log.sqlite"
    assert read_peers(log).reports == ()
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
