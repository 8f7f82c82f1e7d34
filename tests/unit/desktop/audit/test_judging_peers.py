"""What another desk signed is told from what it did not, and a co-signature from none."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec import structs

from desktop.audit.chain import tree_of
from desktop.audit.checkpoints import BadCheckpoint, origin_of, sign_checkpoint, sign_note
from desktop.audit.cosigning import cosign, read_cosigned
from desktop.audit.judging_peers import Fit, KeptLog, judge
from tests.support.peer_batches import BODIES, GOOD, LEE, OTHERS, ROSA, STRANGERS, batch
from workers.wire.auditing import AuditBatch


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


@pytest.mark.parametrize(
    "forged",
    [
        structs.replace(GOOD, install=b"short"),
        structs.replace(GOOD, install=ROSA.public.raw),
        structs.replace(GOOD, note=STRANGERS),
        structs.replace(GOOD, note=GOOD.note + STRANGERS.rpartition("\n\n")[2]),
        structs.replace(GOOD, begin=STRANGERS),
        structs.replace(GOOD, peaks=b""),
        structs.replace(GOOD, peaks=bytes(64)),
        structs.replace(GOOD, bodies=OTHERS[5:9]),
        structs.replace(GOOD, bodies=BODIES[5:8]),
        structs.replace(GOOD, bodies=()),
        structs.replace(GOOD, begin=""),
        _huge(2**54),
        structs.replace(GOOD, note=batch(0, 3).note),
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
    note = cosign(GOOD.note, ROSA, 1_700_000_000)
    told, at = read_cosigned(note, LEE.public, ROSA.public)
    assert (told.size, told.root, at) == (9, tree_of(BODIES[:9]).root(), 1_700_000_000)
    assert note.startswith(GOOD.note)
    last = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
    assert read_cosigned(cosign(GOOD.note, ROSA, last), LEE.public, ROSA.public)[1] == last


def test_a_cosignature_is_in_the_form_that_others_read() -> None:
    """Key id, time and signature (C2SP tlog-cosignature)."""
    line = cosign(GOOD.note, ROSA, 1_700_000_000).splitlines()[-1]
    dash, name, coded = line.split(" ")
    raw = base64.b64decode(coded, validate=True)
    assert (dash, name) == ("\N{EM DASH}", origin_of(ROSA.public))
    of_key = hashlib.sha256(name.encode() + b"\n\x04" + ROSA.public.raw).digest()
    assert raw[:12] == of_key[:4] + (1_700_000_000).to_bytes(8, "big")
    text = GOOD.note.rpartition("\n\n")[0] + "\n"
    assert ROSA.public.verifies(raw[12:], f"cosignature/v1\ntime 1700000000\n{text}".encode())


def _broken_cosignatures() -> Iterator[str]:
    note = cosign(GOOD.note, ROSA, 1)
    yield GOOD.note
    yield cosign(note, ROSA, 2)
    yield cosign(GOOD.note, LEE, 1)
    yield cosign(GOOD.note, ROSA, 253_402_300_800)
    yield f"{note[:-20]}*{note[-20:]}"
    yield note.replace("\n9\n", "\n8\n")
    yield note[:-10] + "\n"
    yield note[:-6] + "****=\n"
    line = note.splitlines()[-1]
    yield note.replace(line, cosign(batch(0, 3).note, ROSA, 1).splitlines()[-1])
    name = origin_of(ROSA.public)
    yield GOOD.note + sign_note("x\n", name, ROSA).rpartition("\n\n")[2]


@pytest.mark.parametrize("note", list(_broken_cosignatures()))
def test_what_is_no_cosignature_is_refused(note: str) -> None:
    """Another's, of another checkpoint, or none."""
    with pytest.raises(BadCheckpoint):
        read_cosigned(note, LEE.public, ROSA.public)
