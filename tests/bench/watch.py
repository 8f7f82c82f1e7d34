"""Starts the real console in a process of its own, for `tests.bench.watching`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from tests.support.environment import ROOT

#: Of the job `memory`: so many conversations go on, and so often it is looked.
LIVE = 10_000
SAMPLE_SECONDS = 5.0


def watch(job: str, url: str, rate: int = 0, seconds: float = 0) -> bytes:
    """Do a job in a process of its own, in a home that is thrown away. Returns its line."""
    command = [sys.executable, "-m", "tests.bench.watching", job, url, str(rate), str(seconds)]
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "SIGNOFF_HOME": home}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True
        )
    return done.stdout.splitlines()[-1]
