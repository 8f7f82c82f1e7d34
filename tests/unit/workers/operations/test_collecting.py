"""A worker process does not look for garbage among what it has loaded."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import gc
from workers.operations.collecting import spare_the_collector

spare_the_collector()
assert gc.get_freeze_count() > 1000, gc.get_freeze_count()
assert gc.isenabled()


class Circle:
    alive = 0

    def __init__(self):
        Circle.alive += 1
        self.itself = self

    def __del__(self):
        Circle.alive -= 1


most = 0
for _ in range(200_000):
    Circle()
    most = max(most, Circle.alive)
assert most < 50_000, most
"""


def test_what_comes_later_is_still_collected() -> None:
    """In a process of its own, because it changes the collector for good."""
    subprocess.run([sys.executable, "-c", _SCRIPT], check=True)
