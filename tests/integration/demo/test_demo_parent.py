"""A demo that was started by a console ends with that console, however the console ended."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.support.processes import StartProcess
from tests.support.waiting import await_until, wait_until
from workers.demo.parent import parent_died

# Starts the program in argv[1] as a child, from a thread that then ends, and lives on.
PARENT = """
import subprocess, sys, threading, time
def start():
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]])
    print("child", child.pid, flush=True)
thread = threading.Thread(target=start)
thread.start()
thread.join()
print("thread ended", flush=True)
time.sleep(60)
"""
CHILD = """
import asyncio, os, pathlib, sys
from workers.demo.parent import parent_died
{before}
async def main():
    print("watching", flush=True)
    await parent_died(poll_seconds=0.05)
    pathlib.Path(sys.argv[1]).write_text("parent died")
asyncio.run(main())
"""
NO_PIDFD = """
def no_pidfd(pid, flags=0):
    raise OSError("not on this kernel")
os.pidfd_open = no_pidfd
"""


@pytest.mark.parametrize("before", ["", NO_PIDFD], ids=["told by the kernel", "by polling"])
def test_a_child_notices_that_its_parent_was_killed(
    start_process: StartProcess, tmp_path: object, before: str
) -> None:
    """And not that the thread which started it ended long before."""
    said = f"{tmp_path}/said"
    parent = start_process(
        sys.executable, "-c", PARENT, CHILD.format(before=before), said, ready="watching"
    )
    parent.wait_for_line("thread ended")
    assert not os.path.exists(said)  # noqa: PTH110

    parent.kill()
    wait_until(lambda: os.path.exists(said), "the child to notice")  # noqa: PTH110


async def test_while_the_parent_lives_nothing_is_said() -> None:
    """Waiting can be cancelled, and leaves no descriptor behind."""
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    watching = asyncio.create_task(parent_died())
    await await_until(
        lambda: len(os.listdir("/proc/self/fd")) > descriptors,  # noqa: PTH208
        "the watch to begin",
    )
    assert not watching.done()

    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208


async def test_a_parent_that_died_before_we_looked_is_noticed_at_once() -> None:
    """Whoever starts us says who it is; by then somebody else may be our parent."""
    async with asyncio.timeout(5):
        await parent_died(parent_pid=os.getpid())


# Starts argv[1] as a child that never gives control back, and lives on.
PARENT_OF_BLOCKED = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1], str(__import__("os").getpid())])
time.sleep(60)
"""
BLOCKED = """
import os, sys, time
from workers.demo.parent import exit_after_parent
exit_after_parent(int(sys.argv[1]), 0.1)
print("blocked", os.getpid(), flush=True)
time.sleep(60)
"""


def test_a_child_that_hangs_ends_as_well(start_process: StartProcess) -> None:
    """In an import that does not return nothing can be awaited; it ends after its grace."""
    parent = start_process(sys.executable, "-c", PARENT_OF_BLOCKED, BLOCKED, ready="blocked")
    child = int(parent.ready_line.split()[1])

    parent.kill()

    wait_until(lambda: not _runs(child), "the child to end")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
