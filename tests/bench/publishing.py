"""`python -m tests.bench.publishing URL RATE SECONDS CONTEXTS`: writes entries at a steady pace.

A process of its own, so that it takes no turns with what is measured. Prints how many entries it
wrote, in how many seconds; whoever is late says so by these.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from tests.bench.crowd import Pen, written
from tests.support.environment import ROOT

_TICK_SECONDS = 0.002


def publishing(url: str, rate: int, seconds: float, contexts: int) -> subprocess.Popen[str]:
    """Start a process that does it."""
    command = [sys.executable, "-m", "tests.bench.publishing"]
    return subprocess.Popen(
        [*command, url, str(rate), str(seconds), str(contexts)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, float]:
    """Wait for its end. Returns how many entries it wrote, and in how many seconds."""
    out, _ = process.communicate()
    written_count, seconds = json.loads(out)
    return written_count, seconds


def main() -> None:
    """Write, and print what came of it."""
    url, rate, seconds, contexts = sys.argv[1:]
    count = 0
    with Pen(url) as pen:
        began = time.perf_counter()
        batches = written(int(rate), float(seconds), int(contexts), seed=os.getpid())
        for tick, batch in enumerate(batches, start=1):
            pen.write(batch)
            count += len(batch)
            ahead = began + tick * _TICK_SECONDS - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
        taken = time.perf_counter() - began
    print(json.dumps([count, taken]))


if __name__ == "__main__":
    main()
