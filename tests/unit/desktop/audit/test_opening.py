"""Which logs are opened, by whom, and what is said about the others."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit import entries, places
from desktop.audit.entries import Actor
from desktop.audit.log import (
    AuditLog,
    AuditUnavailable,
    OutboxState,
    Outgoing,
    last_tree,
    opened_to_read,
    read_entries,
    read_secret,
)
from desktop.audit.places import OneWriter, check_place
from desktop.audit.secrets import NOT_KEPT
from desktop.audit.verifying import Verdict, verify
from tests.support.audited import ALL, KEYS, STREAM, by_hand, decided, head_of, make_log
from tests.support.environment import ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a log would be."""
    return tmp_path / "log.sqlite"


def _first_version(path: Path) -> list[bytes]:
    """A log as the first version made it. Returns the hashes of its entries."""
    make_log(path, None)
    by_hand(path)
    with closing(sqlite3.connect(path)) as connection:
        for table in ("secret", "record_key", "outbox", "checkpoint"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    return [one.hash for one in read_entries(path, ALL)]


def test_an_older_log_goes_on(path: Path) -> None:
    """It gets what it lacks; not one of its entries is written anew."""
    hashes = _first_version(path)
    with closing(AuditLog(path, KEYS)) as opened:
        opened.append(decided(9), {"comment": "No"})
        opened.checkpoint()
    assert [one.hash for one in read_entries(path, ALL)][:-1] == hashes
    assert verify(path, head_of(path), KEYS).verdict is Verdict.INTACT


def test_texts_and_what_leaves_are_on_the_disk_with_the_entry(path: Path) -> None:
    """All or nothing; what has left is no longer kept."""
    with closing(AuditLog(path, KEYS)) as opened:
        kept = opened.append(decided(1), {"comment": "Wrong IBAN"}, Outgoing(STREAM, b"pay 9999"))
        with opened_to_read(path) as connection:
            assert read_secret(connection, KEYS, kept, "comment") == "Wrong IBAN"
            assert read_secret(connection, KEYS, kept, "other") is None
            query = "SELECT stream, length(payload) > 7, state FROM outbox"
            assert connection.execute(query).fetchall() == [(STREAM, 1, "waiting")]
        opened.settle(kept.number, OutboxState.SENT, decided(1))
        assert opened.read("SELECT payload, state FROM outbox") == [(None, "sent")]
    assert kept.entry.secrets["comment"].startswith("sha-256:")
    for beside in path.parent.iterdir():
        assert b"Wrong IBAN" not in beside.read_bytes()
        assert b"pay 9999" not in beside.read_bytes()


def test_without_keys_the_entry_says_that_a_text_was_not_kept(path: Path) -> None:
    """The log works all the same; nothing lies in it in clear."""
    with closing(AuditLog(path)) as opened:
        kept = opened.append(decided(1), {"comment": "No"}, Outgoing(STREAM, b"payload"))
        assert opened.checkpoint() is None
        assert opened.read("SELECT payload FROM outbox") == [(None,)]
    assert kept.entry.secrets == {"comment": NOT_KEPT}


def test_a_log_in_which_nothing_is_has_no_checkpoint(path: Path) -> None:
    """There would be nothing in it to prove."""
    with closing(AuditLog(path, KEYS)) as opened:
        assert opened.checkpoint() is None
        opened.append(decided(1))
        first = opened.checkpoint()
        assert first is not None
        assert opened.checkpoint() == first


def test_a_tree_that_was_kept_wrong_is_made_anew(path: Path) -> None:
    """It saves work, and is never believed."""
    make_log(path)
    with closing(AuditLog(path, KEYS)) as opened:
        assert last_tree(opened.connection).size == 6
    for statement in (
        "UPDATE checkpoint SET peaks = x'00'",
        "UPDATE checkpoint SET peaks = zeroblob(64)",
    ):
        by_hand(path, statement)
        with closing(AuditLog(path, KEYS)) as opened:
            assert last_tree(opened.connection).size == 0


def test_a_log_that_was_replaced_is_not_written(path: Path) -> None:
    """Nobody would ever read what was written to a file that has no name any more."""
    with closing(AuditLog(path)) as opened:
        opened.append(decided(1))
        path.unlink()
        with pytest.raises(AuditUnavailable, match="cannot be written"):
            opened.append(decided(2))
        path.write_bytes(b"")
        (path.parent / "other").write_bytes(b"")
        with pytest.raises(AuditUnavailable, match="replaced"):
            opened.append(decided(2))


_HOLDER = """
import sys
from pathlib import Path
from desktop.audit.log import AuditLog
log = AuditLog(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def test_one_process_writes_and_others_read(path: Path) -> None:
    """The second one is told; when the first has ended, it may."""
    make_log(path)
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(AuditUnavailable, match="Another Signoff") as caught:
            AuditLog(path)
        assert "nothing is approved" in caught.value.hint
        assert len(read_entries(path, ALL)) == 7
        other.kill()
    OneWriter(path).release()


def test_a_log_of_another_account_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By who made its entries, and by whose file it is."""
    with closing(AuditLog(path)) as opened:
        entry = structs.replace(decided(1), actor=Actor(os_user="somebody.else"))
        opened.append(entry)
    with pytest.raises(AuditUnavailable, match="another person"):
        AuditLog(path)
    other = path.with_name("other.sqlite")
    AuditLog(other).close()
    monkeypatch.setattr(os, "getuid", lambda: other.stat().st_uid + 1)
    with pytest.raises(AuditUnavailable, match="another person"):
        AuditLog(other)


def test_an_account_without_a_name_has_a_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in some containers."""

    def nobody() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr(entries.getpass, "getuser", nobody)
    for _ in range(2):
        with closing(AuditLog(path)) as opened:
            opened.append(decided(1))
    assert len(read_entries(path, ALL)) == 2


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_network_share_is_refused(tmp_path: Path, kind: str) -> None:
    """A write-ahead log would break there without a word."""
    device = tmp_path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 /dev/sda rw\n2 1 {wanted} / /x rw - {kind} a rw\n")
    with pytest.raises(AuditUnavailable, match=kind):
        check_place(tmp_path, mounts)
    check_place(tmp_path, tmp_path / "no such table")
    mounts.write_text("1 1 0:1 / / rw - ext4 /dev/sda rw\n")
    check_place(tmp_path, mounts)


def test_a_share_is_known_by_its_name() -> None:
    """As Windows writes it: there is no table to look it up in."""
    assert places._kind_of(Path(r"\\server\share"), Path("none")) == "smb3"


def test_a_tour_names_an_invented_desk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pictures go round; and it opens its own log again."""
    monkeypatch.setattr(entries, "_invented", [])
    entries.invent_place("rosa", "desk-2")
    for _ in range(2):
        with closing(AuditLog(path)) as opened:
            opened.append(decided(1))
    actor = read_entries(path, 1)[0].entry.actor
    assert (actor.os_user, actor.device) == ("rosa", "desk-2")


def test_the_write_ahead_log_is_safe(path: Path) -> None:
    """What the file is opened with, as SQLite tells it."""
    with closing(AuditLog(path)) as opened:
        told = [
            opened.read(f"PRAGMA {name}")[0][0]
            for name in ("journal_mode", "synchronous", "trusted_schema", "secure_delete")
        ]
    assert told == ["wal", 2, 0, 1]
