"""A policy, looked at before a worker gets it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command_line import Ended, signoff
from workers.demo.agents import AGENTS
from workers.demo.trust import prepare_trust


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trust folder with two reviewers."""
    return prepare_trust(tmp_path, AGENTS, datetime.now(UTC)).path


async def _lint(folder: Path, rule: str, *more: str) -> Ended:
    policy = folder / "another.toml"
    policy.write_text(f'id = "p"\nversion = 1\n[[rules]]\nname = "Transfers"\n{rule}\n')
    return await signoff("policy", "lint", str(policy), "--registry", str(folder), *more)


async def test_a_policy_is_linted_against_the_people_there_are(folder: Path) -> None:
    """A gate that nobody could open is found before a call stands before it."""
    unmet = await _lint(folder, "quorum = 3", "--json")
    assert unmet.code == 1
    assert (unmet.json[0]["rule"], unmet.json[0]["kind"]) == ("Transfers", "cannot_be_met")
    met = "requester_may_approve = true\neditor_may_approve = true"
    fine = await _lint(folder, met)
    assert (fine.code, b"can be met, and fail closed" in fine.out) == (0, True)
    noted = await _lint(folder, "quorum = 2")
    assert (noted.code, noted.out.split(b"\t")[0].split()[0]) == (0, b"note")
    assert (await _lint(folder, "qorum = 2")).code == 2


async def test_tools_are_looked_up_where_they_are_told(folder: Path, tmp_path: Path) -> None:
    """A rule for two people that misses its tool is no small matter."""
    tools = tmp_path / "tools.json"
    tools.write_text('{"transfer_funds": {}}')
    rule = 'tool = "transfer_fund"\nquorum = 2'
    missed = await _lint(folder, rule, "--tools", str(tools), "--agent", "a", "--json")
    assert (missed.code, missed.json[-1]["kind"]) == (1, "fails_open")
    for content in ("[]", "{", '{"a": 1}'):
        tools.write_text(content)
        assert (await _lint(folder, rule, "--tools", str(tools))).code == 2
    assert (await _lint(folder, rule, "--tools", str(tmp_path / "none"))).code == 2


async def test_an_example_is_printed_and_lints_itself(tmp_path: Path) -> None:
    """Where to start from."""
    shown = await signoff("policy", "example", "patient-record-release")
    (tmp_path / "policy.toml").write_bytes(shown.out)
    linted = await signoff("policy", "lint", str(tmp_path / "policy.toml"))
    assert (shown.code, linted.code) == (0, 0)
    other = await signoff("policy", "example", "none")
    assert (other.code, b"read-only" in other.err) == (2, True)
