"""The window behind a way that breaks; the long run is `python -m tests.chaos console`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.cuts import cut_off

pytestmark = pytest.mark.qt_loop


async def test_a_console_that_is_cut_off_says_so_and_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, without answers, and starved: told, back by itself, and every entry once."""
    outcome = await cut_off(tmp_path, monkeypatch, ("down", "half open", "bandwidth"))
    assert outcome.is_good, outcome
    assert outcome.decisions == outcome.rounds == 3
    assert outcome.written > 3000
