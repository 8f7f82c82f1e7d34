"""A log is verified while the desk goes on: what is decided meanwhile is no tampering."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from desktop.audit import verifying
from desktop.audit.log import AuditLog, Outgoing
from desktop.audit.pacing import Pace, VerificationStopped
from desktop.audit.verifying import Verdict, verify
from tests.support.audited import KEYS, STREAM, decided, head_of, make_log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with something of everything in it, closed."""
    path = tmp_path / "log.sqlite"
    make_log(path)
    return path


def test_a_decision_that_comes_meanwhile_is_no_tampering(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its texts nor what it sends belong to an entry that the verification saw."""
    monkeypatch.setattr(verifying, "_AT_ONCE", 2)
    monkeypatch.setattr(verifying, "_TELL_EVERY", 2)
    known = head_of(path)
    with closing(AuditLog(path, KEYS)) as log:

        def decide(number: int) -> None:
            log.append(decided(number), {"comment": "No"}, Outgoing(STREAM, b"x"))
            log.checkpoint()

        report = verify(path, known, KEYS, progress=decide)
    assert (report.verdict, report.size, report.findings) == (Verdict.INTACT, 7, ())


def test_it_can_be_slowed_hurried_and_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever quits does not wait for it; whoever asks for it does not wait for its pauses."""
    monkeypatch.setattr(verifying, "_STEPS", 1)
    slow = Pace(pause_seconds=3600)
    slow.hurry()
    assert verify(path, head_of(path), KEYS, pace=slow).verdict is Verdict.INTACT
    ended = Pace()
    ended.stop()
    with pytest.raises(VerificationStopped):
        verify(path, head_of(path), KEYS, pace=ended)
