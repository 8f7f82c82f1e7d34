"""The tie between a parent process and its child: when the parent dies, the child ends too.

The only place that knows how an operating system tells of a dead parent. There are two sides:
`parent_died()` is awaited by a process about its own parent, and `exit_after_parent()` holds also
where nothing is awaited any more; `ends_with_this_process()` is for the start of a child that is
another program and will not look by itself.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

_POLL_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1

# Loaded here: between fork and exec nothing may be imported or looked up.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


async def parent_died(parent_pid: int | None = None, poll_seconds: float = _POLL_SECONDS) -> None:
    """Return when the parent of this process has died; never before.

    Linux tells at once, through a file descriptor of the parent. Elsewhere, and where the kernel
    has no such thing, it is noticed by asking every `poll_seconds`.

    Args:
        parent_pid: who is meant. Whoever starts us should pass its own id, because a parent that
            died before we came here cannot be told from a parent that is process 1. Default: the
            parent we have now.
        poll_seconds: between two looks, where looking is needed.
    """
    watched = os.getppid() if parent_pid is None else parent_pid
    if sys.platform == "win32":
        await _parent_died_windows(watched, poll_seconds)
        return
    if os.getppid() != watched:
        return
    if not await _told_by_the_kernel(watched):
        while os.getppid() == watched:  # noqa: ASYNC110 - no event tells of it here
            await asyncio.sleep(poll_seconds)


def exit_after_parent(parent_pid: int, grace_seconds: float) -> None:
    """End this process so long after its parent died, whatever it does by then.

    A thread sees to it: an import that never returns, or a tool that blocks the event loop, must
    not keep a process for ever that nobody looks after. What can end by itself does so before.

    Args:
        parent_pid: see `parent_died`.
        grace_seconds: for what is running.
    """

    def watch() -> None:
        asyncio.run(parent_died(parent_pid))
        time.sleep(grace_seconds)
        os._exit(1)

    threading.Thread(target=watch, name="end with the parent process", daemon=True).start()


async def _told_by_the_kernel(parent_pid: int) -> bool:
    """Wait for the end of `parent_pid`; False at once where the kernel cannot tell.

    PR_SET_PDEATHSIG is not used on ourselves: it fires when the *thread* that started us ends,
    and the console starts the demo from a thread. A pidfd stands for the whole process.
    """
    if sys.platform != "linux":
        return False
    try:
        descriptor = os.pidfd_open(parent_pid)
    except OSError:
        return False  # an old kernel, or a sandbox; a parent already gone is noticed by polling
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    try:
        if os.getppid() != parent_pid:  # it died, and the id may already belong to another
            return True
        loop.add_reader(descriptor, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)
    return True


if sys.platform == "win32":

    async def _parent_died_windows(parent_pid: int, poll_seconds: float) -> None:
        """Watch a handle of the parent: `os.getppid()` keeps its answer after the parent died."""
        synchronize, still_running = 0x00100000, 0x102
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.OpenProcess.restype = ctypes.c_void_p
        kernel32.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        kernel32.CloseHandle.argtypes = (ctypes.c_void_p,)
        handle = kernel32.OpenProcess(synchronize, 0, parent_pid)
        if not handle:
            return
        try:
            while kernel32.WaitForSingleObject(handle, 0) == still_running:  # noqa: ASYNC110
                await asyncio.sleep(poll_seconds)
        finally:
            kernel32.CloseHandle(handle)


def ends_with_this_process() -> Callable[[], None] | None:
    """What a child runs between fork and exec so that it never outlives this process.

    Only Linux can do this; elsewhere there is nothing to run. The tie is to the calling *thread*:
    call it, and start the child, from one that lives as long as the process.

    Returns:
        For the `preexec_fn` of `subprocess` and `asyncio`; the setting survives exec.
    """
    if _libc is None:
        return None
    libc, parent_pid = _libc, os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        # Had the parent died between fork and the line above, nobody would tell us any more.
        if os.getppid() != parent_pid:
            os.kill(os.getpid(), signal.SIGTERM)

    return tie
