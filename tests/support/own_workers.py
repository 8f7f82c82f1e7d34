"""A person's own workers for tests: definitions, and programs that stand in for their Python.

The only place in the tests that makes them. A program is a real process: it is started as the
worker's interpreter, and does what the test wants instead of serving agents.
"""

from __future__ import annotations

import sys
from pathlib import Path

from desktop.actions.local_workers import new_id
from desktop.store.local_workers import WorkerDefinition
from tests.support.environment import ROOT

#: What a worker prints when it listens.
SAYS_READY = 'import os; print(\'{"agents":["clerk"],"pid":%d}\' % os.getpid(), flush=True)'
#: It ends when it is asked to, as a worker does, and not before.
SERVES = "import signal; signal.pause()"


def program(folder: Path, name: str, *lines: str) -> str:
    """Write a program that can be given as a Python. Returns its path."""
    path = folder / name
    path.write_text("\n".join((f"#!{sys.executable}", *lines)) + "\n")
    path.chmod(0o700)
    return str(path)


def definition(name: str = "clerk", **values: object) -> WorkerDefinition:
    """A worker that is in order; by default it would serve one agent of the tests."""
    chosen: dict[str, object] = {
        "id": new_id(),
        "name": name,
        "target": "tests.integration.workers.served:one",
        "folder": str(ROOT),
        **values,
    }
    return WorkerDefinition(**chosen)  # type: ignore[arg-type]
