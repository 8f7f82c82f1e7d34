"""Widgets are destroyed on the GUI's thread, whichever thread makes garbage."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc, threading
from PySide6.QtCore import QObject, QThread, QTimer
from PySide6.QtWidgets import QWidget
from desktop.app import make_application

app = make_application()
threads = set()

class Witness(QWidget):
    def __init__(self):
        super().__init__()
        self.timer = QTimer(self)
        self.timer.start(1000)
        self.cycle = self
    def __del__(self):
        threads.add(threading.current_thread().name)

for _ in range(50):
    Witness()

def allocate():
    keep = [[] for _ in range(200_000)]

other = threading.Thread(target=allocate, name="engine")
other.start()
other.join()
assert not threads, threads
kept = [[] for _ in range(5_000)]  # more than Python's own threshold, so that a look finds it due
def done():
    if threads:
        app.exit()
poll = QTimer(); poll.timeout.connect(done); poll.start(20)
app.exec()
print(threads == {threading.main_thread().name})
"""


def test_no_widget_is_destroyed_on_another_thread() -> None:
    """A thread that allocates a lot collects nothing; the GUI's own thread does, soon after."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("True", 0), done.stderr
