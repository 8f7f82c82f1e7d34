"""Changed decisions and random values, very many of them: nothing is accepted, nothing is shared.

The only place that counts them for `python -m tests.chaos attacks`.
"""

from __future__ import annotations

import time
from typing import Final

import msgspec

from tests.support.anything import disagreements
from tests.support.mutating import accepted

MUTATIONS: Final = 200_000
VALUES: Final = 100_000


class Outcome(msgspec.Struct):
    """What came of it.

    Attributes:
        accepted: changed decisions that would have let a call run; there may be none.
        unstable: random values whose digest was another after a way over the wire; none.
    """

    mutations: int
    accepted: int
    values: int
    unstable: int
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not self.accepted and not self.unstable


def attack(part: float = 1.0) -> Outcome:
    """Try so much of it, with a chance of its own each time."""
    began = time.perf_counter()
    chance = time.time_ns()
    tried, let_through = accepted(max(round(MUTATIONS * part), 1), chance)
    values = max(round(VALUES * part), 1)
    unstable = disagreements(values, chance)
    return Outcome(tried, let_through, values, unstable, round(time.perf_counter() - began, 1))
