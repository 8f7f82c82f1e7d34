"""The record of this desk on the command line: shown, verified, and never written by looking."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from msgspec import structs

from desktop import settings
from desktop.audit.checkpoints import sign_checkpoint
from desktop.audit.cosigning import cosign
from desktop.audit.entries import AuditKind, happened
from desktop.audit.log import AuditLog, read_entries
from desktop.audit.own_log import next_batch, root_of
from desktop.audit.peers import PeersFile, peers_of
from desktop.audit.taking import FORKED, Own, Taken, Taker
from tests.support.audited import KEYS, by_hand, decided
from tests.support.command_line import signoff
from workers.wire.auditing import AuditCosignature, write_message
from workers.wire.signing.keys import SigningKey


def _decide(*people: str) -> Path:
    path = settings.audit_log()
    with closing(AuditLog(path)) as log:
        for person in people:
            log.append(happened(AuditKind.DECISION, person=person, name=person.title()))
    return path


async def test_the_log_is_shown_and_verified() -> None:
    """For a person and for a program; that it was found whole is the next entry."""
    path = _decide("r.mora", "l.park", "r.mora")

    shown = await signoff("audit", "show", "--limit", "2", "--json")
    text = await signoff("audit", "show")
    verified = await signoff("audit", "verify", "--json")

    assert [entry["actor"]["id"] for entry in shown.lines] == ["l.park", "r.mora"]
    assert "L.Park (l.park)" in text.text
    assert (verified.code, verified.json["verdict"], verified.json["entries"]) == (0, "intact", 3)
    [last] = read_entries(path, 1)
    assert (last.entry.kind, last.entry.outcome) == (AuditKind.VERIFIED, "intact")
    assert "4 entries" in (await signoff("audit", "verify")).text


async def test_a_log_that_was_changed_exits_with_three() -> None:
    """Findings say where."""
    path = _decide("r.mora", "l.park", "r.mora")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER entry_stays")
        connection.execute("DELETE FROM entry WHERE number = 2")
        connection.commit()

    verified = await signoff("audit", "verify", "--json")

    assert (verified.code, verified.json["verdict"]) == (3, "tampered")
    missing = {"entry": 3, "title": "Entry 2 is missing.", "tampering": True}
    assert missing in verified.json["findings"]
    assert [one.number for one in read_entries(path, 9)] == [1, 3]


async def test_what_other_desks_cosigned_and_what_is_kept_of_theirs_is_told() -> None:
    """A log that is shorter than what another desk co-signed exits with three."""
    path = settings.audit_log()
    with closing(AuditLog(path, KEYS)) as log:
        for number in range(3):
            log.append(decided(number))
    found, other = next_batch(path, 0, KEYS.install), SigningKey(bytes(32))
    assert found is not None
    note = cosign(found[0].note, other, 1_700_000_000)
    own = KEYS.install.public
    word = AuditCosignature(install=own.raw, by=other.public.raw, note=note)
    forked = sign_checkpoint(3, bytes(32), other)
    with closing(PeersFile(peers_of(path))) as peers, peers.writing():
        Taker(peers, Own(own, lambda size: root_of(path, size)), Taken()).take(
            [write_message(word), b"nonsense"]
        )

    intact = await signoff("audit", "verify", "--log", str(path), "--json")
    with closing(PeersFile(peers_of(path))) as peers, peers.writing():
        peers.find(other.public.raw, FORKED, forked)
    looked_at = await signoff("audit", "verify", "--log", str(path))
    by_hand(path, "DELETE FROM entry WHERE number > 1")
    cut = await signoff("audit", "verify", "--log", str(path), "--json")
    peers_of(path).write_bytes(b"x" * 5000)
    broken = await signoff("audit", "verify", "--log", str(path))

    assert (intact.code, intact.json["cosigned"][0]["entries"]) == (0, 3)
    assert (intact.json["peers"], intact.json["ignored_messages"]) == ([], 1)
    assert (looked_at.code, FORKED in looked_at.text) == (1, True)
    assert "co-signed" in looked_at.text
    assert (cut.code, cut.json["verdict"]) == (3, "tampered")
    assert cut.json["peers"][0]["findings"] == [FORKED]
    assert any("Another desk" in one["title"] for one in cut.json["findings"])
    assert "cannot be read" in broken.text


async def test_where_nothing_was_decided_there_is_nothing_to_read(tmp_path: Path) -> None:
    """Neither command makes a file."""
    missing = tmp_path / "none.sqlite"
    assert (await signoff("audit", "verify", "--log", str(missing))).code == 2
    shown = await signoff("audit", "show", "--log", str(missing), "--json")
    assert (shown.code, bool(shown.json["error"]["title"])) == (2, True)
    assert not missing.exists()


def _paid(path: Path) -> None:
    entry = structs.replace(
        happened(AuditKind.DECISION, person="r.mora", name="Rosa Mora"),
        agent="treasury_agent",
        action="transfer_funds",
        request_id="1" * 32,
        nonce="a" * 32,
        decision="approve",
    )
    with closing(AuditLog(path)) as log:
        log.append(entry)
        log.append(structs.replace(entry, kind=AuditKind.RECEIPT, outcome="executed"))
        log.append(
            structs.replace(
                entry, kind=AuditKind.RECEIPT, outcome="executed", nonce="b", request_id="2" * 32
            )
        )


async def test_entries_are_found_and_shown_by_name() -> None:
    """Findings first and told by the exit code; a request by its id, an entry by its number."""
    _paid(settings.audit_log())

    found = await signoff("audit", "find", "--tool", "transfer", "--json")
    clean = await signoff("audit", "find", "--outcome", "approve", "--person", "nobody")
    findings = await signoff("audit", "find", "--findings")
    request = await signoff("audit", "show", "1" * 32, "--json")
    entry = await signoff("audit", "show", "3")
    unknown = await signoff("audit", "show", "4", "--json")

    assert (found.code, [line["number"] for line in found.lines]) == (1, [3, 2, 1])
    assert (clean.code, clean.text.strip()) == (0, "Nothing matches.")
    assert (findings.code, "no decision on it is in this log" in findings.text) == (1, True)
    assert (request.code, [line["number"] for line in request.lines]) == (0, [1, 2])
    assert (entry.code, "finding: It ran" in entry.text) == (1, True)
    assert (unknown.code, bool(unknown.json["error"]["hint"])) == (2, True)
