"""What was needed for a while does not stay taken."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from desktop.system.spare_memory import give_back

MB = 1_000_000


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others give it back by themselves")
def test_what_is_free_goes_back_to_the_system() -> None:
    """Also what lies between things that are still in use."""
    blocks = [bytearray(b"x" * 8_000) for _ in range(5_000)]
    kept = blocks[::50]
    del blocks
    before = resident()
    give_back()
    assert before - resident() > 20 * MB
    assert len(kept) == 100
