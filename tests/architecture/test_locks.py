"""The locks hold what `pyproject.toml` asks for, pinned and with hashes."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.environment import ROOT

REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(path.name for path in REQUIREMENTS.glob("*.lock"))

Lock = list[tuple[Requirement, list[str]]]


def project() -> dict[str, list[Requirement]]:
    """What the project asks for: `run`, and each extra, `dev` among them."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "run": [Requirement(line) for line in table["dependencies"]],
        **{
            extra: [Requirement(line) for line in lines]
            for extra, lines in table["optional-dependencies"].items()
        },
    }


def read_lock(name: str) -> Lock:
    """The pinned packages of a lock, each with its hashes."""
    text = (REQUIREMENTS / name).read_text().replace("\\\n", " ")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [
        (Requirement(line.partition("--hash")[0].strip()), re.findall(r"--hash=(\S+)", line))
        for line in lines
        if line
    ]


def missing_from(lock: Lock, wanted: list[Requirement]) -> list[str]:
    """What is asked for and not pinned within the wanted range."""
    return [
        str(requirement)
        for requirement in wanted
        if not any(is_met_by(requirement, pinned) for pinned, _ in lock)
    ]


def is_met_by(wanted: Requirement, pinned: Requirement) -> bool:
    """Whether a pinned package is the wanted one, in a version that is wanted."""
    if canonicalize_name(wanted.name) != canonicalize_name(pinned.name):
        return False
    return all(wanted.specifier.contains(one.version) for one in pinned.specifier)


@pytest.mark.parametrize(
    ("lock", "groups"),
    [("runtime.lock", ["run"]), ("dev.lock", ["run", "dev", "mysql", "postgres"])],
)
def test_every_dependency_is_locked(lock: str, groups: list[str]) -> None:
    """After a change of `pyproject.toml`, `make lock` brings the locks up to date."""
    wanted = [requirement for group in groups for requirement in project()[group]]
    assert not missing_from(read_lock(lock), wanted)


@pytest.mark.parametrize("name", ["base-package", "bootstrap"])
def test_every_line_of_an_input_is_locked(name: str) -> None:
    """The other two environments follow their own short lists."""
    lines = (REQUIREMENTS / f"{name}.in").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert not missing_from(read_lock(f"{name}.lock"), wanted)


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_with_hashes(lock: str) -> None:
    """What is installed is what was reviewed, to the byte, from wherever it comes."""
    loose = [
        str(requirement)
        for requirement, hashes in read_lock(lock)
        if not hashes
        or not all(one.startswith("sha256:") for one in hashes)
        or [one.operator for one in requirement.specifier] != ["=="]
    ]
    assert not loose


def test_people_run_what_was_tested() -> None:
    """The packages of a user are the same versions as those of the tests."""
    tested = {str(requirement) for requirement, _ in read_lock("dev.lock")}
    assert {str(requirement) for requirement, _ in read_lock("runtime.lock")} <= tested
