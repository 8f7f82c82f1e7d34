"""From the start of the process to the window's first frame, with nothing to connect to.

Peer: a bare `QApplication` with an empty `QMainWindow`, timed by the same event filter.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.bench.figure import Figure, figure

ROUNDS = 7
GOAL_SECONDS = 0.6

# Reports the first paint of any window, then ends without cleaning up: only the start is timed.
_WATCH = """
import os
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

class FirstPaint(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            print("shown", flush=True)
            os._exit(0)
        return False

def watch():
    app = QApplication(["signoff"])
    app.first_paint = FirstPaint()
    app.installEventFilter(app.first_paint)
    return app
"""
_PEER = """
from PySide6.QtWidgets import QMainWindow
app = watch(); window = QMainWindow(); window.show(); app.exec()
"""
_OURS = """
app = watch()
from desktop.cli import main
main([])
"""


def run() -> Iterator[Figure]:
    """Time both, taking turns so that a busy moment meets both alike."""
    times: dict[str, list[float]] = {_OURS: [], _PEER: []}
    for _ in range(ROUNDS + 1):
        for script, taken in times.items():
            taken.append(_seconds_to_first_frame(script))
    # The first round warms the file cache for both.
    ours, peer = (statistics.median(taken[1:]) for taken in times.values())
    yield figure(
        "process start to window shown",
        ours,
        peer,
        "s",
        goal=f"<= {GOAL_SECONDS} s",
        ok=ours <= GOAL_SECONDS,
    )


def _seconds_to_first_frame(script: str) -> float:
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "SIGNOFF_HOME": home}
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-c", _WATCH + script],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            taken = time.perf_counter() - began
            if line.strip() != "shown":
                raise RuntimeError("the window was not shown")
        return taken
