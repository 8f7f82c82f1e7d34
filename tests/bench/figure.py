"""One figure of the benchmarks, and how it is printed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """A measured figure beside its peer's.

    Attributes:
        ratio: ours divided by the peer's.
        goal: what was asked for, in words.
        ok: whether ours reaches it.
    """

    name: str
    ours: float
    peer: float
    ratio: float
    goal: str
    unit: str
    ok: bool


def figure(name: str, ours: float, peer: float, unit: str, *, goal: str, ok: bool) -> Figure:
    """A figure, rounded for a reader."""
    ratio = round(ours / peer, 3) if peer else 0.0
    return Figure(name, round(ours, 4), round(peer, 4), ratio, goal, unit, ok)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
