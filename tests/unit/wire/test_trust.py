"""The trust folder: what is in it is believed only as long as it should be."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import trusted
from tests.support.accounts import folder_for_all, who_may_not_write
from tests.support.registered import LEE, ROOT_1, ROOTS, WORKER
from tests.support.trusted import TrustedFolder
from workers.wire.policy.rules import BadPolicy
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.registry import Roots
from workers.wire.trust import (
    TrustFolder,
    read_key_file,
    write_agent_key,
    write_roots,
)

AGENT = "treasury_agent"
SEEN_FILE = "registry.seen"


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """A folder as it should be."""
    return TrustedFolder(tmp_path / "trust")


@pytest.fixture
def folder(trust: TrustedFolder) -> TrustFolder:
    """The same, as a worker reads it."""
    return TrustFolder(trust.path)


def test_a_folder_is_read_and_read_again_when_it_changes(
    trust: TrustedFolder, folder: TrustFolder
) -> None:
    """Nobody restarts a worker for a new policy."""
    assert folder.exists
    assert folder.wants_policy
    assert folder.roots() == ROOTS
    assert folder.registry(time.time()).version == 3
    assert folder.policy() is folder.policy()
    assert folder.agent_key(AGENT) is folder.agent_key(AGENT)
    assert folder.agent_key("somebody_else") is None
    trust.write_policy(trusted.TWO)
    trust.write_registry(version=4)

    assert folder.policy().rules[0].quorum == 2
    assert folder.registry(time.time()).version == 4
    assert (trust.path / SEEN_FILE).read_text().startswith("4 ")
    assert (trust.path / "policy.seen").read_text().startswith("8 ")


def test_nothing_is_there(tmp_path: Path) -> None:
    """Also where the folder's place is taken by a file."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "none", tmp_path / "file"):
        folder = TrustFolder(path)
        assert not folder.exists
        assert not folder.wants_policy
        assert folder.agent_key(AGENT) is None
        with pytest.raises(NotTrusted) as raised:
            folder.registry(time.time())
        assert raised.value.reason is Distrust.MISSING
        assert raised.value.hint


def _old(trust: TrustedFolder) -> None:
    TrustFolder(trust.path).registry(time.time())
    trust.write_registry(version=2)


def _unreadable_memory(trust: TrustedFolder) -> None:
    (trust.path / SEEN_FILE).write_text("three")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda trust: (trust.path / "roots.json").write_text("{"), Distrust.MALFORMED),
        (
            lambda trust: (trust.path / "roots.json").write_text('{"threshold":1,"keys":[]}'),
            Distrust.MALFORMED,
        ),
        (
            lambda trust: (trust.path / "roots.json").write_bytes(
                write_roots(ROOTS).replace(b"{", b'{"more":1,')
            ),
            Distrust.MALFORMED,
        ),
        (lambda trust: (trust.path / "registry.json").write_text("{"), Distrust.MALFORMED),
        (lambda trust: trust.write_registry(ROOT_1), Distrust.TOO_FEW_ROOTS),
        (_old, Distrust.ROLLED_BACK),
        (_unreadable_memory, Distrust.ROLLED_BACK),
        (
            lambda trust: trust.write_registry(
                issued_at="2026-02-01T00:00:00+00:00", expires_at="2026-02-02T00:00:00+00:00"
            ),
            Distrust.EXPIRED,
        ),
    ],
)
def test_a_registry_that_should_not_be_believed_is_not(
    trust: TrustedFolder,
    folder: TrustFolder,
    spoil: Callable[[TrustedFolder], object],
    reason: Distrust,
) -> None:
    """And says why."""
    spoil(trust)

    with pytest.raises(NotTrusted) as raised:
        folder.registry(time.time())

    assert raised.value.reason is reason


def test_a_registry_expires_while_it_is_read_already(folder: TrustFolder) -> None:
    """What was believed a moment ago is judged by the clock of now."""
    registry = folder.registry(time.time())
    assert registry.version == 3

    with pytest.raises(NotTrusted, match="expired"):
        folder.registry(time.time() + 30 * 24 * 3600)


def test_a_registry_that_is_read_already_is_not_believed_for_ever(
    trust: TrustedFolder, folder: TrustFolder
) -> None:
    """Another process saw a later one, or the roots are others, or its bytes are: all of it shows.

    The bytes change to as many others, and the file's time is set back.
    """
    assert folder.registry(time.time()) is folder.registry(time.time())
    roots, registry = trust.path / "roots.json", trust.path / "registry.json"
    seen, before, found = trust.path / SEEN_FILE, registry.read_bytes(), registry.stat()

    seen.write_text("4")
    with pytest.raises(NotTrusted, match="4 was seen before"):
        folder.registry(time.time())
    seen.write_text("3")
    registry.write_bytes(before.replace(b'"sig":"', b'"sig":"AAAA')[: len(before)])
    os.utime(registry, ns=(found.st_atime_ns, found.st_mtime_ns))
    with pytest.raises(NotTrusted):
        folder.registry(time.time())
    registry.write_bytes(before)
    assert folder.registry(time.time()).version == 3
    roots.write_bytes(write_roots(Roots((LEE.public,), 1)))
    with pytest.raises(NotTrusted) as raised:
        folder.registry(time.time())
    assert raised.value.reason is Distrust.UNKNOWN_KEY


def test_a_file_that_is_too_large_is_not_read(trust: TrustedFolder, folder: TrustFolder) -> None:
    """Four mebibytes are much for a list of people."""
    roots, most = trust.path / "roots.json", 4 * 1024 * 1024

    roots.write_bytes(roots.read_bytes().ljust(most))
    assert folder.roots() == ROOTS
    roots.write_bytes(roots.read_bytes().ljust(most + 1))
    with pytest.raises(NotTrusted, match="4,194,305 bytes") as raised:
        folder.roots()
    assert raised.value.reason is Distrust.MALFORMED


def test_what_was_seen_is_noted_once_and_not_by_who_only_looks(trust: TrustedFolder) -> None:
    """The very first registry, too; then the folder is left alone until there is another."""
    trust.write_registry(version=1)
    seen = trust.path / SEEN_FILE

    assert TrustFolder(trust.path, remembers=False).registry(time.time()).version == 1
    assert not seen.exists()
    assert TrustFolder(trust.path).registry(time.time()).version == 1
    noted = seen.stat()
    assert TrustFolder(trust.path).registry(time.time()).version == 1
    assert seen.read_text().startswith("1 ")
    assert seen.stat().st_ino == noted.st_ino


def test_a_policy_that_cannot_be_understood(trust: TrustedFolder, folder: TrustFolder) -> None:
    """It is there, and it is none."""
    trust.write_policy("rules = 3")

    assert folder.wants_policy
    with pytest.raises(BadPolicy):
        folder.policy()


def test_a_folder_that_cannot_be_looked_into_counts_as_there(tmp_path: Path) -> None:
    """Else what it gates would run. Here it is a link that leads to itself."""
    path = tmp_path / "trust"
    path.symlink_to(path)

    assert TrustFolder(path).exists
    assert TrustFolder(path).wants_policy
    with pytest.raises(NotTrusted):
        TrustFolder(path).policy()


def test_a_folder_that_only_others_write_is_remembered_at_home(tmp_path: Path) -> None:
    """As in a container whose trust folder is mounted read only: also after a restart."""
    with folder_for_all(tmp_path / "container"):
        trust, home = TrustedFolder(Path("trust")), Path("home")
        home.mkdir()
        home.chmod(0o777)

        def read() -> tuple[int, int]:
            with who_may_not_write(trust.path):
                folder = TrustFolder(trust.path, home=home)
                assert folder.can_note()
                return folder.registry(time.time()).version, folder.policy().version

        assert read() == (3, 7)
        assert not list(trust.path.glob("*.seen"))
        trust.write_registry(version=2)
        with pytest.raises(NotTrusted, match="registry is version 2; 3 was seen before"):
            read()
        trust.write_registry(version=3)
        trust.write_policy(trusted.ONE.replace("version = 7", "version = 6"))
        with pytest.raises(NotTrusted, match="policy is version 6; 7 was seen before"):
            read()


def test_where_nothing_can_be_noted_nothing_is_believed(tmp_path: Path) -> None:
    """Else whoever starts it anew could put back what was revoked."""
    with folder_for_all(tmp_path / "container"):
        trust = TrustedFolder(Path("trust"))
        with who_may_not_write(trust.path, Path()):
            folder = TrustFolder(trust.path, home=Path("home"))
            assert not folder.can_note()
            for read in (lambda: folder.registry(time.time()), folder.policy):
                with pytest.raises(NotTrusted, match="nothing can be noted") as raised:
                    read()
                assert "SIGNOFF_HOME" in raised.value.hint
            assert TrustFolder(trust.path, remembers=False).policy().version == 7


def test_what_was_believed_is_kept_in_two_places(trust: TrustedFolder, tmp_path: Path) -> None:
    """So one of them can be lost; an older note, of the version alone, is made whole."""
    home = tmp_path / "home"
    (trust.path / SEEN_FILE).write_text("3\n")
    TrustFolder(trust.path, home=home).registry(time.time())
    for note in (trust.path / SEEN_FILE, *home.rglob(SEEN_FILE)):
        whole = note.read_text()
        note.unlink()
        TrustFolder(trust.path, home=home).registry(time.time())
        assert note.read_text() == whole
        trust.write_registry(version=2)
        note.unlink()
        with pytest.raises(NotTrusted, match="3 was seen before"):
            TrustFolder(trust.path, home=home).registry(time.time())
        trust.write_registry()


def test_a_trust_folder_at_home_is_begun_anew_when_it_is_deleted(tmp_path: Path) -> None:
    """It is noted there alone, as the demo's is."""
    trust = TrustedFolder(tmp_path / "trust")
    trust.write_registry(version=5)
    TrustFolder(trust.path, home=tmp_path).registry(time.time())
    shutil.rmtree(trust.path)

    again = TrustedFolder(trust.path)

    assert TrustFolder(again.path, home=tmp_path).registry(time.time()).version == 3


def test_a_policy_is_missed_where_there_was_one_or_where_somebody_named_the_folder(
    trust: TrustedFolder, tmp_path: Path
) -> None:
    """Also by a process that starts without it, and with the whole folder gone."""
    TrustFolder(trust.path, home=tmp_path / "home").policy()
    trust.path.rename(tmp_path / "elsewhere")

    assert not TrustFolder(trust.path).wants_policy
    assert TrustFolder(trust.path, home=tmp_path / "home").wants_policy
    assert TrustFolder(tmp_path / "typo", is_named=True).wants_policy
    [note] = (tmp_path / "home").rglob("policy.seen")
    note.write_text("seven")
    assert TrustFolder(trust.path, home=tmp_path / "home").wants_policy


def test_keys_in_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """And are not written over; in a folder that is theirs, too, made with the first."""
    path = tmp_path / "trust" / "agents" / "a.key"

    write_agent_key(path, WORKER)
    write_agent_key(path.with_name("b.key"), LEE)

    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path).public == WORKER.public
    with pytest.raises(FileExistsError):
        write_agent_key(path, LEE)
    with pytest.raises(NotTrusted, match="cannot be read"):
        read_key_file(tmp_path / "none")
