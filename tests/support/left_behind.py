"""What a test left behind: tasks, threads, child processes, temporary files.

The only place that looks for them. Each test is looked at on its own; one that leaves something
fails with the names of it, and left-over processes are ended so that the next test is not hit.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio

#: What has been told to end gets this long to be gone, counted from the end of the test.
_GRACE_SECONDS = float(os.environ.get("TESTS_OF_SIGNOFF_GRACE_SECONDS", "3"))
_PR_SET_CHILD_SUBREAPER = 36
#: `__WALL`, which `os` does not name: children count whatever signal they end with.
_WALL = 0x40000000

T = TypeVar("T")

_staying: set[object] = set()


def stays_until_the_end(*things: int | threading.Thread | Path) -> None:
    """Tell the checks of pids, threads and temporary files that outlive the test on purpose.

    For fixtures of session scope that a test may ask for half-way.
    """
    _staying.update(things)


def pytest_configure() -> None:
    """Make grandchildren ours when their parent dies, so that none gets away unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test that leaves threads, child processes or temporary files."""
    threads, processes, files = _threads(), _processes(), _files()
    yield
    leftovers: list[str] = []

    left = _gone(lambda: _threads() - threads)
    leftovers.extend(f"thread {thread.name!r}" for thread in left)
    for pid in _gone(lambda: _processes() - processes):
        leftovers.append(f"process {pid}: {_command_line(pid)}")
        _end(pid)
    for path in _gone(lambda: _files() - files):
        leftovers.append(f"temporary file {path}")
        _staying.add(path)
    if leftovers:
        pytest.fail("left behind: " + "; ".join(sorted(leftovers)), pytrace=False)


@pytest.fixture(autouse=True)
def no_tasks_left_behind(nothing_left_behind: None, request: pytest.FixtureRequest) -> None:
    """Fails a coroutine test that leaves asyncio tasks.

    It asks for `nothing_left_behind` so that threads are counted after the loop, and with it the
    loop's own thread pool, is closed.
    """
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("_tasks_of_the_test")


@pytest_asyncio.fixture
async def _tasks_of_the_test() -> AsyncIterator[None]:
    before = _tasks()
    yield
    deadline = time.monotonic() + _GRACE_SECONDS
    while (left := _tasks() - before) and time.monotonic() < deadline:
        # One that has been cancelled needs a turn or two of the loop to end.
        if not any(task.cancelling() for task in left):
            break
        await asyncio.sleep(0.01)
    names = sorted(f"{task.get_name()} ({task.get_coro()!r})" for task in left)
    if names:
        pytest.fail("asyncio tasks left behind: " + "; ".join(names), pytrace=False)


def _tasks() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


def _threads() -> set[threading.Thread]:
    # A thread of Qt's that once ran Python stays in the list as a dummy for ever.
    return {
        thread
        for thread in threading.enumerate()
        if not isinstance(thread, threading._DummyThread) and thread not in _staying
    }


def _processes() -> set[int]:
    """Our children that are alive; adopted ones too.

    A zombie does not count: it did end, and a `Popen` nobody waited for warns by itself.
    """
    if sys.platform != "linux" or not _has_children():
        return set()
    us = str(os.getpid()).encode()
    children: set[int] = set()
    with os.scandir("/proc") as folders:
        pids = [folder.name for folder in folders if folder.name.isdigit()]
    for pid in pids:
        stat = _stat(pid)
        if stat is None:
            continue
        # pid (name) state parent ...; the name may hold spaces and brackets
        state, parent = stat.rpartition(b")")[2].split(None, 2)[:2]
        if parent == us and state not in {b"Z", b"X"}:
            children.add(int(pid))
    return children - _staying - {getattr(resource_tracker._resource_tracker, "_pid", None)}


def _has_children() -> bool:
    """Whether there is any child at all, a zombie too; most tests of rules have none."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT | _WALL)
    except ChildProcessError:
        return False
    return True


def _stat(pid: str) -> bytes | None:
    """What the kernel says of a process; None if it is gone.

    Without `Path` and buffers: each test asks twice, of every process of the machine.
    """
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return os.read(file, 1024)
    except ProcessLookupError:
        return None
    finally:
        os.close(file)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()[:200]
    except (FileNotFoundError, ProcessLookupError):
        return "ended meanwhile"


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _files() -> set[Path]:
    return {path for path in Path(tempfile.gettempdir()).iterdir() if path not in _staying}


def _gone(left: Callable[[], set[T]]) -> set[T]:
    """What is still left when the grace is over; returns at once when nothing is."""
    deadline = time.monotonic() + _GRACE_SECONDS
    while (things := left()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return things
