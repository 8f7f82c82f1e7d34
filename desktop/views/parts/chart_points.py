"""What a chart shows, before it is painted: series over time, thinned, on a scale for people.

Pure functions, no widget: the only place that decides which points of a series are drawn.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from desktop.qtmodels.tone import Tone

#: Time in milliseconds since the epoch, and the value then; None where nobody knows it.
Point = tuple[int, float | None]
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart.

    Attributes:
        points: in the order of time. A point without a value is a gap.
    """

    name: str
    points: tuple[Point, ...] = ()
    tone: Tone = Tone.ACCENT

    @property
    def values(self) -> list[float]:
        """The values that are known, in the order of time."""
        return [value for _, value in self.points if value is not None]


def thinned(points: Sequence[Point], from_ms: int, to_ms: int, pixels: int) -> list[Point]:
    """At most one point per pixel, the highest of those that share it: a peak is never lost.

    Args:
        from_ms, to_ms: the span of time in sight; what is outside of it is left out.
        pixels: the width to draw on.
    """
    span = max(to_ms - from_ms, 1)
    columns: dict[int, Point] = {}
    for at_ms, value in points:
        if not from_ms <= at_ms <= to_ms:
            continue
        column = (at_ms - from_ms) * max(pixels - 1, 0) // span
        held = columns.get(column)
        if held is None or held[1] is None or (value is not None and value > held[1]):
            columns[column] = (at_ms, value)
    return list(columns.values())


def runs_of(points: Sequence[Point]) -> list[list[tuple[int, float]]]:
    """The stretches without a gap."""
    runs: list[list[tuple[int, float]]] = [[]]
    for at_ms, value in points:
        if value is not None:
            runs[-1].append((at_ms, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def nice_top(highest: float) -> float:
    """The round number above the highest value at which the scale ends."""
    if highest <= 0 or not math.isfinite(highest):
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in _STEPS if step * power >= highest * 0.999)


def nearest(points: Sequence[Point], at_ms: int) -> Point | None:
    """The known point that is closest to a moment."""
    known = [point for point in points if point[1] is not None]
    return min(known, key=lambda point: abs(point[0] - at_ms), default=None)


def short_number(value: float) -> str:
    """A number of the scale: `0.5`, `250`, `50k`."""
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"
