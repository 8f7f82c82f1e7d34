"""The audit log outlives whoever writes it; the long runs are `python -m tests.chaos audit`."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.auditing import kill_writers


def test_a_killed_writer_loses_nothing(tmp_path: Path) -> None:
    """What it was told is on the disk is there, and the chain goes on."""
    outcome = kill_writers(tmp_path, kills=30)
    assert outcome.is_good, outcome
    assert outcome.acknowledged > outcome.kills
