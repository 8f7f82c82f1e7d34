"""`signoff-worker doctor` looks at whom the workers of this machine believe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.operations.conftest import Terminal
from tests.support import trusted
from tests.support.accounts import folder_for_all, who_may_not_write
from tests.support.registered import LEE, WORKER
from tests.support.trusted import TrustedFolder
from workers.operations.findings import Finding, Level
from workers.operations.trust_checks import check_trust
from workers.wire.approvals import Mode
from workers.wire.trust import AGENTS_FOLDER, TrustFolder, write_agent_key


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """A folder as it should be."""
    return TrustedFolder(tmp_path / "trust")


def _found(path: Path, mode: Mode = Mode.ENFORCE) -> dict[str, Finding]:
    """The worst that is found, by check."""
    found: dict[str, Finding] = {}
    for finding in check_trust(TrustFolder(path), mode, datetime.now(UTC).timestamp()):
        if finding.check not in found or finding.level is Level.PROBLEM:
            found[finding.check] = finding
    return found


def test_a_folder_as_it_should_be(trust: TrustedFolder) -> None:
    """Registry and policy are told, and nothing is a problem."""
    found = _found(trust.path)

    assert {one.level for one in found.values()} <= {Level.OK, Level.NOTE}
    assert {"registry", "policy"} <= set(found)


def test_no_folder_is_worth_a_note_where_signatures_are_demanded(tmp_path: Path) -> None:
    """Elsewhere nobody misses it."""
    assert "approve nothing" in _found(tmp_path / "none")["trust"].hint
    assert _found(tmp_path / "none", Mode.BOUND) == {}


def _expires_tomorrow(trust: TrustedFolder) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    trust.write_registry(expires_at=tomorrow.isoformat())


def _another_key(trust: TrustedFolder) -> None:
    key = trust.path / AGENTS_FOLDER / "treasury_agent.key"
    key.unlink()
    write_agent_key(key, LEE)


def _for_everybody(trust: TrustedFolder) -> None:
    (trust.path / AGENTS_FOLDER / "treasury_agent.key").chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "check", "words"),
    [
        (_expires_tomorrow, "registry", "then nothing can be approved"),
        (lambda trust: (trust.path / "roots.json").unlink(), "registry", "roots.json"),
        (lambda trust: (trust.path / "policy.toml").unlink(), "policy", "policy.toml"),
        (
            lambda trust: trust.write_policy(trusted.TWO.replace("quorum = 2", "quorum = 9")),
            "policy",
            "too few who could be 9 of treasury",
        ),
        (_another_key, "agent key", "not registered for it"),
        (_for_everybody, "agent key", "Others on this machine can read"),
    ],
)
def test_what_keeps_people_from_approving_is_a_problem(
    trust: TrustedFolder, spoil: Callable[[TrustedFolder], object], check: str, words: str
) -> None:
    """Each with a hint."""
    spoil(trust)

    found = _found(trust.path)

    assert found[check].level is Level.PROBLEM
    assert words in found[check].title
    assert found[check].hint


def test_it_is_a_problem_that_nothing_can_be_noted(tmp_path: Path) -> None:
    """A container with a trust folder that is read only needs a home that is not."""
    now = datetime.now(UTC).timestamp()
    with folder_for_all(tmp_path / "container"):
        trust = TrustedFolder(Path("trust"))
        with who_may_not_write(trust.path, Path()):
            found = check_trust(
                TrustFolder(trust.path, home=Path("home"), remembers=False), Mode.ENFORCE, now
            )
            problems = [one for one in found if one.level is Level.PROBLEM and one.check == "trust"]
        assert "SIGNOFF_HOME" in problems[0].title
        assert "can write" in problems[0].hint


async def test_a_folder_that_is_named_and_is_not_there_is_a_problem(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Its workers gate everything, and approve nothing."""
    told = await terminal("doctor", "--json", "--trust", str(tmp_path / "typo"))

    [found] = [one for one in told.json["findings"] if one["check"] == "registry"]
    assert found["level"] == "problem"
    assert "registry.json cannot be read" in found["title"]


async def test_it_is_told_on_the_command_line(terminal: Terminal, trust: TrustedFolder) -> None:
    """With the folder that is named."""
    told = await terminal("doctor", "--json", "--trust", str(trust.path))

    checks = {one["check"]: one["level"] for one in told.json["findings"]}
    assert (checks["registry"], checks["policy"]) == ("ok", "ok")
    assert not list(trust.path.glob("*.seen")), "who only looks writes nothing"


async def test_a_halt_can_be_signed(terminal: Terminal, trust: TrustedFolder) -> None:
    """Whoever finds it can prove who halted; without a key it halts as well."""
    key = trust.path / AGENTS_FOLDER / "treasury_agent.key"

    signed = await terminal("halt", "all", "--key", str(key))
    nothing = await terminal("halt", "all", "--key", str(key) + ".none")

    assert signed.json["dsse"]["signatures"][0]["keyid"] == WORKER.public.key_id
    assert nothing.code == 2
    assert b"cannot be read" in nothing.err
