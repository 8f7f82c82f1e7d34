"""Cyclic garbage is collected on the GUI's thread, and on no other.

The only place that touches Python's collector. Left alone it runs on whichever thread happens to
allocate; on the engine's it would destroy widgets there, which Qt answers with a crash
(`QObject::~QObject: Timers cannot be stopped from another thread`, then a segmentation fault).
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

#: So little is left between two looks, however busy the engine is, that looking through it takes
#: a millisecond.
LOOK_MILLISECONDS = 25
#: Python's own numbers are of allocations; looks come much more often, and old objects stay longer.
THRESHOLDS = (700, 40, 50)


def collect_due() -> None:
    """Collect what Python would have collected by itself, by its own thresholds."""
    for generation, (count, threshold) in enumerate(
        zip(gc.get_count(), gc.get_threshold(), strict=True)
    ):
        if count > threshold:
            gc.collect(generation)


class GarbageCollector(QObject):
    """Takes over from Python's own timing, for the life of the process."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        gc.set_threshold(*THRESHOLDS)
        # What the start has built stays; walking it again and again would cost frames.
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.timeout.connect(collect_due)
        self._timer.start(LOOK_MILLISECONDS)
