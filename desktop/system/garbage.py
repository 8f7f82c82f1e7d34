"""Cyclic garbage is collected on the GUI's thread, and on no other.

The only place that touches Python's collector. Left alone it runs on whichever thread happens to
allocate; on the engine's it would destroy widgets there, which Qt answers with a crash
(`QObject::~QObject: Timers cannot be stopped from another thread`, then a segmentation fault).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

#: So little is left between two looks, however busy the engine is, that looking through it takes
#: a millisecond.
LOOK_MILLISECONDS = 25
#: What is older is looked through so seldom, the oldest last: that takes as long as a frame.
REST_SECONDS = (0.0, 1.0, 30.0)


def collect_due(may: Callable[[int], bool] = lambda _generation: True) -> None:
    """Collect what Python would have collected by itself, by its own thresholds.

    Args:
        may: whether a generation may be collected now.
    """
    for generation, (count, threshold) in enumerate(
        zip(gc.get_count(), gc.get_threshold(), strict=True)
    ):
        if count > threshold and may(generation):
            gc.collect(generation)


class GarbageCollector(QObject):
    """Takes over from Python's own timing, for the life of the process."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        # What the start has built stays; walking it again and again would cost frames.
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start(LOOK_MILLISECONDS)
        self._looked = [0.0] * len(REST_SECONDS)

    def _on_timeout(self) -> None:
        collect_due(self._is_rested)

    def _is_rested(self, generation: int) -> bool:
        now = time.monotonic()
        if now - self._looked[generation] < REST_SECONDS[generation]:
            return False
        self._looked[generation] = now
        return True
