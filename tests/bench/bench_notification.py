"""From a request on the stream to its notification handed to the operating system's service.

A real console in the background, a real broker, a real notification daemon, 100 events per second
of which ten ask for a decision. Peer: a loop that reads one stream and notifies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure, figure, percentile
from tests.support.desktop_session import NotificationDaemon, PrivateBus
from tests.support.redis_server import RedisServer

GOAL_MS = 100.0


def run() -> Iterator[Figure]:
    """Time both on the same machine, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        taken = {job: _taken_ms(job, Path(folder) / job) for job in ("console", "bare")}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ours, peer = (percentile(taken[job], share) for job in ("console", "bare"))
        goal = f"<= {GOAL_MS:g} ms" if name == "p99" else "-"
        yield figure(
            f"request to notification handed over, {name}",
            ours,
            peer,
            "ms",
            goal=goal,
            ok=name != "p99" or ours <= GOAL_MS,
        )


def _taken_ms(job: str, folder: Path) -> list[float]:
    (folder / "home").mkdir(parents=True)
    server = RedisServer(folder)
    server.start()
    # The socket of the bus wants a short path.
    with tempfile.TemporaryDirectory(prefix="b-") as bus_folder:
        bus = PrivateBus(Path(bus_folder))
        daemon = NotificationDaemon(bus, folder)
        env = {**os.environ, **daemon.env, "SIGNOFF_HOME": str(folder / "home")}
        env["QT_QPA_PLATFORM"] = "offscreen"
        command = [sys.executable, "-m", "tests.bench.notifying", job, server.url]
        done = subprocess.run(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
        bus.stop()
        daemon.stop_screen()
    server.stop()
    taken: list[float] = json.loads(done.stdout.splitlines()[-1])
    return taken
