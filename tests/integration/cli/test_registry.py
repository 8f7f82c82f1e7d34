"""Administering who may decide, from the first root key to a person who is struck out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from desktop import settings
from desktop.audit.entries import AuditKind
from desktop.audit.log import read_entries
from tests.support.command_line import Ended, signoff
from tests.support.desktop_session import SecretService

WORDS = "four words are enough"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A file with a passphrase."""
    file = tmp_path / "words"
    file.write_text(WORDS + "\n")
    return file


class Office:
    """Somebody who administers a registry."""

    def __init__(self, folder: Path, words: Path) -> None:
        self.folder, self.words = folder, words
        self.roots = [folder / "roots" / f"root-{number}.json" for number in (1, 2, 3)]

    async def registry(self, step: str, *more: str, roots: int = 0) -> Ended:
        """Run `signoff registry STEP`, with so many root keys."""
        keys = [word for path in self.roots[:roots] for word in ("--root", str(path))]
        folder = ("--folder", str(self.folder), "--passphrase-file", str(self.words), "--json")
        return await signoff("registry", step, *more, *keys, *folder)


@pytest.fixture
def office(tmp_path: Path, words: Path) -> Office:
    """Its folder does not exist yet."""
    return Office(tmp_path / "office", words)


async def test_a_person_is_enrolled_and_struck_out(
    office: Office, words: Path, tmp_path: Path, secret_service: SecretService
) -> None:
    """The key is made on their device and stays there; two roots sign each change."""
    request = tmp_path / "rosa.json"
    assert (await office.registry("init")).code == 0
    enrolled = await signoff(
        "enrol", "--id", "r.mora", "--name", "Rosa Mora", "--out", str(request),
        "--passphrase-file", str(words), "--json", env=secret_service.env,
    )  # fmt: skip
    assert enrolled.code == 0, enrolled.err
    key_id = enrolled.json["key_id"]

    wrong = await office.registry("add", str(request), "--key-id", "ed25519:other", roots=2)
    assert (wrong.code, b"another key" in wrong.err) == (2, True)
    added = await office.registry(
        "add", str(request), "--key-id", key_id, "--role", "treasury", roots=2
    )
    assert (added.json["signed"], added.json["threshold"]) == (2, 2)
    listed = (await office.registry("list")).json
    assert [(one["id"], one["roles"]) for one in listed["reviewers"]] == [("r.mora", ["treasury"])]
    assert (await office.registry("verify", "--least-version", "2")).json == {"version": 2}
    assert (await office.registry("verify", "--least-version", "3")).code == 2

    assert (await office.registry("revoke", "r.mora", "--reason", "left", roots=2)).code == 0
    [rosa] = (await office.registry("list")).json["reviewers"]
    assert rosa["keys"][0]["reason"] == "left"
    kept = [one.entry for one in read_entries(settings.audit_log(), 9)]
    changes = [one for one in kept if one.kind is AuditKind.REGISTRY_CHANGED]
    assert [one.detail for one in changes] == ["init", f"add {key_id}", "revoke r.mora"]
    content = hashlib.sha256((office.folder / "registry.json").read_bytes()).hexdigest()
    assert changes[-1].result_digest == f"sha-256:{content}"
    assert WORDS not in request.read_text()


async def test_one_root_alone_makes_nothing(office: Office) -> None:
    """What one has signed waits for the second, and counts for nobody until then."""
    await office.registry("init")
    half = await office.registry("renew", roots=1)
    assert (half.json["signed"], half.json["threshold"]) == (1, 2)

    refused = await office.registry("verify")
    assert refused.code == 2
    assert "1 of 2" in refused.json["error"]["title"]

    office.roots.reverse()
    assert (await office.registry("sign", roots=1)).json["signed"] == 2
    assert (await office.registry("verify")).json == {"version": 2}


async def test_bad_files_are_named(office: Office, tmp_path: Path) -> None:
    """With a title and what to do, and nothing is changed."""
    missing = await office.registry("list")
    assert (missing.code, b"cannot be read" in missing.err) == (2, True)
    await office.registry("init")
    before = (office.folder / "registry.json").read_bytes()
    again = await office.registry("init")
    assert (again.code, b"already" in again.err) == (2, True)
    many = await office.registry("init", "--threshold", "4")
    assert many.code == 2
    office.words.write_text("another passphrase")
    locked = await office.registry("renew", roots=2)
    assert (locked.code, b"passphrase" in locked.err) == (2, True)
    for content in (b"", b"[" * 100_000, b'{"v": 1}', b"x" * 5_000_000):
        (tmp_path / "bad.json").write_bytes(content)
        bad = await office.registry("add", str(tmp_path / "bad.json"), "--key-id", "x", roots=2)
        assert bad.code == 2
        assert bad.json["error"]["title"]
        assert b"Traceback" not in bad.err
    assert (office.folder / "registry.json").read_bytes() == before
    tampered = json.loads(before)
    tampered["payload"] = tampered["payload"][:-8] + "AAAAAAA="
    (office.folder / "registry.json").write_text(json.dumps(tampered))
    assert (await office.registry("list")).code == 2


async def test_an_agent_is_enrolled_with_a_key_for_its_workers(
    office: Office, tmp_path: Path
) -> None:
    """It lies in a file for its owner alone, and is never written over."""
    await office.registry("init")
    request, key_file = tmp_path / "agent.json", office.folder / "agents" / "payer.key"
    agent = ("enrol", "--agent", "payer", "--out", str(request), "--key-file", str(key_file))
    enrolled = await signoff(*agent, "--json")
    assert (enrolled.code, key_file.stat().st_mode & 0o777) == (0, 0o600)
    key_id = enrolled.json["key_id"]

    added = await office.registry("add", str(request), "--key-id", key_id, roots=2)
    assert added.code == 0, added.err
    listed = (await office.registry("list")).json
    assert [one["name"] for one in listed["agents"]] == ["payer"]
    again = await signoff(*agent)
    assert (again.code, b"cannot be written" in again.err) == (2, True)
    person = await signoff(*agent, "--name", "Rosa Mora")
    assert (person.code, b"no person" in person.err) == (2, True)
