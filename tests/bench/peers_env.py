"""The engines that the core is compared with, in an environment of their own.

The only place that builds it, from `requirements/bench.lock`, in a folder that is thrown away.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.environment import ROOT

_LOCK = ROOT / "requirements" / "bench.lock"
_SCRIPT = Path(__file__).with_name("peers_core.py")
PEERS = ("docket", "taskiq-redis", "dramatiq")
_SECONDS = 120


def peer_rates(url: str, empty_broker: Callable[[], None]) -> dict[str, float]:
    """Tasks per second of each peer, in one process; none when they cannot be installed."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        python = Path(folder) / "venv" / "bin" / "python"
        uv = Path(sys.prefix) / "bin" / "uv"
        try:
            _run(str(uv), "venv", "-q", "--python", sys.executable, str(python.parent.parent))
            _run(
                str(uv), "pip", "sync", "-q", "--python", str(python), "--require-hashes",
                str(_LOCK),
            )  # fmt: skip
        except subprocess.CalledProcessError as problem:
            print(f"no peers: {problem.stderr[-300:]}", file=sys.stderr)
            return {}
        rates: dict[str, float] = {}
        for peer in PEERS:
            empty_broker()
            done = subprocess.run(
                [str(python), str(_SCRIPT), peer, url],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
            if done.returncode == 0:
                rates[peer] = float(done.stdout.splitlines()[-1])
            else:
                print(f"{peer} failed: {done.stderr[-600:]}", file=sys.stderr)
    return rates


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
